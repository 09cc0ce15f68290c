"""Shelves in SQL: what people do not want to hear of for a while; nothing of it is lost."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Engine, bindparam, func, select

from borough.core.errors import BadRequest, NotFound
from borough.engine.alarms import Calm
from borough.storage.sql import roster_tables as r, tables as t
from borough.storage.sql.counting import raised
from borough.storage.sql.engines import reading, writing
from borough.storage.sql.paging import MOST
from borough.storage.sql.shelf_tables import shelves as table

SHELF = "shelf-"
"""What a detection is suppressed by, with the number of the shelf."""
HOUR_MS = 3_600_000
_C = table.c
_ACTIVE = select(table).where(_C.ended_ms.is_(None), _C.until_ms > bindparam("now"))
_RUN_OUT = select(_C.id).where(_C.ended_ms.is_(None), _C.until_ms <= bindparam("now"))
_GRIDS = select(r.area_grids.c.grid).where(r.area_grids.c.area == bindparam("area"))
_MINE = t.detections.c.suppressed_by == bindparam("by")
_OPEN = select(t.detections.c.id, t.detections.c.scene, t.detections.c.thing).where(
    _MINE, t.detections.c.ended_ms.is_(None)
)
_FREED = t.detections.update().where(_MINE, t.detections.c.ended_ms.is_(None))
"""Made once: building a statement costs more than running it."""


class SqlShelves:
    """What is shelved, by whom, until when and why."""

    def __init__(self, engine: Engine, calm: Calm | None = None) -> None:
        self._engine = engine
        self.calm = calm or Calm.shipped()

    def put(
        self, *, scene: str = "", thing: int = 0, area: str = "", until_ms: int, why: str, by: str,
        at_ms: int,
    ) -> dict[str, Any]:  # fmt: skip
        """Shelve a scene, a thing, an area, or what is all of those given, for a while.

        Raises `BadRequest`, naming the field; the whole district cannot be shelved for all scenes.
        """
        most = self.calm.shelf_most_h
        with writing(self._engine) as connection:
            known = select(r.areas.c.code).where(r.areas.c.code == area)
            wrong = {
                "scene, thing or area: say what is to be shelved": not (scene or thing or area),
                "why: say why": not why.strip(),
                "until: it must be later than now": until_ms <= at_ms,
                f"until: {most:g} hours at most": until_ms - at_ms > most * HOUR_MS,
                f"area: there is no {area!r}": bool(area) and connection.scalar(known) is None,
            }
            for says, it_is in wrong.items():
                if it_is:
                    raise BadRequest(says)
            row = {
                "id": raised(connection, "shelf"), "scene": scene, "thing": thing, "area": area,
                "from_ms": at_ms, "until_ms": until_ms, "why": why.strip(), "by": by,
                "ended_ms": None, "ended_by": "",
            }  # fmt: skip
            connection.execute(table.insert(), row)
            return row

    def end(self, number: int, *, by: str, at_ms: int) -> list[Mapping[str, Any]]:
        """Take something off the shelf; gives the detections of it that have not ended."""
        with writing(self._engine) as connection:
            still = select(_C.id).where(_C.id == number, _C.ended_ms.is_(None))
            if connection.scalar(still) is None:
                msg = f"shelf: there is no {number} that still runs"
                raise NotFound(msg)
            return self.ended(connection, number, by=by, at_ms=at_ms)

    def ended(
        self, connection: Connection, number: int, *, by: str, at_ms: int
    ) -> list[Mapping[str, Any]]:
        """Do what `end` says, in a transaction that is open already."""
        own = table.update().where(_C.id == number)
        connection.execute(own.values(ended_ms=at_ms, ended_by=by))
        return freed(connection, f"{SHELF}{number}")

    def run_out(self, connection: Connection, now_ms: int) -> list[int]:
        """Give the numbers of those whose time is up."""
        return list(connection.scalars(_RUN_OUT, {"now": now_ms}))

    def all(self, now_ms: int, *, ended: bool = False) -> list[dict[str, Any]]:
        """Give what is shelved, the newest first, with how many detections it keeps quiet."""
        quiet = (
            select(func.count())
            .where(t.detections.c.suppressed_by == SHELF + func.cast(_C.id, t.cases.c.code.type))
            .scalar_subquery()
        )
        wanted = select(table, quiet.label("quiet")).order_by(_C.id.desc()).limit(MOST)
        if not ended:
            wanted = wanted.where(_C.ended_ms.is_(None), _C.until_ms > now_ms)
        with reading(self._engine) as connection:
            return [dict(row) for row in connection.execute(wanted).mappings()]


class Shelved:
    """The shelves in force at a moment, as they are asked for each detection."""

    def __init__(self, connection: Connection, now_ms: int) -> None:
        rows: Sequence[Any] = connection.execute(_ACTIVE, {"now": now_ms}).all()
        self._rows = [
            (
                f"{SHELF}{row.id}", row.scene, row.thing,
                set(connection.scalars(_GRIDS, {"area": row.area})) if row.area else None,
            )
            for row in rows
        ]  # fmt: skip

    def __bool__(self) -> bool:
        return bool(self._rows)

    def by(self, scene: str, thing: int, grid: int) -> str:
        """Name the shelf on which a detection lies; empty where it lies on none."""
        for name, its_scene, its_thing, grids in self._rows:
            fits = its_scene in {"", scene} and its_thing in {0, thing}
            if fits and (grids is None or grid in grids):
                return name
        return ""


def freed(connection: Connection, by: str) -> list[Mapping[str, Any]]:
    """Suppress no longer what was by something and has not ended; gives those detections."""
    still: list[Mapping[str, Any]] = [
        dict(row) for row in connection.execute(_OPEN, {"by": by}).mappings()
    ]
    if still:
        connection.execute(_FREED.values(suppressed_by=None), {"by": by})
    return still
