"""Leases: who may do what only one process at a time may do."""

import sqlalchemy as sa
from alembic import op

revision = "leases"
down_revision = "queue"

INT64 = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the table ``leases``."""
    op.create_table(
        "leases",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("epoch", INT64, autoincrement=False, nullable=False),
        sa.Column("holder", sa.String(), nullable=False),
        sa.Column("until_ms", INT64, nullable=False),
        sa.PrimaryKeyConstraint("name", "epoch", name=op.f("pk_leases")),
    )
