"""Indexes that alone say how much each post has, and when it got the last of it."""

from alembic import op

revision = "loads"
down_revision = "reached"

INDEXES = {
    "handings": ["post", "state", "given_ms"],
    "case_tasks": ["post", "state", "due_ms", "started_ms"],
}


def upgrade() -> None:
    """Make the indexes anew with what else is asked."""
    for table, columns in INDEXES.items():
        op.drop_index(f"ix_{table}_post", table)
        op.create_index(f"ix_{table}_post", table, columns)
