"""The page of open cases: how many are alike, and an index of them for each order."""

import sqlalchemy as sa
from alembic import op

revision = "queue"
down_revision = "shelves"

INT64 = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
WORDS = ("plan", "scene", "step", "holder", "agency", "source", "band")
ALIKE = ("band", "holder", "agency", "scene", "step", "source", "urgent", "plan", "code")
ORDERS = {"due": "due_ms", "opened": "opened_ms", "level": "level"}


def upgrade() -> None:
    """Make the table ``open_counts``, and count what is open."""
    counts = op.create_table(
        "open_counts",
        sa.Column("id", INT64, nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in WORDS),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("open", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_open_counts")),
        sa.UniqueConstraint(*WORDS, "urgent", name="uq_open_counts_alike"),
    )
    op.drop_index("ix_cases_closed_ms", "cases")
    op.drop_index("ix_cases_grid", "cases")
    op.create_index("ix_cases_grid", "cases", ["grid", "closed_ms"], unique=False)
    still = sa.text("closed_ms IS NULL")
    for name, column in ORDERS.items():
        op.create_index(
            f"ix_cases_open_{name}", "cases", [column, "id", *ALIKE],
            sqlite_where=still, postgresql_where=still,
        )  # fmt: skip
    ended = sa.text("ended_ms IS NULL")
    op.create_index(
        "ix_detections_open", "detections", ["id"], sqlite_where=ended, postgresql_where=ended
    )
    cases = sa.table("cases", *(sa.column(name) for name in (*WORDS, "urgent", "closed_ms")))
    alike = [cases.c[name] for name in (*WORDS, "urgent")]
    counted = sa.select(*alike, sa.func.count()).where(cases.c.closed_ms.is_(None))
    columns = [*WORDS, "urgent", "open"]
    op.execute(sa.insert(counts).from_select(columns, counted.group_by(*alike)))
