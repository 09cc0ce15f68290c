"""Patrols in SQL: rounds made from data in their rhythm, and which were done or missed."""

from collections.abc import Iterable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine, bindparam, case as when, func, select

from borough.core.errors import IllegalMove, NotFound
from borough.core.patrols import Rhythm
from borough.storage.sql import roster_tables as r, tables as t
from borough.storage.sql.counting import upsert
from borough.storage.sql.engines import reading, writing
from borough.storage.sql.handing_table import patrols, rounds
from borough.storage.sql.paging import page

OPEN, DONE, MISSED = "open", "done", "missed"
HOUR_MS = 3_600_000
_R, _P = rounds.c, patrols.c
_GRIDS = select(r.area_grids.c.grid).where(r.area_grids.c.area == bindparam("area"))
_POSTS = (
    select(t.post_grids.c.grid, func.min(t.posts.c.code))
    .join(t.posts, t.posts.c.code == t.post_grids.c.post)
    .where(t.posts.c.kind == bindparam("kind"))
    .group_by(t.post_grids.c.grid)
)
_MADE = select(_R.id).where(_R.patrol == bindparam("patrol"), _R.begins_ms == bindparam("begins"))
_LATE = rounds.update().where(_R.state == OPEN, _R.due_ms <= bindparam("now"))
"""Made once: building a statement costs more than running it."""


class SqlPatrols:
    """The patrols of a district and their rounds, one for each grid and stretch of time."""

    def __init__(self, engine: Engine, *, zone: str) -> None:
        self._engine = engine
        self._zone = ZoneInfo(zone)

    def save_all(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Replace the patrols: ``code``, ``name``, ``kind``, ``area``, ``rhythm``, ``within_h``...

        Raises `BadRequest` for a rhythm that is none.  Rounds begin afresh.
        """
        made = [dict(row) for row in rows]
        for row in made:
            Rhythm.read(row["rhythm"])
        with writing(self._engine) as connection:
            connection.execute(rounds.delete())
            connection.execute(patrols.delete())
            if made:
                connection.execute(patrols.insert(), made)

    def turn(self, now_ms: int) -> int:
        """Make the rounds that are due to be made, and note what was missed; gives how many."""
        changed = 0
        with reading(self._engine) as connection:
            every = [dict(row) for row in connection.execute(select(patrols)).mappings()]
            todo = [
                (each, slot)
                for each in every
                if (slot := Rhythm.read(each["rhythm"]).slot(now_ms, self._zone))
                and connection.scalar(_MADE, {"patrol": each["code"], "begins": slot[0]}) is None
            ]
            late = select(_R.id).where(_R.state == OPEN, _R.due_ms <= now_ms).limit(1)
            missed = connection.scalar(late) is not None
        if not todo and not missed:
            return 0
        with writing(self._engine) as connection:
            gone = _LATE.values(state=MISSED, ended_ms=_R.due_ms)
            changed += connection.execute(gone, {"now": now_ms}).rowcount
            for each, slot in todo:
                changed += self._made(connection, each, *slot)
        return changed

    def begin(self, patrol: str, *, at_ms: int) -> int:
        """Make a round in every grid of a patrol now, to be done in its time; gives how many."""
        with writing(self._engine) as connection:
            wanted = select(patrols).where(_P.code == patrol)
            row = connection.execute(wanted).mappings().one_or_none()
            if row is None:
                msg = f"patrol: there is no {patrol!r}"
                raise NotFound(msg)
            return self._made(connection, dict(row), at_ms, at_ms + row["within_h"] * HOUR_MS)

    def end(self, number: str, *, by: str, note: str, at_ms: int) -> dict[str, Any]:
        """Note that a round was done; `NotFound`, or `IllegalMove` where it is over already."""
        with writing(self._engine) as connection:
            wanted = select(rounds).where(_R.id == number)
            row = connection.execute(wanted).mappings().one_or_none()
            if row is None:
                msg = f"round: there is no {number!r}"
                raise NotFound(msg)
            if row["state"] != OPEN:
                msg = f"round: {number} is {row['state']} already"
                raise IllegalMove(msg)
            told = {"state": DONE, "ended_ms": at_ms, "by": by, "note": note}
            connection.execute(rounds.update().where(_R.id == number).values(told))
            return dict(row) | told

    def all(self) -> list[dict[str, Any]]:
        """Give the patrols, with how many of their rounds are open, done and missed."""
        counts = [
            func.coalesce(func.sum(when((_R.state == state, 1), else_=0)), 0).label(state)
            for state in (OPEN, DONE, MISSED)
        ]
        tally = select(_R.patrol, *counts).group_by(_R.patrol).subquery()
        wanted = select(patrols, *(tally.c[state] for state in (OPEN, DONE, MISSED)))
        wanted = wanted.join(tally, tally.c.patrol == _P.code, isouter=True).order_by(_P.code)
        with reading(self._engine) as connection:
            return [dict(row) for row in connection.execute(wanted).mappings()]

    def rounds(
        self, *, patrol: str = "", post: str = "", state: str = "", limit: int = 100
    ) -> list[dict[str, Any]]:
        """Give the rounds that fit, the one that is due first coming first."""
        wanted = select(rounds).order_by(_R.due_ms, _R.id).limit(page(limit))
        for column, value in ((_R.patrol, patrol), (_R.post, post), (_R.state, state)):
            if value:
                wanted = wanted.where(column == value)
        with reading(self._engine) as connection:
            return [dict(row) for row in connection.execute(wanted).mappings()]

    def _made(
        self, connection: Connection, patrol: Mapping[str, Any], begins_ms: int, due_ms: int
    ) -> int:
        """Make a round in each grid of a patrol's area, for the post that looks after it."""
        told = connection.execute(_POSTS, {"kind": patrol["kind"]})
        posts = {grid: post for grid, post in told}  # noqa: C416 - rows are no pairs to dict
        rows = [
            {
                "id": f"{patrol['code']}-{grid}-{begins_ms // 1000}", "patrol": patrol["code"],
                "grid": grid, "post": posts.get(grid, posts.get(-1, "")), "state": OPEN,
                "begins_ms": begins_ms, "due_ms": due_ms, "ended_ms": None, "by": "", "note": "",
            }
            for grid in connection.scalars(_GRIDS, {"area": patrol["area"]})
        ]  # fmt: skip
        if rows:
            connection.execute(upsert(connection, rounds).on_conflict_do_nothing(), rows)
        return len(rows)
