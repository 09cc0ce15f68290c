"""What has changed of the registry: each change notes which things it touched.

So whoever holds a registry reads those again, and not the hundreds of thousands beside them.
"""

import secrets
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from sqlalchemy import Column, ColumnElement, Connection, Select, func, or_, select

from borough.core.amending import Amendment, Ties
from borough.core.observations import Floats, Index
from borough.core.registry import Registry
from borough.storage.sql import tables as t
from borough.storage.sql.bulk import columns
from borough.storage.sql.counting import raised
from borough.storage.sql.kinds import declared_kinds

NEXT_CHANGE = "registry_changes"
STAMP_BITS = 62
PIECES = 1_000
"""A change in more pieces is noted as one from first to last: to read too much is right, too."""
LONG = 100
"""Pieces of more things are asked for by their ends; of others each thing is named."""
KEPT = 10_000
"""Pieces that stay noted; whoever has seen none of them reads all anew."""
AT_ONCE = 1_000
"""Things that one question names."""
WORTH = 4
"""Where more than one in so many has changed, reading all of them is as quick."""
HELD = select(
    t.things.c.id, t.things.c.key, t.things.c.kind, t.things.c.first_series,
    t.things.c.lon, t.things.c.lat, t.things.c.grid, func.coalesce(t.things.c.via, -1),
)  # fmt: skip
"""What a registry holds of each thing."""
Span = tuple[int, int]


def touched(connection: Connection, things: Iterable[int]) -> None:
    """Note the things, by id, whose rows, ties or parameters a transaction has changed.

    Whatever changes any of these says so in the same transaction.
    """
    spans = _spans(np.unique(np.fromiter(things, np.int64)))
    if not spans:
        return
    if len(spans) > PIECES:
        spans = [(spans[0][0], spans[-1][1])]
    last = raised(connection, NEXT_CHANGE, len(spans))
    number = last - len(spans)
    stamp = secrets.randbits(STAMP_BITS)
    connection.execute(
        t.registry_changes.insert(),
        [
            {"number": number + place, "first_id": first, "last_id": end, "stamp": stamp}
            for place, (first, end) in enumerate(spans, 1)
        ],
    )
    c = t.registry_changes.c
    connection.execute(t.registry_changes.delete().where(c.number <= last - KEPT))


def newest(connection: Connection) -> tuple[int, int]:
    """Name the last change as `Registry.edition` does; zeros where none was ever noted."""
    c = t.registry_changes.c
    chosen = select(c.number, c.stamp).order_by(c.number.desc()).limit(1)
    row = connection.execute(chosen).one_or_none()
    return (row.number, row.stamp) if row else (0, 0)


def amendment(connection: Connection, held: Registry) -> Amendment | None:
    """Read what has changed since *held* was loaded; None where all is to be read anew."""
    c, (number, stamp) = t.registry_changes.c, held.edition
    if connection.scalar(select(c.stamp).where(c.number == number)) != stamp:
        return None
    later = t.registry_changes.select().where(c.number > number)
    since = connection.execute(later.order_by(c.number)).all()
    if sum(row.last_id - row.first_id + 1 for row in since) * WORTH > len(held.id):
        return None
    noted = [np.arange(row.first_id, row.last_id + 1) for row in since]
    asked = np.unique(np.concatenate([held.id[:0], *noted]))
    edition = (since[-1].number, since[-1].stamp) if since else held.edition
    return _amendment(connection, asked, edition)


def _amendment(connection: Connection, asked: Index, edition: tuple[int, int]) -> Amendment:
    c = t.things.c
    chosen = HELD.where(c.valid_to_ms.is_(None))
    # Also all that reports through any of them: one that comes back finds its devices again.
    rows = _read(connection, chosen, asked, c.id, c.via)
    ids, keys, kind, first, lon, lat, grid, via = zip(*rows, strict=True) if rows else ((),) * 8
    asked = np.union1d(asked, np.array(ids, np.int64))
    return Amendment(
        edition=edition,
        kinds=declared_kinds(connection),
        asked=asked,
        id=np.array(ids, np.int64),
        key=tuple(keys),
        kind=np.array(kind, np.int16),
        first=np.array(first, np.int32),
        lon=np.array(lon, np.float64),
        lat=np.array(lat, np.float64),
        grid=np.array(grid, np.int64),
        via=np.array(via, np.int64),
        relations=_relations(connection, asked),
        parameters=_parameters(connection, asked),
    )


def _relations(connection: Connection, asked: Index) -> dict[str, Ties]:
    r = t.relations.c
    chosen = select(r.name, r.from_id, r.to_id, r.valid_from_ms, r.sign)
    found: dict[str, list[Any]] = {}
    for name, *tie in _read(
        connection, chosen.where(r.valid_to_ms.is_(None)), asked, r.from_id, r.to_id
    ):
        found.setdefault(name, []).append(tie)
    return {
        name: (start, end, sign.astype(np.int8))
        for name, ties in found.items()
        for start, end, _, sign in [np.array(ties, np.int64).T]
    }


def _parameters(
    connection: Connection, asked: Index
) -> dict[tuple[str, str], tuple[Index, Floats]]:
    p = t.parameters.c
    found: dict[tuple[str, str], tuple[list[int], list[float]]] = {}
    chosen = select(p.scene, p.parameter, p.thing, p.value)
    for scene, parameter, thing, value in _read(connection, chosen, asked, p.thing):
        things, values = found.setdefault((scene, parameter), ([], []))
        things.append(thing)
        values.append(value)
    return {
        pair: (np.array(things, np.int64), np.array(values))
        for pair, (things, values) in found.items()
    }


def _read(
    connection: Connection, chosen: Select[Any], asked: Index, *sides: Column[Any]
) -> Sequence[tuple[Any, ...]]:
    """Read the rows in which any of the *sides* was asked for: each once, in rising order."""
    found: set[tuple[Any, ...]] = set()
    spans = _spans(asked)
    long = [(first, last) for first, last in spans if last - first >= LONG]
    rest = [each for first, last in spans if last - first < LONG for each in range(first, last + 1)]
    wanted: list[ColumnElement[bool]] = [side.between(*span) for side in sides for span in long]
    some = [rest[start : start + AT_ONCE] for start in range(0, len(rest), AT_ONCE)]
    wanted += [or_(*(side.in_(each) for side in sides)) for each in some]
    for each in wanted:
        found.update(zip(*columns(connection, chosen.where(each)), strict=True))
    return sorted(found)


def _spans(ids: Index) -> list[Span]:
    """Give rising numbers as pieces without a gap, each from its first to its last."""
    if not len(ids):
        return []
    gaps = np.flatnonzero(np.diff(ids) > 1)
    firsts, lasts = ids[np.append(0, gaps + 1)], ids[np.append(gaps, len(ids) - 1)]
    return list(zip(firsts.tolist(), lasts.tolist(), strict=True))
