"""Tasks of cases: the table of what each is now."""

import sqlalchemy as sa
from alembic import op

revision = "tasks"
down_revision = "warnings"

INT64 = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the table ``case_tasks``."""
    words = ("name", "holder", "agency", "post", "state", "by")
    moments = ("started_ms", "answer_ms", "due_ms", "acknowledged_ms", "ended_ms")
    marks = ("required", "milestone", "unanswered", "late")
    op.create_table(
        "case_tasks",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("case_id", INT64, nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in words),
        *(sa.Column(name, INT64, nullable=False) for name in moments),
        *(sa.Column(name, sa.Boolean(), nullable=False) for name in marks),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("number", "begun", "version")),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("says", "circle")),
        *(sa.Column(name, sa.JSON(), nullable=False) for name in ("answers", "calls")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_tasks_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_tasks")),
    )
    op.create_index("ix_case_tasks_case_id", "case_tasks", ["case_id"])
    for name in ("holder", "agency", "post"):
        op.create_index(f"ix_case_tasks_{name}", "case_tasks", [name, "state", "due_ms"])
    op.create_index("ix_case_tasks_state", "case_tasks", ["state", "due_ms"])
