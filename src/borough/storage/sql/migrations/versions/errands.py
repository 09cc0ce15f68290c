"""Commands to things: the table of errands."""

import sqlalchemy as sa
from alembic import op

revision = "errands"
down_revision = "tunings"

INT64 = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the table ``errands``."""
    words = ("command", "step", "key", "property", "proof", "state", "undoes", "by")
    moments = ("proposed_ms", "confirmed_ms", "sent_ms", "until_ms", "ended_ms")
    op.create_table(
        "errands",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("case_id", INT64, nullable=False),
        sa.Column("thing", INT64, nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in words),
        *(sa.Column(name, sa.Float(53), nullable=False) for name in ("value", "proves", "give")),
        *(sa.Column(name, INT64, nullable=False) for name in moments),
        sa.Column("says", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_errands_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_errands")),
    )
    op.create_index("ix_errands_case_id", "errands", ["case_id"], unique=False)
    op.create_index("ix_errands_state", "errands", ["state"], unique=False)
    op.create_index(
        "ix_errands_thing", "errands", ["thing", "command", "confirmed_ms"], unique=False
    )
