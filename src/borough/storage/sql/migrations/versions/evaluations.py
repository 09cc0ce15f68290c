"""Evaluations: what they are now, their logs, drafts, results and appeals."""

import sqlalchemy as sa
from alembic import op

revision = "evaluations"
down_revision = "errands"

INT64 = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def words(*names: str) -> list[sa.Column[str]]:
    """Make columns of text that must be there."""
    return [sa.Column(name, sa.String(), nullable=False) for name in names]


def texts(*names: str) -> list[sa.Column[str]]:
    """Make columns of long text that must be there."""
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]


def upgrade() -> None:
    """Make the tables, the one first that the others point to."""
    evaluations()
    log_and_drafts()
    rows()
    appeals()


def evaluations() -> None:
    """Make table ``evaluations``."""
    op.create_table(
        "evaluations",
        sa.Column("id", INT64, autoincrement=False, nullable=False),
        *words("scene", "period", "rules", "rules_version", "state"),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("draft", sa.Integer(), nullable=False),
        sa.Column("result", sa.String(64), nullable=False),
        sa.Column("made_ms", INT64, nullable=False),
        sa.Column("notice_ms", INT64),
        sa.Column("until_ms", INT64),
        sa.Column("frozen_ms", INT64),
        sa.Column("appeals", sa.Integer(), nullable=False),
        sa.Column("tally", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evaluations")),
        sa.UniqueConstraint("scene", "period", name=op.f("uq_evaluations_scene")),
    )


def log_and_drafts() -> None:
    """Make the tables that are only added to."""
    for name, number, columns in (
        ("evaluation_log", "seq", [*words("actor", "verb"), *texts("data"),
                                   sa.Column("before", sa.String(64), nullable=False),
                                   sa.Column("hash", sa.String(64), nullable=False)]),
        ("evaluation_drafts", "number", [*words("code"),
                                         sa.Column("result", sa.String(64), nullable=False),
                                         *texts("snapshot")]),
    ):  # fmt: skip
        op.create_table(
            name,
            sa.Column("evaluation", INT64, autoincrement=False, nullable=False),
            sa.Column(number, sa.Integer(), autoincrement=False, nullable=False),
            sa.Column("at_ms", INT64, nullable=False),
            *columns,
            sa.ForeignKeyConstraint(
                ["evaluation"], ["evaluations.id"], name=op.f(f"fk_{name}_evaluation")
            ),
            sa.PrimaryKeyConstraint("evaluation", number, name=op.f(f"pk_{name}")),
        )


def rows() -> None:
    """Make table ``evaluation_rows``."""
    op.create_table(
        "evaluation_rows",
        sa.Column("evaluation", INT64, autoincrement=False, nullable=False),
        *words("subject"),
        sa.Column("place", sa.Integer(), nullable=False),
        *words("name", "group", "class"),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("score", sa.Float(precision=53)),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["evaluation"], ["evaluations.id"], name=op.f("fk_evaluation_rows_evaluation")
        ),
        sa.PrimaryKeyConstraint("evaluation", "subject", name=op.f("pk_evaluation_rows")),
    )
    op.create_index("ix_evaluation_rows_rank", "evaluation_rows", ["evaluation", "group", "rank"])


def appeals() -> None:
    """Make table ``evaluation_appeals``."""
    op.create_table(
        "evaluation_appeals",
        sa.Column("id", INT64, autoincrement=False, nullable=False),
        sa.Column("evaluation", INT64, nullable=False),
        *words("subject", "input"),
        *texts("stated", "claimed", "reason"),
        *words("state"),
        sa.Column("at_ms", INT64, nullable=False),
        *words("by"),
        *texts("answer"),
        sa.Column("decided_ms", INT64),
        *words("decided_by"),
        sa.Column("draft", sa.Integer()),
        sa.ForeignKeyConstraint(
            ["evaluation"], ["evaluations.id"], name=op.f("fk_evaluation_appeals_evaluation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evaluation_appeals")),
    )
    op.create_index("ix_evaluation_appeals_evaluation", "evaluation_appeals", ["evaluation", "id"])
