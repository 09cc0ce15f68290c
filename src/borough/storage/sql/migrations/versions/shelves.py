"""Alarms kept few: shelves, what is being gathered, and outages."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "shelves"
down_revision = "handings"

INT64 = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def text(*names: str) -> list[sa.Column[Any]]:
    """Make columns of text that always hold one."""
    return [sa.Column(name, sa.String(), nullable=False) for name in names]


def moments(*names: str) -> list[sa.Column[Any]]:
    """Make columns of moments that always hold one."""
    return [sa.Column(name, INT64, nullable=False) for name in names]


def upgrade() -> None:
    """Make the tables ``shelves``, ``gathered`` and ``outages``."""
    op.create_table(
        "shelves",
        *moments("id", "thing", "from_ms", "until_ms"),
        *text("scene", "area", "by", "ended_by"),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("ended_ms", INT64),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shelves")),
    )
    op.create_index("ix_shelves_ended_ms", "shelves", ["ended_ms", "until_ms"])
    op.create_table(
        "gathered",
        *text("detection", "scene"),
        *moments("thing", "at_ms", "due_ms"),
        sa.ForeignKeyConstraint(
            ["detection"], ["detections.id"], name=op.f("fk_gathered_detection")
        ),
        sa.PrimaryKeyConstraint("detection", name=op.f("pk_gathered")),
    )
    op.create_index("ix_gathered_due_ms", "gathered", ["due_ms"])
    op.create_table(
        "outages",
        *text("id", "scene", "level", "first"),
        *moments("area", "began_ms", "first_ms"),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("members", "still")),
        sa.Column("name", sa.JSON(), nullable=False),
        sa.Column("ended_ms", INT64),
        sa.ForeignKeyConstraint(["id"], ["detections.id"], name=op.f("fk_outages_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outages")),
    )
    op.create_index("ix_outages_ended_ms", "outages", ["ended_ms", "scene"])
    op.create_index("ix_detections_suppressed_by", "detections", ["suppressed_by"])
