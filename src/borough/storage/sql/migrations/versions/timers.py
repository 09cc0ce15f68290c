"""Timers: whatever on a case runs out, and when."""

import sqlalchemy as sa
from alembic import op

revision = "timers"
down_revision = "intakes"

INT64 = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the table ``timers``, with a row for the step of each case that is open."""
    timers = op.create_table(
        "timers",
        sa.Column("case_id", INT64, autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("due_ms", INT64),
        sa.Column("until_ms", INT64, nullable=False),
        sa.Column("length_ms", INT64, nullable=False),
        sa.Column("at_work", sa.Boolean(), nullable=False),
        sa.Column("fired_ms", INT64),
        sa.PrimaryKeyConstraint("case_id", "kind", "ref", name=op.f("pk_timers")),
    )
    running = sa.text("fired_ms IS NULL")
    op.create_index(
        "ix_timers_due_ms",
        "timers",
        ["due_ms", "case_id", "kind", "ref"],
        sqlite_where=running,
        postgresql_where=running,
    )
    cases = sa.table(
        "cases", sa.column("id"), sa.column("due_ms"), sa.column("closed_ms"), sa.column("overdue")
    )
    due = cases.c.due_ms
    still = sa.select(
        cases.c.id, sa.literal("step"), sa.literal(""), due + 1, due, sa.literal(0), sa.false()
    ).where(cases.c.closed_ms.is_(None), ~cases.c.overdue)
    columns = ["case_id", "kind", "ref", "due_ms", "until_ms", "length_ms", "at_work"]
    op.execute(sa.insert(timers).from_select(columns, still))
