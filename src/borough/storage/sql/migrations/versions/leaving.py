"""The index that says what a post has names each case too: one that it just lost is left out."""

from alembic import op

revision = "leaving"
down_revision = "loads"


def upgrade() -> None:
    """Make the index anew with what else is asked."""
    op.drop_index("ix_handings_post", "handings")
    op.create_index("ix_handings_post", "handings", ["post", "state", "given_ms", "case_id"])
