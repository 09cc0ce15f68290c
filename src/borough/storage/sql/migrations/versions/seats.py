"""The post that whoever holds an account works at."""

import sqlalchemy as sa
from alembic import op

revision = "seats"
down_revision = "leaving"


def upgrade() -> None:
    """Add the post, which nobody has yet."""
    op.add_column("accounts", sa.Column("post", sa.String(), nullable=False, server_default=""))
