"""Hooks: the secret before the present one, and until when it still signs."""

import sqlalchemy as sa
from alembic import op

revision = "secrets"
down_revision = "leases"

INT64 = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add ``former`` and ``former_until_ms`` to ``hooks``."""
    none, never = sa.text("''"), sa.text("0")
    op.add_column("hooks", sa.Column("former", sa.String(), nullable=False, server_default=none))
    until = sa.Column("former_until_ms", INT64, nullable=False, server_default=never)
    op.add_column("hooks", until)
