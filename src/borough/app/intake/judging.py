"""Judge a file of things row by row, and work out the one change that it asks for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from borough.adapters.sheets import Sheet
from borough.app.intake import reading
from borough.app.intake.reading import NOBODY, Cells, Known
from borough.app.intake.refusals import Faults
from borough.app.intake.ties import Ties, tied_by
from borough.app.intake.wording import attributes_of, names_of
from borough.core.observations import Floats, Index, Mask
from borough.storage.sql.intake import FIELDS, Change
from borough.storage.sql.registry import DEEPEST

ADDED, CHANGED, SAME, REFUSED = range(4)
RESULTS = ("added", "changed", "same", "refused")
"""What becomes of a row, by the number of its status."""
GATEWAY = "gateway"
SAME_PLACE = 1e-9
"""Degrees: a tenth of a millimetre. Excel rounds the 16th digit, and that moves nothing."""


@dataclass(frozen=True, slots=True)
class Order:
    """How a file is to be taken in: at what moment (ms), and what its rows need not say.

    With ``partial`` the good rows go in where others are refused; ``kind`` stands for the kind
    of new things where the file has no such column.
    """

    at_ms: int
    kind: str = ""
    partial: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of each row, what is wrong, and the change that the good rows ask for."""

    key: Cells
    status: Index
    faults: Faults
    change: Change

    @property
    def counts(self) -> dict[str, int]:
        """How many rows have each result."""
        many = np.bincount(self.status, minlength=len(RESULTS)).tolist()
        return dict(zip(RESULTS, many, strict=True))


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the rows want their things to be; ``via`` counts the new rows behind those held."""

    row: Index
    kind: Index
    lon: Floats
    lat: Floats
    grid: Index
    via: Index
    name: Sequence[str]
    attributes: Sequence[str]
    valid_from: Index
    valid_to: Index
    ties: Ties


def judged(sheet: Sheet, file: str, known: Known, order: Order) -> Verdict:
    """Judge every row; raises `BadSheet` where the heading is not that of a file of things."""
    columns = reading.named(sheet, file)
    many = len(sheet.rows)
    if "kind" not in columns:
        columns = {**columns, "kind": (order.kind,) * many}
    faults = Faults(many)
    wanted = read(columns, sheet.numbers, known, order, faults)
    if order.partial:
        refuse_followers(wanted, columns, len(known.held.id), faults)
    return decided(columns["key"], wanted, known, faults)


def read(
    columns: Mapping[str, Cells], numbers: Sequence[int], known: Known, order: Order, faults: Faults
) -> Wanted:
    """Read all columns; what a file has no column for stays as it is."""
    held, key = known.held, columns["key"]
    reading.keys(key, numbers, faults)
    row = reading.looked_up(key, known.rows)
    kind = reading.kinds(columns["kind"], row, known, faults)
    lon, lat = (
        reading.degrees(name, columns[name], faults) if name in columns else old(has, row, np.nan)
        for name, has in (("lon", held.lon), ("lat", held.lat))
    )
    faults.mark(np.isnan(lon) != np.isnan(lat), "lon", "half-place", key)
    start, end = times(columns, row, known, order, faults)
    return Wanted(
        row=row,
        kind=kind,
        lon=lon,
        lat=lat,
        grid=grids(columns, row, (lon, lat), known, faults),
        via=gateways(columns, row, (kind, end), known, faults),
        name=names_of(columns, row, held.name),
        attributes=attributes_of(columns, row, kind, known.held, faults),
        valid_from=start,
        valid_to=end,
        ties=tied_by(columns, row, end, known, faults),
    )


def old(column: Any, row: Index, otherwise: Any) -> Any:
    """Give what the things of the rows have now, and something else for new ones."""
    return np.where(row >= 0, column[row] if len(column) else otherwise, otherwise)


def grids(
    columns: Mapping[str, Cells],
    row: Index,
    spot: tuple[Floats, Floats],
    known: Known,
    faults: Faults,
) -> Index:
    """Find the grids: by their codes, or where there is none by the place."""
    held, (lon, lat) = known.held, spot
    moved = ~(equal(lon, old(held.lon, row, np.nan)) & equal(lat, old(held.lat, row, np.nan)))
    has = old(held.grid, row, NOBODY)
    cells = columns.get("grid")
    if cells is None:
        seek = (row < 0) | moved
        given = has
    else:
        given = reading.looked_up(cells, known.grids)
        seek = np.array([not cell for cell in cells], bool)
        faults.mark(~seek & (given < 0), "grid", "grid-unknown", cells)
    found = np.asarray(given, np.int64).copy()
    found[seek] = known.grid_of(lon[seek], lat[seek])
    return found


def equal(one: Floats, other: Floats) -> Mask:
    """Compare degrees of which some are not there."""
    with np.errstate(invalid="ignore"):
        near = np.abs(one - other) <= SAME_PLACE
    return np.asarray(near | (np.isnan(one) & np.isnan(other)))


def gateways(
    columns: Mapping[str, Cells],
    row: Index,
    is_now: tuple[Index, Index],
    known: Known,
    faults: Faults,
) -> Index:
    """Find what each thing reports through: a row held, or a new row counted on behind those."""
    held, many, (kind, end) = known.held, len(row), is_now
    has = old(held.via, row, NOBODY)
    cells = columns.get("via")
    if cells is None:
        return np.asarray(has, np.int64)
    total = len(held.id)
    fresh = {columns["key"][place]: place + total for place in np.flatnonzero(row < 0).tolist()}
    via = np.array(
        [known.rows.get(cell, fresh.get(cell, NOBODY)) if cell else NOBODY for cell in cells],
        np.int64,
    )
    said = np.array([bool(cell) for cell in cells], bool)
    faults.mark(said & (via < 0), "via", "via-unknown", cells)
    gate = np.array([each.role == GATEWAY for each in held.kinds] + [False])
    kinds = np.append(np.append(held.kind, kind), NOBODY)
    turned = (via >= 0) & ((via != has) | (row < 0))
    faults.mark(turned & ~gate[kinds[via]], "via", "via-role", cells)
    ends = np.append(np.append(held.valid_to, end), NOBODY)
    ends[row[row >= 0]] = end[row >= 0]
    faults.mark(turned & gate[kinds[via]] & (ends[via] >= 0), "via", "via-retired", cells)
    above = np.append(held.via, np.full(many, NOBODY))
    above[np.where(row >= 0, row, np.arange(many) + total)] = via
    deep = depths(above)[np.where(row >= 0, row, np.arange(many) + total)] > DEEPEST
    faults.mark(deep & turned, "via", "via-circle", cells, most=DEEPEST)
    return via


def depths(above: Index) -> Index:
    """Count the gateways between each thing and the bus; one more than allowed for a circle."""
    depth, above_all = np.zeros(len(above), np.int64), above
    for _ in range(DEEPEST + 1):
        depth += above_all >= 0
        above_all = np.where(above_all >= 0, above[above_all], NOBODY)
    return depth


def times(
    columns: Mapping[str, Cells], row: Index, known: Known, order: Order, faults: Faults
) -> tuple[Index, Index]:
    """Read from when to when each thing is; now is when a new one begins."""
    held, zone = known.held, known.district.zone
    begun, ended = old(held.valid_from, row, order.at_ms), old(held.valid_to, row, NOBODY)
    start = begun
    if "valid_from" in columns:
        start = reading.moments("valid_from", columns["valid_from"], zone, faults)
        start = np.where(start < 0, begun, start)
    end = ended
    if "valid_to" in columns:
        end = reading.moments("valid_to", columns["valid_to"], zone, faults)
        faults.mark(end > order.at_ms, "valid_to", "future", columns["valid_to"])
        faults.mark((end >= 0) & (end < start), "valid_to", "order", columns["valid_to"])
    else:
        faults.mark(ended >= 0, "key", "retired", columns["key"])
    return start, end


def refuse_followers(
    wanted: Wanted, columns: Mapping[str, Cells], total: int, faults: Faults
) -> None:
    """Refuse what hangs on new things that are themselves refused, however long the chain."""
    while True:
        new = wanted.via >= total
        lost = new & faults.bad[np.where(new, wanted.via - total, 0)] & ~faults.bad
        if "via" in columns:
            faults.mark(lost, "via", "via-refused", columns["via"])
        missing = [
            (place, name, target)
            for place, name, target, _ in wanted.ties.wanted
            if target >= total and faults.bad[target - total] and not faults.bad[place]
        ]
        for place, name, target in missing:
            value = columns["key"][target - total]
            faults.add(place, reading.RELATION + name, "relation-refused", value=value)
        if not lost.any() and not missing:
            return


def decided(key: Cells, wanted: Wanted, known: Known, faults: Faults) -> Verdict:
    """Compare what is wanted with what is; gather the change."""
    held, row = known.held, wanted.row
    there = row >= 0
    differs = np.zeros(len(row), bool)
    for young, has in (
        (wanted.grid, old(held.grid, row, NOBODY)),
        (wanted.via, old(held.via, row, NOBODY)),
        (wanted.valid_from, old(held.valid_from, row, NOBODY)),
        (wanted.valid_to, old(held.valid_to, row, NOBODY)),
    ):
        differs |= young != has
    for degrees, had_degrees in ((wanted.lon, held.lon), (wanted.lat, held.lat)):
        differs |= ~equal(degrees, old(had_degrees, row, np.nan))
    at = row.tolist()
    for texts, had in ((wanted.name, held.name), (wanted.attributes, held.attributes)):
        differs |= np.array(
            [where < 0 or text != had[where] for where, text in zip(at, texts, strict=True)], bool
        )
    differs[list(wanted.ties.turned)] = True
    status = np.where(there, np.where(differs, CHANGED, SAME), ADDED)
    status[faults.bad] = REFUSED
    return Verdict(key, status.astype(np.int8), faults, change_of(key, wanted, known, status))


def change_of(key: Cells, wanted: Wanted, known: Known, status: Index) -> Change:
    """Gather new things, gateways before what reports through them, and new rows for old ones."""
    held, total = known.held, len(known.held.id)
    places = np.flatnonzero(status == ADDED)
    above = np.full(len(status), NOBODY)
    new = wanted.via >= total
    above[new] = wanted.via[new] - total
    places = places[np.argsort(depths(above)[places], kind="stable")]
    rank = np.full(len(status), NOBODY)
    rank[places] = np.arange(len(places))
    ids = np.append(held.id, -1 - rank)
    widths = np.array([len(kind.properties) for kind in held.kinds] or [0])
    fields = columns_of(wanted, ids)
    edited = np.flatnonzero(status == CHANGED)
    rows = wanted.row[edited]
    kept = {ADDED, CHANGED}
    live = [each for each in wanted.ties.tied if int(status[each[0]]) in kept]
    gone = [each for each in wanted.ties.untied if int(status[each[0]]) in kept]
    whole = np.where(wanted.row >= 0, held.id[wanted.row] if total else NOBODY, -1 - rank).tolist()
    return Change(
        added={
            "key": [key[place] for place in places.tolist()],
            "kind": wanted.kind[places].tolist(),
            "width": widths[wanted.kind[places]].tolist(),
            **{name: picked(column, places) for name, column in fields.items()},
        },
        edited={
            "id": held.id[rows].tolist() if total else [],
            **{name: picked(column, edited) for name, column in fields.items()},
        },
        tied=[(name, whole[place], int(ids[to]), sign) for place, name, to, sign in live],
        untied=[(name, whole[place], int(ids[to]), sign) for place, name, to, sign in gone],
        before=before_of(held, rows),
    )


def columns_of(wanted: Wanted, ids: Index) -> dict[str, Sequence[Any]]:
    """Lay the fields out as a table has them: None for what is not there."""
    via = np.where(wanted.via >= 0, ids[wanted.via], 0)
    ends, gates = wanted.valid_to.tolist(), zip(wanted.via.tolist(), via.tolist(), strict=True)
    return {
        "lon": or_none(wanted.lon),
        "lat": or_none(wanted.lat),
        "grid": wanted.grid.tolist(),
        "via": [number if at >= 0 else None for at, number in gates],
        "name": wanted.name,
        "attributes": wanted.attributes,
        "valid_from_ms": wanted.valid_from.tolist(),
        "valid_to_ms": [end if end >= 0 else None for end in ends],
    }


def before_of(held: Any, rows: Index) -> dict[str, Sequence[Any]]:
    """Say what things are now, as the same columns."""
    via = np.where(held.via[rows] >= 0, held.id[held.via[rows]], 0).tolist() if len(rows) else []
    columns = {
        "lon": or_none(held.lon[rows]),
        "lat": or_none(held.lat[rows]),
        "grid": held.grid[rows].tolist(),
        "via": [number or None for number in via],
        "name": picked(held.name, rows),
        "attributes": picked(held.attributes, rows),
        "valid_from_ms": held.valid_from[rows].tolist(),
        "valid_to_ms": [end if end >= 0 else None for end in held.valid_to[rows].tolist()],
    }
    return {name: columns[name] for name in FIELDS}


def picked(column: Sequence[Any], places: Index) -> list[Any]:
    """Take some of a column."""
    return [column[place] for place in places.tolist()]


def or_none(degrees: Floats) -> list[float | None]:
    """Turn NaN, "it has no place", into what a table says for it."""
    return [None if value != value else value for value in degrees.tolist()]  # noqa: PLR0124 - only NaN differs from itself
