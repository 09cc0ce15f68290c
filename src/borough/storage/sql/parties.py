"""Parties in SQL: firms and others that report nothing themselves, taken in many at a time."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Engine, func, select

from borough.core.errors import BadRequest
from borough.core.registry import Kind
from borough.storage.sql import tables as t
from borough.storage.sql.changes import touched
from borough.storage.sql.counting import current, raised
from borough.storage.sql.engines import reading, writing
from borough.storage.sql.facts_writing import chunks
from borough.storage.sql.registry import NEXT_SERIES, VERSION

WITH = "evaluated_with"
"""The tie from a firm to the one that it is evaluated as a part of."""
Span = tuple[int, int]
"""From and to, ms UTC."""


class SqlParties:
    """Things that are known by a key of their own, and who of them is judged with whom."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def enter(
        self, kind: Kind, names: Mapping[str, Mapping[str, str]],
        ties: Mapping[str, str], during: Span, *, at_ms: int,
    ) -> int:  # fmt: skip
        """Enter things of *kind* by key with their names, or bring their names up to date.

        *ties* says who is judged with whom for the time *during*; what was said of that time
        before no longer holds.  Gives how many were not known.  Raises `BadRequest` where a key
        belongs to something of another kind.
        """
        with writing(self._engine) as connection:
            raised(connection, VERSION)
            number = _number(connection, kind)
            known = _known(connection, names)
            for key, row in known.items():
                if row["kind"] != number:
                    msg = f"key: {key!r} is taken, and not by a {kind.code}"
                    raise BadRequest(msg)
                if row["name"] != names[key]:
                    mine = t.things.c.id == row["id"]
                    connection.execute(t.things.update().where(mine).values(name=dict(names[key])))
            fresh = [key for key in names if key not in known]
            if fresh:
                last = connection.scalar(select(func.max(t.things.c.id))) or 0
                series = current(connection, NEXT_SERIES)
                connection.execute(
                    t.things.insert(),
                    [
                        {
                            "id": last + place, "key": key, "kind": number, "grid": -1,
                            "first_series": series, "lon": None, "lat": None, "via": None,
                            "name": dict(names[key]), "attributes": {}, "valid_from_ms": at_ms,
                            "valid_to_ms": None,
                        }
                        for place, key in enumerate(fresh, 1)
                    ],
                )  # fmt: skip
            ids = {key: row["id"] for key, row in _known(connection, names).items()}
            _tie(connection, ids, ties, during)
            touched(connection, ids.values())
            return len(fresh)

    def ids(self, keys: Iterable[str]) -> dict[str, tuple[int, Mapping[str, str]]]:
        """Give the id and the name of each thing that is known, by its key."""
        with reading(self._engine) as connection:
            found = _known(connection, keys)
        return {key: (row["id"], row["name"]) for key, row in found.items()}

    def ties(self, at_ms: int) -> dict[str, str]:
        """Say who is judged with whom at a moment, by key."""
        r = t.relations.c
        start, end = t.things.alias("start"), t.things.alias("end_thing")
        chosen = (
            select(start.c.key, end.c.key)
            .select_from(t.relations)
            .join(start, start.c.id == r.from_id)
            .join(end, end.c.id == r.to_id)
            .where(r.name == WITH, r.valid_from_ms <= at_ms)
            .where(r.valid_to_ms.is_(None) | (r.valid_to_ms > at_ms))
        )
        with reading(self._engine) as connection:
            return {row[0]: row[1] for row in connection.execute(chosen)}


def _number(connection: Connection, kind: Kind) -> int:
    """Give the number of a kind; one that the district has declared since is added."""
    k = t.kinds.c
    number = connection.scalar(select(k.number).where(k.code == kind.code))
    if number is None:
        number = (connection.scalar(select(func.max(k.number))) or 0) + 1
        row = {
            "number": number, "code": kind.code, "name": dict(kind.name), "role": kind.role,
            "interval_s": kind.interval_s, "heartbeat_s": kind.heartbeat_s, "late_s": kind.late_s,
            "attributes": {},
        }  # fmt: skip
        connection.execute(t.kinds.insert(), row)
    return int(number)


def _known(connection: Connection, keys: Iterable[str]) -> dict[str, dict[str, Any]]:
    c = t.things.c
    found: dict[str, dict[str, Any]] = {}
    for some in chunks(keys):
        chosen = select(c.id, c.key, c.kind, c.name).where(c.key.in_(some))
        found |= {row["key"]: dict(row) for row in connection.execute(chosen).mappings()}
    return found


def _tie(
    connection: Connection, ids: Mapping[str, int], ties: Mapping[str, str], during: Span
) -> None:
    r, (start, end) = t.relations.c, during
    for some in chunks(ids.values()):
        mine = (r.name == WITH) & (r.valid_from_ms == start) & r.from_id.in_(some)
        connection.execute(t.relations.delete().where(mine))
    rows: Sequence[dict[str, Any]] = [
        {"name": WITH, "from_id": ids[one], "to_id": ids[other], "sign": 1,
         "valid_from_ms": start, "valid_to_ms": end}
        for one, other in ties.items()
    ]  # fmt: skip
    if rows:
        connection.execute(t.relations.insert(), rows)
