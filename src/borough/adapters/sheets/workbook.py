"""Excel workbooks (.xlsx), read with their merged cells and broken formulas found out."""

import re
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    SheetTypeEnum,
    SheetVisibleEnum,
    load_workbook,
)

from borough.adapters.sheets.archive import measured, repacked
from borough.adapters.sheets.limits import Limits
from borough.adapters.sheets.refusals import refused
from borough.adapters.sheets.sheet import EXACT, Sheet, laid_out, lettered, spelled

CELL = re.compile(rb"<(?:\w+:)?c\b([^>]*[^/>]|)>(.*?)</(?:\w+:)?c>", re.DOTALL)
SPOT = re.compile(rb"\br\s*=\s*[\"']([A-Z]{1,3})(\d+)[\"']")
VALUE = re.compile(rb"<(?:\w+:)?v\b[^>]*>([^<]+)<")
ERROR = re.compile(rb"\bt\s*=\s*[\"']e[\"']")
FORMULA = re.compile(rb"<(?:\w+:)?f\b")


def read_workbook(path: Path, wanted: str | None, limits: Limits) -> Sheet:
    """Read the sheet called *wanted*, or the only one that holds anything.

    Raises `BadSheet` for what cannot be trusted: merged cells, formulas without their value,
    numbers of which Excel has lost digits.
    """
    with TemporaryFile() as plain:
        sheets = repacked(path, plain, limits)
        for name, xml in sheets.items():
            measured(xml, path.name, name, limits)
        try:
            with load_workbook(plain) as book:
                found = _chosen(book, wanted, path.name)
                _checked(found, sheets.get(found.name, b""), path.name)
                rows = found.to_python(skip_empty_area=False)
        except (CalamineError, OSError, ValueError) as error:
            raise refused(path.name, "damaged", why=str(error)) from error
    return laid_out(path.name, found.name, _lines(rows, path.name, found.name), limits)


def _chosen(book: CalamineWorkbook, wanted: str | None, file: str) -> CalamineSheet:
    """Find the sheet that is meant; hidden ones only by their names."""
    tables = [each for each in book.sheets_metadata if each.typ == SheetTypeEnum.WorkSheet]
    if wanted is not None:
        if wanted not in {each.name for each in tables}:
            among = ", ".join(each.name for each in tables)
            raise refused(file, "no-sheet", name=wanted, among=among)
        return book.get_sheet_by_name(wanted)
    seen = [each.name for each in tables if each.visible == SheetVisibleEnum.Visible]
    held = [sheet for sheet in map(book.get_sheet_by_name, seen) if sheet.end is not None]
    if len(held) > 1:
        raise refused(file, "which-sheet", among=", ".join(sheet.name for sheet in held))
    if not held:
        raise refused(file, "no-header", sheet=", ".join(seen))
    return held[0]


def _checked(sheet: CalamineSheet, xml: bytes, file: str) -> None:
    """Refuse merged cells, and formulas whose value nobody has saved or that is an error."""
    for (top, left), (bottom, right) in sheet.merged_cell_ranges or ():
        span = f"{lettered(left)}{top + 1}:{lettered(right)}{bottom + 1}"
        raise refused(file, "merged", sheet=sheet.name, row=top + 1, range=span)
    if not FORMULA.search(xml) and not ERROR.search(xml):
        return
    for mark, inner in CELL.findall(xml):
        formula, error = FORMULA.search(inner), ERROR.search(mark)
        if not formula and not error:
            continue
        spot, value = SPOT.search(mark), VALUE.search(inner)
        column, row = (each.decode() for each in spot.groups()) if spot else ("", "0")
        at: dict[str, Any] = {"sheet": sheet.name, "row": int(row), "range": column + row}
        if error:
            raise refused(file, "error-value", why=value[1].decode() if value else "?", **at)
        if not value and not re.search(rb"\bt\s*=\s*[\"']str[\"']", mark):
            raise refused(file, "no-value", **at)


def _lines(rows: list[list[Any]], file: str, sheet: str) -> Iterator[tuple[int, list[str]]]:
    for number, row in enumerate(rows, 1):
        try:
            yield number, [cell.strip() if type(cell) is str else _text(cell) for cell in row]
        except OverflowError as error:
            raise refused(file, "long-number", sheet=sheet, row=number, value=error) from error


def _text(cell: Any) -> str:
    """Write a cell as text; ``OverflowError`` for a number of which digits were lost.

    >>> _text(12.0), _text(0.1), _text(True), _text(datetime(2024, 7, 10))
    ('12', '0.1', 'true', '2024-07-10')
    """
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        if abs(cell) >= EXACT and cell.is_integer():
            msg = f"{cell:.0f}"
            raise OverflowError(msg)
        return spelled(cell)
    if isinstance(cell, datetime):
        return cell.isoformat() if cell.time() != datetime.min.time() else cell.date().isoformat()
    return cell.isoformat() if isinstance(cell, date) else str(cell)
