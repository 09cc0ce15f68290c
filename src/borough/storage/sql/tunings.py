"""Changes of parameters in SQL: who changed what and why; the journal takes them from here."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, Engine, RowMapping, and_, func, select

from borough.core.errors import BadRequest, Stale
from borough.core.tunings import EVERY_THING, Change
from borough.storage.sql import tables as t
from borough.storage.sql.changes import touched
from borough.storage.sql.counting import raised
from borough.storage.sql.engines import reading, writing
from borough.storage.sql.tunings_table import tunings

COUNTER = "tunings"
Key = tuple[str, str, int]
"""Scene, parameter, thing."""


class SqlTunings:
    """Every change of a scene's parameters, numbered from 1 in the order they were decided.

    What was decided for a single thing also stands in the registry's own parameters.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def last(self, scene: str = "") -> int:
        """Give the number of the last change, of one scene or of all; 0 if there is none."""
        chosen = select(func.max(tunings.c.number))
        if scene:
            chosen = chosen.where(tunings.c.scene == scene)
        with reading(self._engine) as connection:
            return connection.scalar(chosen) or 0

    def record(
        self, scene: str, thing: int, values: Mapping[str, float | None], *,
        who: str, why: str, at_ms: int, version: str, seen: int,
    ) -> Change:  # fmt: skip
        """Write a change down and give it its number.

        *seen* is the number of the scene's last change that its author knew of: `Stale` if
        there has been another one.  *version* is what detections will carry.
        """
        if not why.strip():
            msg = "why: say why it is changed"
            raise BadRequest(msg)
        with writing(self._engine) as connection:
            number = raised(connection, COUNTER)
            last = connection.scalar(_LAST.where(tunings.c.scene == scene)) or 0
            if last != seen:
                msg = f"{scene}: its last change is number {last}, and you saw {seen}"
                raise Stale(msg)
            told = {"number": number, "scene": scene, "thing": thing, "who": who, "why": why}
            told |= {"set_ms": at_ms, "version": version}
            rows = [
                {**told, "parameter": name, "value": value,
                 "old": _old(connection, (scene, name, thing))}
                for name, value in sorted(values.items())
            ]  # fmt: skip
            connection.execute(
                tunings.insert(), rows or [{**told, "parameter": "", "value": None, "old": None}]
            )
            change = Change(number, scene, thing, dict(values))
            if thing != EVERY_THING:
                _set_for_one(connection, change, who, at_ms)
        return change

    def after(self, number: int) -> list[Change]:
        """Give the changes behind *number*, in their order."""
        with reading(self._engine) as connection:
            rows = connection.execute(_ALL.where(tunings.c.number > number)).mappings().all()
        return _changes(rows)

    def settled(self, number: int) -> list[Change]:
        """Say how everything that was ever changed stood after change *number*.

        What had not been changed by then stands as it stood before its first change.
        """
        with reading(self._engine) as connection:
            rows = connection.execute(_ALL).mappings().all()
        stood: dict[Key, float | None] = {}
        for row in rows:
            key = (row["scene"], row["parameter"], row["thing"])
            if row["number"] <= number:
                stood[key] = row["value"]
            else:
                stood.setdefault(key, row["old"])
        by_thing: dict[tuple[str, int], dict[str, float | None]] = defaultdict(dict)
        for (scene, parameter, thing), value in stood.items():
            by_thing[scene, thing] |= {parameter: value} if parameter else {}
        return [Change(number, *whose, values) for whose, values in sorted(by_thing.items())]

    def history(self, scene: str, limit: int = 100) -> list[dict[str, Any]]:
        """Give the changes of one scene, newest first, with old and present values by name."""
        t_ = tunings.c
        newest = (
            select(t_.number).where(t_.scene == scene).distinct()
            .order_by(t_.number.desc()).limit(limit).scalar_subquery()
        )  # fmt: skip
        with reading(self._engine) as connection:
            rows = connection.execute(_ALL.where(t_.number.in_(newest))).mappings().all()
        told: dict[int, dict[str, Any]] = {}
        for row in rows:
            shown = ("number", "scene", "thing", "who", "why", "set_ms", "version")
            each = told.setdefault(row["number"], {n: row[n] for n in shown} | {"values": {}})
            if row["parameter"]:
                each["values"][row["parameter"]] = {"old": row["old"], "value": row["value"]}
        return [told[number] for number in sorted(told, reverse=True)]


_ALL = select(tunings).order_by(tunings.c.number, tunings.c.parameter)
_LAST = select(func.max(tunings.c.number))


def _changes(rows: Iterable[RowMapping]) -> list[Change]:
    found: dict[int, Change] = {}
    for row in rows:
        before = found.get(row["number"])
        values = dict(before.values) if before else {}
        values |= {row["parameter"]: row["value"]} if row["parameter"] else {}
        found[row["number"]] = Change(row["number"], row["scene"], row["thing"], values)
    return list(found.values())


def _old(connection: Connection, key: Key) -> float | None:
    """Say what stood before: the last change of it, or what the registry was given."""
    scene, parameter, thing = key
    n, p = tunings.c, t.parameters.c
    mine = (n.scene == scene) & (n.parameter == parameter) & (n.thing == thing)
    chosen = select(n.value).where(mine).order_by(n.number.desc()).limit(1)
    row = connection.execute(chosen).one_or_none()
    if row is not None or thing == EVERY_THING:
        return row.value if row else None
    own = (p.scene == scene) & (p.parameter == parameter) & (p.thing == thing)
    return connection.scalar(select(p.value).where(own))


def _set_for_one(connection: Connection, change: Change, who: str, at_ms: int) -> None:
    """Let the registry hold what a change sets for its one thing."""
    p = t.parameters.c
    for name, value in change.values.items():
        own = {"scene": change.scene, "parameter": name, "thing": change.thing}
        mine = and_(*(p[column] == held for column, held in own.items()))
        connection.execute(t.parameters.delete().where(mine))
        if value is not None:
            made = own | {"value": value, "who": who, "set_ms": at_ms}
            connection.execute(t.parameters.insert().values(made))
    touched(connection, [change.thing])
