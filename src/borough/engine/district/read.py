"""Read a district folder into a `District`."""

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from borough.core.district import (
    Agencies,
    Communities,
    District,
    Fleet,
    Grids,
    Posts,
    Setting,
    Shifts,
    Streets,
    Tie,
)
from borough.core.errors import BadDistrict
from borough.core.observations import Index
from borough.core.registry import Kind, Property
from borough.engine.district.folder import Folder, load
from borough.engine.district.rules import mismatches
from borough.engine.district.sheets import Sheet
from borough.engine.district.standards import standards_of


def read(folder: Path) -> District:
    """Read a district folder.

    One that has not changed since is not read again: nobody writes to what this gives.
    Raises `BadDistrict`, which names file, row and field of the first thing that is wrong;
    `check` finds all of them, and also sees whether the grids tile the outline.
    """
    if not folder.is_dir():
        msg = f"{folder} is not a folder"
        raise BadDistrict(msg)
    files = sorted((each.name, each.stat()) for each in folder.iterdir() if each.is_file())
    return as_written(folder, tuple((name, at.st_mtime_ns, at.st_size) for name, at in files))


@lru_cache(maxsize=2)
def as_written(folder: Path, _files: tuple[tuple[str, int, int], ...]) -> District:
    """Read a folder as it is now: names of its files, when each was written, and its size."""
    loaded = load(folder)
    mismatches(loaded)
    if loaded.notes:
        more = len(loaded.notes) - 1
        msg = loaded.notes[0].line() + (f" (and {more} more)" if more else "")
        raise BadDistrict(msg)
    return built(loaded)


def built(folder: Folder) -> District:
    """Build a district from a folder without flaws."""
    said, sheets = folder.declared, folder.sheets
    kinds = kinds_of(sheets)
    return District(
        id=said["id"],
        name=said["name"],
        adcode=said["adcode"],
        zone=said["timezone"],
        start_ms=round(said["clock_start"].timestamp() * 1000),
        valid_from=str(said["valid_from"]),
        valid_to=str(said.get("valid_to", "")),
        outline=folder.outline,
        streets=streets_of(sheets["streets.csv"]),
        communities=communities_of(sheets),
        grids=grids_of(folder),
        agencies=agencies_of(sheets),
        posts=posts_of(sheets),
        shifts=shifts_of(sheets["shifts.csv"]),
        kinds=kinds,
        fleet=fleet_of(sheets),
        ties=ties_of(sheets),
        settings=settings_of(sheets),
        work=folder.work,
        bands=said.get("bands", {}),
        events=said.get("events", {}),
        standards=standards_of(sheets),
        automatic=tuple(said.get("commands", {}).get("automatic", ())),
    )


def words(sheet: Sheet, name: str) -> tuple[str, ...]:
    """A column of words."""
    return tuple(sheet.column(name))


def floats(sheet: Sheet, name: str) -> Any:
    """A column of numbers."""
    return np.array(sheet.column(name), np.float64)


def rows(sheet: Sheet, name: str, other: Sheet) -> Index:
    """A column of codes as rows of the other table; -1 where it is empty."""
    known = other.rows()
    return np.array([known.get(code, -1) for code in sheet.column(name)], np.int32)


def names(sheet: Sheet) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """The columns that most tables begin with: code and both names."""
    return words(sheet, "code"), words(sheet, "name_zh"), words(sheet, "name_en")


def streets_of(sheet: Sheet) -> Streets:
    """Columns of the streets."""
    real = np.array([source == "real" for source in sheet.column("centre_source")], bool)
    spot = floats(sheet, "lon"), floats(sheet, "lat")
    return Streets(*names(sheet), words(sheet, "kind"), *spot, real)


def communities_of(sheets: dict[str, Sheet]) -> Communities:
    """Columns of the communities."""
    sheet = sheets["communities.csv"]
    return Communities(*names(sheet), rows(sheet, "street", sheets["streets.csv"]))


