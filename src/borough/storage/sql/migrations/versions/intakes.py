"""What was taken into the registry, file by file, and how it can be taken back."""

import sqlalchemy as sa
from alembic import op

revision = "intakes"
down_revision = "evaluations"

INT64 = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make table ``intakes``."""
    op.create_table(
        "intakes",
        sa.Column("number", INT64, autoincrement=False, nullable=False),
        sa.Column("at_ms", INT64, nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("file", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("undoes", INT64),
        sa.Column("before", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_intakes")),
    )
    op.create_index("ix_intakes_undoes", "intakes", ["undoes"], unique=True)
