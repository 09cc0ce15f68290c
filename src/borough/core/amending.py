"""A registry made of the one before: what has changed since is written over it, the rest stays."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from borough.core.observations import Floats, Index
from borough.core.registry import Kind, Registry, row_of

Ties = tuple[Index, Index, Index]
NOBODY: Ties = (np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(0, np.int8))
COLUMNS = ("kind", "first", "lon", "lat", "grid")


@dataclass(frozen=True, slots=True)
class Amendment:
    """What a store says now of the things that it was asked about.

    ``asked`` are their ids; the columns hold those of them that are in use, as those of a
    `Registry` do; both rise by id.  ``via`` and the two ends of the ``relations`` are ids here,
    and may be of any thing; ``relations`` has every tie with an end that was asked about, by
    rising ends, ``parameters`` ids and their values.  ``kinds`` are all that there are.
    """

    edition: tuple[int, int]
    kinds: tuple[Kind, ...]
    asked: Index
    id: Index
    key: tuple[str, ...]
    kind: Index
    first: Index
    lon: Floats
    lat: Floats
    grid: Index
    via: Index
    relations: Mapping[str, Ties] = field(default_factory=dict)
    parameters: Mapping[tuple[str, str], tuple[Index, Floats]] = field(default_factory=dict)


def amended(held: Registry, by: Amendment) -> Registry:
    """Give the registry as it is now; what *by* was not asked about is as it was in *held*.

    Columns are copied as such, so it takes some hundredths of a second for a third of a million
    things, and whoever works with *held* meanwhile is not disturbed.
    """
    both = np.concatenate([held.id, by.id])
    stays = np.append(row_of(by.asked, held.id) < 0, np.ones(len(by.id), np.bool_))
    chosen = np.flatnonzero(stays)
    chosen = chosen[np.argsort(both[chosen], kind="stable")]
    ids = both[chosen]
    place = np.append(row_of(ids, held.id), np.int32(-1))  # the last is of -1: no thing
    columns = {
        name: np.concatenate([getattr(held, name), getattr(by, name)])[chosen] for name in COLUMNS
    }
    keys = np.empty(len(both), object)
    keys[:] = held.key + by.key
    return Registry(
        kinds=held.kinds if held.kinds == by.kinds else by.kinds,
        id=ids,
        key=tuple(keys[chosen].tolist()),
        via=np.concatenate([place[held.via], row_of(ids, by.via)])[chosen],
        relations=_relations(held, by, np.where(stays[: len(held.id)], place[:-1], -1), ids),
        parameters=_parameters(held, by, chosen, ids),
        edition=by.edition,
        **columns,
    )


def _relations(held: Registry, by: Amendment, place: Index, ids: Index) -> dict[str, Ties]:
    found: dict[str, Ties] = {}
    for name in sorted({*held.relations, *by.relations}):
        old, now = held.relations.get(name, NOBODY), by.relations.get(name, NOBODY)
        start, end = (np.append(place[old[side]], row_of(ids, now[side])) for side in (0, 1))
        order = np.lexsort((end, start))  # whoever is tied anew finds his place; others keep theirs
        order = order[(start[order] >= 0) & (end[order] >= 0)]
        if len(order):
            found[name] = start[order], end[order], np.append(old[2], now[2])[order]
    return found


def _parameters(
    held: Registry, by: Amendment, chosen: Index, ids: Index
) -> dict[tuple[str, str], Floats]:
    found: dict[tuple[str, str], Floats] = {}
    for pair in sorted({*held.parameters, *by.parameters}):
        both = np.full(len(held.id) + len(by.id), np.nan)
        both[: len(held.id)] = held.parameters.get(pair, np.nan)
        column = both[chosen]
        things, values = by.parameters.get(pair, (ids[:0], column[:0]))
        row = row_of(ids, things)
        column[row[row >= 0]] = values[row >= 0]
        if not np.isnan(column).all():
            found[pair] = column
    return found
