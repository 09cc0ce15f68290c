"""Read when the offices of a district are open: by the week, and on the days that differ."""

from datetime import date
from pathlib import Path
from typing import Any

from borough.core.deadlines import Session, WorkCalendar
from borough.engine.district import cells
from borough.engine.district.cells import choice, number, whole
from borough.engine.district.findings import Finding, Flaw
from borough.engine.district.sheets import Notes, Sheet, read_table
from borough.engine.district.tables import NAMES, Column, table

CALENDAR = "calendar.csv"
OFF, WORK, HALF = KINDS = ("off", "work", "half")
DAYS = table(Column("day", cells.date), Column("kind", choice(*KINDS)), *NAMES, unique=("day",))
YEARS = (1900, 2200)


def read_work(path: Path, declared: dict[str, Any], notes: Notes) -> WorkCalendar | None:
    """Read the ``[work]`` table and the days that differ; None where a district has no such hours.

    What is wrong is added to *notes*.
    """
    said = declared.get("work")
    if said is None:
        return None
    if not isinstance(said, dict):
        notes.add("district.toml", 0, "work", "应为表", "it must be a table")
        return None
    read = {
        "days": fitted(cells.days, said.get("days"), "work.days", notes),
        "sessions": sessions(said.get("sessions"), "work.sessions", notes),
        "half": sessions(said.get("half", []), "work.half", notes),
        "work_day_h": fitted(number(0.5, 24), said.get("work_day_h"), "work.work_day_h", notes),
        "years": [
            fitted(whole(*YEARS), each, "work.years", notes) for each in listed(said.get("years"))
        ],
    }
    sheet = read_table(path, CALENDAR, DAYS, notes)
    if not read["years"]:
        notes.add("district.toml", 0, "work.years", "不能为空", "it must name a year")
    strays(sheet, read["years"], notes)
    if notes:
        return None
    kinds = {OFF: (), WORK: read["sessions"], HALF: read["half"]}
    return WorkCalendar(
        zone=declared["timezone"],
        week=tuple(read["sessions"] if works else () for works in read["days"]),
        days={date.fromisoformat(each["day"]): kinds[each["kind"]] for each in sheet.cells},
        years=frozenset(read["years"]),
        work_day_h=read["work_day_h"],
    )


def listed(said: Any) -> list[Any]:
    """Take a list; anything else has nothing in it."""
    return said if isinstance(said, list) else []


def fitted(fit: cells.Fit, said: Any, key: str, notes: Notes) -> Any:
    """Hold one value to the rule of a cell."""
    value = fit("" if said is None else str(said))
    if isinstance(value, Flaw):
        notes.append(Finding.of("district.toml", 0, key, value))
    return value


def sessions(said: Any, key: str, notes: Notes) -> tuple[Session, ...]:
    """Read ``["08:00-12:00", "14:00-18:00"]``: apart from each other and in order."""
    found: list[Session] = []
    for each in listed(said):
        start, end = (cells.clock(part.strip()) for part in f"{each}-".split("-")[:2])
        if isinstance(start, Flaw) or isinstance(end, Flaw):
            zh, en = f"{each!r} 不是时段", f"{each!r} is no stretch such as 08:00-12:00"
            notes.add("district.toml", 0, key, zh, en)
        elif end <= start or (found and start < found[-1][1]):
            notes.add("district.toml", 0, key, f"{each} 顺序不对", f"{each} is out of order")
        else:
            found.append((start, end))
    if not isinstance(said, list):
        notes.add("district.toml", 0, key, "应为时段列表", "it must be a list of stretches")
    return tuple(found)


def strays(sheet: Sheet, years: list[Any], notes: Notes) -> None:
    """Find days that are there twice, or of a year that the calendar does not claim to know."""
    first: dict[str, int] = {}
    for line, values in zip(sheet.line, sheet.cells, strict=True):
        day = values.get("day")
        if day is None:
            continue
        if day in first:
            zh, en = f"{day} 已在第 {first[day]} 行", f"{day} is already on line {first[day]}"
            notes.add(CALENDAR, line, "day", zh, en)
        first[day] = line
        if int(day[:4]) not in years:
            zh, en = f"work.years 没有 {day[:4]}", f"work.years does not have {day[:4]}"
            notes.add(CALENDAR, line, "day", zh, en)
        elif not is_real(day):
            notes.add(CALENDAR, line, "day", f"没有 {day} 这一天", f"there is no day {day}")


def is_real(day: str) -> bool:
    """Tell whether a month has such a day."""
    try:
        date.fromisoformat(day)
    except ValueError:
        return False
    return True
