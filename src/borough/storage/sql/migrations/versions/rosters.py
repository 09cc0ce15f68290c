"""Rosters: shifts, skills, homes, the tree of grids, leave, and who is on duty when."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "rosters"
down_revision = "loop"

INT64 = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
POST = "posts.code"


def text(*names: str) -> list[sa.Column[Any]]:
    """Make columns of text that always hold one."""
    return [sa.Column(name, sa.String(), nullable=False) for name in names]


def moments(*names: str) -> list[sa.Column[Any]]:
    """Make columns of moments that always hold one."""
    return [sa.Column(name, INT64, nullable=False) for name in names]


def made(table: str, *columns: sa.Column[Any], key: tuple[str, ...], **refers: str) -> None:
    """Make a table with its key, and the columns that refer to another table."""
    keys = [
        sa.ForeignKeyConstraint([name], [to], name=op.f(f"fk_{table}_{name}"))
        for name, to in refers.items()
    ]
    primary = sa.PrimaryKeyConstraint(*key, name=op.f(f"pk_{table}"))
    op.create_table(table, *columns, *keys, primary)


def upgrade() -> None:
    """Make the tables of rosters."""

    def day() -> sa.Column[Any]:
        return sa.Column("day", sa.String(10), nullable=False)

    def name() -> sa.Column[Any]:
        return sa.Column("name", sa.JSON(), nullable=False)

    minutes = [sa.Column(each, sa.Integer(), nullable=False) for each in ("start_min", "end_min")]
    made("shifts", *text("code"), name(), *minutes, *text("days"), key=("code",))
    places: list[sa.Column[Any]] = [
        sa.Column(each, sa.Float(53)) for each in ("lon", "lat", "seen_lon", "seen_lat")
    ]
    bases = (
        *text("post", "shift"),
        *places,
        sa.Column("seen_ms", INT64),
    )
    made("post_bases", *bases, key=("post",), post=POST)
    made("post_skills", *text("post", "skill"), key=("post", "skill"), post=POST)
    op.create_index("ix_post_skills_skill", "post_skills", ["skill"])
    made("areas", *text("code", "kind", "parent"), name(), key=("code",))
    op.create_index("ix_areas_parent", "areas", ["parent"])
    made("area_grids", *text("area"), *moments("grid"), key=("area", "grid"), area="areas.code")
    op.create_index("ix_area_grids_grid", "area_grids", ["grid"])
    change = (
        *text("post", "shift", "worker", "why", "by"),
        *moments("at_ms"),
    )
    made("roster_changes", day(), *change, key=("day", "post"), post=POST)
    leave = (
        *moments("id", "from_ms", "to_ms", "at_ms"),
        *text("post", "stand_in", "why", "by"),
    )
    made("leaves", *leave, sa.Column("ended_ms", INT64), key=("id",), post=POST)
    op.create_index("ix_leaves_post", "leaves", ["post", "to_ms"])
    duty = (
        *text("covers", "post", "why"),
        *moments("from_ms", "to_ms"),
        day(),
    )
    made("duties", *duty, key=("covers", "from_ms", "post"), covers=POST)
    op.create_index("ix_duties_post", "duties", ["post", "to_ms"])
    op.create_index("ix_duties_day", "duties", ["day", "covers"])
    sure: sa.Column[bool] = sa.Column("sure", sa.Boolean(), nullable=False)
    made("roster_days", day(), *moments("from_ms", "to_ms"), sure, key=("day",))
