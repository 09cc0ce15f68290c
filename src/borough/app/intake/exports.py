"""Things on their way out: a file that can be taken in again, and then changes nothing."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from zoneinfo import ZoneInfo

import msgspec
import numpy as np

from borough.adapters.sheets import Sheet, write
from borough.app.intake.reading import ATTRIBUTE, RELATION
from borough.core.district import District
from borough.core.errors import BadRequest
from borough.core.observations import Floats, Index
from borough.storage.sql.intake import Held

FORMS = ("csv", "xlsx", "geojson")
NUMERIC = frozenset({"lon", "lat"})


def exported(
    held: Held, district: District, *, kind: str = "", grid: str = "", retired: bool = False
) -> Sheet:
    """Lay things out as rows: those in use, or all that ever were; of one kind, in one grid."""
    rows = chosen(held, district, kind, grid, retired=retired)
    places = rows.tolist()
    gates = held.via[rows].tolist()
    columns: dict[str, Sequence[str]] = {
        "key": [held.key[row] for row in places],
        "kind": [held.kinds[number].code for number in held.kind[rows].tolist()],
        **{f"name.{each}": [] for each in ("zh", "en")},
        "lon": degrees(held.lon[rows]),
        "lat": degrees(held.lat[rows]),
        "grid": grids(held.grid[rows], district),
        "via": [held.key[gate] if gate >= 0 else "" for gate in gates],
        "valid_from": moments(held.valid_from[rows], district.zone),
        "valid_to": moments(held.valid_to[rows], district.zone),
    }
    columns |= spread("name.", [held.name[row] for row in places], ("zh", "en"))
    columns |= spread(ATTRIBUTE, [held.attributes[row] for row in places])
    columns |= relations(held, rows)
    lines = list(zip(*columns.values(), strict=True))
    return Sheet("things", tuple(columns), lines, range(2, len(lines) + 2), NUMERIC)


def export_file(sheet: Sheet, form: str) -> Path:
    """Write an export into a fresh folder of its own; whoever sends it clears both away."""
    if form not in FORMS:
        msg = f"format: {form!r} is none of {', '.join(FORMS)}"
        raise BadRequest(msg)
    path = Path(mkdtemp(prefix="borough-")) / f"things.{form}"
    write(path, sheet)
    return path


def chosen(held: Held, district: District, kind: str, grid: str, *, retired: bool) -> Index:
    """Find the rows that are asked for; `BadRequest` where there is no such kind or grid."""
    fits = np.ones(len(held.id), bool) if retired else held.valid_to < 0
    for asked, codes, column, name in (
        (kind, [each.code for each in held.kinds], held.kind, "kind"),
        (grid, district.grids.code, held.grid, "grid"),
    ):
        if asked:
            if asked not in codes:
                msg = f"{name}: there is no {asked!r}"
                raise BadRequest(msg)
            fits &= column == codes.index(asked)
    return np.flatnonzero(fits)


def degrees(column: Floats) -> list[str]:
    """Write degrees so that they read back as they are; nothing for no place."""
    return ["" if each != each else repr(each) for each in column.tolist()]  # noqa: PLR0124 - only NaN differs from itself


def grids(column: Index, district: District) -> list[str]:
    """Write grids by their codes."""
    codes = district.grids.code
    return [codes[each] if 0 <= each < len(codes) else "" for each in column.tolist()]


def moments(column: Index, zone: str) -> list[str]:
    """Write moments in the district's own time, with its offset; nothing for none."""
    where = ZoneInfo(zone)

    @cache
    def written(ms: int) -> str:
        kept = "milliseconds" if ms % 1000 else "seconds"
        return "" if ms < 0 else datetime.fromtimestamp(ms / 1000, where).isoformat(timespec=kept)

    return [written(each) for each in column.tolist()]


def spread(
    prefix: str, texts: Sequence[str], always: Iterable[str] = ()
) -> dict[str, Sequence[str]]:
    """Spread JSON objects over columns, one for each name that any of them has."""
    read = {text: msgspec.json.decode(text) for text in set(texts)}
    names = [*always, *sorted({name for each in read.values() for name in each} - set(always))]
    cells = {
        text: [plain(each[name]) if name in each else "" for name in names]
        for text, each in read.items()
    }
    return {
        prefix + name: [cells[text][place] for text in texts] for place, name in enumerate(names)
    }


def plain(value: object) -> str:
    """Write one attribute as a cell."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def relations(held: Held, rows: Index) -> dict[str, Sequence[str]]:
    """Write relations by name: all that each thing is tied to."""
    tied: dict[str, dict[int, list[str]]] = {}
    for name, start, end, sign in held.ties:
        said = held.key[end] + ("" if sign > 0 else f":{sign}")
        tied.setdefault(RELATION + name, {}).setdefault(start, []).append(said)
    return {
        name: [" ".join(ends.get(row, ())) for row in rows.tolist()]
        for name, ends in sorted(tied.items())
    }
