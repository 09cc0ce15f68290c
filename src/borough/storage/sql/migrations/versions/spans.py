"""The index by which those on duty are found among the rosters of years."""

from alembic import op

revision = "spans"
down_revision = "seats"


def upgrade() -> None:
    """Make it where it is of use; see `roster_tables`."""
    if op.get_bind().dialect.name == "postgresql":
        op.create_index("ix_duties_span", "duties", ["from_ms", "to_ms"])
