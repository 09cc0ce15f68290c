"""Dispatch: which cases wait for a post and who has each; patrols and their rounds."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "handings"
down_revision = "tasks"

INT64 = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def text(*names: str) -> list[sa.Column[Any]]:
    """Make columns of text that always hold one."""
    return [sa.Column(name, sa.String(), nullable=False) for name in names]


def moments(*names: str) -> list[sa.Column[Any]]:
    """Make columns of moments that always hold one."""
    return [sa.Column(name, INT64, nullable=False) for name in names]


def upgrade() -> None:
    """Make the tables ``handings``, ``patrols`` and ``rounds``."""
    op.create_table(
        "handings",
        *moments("case_id", "since_ms", "due_ms", "given_ms"),
        *text("holder", "state", "post"),
        *(sa.Column(name, sa.Boolean(), nullable=False) for name in ("urgent", "answered")),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("passed", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_handings_case_id")),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_handings")),
    )
    op.create_index("ix_handings_state", "handings", ["state", "holder", "due_ms"])
    op.create_index("ix_handings_post", "handings", ["post"])
    op.create_table(
        "patrols",
        *text("code", "kind", "area", "rhythm"),
        *(sa.Column(name, sa.JSON(), nullable=False) for name in ("name", "points")),
        sa.Column("within_h", sa.Integer(), nullable=False),
        sa.Column("synthetic", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_patrols")),
    )
    op.create_table(
        "rounds",
        *text("id", "patrol", "post", "state", "by", "note"),
        *moments("grid", "begins_ms", "due_ms"),
        sa.Column("ended_ms", INT64),
        sa.ForeignKeyConstraint(["patrol"], ["patrols.code"], name=op.f("fk_rounds_patrol")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rounds")),
    )
    op.create_index("ix_rounds_state", "rounds", ["state", "due_ms"])
    op.create_index("ix_rounds_post", "rounds", ["post", "state"])
    op.create_index("ix_rounds_patrol", "rounds", ["patrol", "begins_ms"])
