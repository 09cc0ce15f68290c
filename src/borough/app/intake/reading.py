"""Read the columns of a file of things into arrays, noting what cannot be read."""

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from functools import cached_property
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import shapely

from borough.adapters.sheets import ERRORS, Sheet
from borough.app.intake.refusals import Faults
from borough.core.district import District
from borough.core.errors import BadSheet
from borough.core.observations import Floats, Index
from borough.storage.sql.intake import Held

NAMES: Mapping[str, Sequence[str]] = tomllib.loads(
    (files("borough.app.intake") / "columns.toml").read_text("utf-8")
)
CALLED = {called: name for name, every in NAMES.items() for called in every}
ATTRIBUTE, RELATION = "attr.", "rel."
KEY = re.compile(r"[A-Za-z0-9_-]{1,64}")
DEGREES = {"lon": 180.0, "lat": 90.0}
NEAR = 3
"""How many kinds of a similar name are told."""
NOBODY = -1
Cells = Sequence[str]


@dataclass(frozen=True)
class Known:
    """The district as it is, laid out for looking up many rows at once."""

    held: Held
    district: District

    @cached_property
    def rows(self) -> dict[str, int]:
        """The row of each thing by its key, retired ones included."""
        return {key: row for row, key in enumerate(self.held.key)}

    @cached_property
    def kinds(self) -> dict[str, int]:
        """The number of each class of thing by its code."""
        return {kind.code: number for number, kind in enumerate(self.held.kinds)}

    @cached_property
    def grids(self) -> dict[str, int]:
        """The number of each grid by its code."""
        return {code: number for number, code in enumerate(self.district.grids.code)}

    @cached_property
    def _tree(self) -> shapely.STRtree:
        return shapely.STRtree([shapely.Polygon(ring) for ring in self.district.grids.ring])

    def grid_at(self, lon: float, lat: float) -> int:
        """Find the grid that one place lies in; -1 outside of all."""
        return int(self.grid_of(np.array([lon]), np.array([lat]))[0])

    def grid_of(self, lon: Floats, lat: Floats) -> Index:
        """Find the grid that each place lies in; -1 outside of all, and for no place at all."""
        found = np.full(len(lon), -1, np.int64)
        placed = np.flatnonzero(np.isfinite(lon) & np.isfinite(lat))
        spots = shapely.points(lon[placed], lat[placed])
        which, grid = self._tree.query(spots, predicate="intersects")
        found[placed[which[::-1]]] = grid[::-1]  # on a border the first grid has it
        return found


def named(sheet: Sheet, file: str) -> dict[str, Cells]:
    """Give the columns of a sheet by our names for them; `BadSheet` for one that is none."""
    columns: dict[str, Cells] = {}
    for called, cells in sheet.columns.items():
        if called == ERRORS:
            continue
        free = called.startswith((ATTRIBUTE, RELATION)) and called.partition(".")[2]
        name = called if free else CALLED.get(called)
        if name is None or name in columns:
            near = ", ".join(get_close_matches(called, CALLED, 1, 0.0))
            zh = f"列名 {called} 不可用；可用 {'、'.join(NAMES)}、attr.*、rel.*；相近的是 {near}"
            en = f"no such column; there are {', '.join(NAMES)}, attr.*, rel.*; near: {near}"
            raise BadSheet({"zh": zh, "en": en}, file=file, sheet=sheet.name, field=called)
        columns[name] = cells
    if "key" not in columns:
        said = {"zh": "缺少 key（编号）一列", "en": "the column key is missing"}
        raise BadSheet(said, file=file, sheet=sheet.name, field="key")
    return columns


def looked_up(cells: Cells, places: Mapping[str, int]) -> Index:
    """Find the place of each cell; -1 where it has none."""
    return np.fromiter((places.get(cell, NOBODY) for cell in cells), np.int64, len(cells))


def keys(cells: Cells, numbers: Sequence[int], faults: Faults) -> None:
    """Look at every key: there, well formed, and no two the same."""
    first: dict[str, int] = {}
    for place, cell in enumerate(cells):
        if not KEY.fullmatch(cell):
            faults.add(place, "key", "key-form" if cell else "key-missing", value=repr(cell))
        elif (other := first.setdefault(cell, place)) != place:
            faults.add(place, "key", "key-twice", value=cell, other=numbers[other])


def kinds(cells: Cells, row: Index, known: Known, faults: Faults) -> Index:
    """Find the kind of each row; a thing that is there keeps the one it has."""
    number = looked_up(cells, known.kinds)
    said = np.array([bool(cell) for cell in cells], bool)
    for place in np.flatnonzero(said & (number < 0)).tolist():
        near = get_close_matches(cells[place], known.kinds, NEAR, 0.0)
        faults.add(place, "kind", "kind-unknown", value=cells[place], near=", ".join(near))
    faults.mark(~said & (row < 0), "kind", "kind-missing", cells)
    there = row >= 0
    has = np.where(there, known.held.kind[row] if len(known.held.kind) else NOBODY, NOBODY)
    for place in np.flatnonzero(there & said & (number >= 0) & (number != has)).tolist():
        old = known.held.kinds[int(has[place])].code
        faults.add(place, "kind", "kind-fixed", value=cells[place], old=old)
    return np.where(there, has, number)


def degrees(name: str, cells: Cells, faults: Faults) -> Floats:
    """Read degrees; NaN where there are none."""
    try:
        value = np.array([cell or "nan" for cell in cells], np.float64)
    except ValueError:
        value = np.array([_float(cell) for cell in cells], np.float64)
    said = np.array([bool(cell) for cell in cells], bool)
    faults.mark(said & ~np.isfinite(value), name, "number", cells)
    most = DEGREES[name]
    with np.errstate(invalid="ignore"):
        faults.mark(
            np.isfinite(value) & (np.abs(value) > most), name, "degrees", cells, most=f"{most:g}"
        )
    return value


def _float(cell: str) -> float:
    try:
        return float(cell or "nan")
    except ValueError:
        return float("inf")


def moments(name: str, cells: Cells, zone: str, faults: Faults) -> Index:
    """Read days and times as ms; -1 where there is none.  Without an offset they are local."""
    read: dict[str, int | None] = {"": NOBODY}
    where = ZoneInfo(zone)
    for cell in set(cells) - {""}:
        read[cell] = _moment(cell, where)
    wrong = {cell for cell, time in read.items() if time is None}
    if wrong:
        faults.mark(np.array([cell in wrong for cell in cells]), name, "time", cells)
    return np.array([NOBODY if read[cell] is None else read[cell] for cell in cells], np.int64)


def _moment(cell: str, zone: ZoneInfo) -> int | None:
    try:
        said = datetime.fromisoformat(cell)
        said = said if said.tzinfo else said.replace(tzinfo=zone)
        time = round(said.astimezone(UTC).timestamp() * 1000)
    except (ValueError, OverflowError):
        return None
    return time if time >= 0 else None


def texts(columns: Mapping[str, Cells], make: Callable[..., str], *names: str) -> list[str]:
    """Make one text from several columns, each combination once."""
    made: dict[tuple[Any, ...], str] = {}
    rows = zip(*(columns[name] for name in names), strict=True)
    return [made[row] if row in made else made.setdefault(row, make(*row)) for row in rows]
