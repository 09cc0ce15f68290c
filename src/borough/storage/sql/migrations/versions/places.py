"""The page of open cases of a place: an index with all that they are counted and sorted by."""

import sqlalchemy as sa
from alembic import op

revision = "places"
down_revision = "secrets"

FACETS = ("plan", "scene", "step", "holder", "agency", "source", "band", "urgent")
ORDERS = ("due_ms", "opened_ms", "level", "code", "id")


def upgrade() -> None:
    """Make the index."""
    still = sa.text("closed_ms IS NULL")
    op.create_index(
        "ix_cases_open_grid", "cases", ["grid", "closed_ms", *FACETS, *ORDERS],
        sqlite_where=still, postgresql_where=still,
    )  # fmt: skip
