"""Read a district's codes of parts and events and its rows of standards, and judge them."""

from collections.abc import Container
from typing import Any

from borough.core.deadlines import Limit
from borough.core.standards import EventCode, Standard, Standards
from borough.engine.district.folder import DECLARED, Folder
from borough.engine.district.sheets import Sheet

CODES, ROWS = "event_codes.csv", "standards.csv"


def standards(folder: Folder) -> None:
    """Each row is of a code that there is and for somebody who is there; each code has a row."""
    codes, rows = folder.sheets[CODES], folder.sheets[ROWS]
    agencies, notes = folder.sheets["agencies.csv"], folder.notes
    known = {name(values): line for line, values in lines(codes)}
    holders = {values.get(key) for values in agencies.cells for key in ("code", "kind")}
    used = set()
    for line, values in lines(rows):
        used.add(name(values))
        if name(values) not in known:
            zh, en = f"{CODES} 中没有 {name(values)}", f"{CODES} has no {name(values)}"
            notes.add(ROWS, line, "code", zh, en)
        at_work = str(values.get("unit", "")).startswith("work_")
        if at_work and folder.declared and "work" not in folder.declared:
            zh, en = "区县没有办公时间 [work]", "the district has no [work] hours to count"
            notes.add(ROWS, line, "unit", zh, en)
        holder = values.get("agency", "")
        if agencies.there and holder and holder not in holders:
            zh, en = f"没有单位或单位类别 {holder}", f"no agency or kind of agency is {holder}"
            notes.add(ROWS, line, "agency", zh, en)
    for event, line in known.items():
        if event not in used:
            zh, en = f"{ROWS} 中没有 {event} 的标准", f"{ROWS} has no row for {event}"
            notes.add(CODES, line, "code", zh, en)
    events(folder, known)
    for line, values in lines(codes):
        same = values.get("same_as", "")
        if same and same not in known:
            notes.add(CODES, line, "same_as", f"没有编码 {same}", f"there is no code {same}")


def events(folder: Folder, known: Container[str]) -> None:
    """See that scenes report under codes that there are."""
    given = folder.declared.get("events", {})
    for scene, event in given.items() if isinstance(given, dict) else ():
        if event not in known:
            zh, en = f"{CODES} 中没有 {event}", f"{CODES} has no {event}"
            folder.notes.add(DECLARED, 0, f"events.{scene}", zh, en)


def lines(sheet: Sheet) -> list[tuple[int, dict[str, Any]]]:
    """Give line and cells of those rows that name a code."""
    pairs = zip(sheet.line, sheet.cells, strict=True)
    return [(line, values) for line, values in pairs if values.keys() >= {"scheme", "code"}]


def name(values: dict[str, Any]) -> str:
    """Write a code with its scheme."""
    return f"{values['scheme']}:{values['code']}"


def words(values: dict[str, Any], stem: str) -> dict[str, str]:
    """Give a text in both languages."""
    return {"zh": values[f"{stem}_zh"], "en": values[f"{stem}_en"]}


def standards_of(sheets: dict[str, Sheet]) -> Standards:
    """Build codes and rows from sheets without flaws."""
    codes = {
        name(each): EventCode(
            code=name(each), version=each["version"], kind=each["kind"], major=each["major"],
            minor=each["minor"], group=words(each, "major"), name=words(each, "name"),
            extension=each["extension"] == "yes", same_as=each["same_as"],
        )
        for each in sheets[CODES].cells
    }  # fmt: skip
    rows = {
        each["id"]: Standard(
            id=each["id"], event=name(each), opens=words(each, "open"),
            closes=words(each, "close"), limit=Limit(each["amount"], each["unit"]),
            agency=each["agency"], supervisor=each["supervisor"],
            urgent=each["urgent"] == "yes", basis=each["basis"],
        )
        for each in sheets[ROWS].cells
    }  # fmt: skip
    return Standards(codes, rows)