def grids_of(folder: Folder) -> Grids:
    """Columns of the grids, each with the post in charge of it."""
    sheet, posts = folder.sheets["grids.csv"], folder.sheets["posts.csv"]
    code = words(sheet, "code")
    charge = {grid: row for row, covers in enumerate(posts.column("covers")) for grid in covers}
    return Grids(
        code=code,
        street=rows(sheet, "street", folder.sheets["streets.csv"]),
        community=rows(sheet, "community", folder.sheets["communities.csv"]),
        lon=floats(sheet, "lon"),
        lat=floats(sheet, "lat"),
        area_m2=floats(sheet, "area_m2"),
        post=np.array([charge.get(each, -1) for each in code], np.int32),
        ring=tuple(folder.shapes[each] for each in code),
    )


def agencies_of(sheets: dict[str, Sheet]) -> Agencies:
    """Columns of the agencies."""
    sheet = sheets["agencies.csv"]
    street = rows(sheet, "street", sheets["streets.csv"])
    return Agencies(*names(sheet), words(sheet, "kind"), street)


def posts_of(sheets: dict[str, Sheet]) -> Posts:
    """Columns of the posts."""
    sheet = sheets["posts.csv"]
    return Posts(
        code=words(sheet, "code"),
        kind=words(sheet, "kind"),
        grid=rows(sheet, "grid", sheets["grids.csv"]),
        agency=rows(sheet, "agency", sheets["agencies.csv"]),
        shift=rows(sheet, "shift", sheets["shifts.csv"]),
        serves=words(sheet, "serves"),
        skills=tuple(sheet.column("skills")),
    )


def shifts_of(sheet: Sheet) -> Shifts:
    """Columns of the shifts."""
    start, end = (np.array(sheet.column(name), np.int32) for name in ("start", "end"))
    days = np.array(sheet.column("days"), bool).reshape(len(start), 7)
    return Shifts(*names(sheet), start, end, days)


def kinds_of(sheets: dict[str, Sheet]) -> tuple[Kind, ...]:
    """The kinds of things, each with its properties in the order of their table."""
    has: dict[str, list[Property]] = {}
    for said in sheets["properties.csv"].cells:
        name = {"zh": said["name_zh"], "en": said["name_en"]}
        normal = (said["normal_low"], said["normal_high"])
        one = Property(said["code"], name, said["unit"], said["low"], said["high"], normal)
        has.setdefault(said["class"], []).append(one)
    return tuple(
        Kind(
            code=said["code"],
            name={"zh": said["name_zh"], "en": said["name_en"]},
            role=said["role"],
            properties=tuple(has.get(said["code"], ())),
            interval_s=said["interval_s"],
            heartbeat_s=said["heartbeat_s"],
            late_s=said["late_s"],
        )
        for said in sheets["classes.csv"].cells
    )


def fleet_of(sheets: dict[str, Sheet]) -> Fleet:
    """How much of each kind there is and how it behaves."""
    sheet = sheets["classes.csv"]
    return Fleet(
        count=np.array(sheet.column("count"), np.int64),
        key=words(sheet, "key"),
        spread=words(sheet, "spread"),
        sample_s=floats(sheet, "sample_s"),
        mode=words(sheet, "report_mode"),
        access=words(sheet, "access_network"),
        domain=words(sheet, "domain"),
        owner=rows(sheet, "owner", sheets["agencies.csv"]),
    )


def ties_of(sheets: dict[str, Sheet]) -> tuple[Tie, ...]:
    """The rules that relate things."""
    sheet, kinds = sheets["relations.csv"], sheets["classes.csv"]
    ends = zip(rows(sheet, "from", kinds), rows(sheet, "to", kinds), sheet.cells, strict=True)
    return tuple(
        Tie(
            relation=said["relation"],
            source=int(source),
            target=int(target),
            pick=said["pick"],
            each=said["each"],
            sign=int(said["sign"]),
            within_m=said["within_m"],
        )
        for source, target, said in ends
    )


def settings_of(sheets: dict[str, Sheet]) -> tuple[Setting, ...]:
    """The rules that set parameters thing by thing."""
    sheet = sheets["parameters.csv"]
    lines = zip(rows(sheet, "class", sheets["classes.csv"]), sheet.cells, strict=True)
    plain = ("scene", "parameter", "rule", "low", "high")
    return tuple(
        Setting(kind=int(kind), **{name: said[name] for name in plain}) for kind, said in lines
    )
