"""Warnings: the table of messages to the public."""

import sqlalchemy as sa
from alembic import op

revision = "warnings"
down_revision = "requests"

INT64 = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the table ``warnings``."""
    moments = ("thing", "sent_ms", "expires_ms")
    op.create_table(
        "warnings",
        sa.Column("id", INT64, nullable=False),
        sa.Column("identifier", sa.String(), nullable=False),
        sa.Column("case_id", INT64, nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("number", "level")),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("scene", "kind", "level_name")),
        *(sa.Column(name, INT64, nullable=False) for name in moments),
        sa.Column("headline", sa.JSON(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_warnings_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_warnings")),
        sa.UniqueConstraint("identifier", name=op.f("uq_warnings_identifier")),
    )
    op.create_index("ix_warnings_case_id", "warnings", ["case_id", "number"], unique=True)
    op.create_index("ix_warnings_expires_ms", "warnings", ["expires_ms"], unique=False)
