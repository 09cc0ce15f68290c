"""Load a district folder: its values, and all that is wrong with them."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

from borough.core.deadlines import WorkCalendar
from borough.core.district import Ring
from borough.core.errors import BadParameter
from borough.engine.bands import bands
from borough.engine.district import cells, ground
from borough.engine.district.findings import Finding, Flaw
from borough.engine.district.sheets import Notes, Sheet, read_features, read_table, read_toml
from borough.engine.district.tables import TABLES
from borough.engine.district.working import read_work

DECLARED = "district.toml"
OUTLINE = "outline.geojson"
SHAPES = "grids.geojson"


@dataclass(frozen=True, slots=True)
class Folder:
    """A district folder as loaded.

    ``declared`` is its TOML, ``sheets`` its tables by file, ``outline`` its outer rings,
    ``shapes`` the ring of each grid by code, ``work`` when its offices are open.
    Where ``notes`` is not empty any of it may be incomplete.
    """

    declared: dict[str, Any]
    sheets: dict[str, Sheet]
    outline: tuple[Ring, ...]
    shapes: dict[str, Ring]
    work: WorkCalendar | None
    notes: Notes


def load(path: Path) -> Folder:
    """Load what can be loaded; never raises for what the files say."""
    notes = Notes()
    declared = read_toml(path, DECLARED, notes)
    if declared is not None:
        declare(declared, notes)
    sheets = {file: read_table(path, file, table, notes) for file, table in TABLES.items()}
    for sheet in sheets.values():
        repeated(sheet, notes)
        referred(sheet, sheets, notes)
    outline = read_outline(path, notes)
    shapes = read_shapes(path, notes)
    work = read_work(path, declared or {}, notes)
    return Folder(declared or {}, sheets, outline, shapes, work, notes)


def declare(declared: dict[str, Any], notes: Notes) -> None:
    """See that ``district.toml`` says what every district must say."""
    name = declared.get("name")
    named = name if isinstance(name, dict) else {}
    commands = declared.get("commands", {})
    free = commands.get("automatic", []) if isinstance(commands, dict) else commands
    for key, value, fits, flaw in (
        ("id", declared.get("id"), is_code, Flaw("应为代码", "it must be a code")),
        ("name.zh", named.get("zh"), is_text, Flaw("应为文字", "it must be text")),
        ("name.en", named.get("en"), is_text, Flaw("应为文字", "it must be text")),
        ("adcode", declared.get("adcode"), is_text, Flaw("应为文字", "it must be text")),
        ("timezone", declared.get("timezone"), is_zone, Flaw("不是时区", "it is no time zone")),
        ("clock_start", declared.get("clock_start"), is_moment, NO_MOMENT),
        ("valid_from", declared.get("valid_from"), is_day, Flaw("应为日期", "it must be a date")),
        ("valid_to", declared.get("valid_to", ""), is_end, Flaw("应为日期", "it must be a date")),
        ("commands.automatic", free, are_commands, NO_COMMANDS),
        ("bands", declared.get("bands", {}), are_bands, NO_BANDS),
        ("events", declared.get("events", {}), are_events, NO_EVENTS),
    ):
        rule: Callable[[Any], bool] = fits
        if not rule(value):
            notes.append(Finding.of(DECLARED, 0, key, flaw))


NO_COMMANDS = Flaw(
    "应为“场景.指令”的列表，如 gas.shut_valve", "it must list commands such as gas.shut_valve"
)
NO_BANDS = Flaw(
    "应为颜色及其起始比例，逐级升高，如 yellow = 0.8",
    "it must give colours the share at which they begin, rising, such as yellow = 0.8",
)
NO_EVENTS = Flaw(
    '应为场景及其事件编码，如 gas = "own-1:E0101"',
    'it must give scenes the code of their events, such as gas = "own-1:E0101"',
)
NO_MOMENT = Flaw("应为带时区的时刻", "it must be a moment with an offset from UTC")


def is_code(value: Any) -> bool:
    """Tell whether this is a code."""
    return isinstance(value, str) and not isinstance(cells.code(value), Flaw)


def is_text(value: Any) -> bool:
    """Tell whether this is text with something in it."""
    return isinstance(value, str) and bool(value.strip())


def is_zone(value: Any) -> bool:
    """Tell whether this names a time zone."""
    return isinstance(value, str) and value in available_timezones()


def is_moment(value: Any) -> bool:
    """Tell whether this is a moment, with its offset from UTC."""
    return isinstance(value, dt.datetime) and value.utcoffset() is not None


def is_day(value: Any) -> bool:
    """Tell whether this is a day without a time."""
    return isinstance(value, dt.date) and not isinstance(value, dt.datetime)


def is_end(value: Any) -> bool:
    """Tell whether this is a day, or nothing for "until further notice"."""
    return value == "" or is_day(value)


def are_commands(value: Any) -> bool:
    """Tell whether this lists commands, each with its plan before it."""
    return isinstance(value, list) and all(
        isinstance(each, str) and each.count(".") == 1 and all(each.split(".")) for each in value
    )


def are_events(value: Any) -> bool:
    """Tell whether these are codes of events by scene."""
    return isinstance(value, dict) and all(is_text(each) for each in value.values())


def are_bands(value: Any) -> bool:
    """Tell whether these are shares of a limit at which its clock changes its colour."""
    if not isinstance(value, dict) or not all(
        type(each) in {int, float} for each in value.values()
    ):
        return False
    try:
        bands(value)
    except BadParameter:
        return False
    return True


def repeated(sheet: Sheet, notes: Notes) -> None:
    """Find rows that repeat what only one row may say."""
    unique = TABLES[sheet.file].unique
    first: dict[tuple[Any, ...], int] = {}
    for line, values in zip(sheet.line, sheet.cells, strict=True):
        if not unique or any(name not in values for name in unique):
            continue
        said = tuple(values[name] for name in unique)
        if said in first:
            what = " ".join(str(word) for word in said)
            zh = f"{what} 已在第 {first[said]} 行出现"
            notes.add(sheet.file, line, unique[-1], zh, f"{what} is already on line {first[said]}")
        else:
            first[said] = line


def referred(sheet: Sheet, sheets: dict[str, Sheet], notes: Notes) -> None:
    """Find cells that name a code which no row of the other table has."""
    for column in TABLES[sheet.file].columns:
        if not column.refers or not sheets[column.refers].there:
            continue
        known = sheets[column.refers].rows()
        for line, values in zip(sheet.line, sheet.cells, strict=True):
            said = values.get(column.name, "")
            for each in said if isinstance(said, tuple) else [said]:
                if each and each not in known:
                    zh, en = f"{column.refers} 中没有 {each}", f"{column.refers} has no {each}"
                    notes.add(sheet.file, line, column.name, zh, en)


def read_outline(path: Path, notes: Notes) -> tuple[Ring, ...]:
    """Read the outer rings of the district's ground."""
    found: tuple[Ring, ...] = ()
    for row, feature in enumerate(read_features(path, OUTLINE, notes), start=1):
        read = ground.rings(feature.get("geometry") if isinstance(feature, dict) else None)
        if isinstance(read, Flaw):
            notes.append(Finding.of(OUTLINE, row, "geometry", read))
        else:
            found += read
    return found


def read_shapes(path: Path, notes: Notes) -> dict[str, Ring]:
    """Read the ring of each grid."""
    found: dict[str, Ring] = {}
    features = read_features(path, SHAPES, notes)
    drawn = ground.rings_of(
        [each.get("geometry") if isinstance(each, dict) else None for each in features]
    )
    for row, (feature, read) in enumerate(zip(features, drawn, strict=True), start=1):
        said = feature.get("properties") if isinstance(feature, dict) else None
        code = said.get("code") if isinstance(said, dict) else None
        if not isinstance(code, str):
            notes.add(SHAPES, row, "code", "没有网格编码", "it has no code")
            continue
        if code in found:
            notes.add(SHAPES, row, "code", f"{code} 重复", f"{code} is there twice")
        one = ground.ONE if isinstance(read, tuple) and len(read) > 1 else read
        if isinstance(one, Flaw):
            notes.append(Finding.of(SHAPES, row, f"{code}", one))
        else:
            found[code] = one[0]
    return found
