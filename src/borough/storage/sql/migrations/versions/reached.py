"""Indexes of requests for whoever reaches some of them: by agency, by first agency, by grid."""

from alembic import op

revision = "reached"
down_revision = "places"

INDEXES = {
    "agency": ["agency", "state", "grid", "street", "id"],
    "first_agency": ["first_agency", "state", "grid", "street", "id"],
    "grid": ["grid", "state", "street", "id"],
}


def upgrade() -> None:
    """Make the indexes."""
    for name, columns in INDEXES.items():
        op.create_index(f"ix_requests_{name}", "requests", columns)
