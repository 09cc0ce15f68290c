"""Changes of parameters: who gave which parameter of a scene what value, and why."""

import sqlalchemy as sa
from alembic import op

revision = "tunings"
down_revision = "facts"

INT64 = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make table ``tunings``."""
    op.create_table(
        "tunings",
        sa.Column("number", INT64, autoincrement=False, nullable=False),
        sa.Column("parameter", sa.String(), nullable=False),
        sa.Column("scene", sa.String(), nullable=False),
        sa.Column("thing", INT64, nullable=False),
        sa.Column("old", sa.Float(precision=53)),
        sa.Column("value", sa.Float(precision=53)),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("set_ms", INT64, nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("number", "parameter", name=op.f("pk_tunings")),
    )
    op.create_index("ix_tunings_scene", "tunings", ["scene", "number"])
