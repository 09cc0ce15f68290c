"""What the HTTP doors need of rosters and alarms; only reading."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Engine, func, select

from borough.core.deadlines import WorkCalendar
from borough.core.errors import BadRequest
from borough.storage.sql import SqlPatrols, SqlPosts, SqlRosters
from borough.storage.sql.crews import busy
from borough.storage.sql.engines import reading
from borough.storage.sql.gathering import standing
from borough.storage.sql.handing_table import handings
from borough.storage.sql.shelves import SqlShelves

Row = Mapping[str, Any]


class RosterDoor:
    """Rosters as the doors see them."""

    def __init__(self, engine: Engine, zone: str, calendar: WorkCalendar | None) -> None:
        self.engine = engine
        self.store = SqlPosts(engine)
        self.rosters = SqlRosters(engine, zone=zone, calendar=calendar)
        self.rota = SqlPatrols(engine, zone=zone)

    def posts(self, *, at_ms: int, kind: str, grid: int | None, on_duty: bool) -> Sequence[Row]:
        """List posts with their duty and what they have at a moment."""
        rows = self.store.listed(at_ms, kind=kind, grid=grid, on_duty=on_duty)
        with reading(self.engine) as connection:
            load = busy(connection, [row["code"] for row in rows])
        return [{**row, "load": load.get(row["code"], 0)} for row in rows]

    def areas(self, *, kind: str, parent: str | None) -> Sequence[Row]:
        """List areas of the tree of grids."""
        return self.store.areas(kind, parent)

    def shifts(self) -> Sequence[Row]:
        """List shifts."""
        return self.rosters.shifts()

    def plan(self, day: str, kind: str, /) -> Sequence[Row]:
        """List the duties of a day; `CalendarHole` where none are laid out."""
        try:
            return self.rosters.plan(date.fromisoformat(day), kind)
        except ValueError as error:
            msg = f"day: {day!r} is no day"
            raise BadRequest(msg) from error

    def on_duty(
        self, kind: str, grid: int, at_ms: int, skills: Collection[str], /
    ) -> Sequence[str]:
        """Name who is on duty; `CalendarHole` for a day that is not laid out."""
        return self.rosters.on_duty(kind, grid, at_ms, skills)

    def leaves(self, since_ms: int, /) -> Sequence[Row]:
        """List leave that is not over."""
        return self.rosters.leaves(since_ms)

    def own(self, post: str, since_ms: int, /) -> Row:
        """Give one post's ``duties`` from a moment on, and its ``leaves`` without why."""
        return self.rosters.own(post, since_ms)

    def waiting(self) -> Mapping[str, int]:
        """Count the cases that wait, by kind of post."""
        c = handings.c
        chosen = select(c.holder, func.count()).where(c.state == "waiting").group_by(c.holder)
        with reading(self.engine) as connection:
            return {row[0]: int(row[1]) for row in connection.execute(chosen)}

    def patrols(self) -> Sequence[Row]:
        """List patrols with how many of their rounds were done and missed."""
        return self.rota.all()

    def rounds(self, *, patrol: str, post: str, state: str, limit: int) -> Sequence[Row]:
        """List rounds, the one that is due first coming first."""
        return self.rota.rounds(patrol=patrol, post=post, state=state, limit=limit)


class AlarmDoor:
    """Shelves and the load of alarms as the doors see them."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.store = SqlShelves(engine)

    def shelves(self, now_ms: int, /, *, ended: bool) -> Sequence[Row]:
        """List what is shelved."""
        return self.store.all(now_ms, ended=ended)

    def standing(self, now_ms: int, /) -> Row:
        """Say how many alarms there were of late, whether there is a flood, and what is out."""
        return standing(self.engine, self.store.calm, now_ms)
