"""Excel workbooks, written: plain sheets, and sheets that show what is wrong with them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from borough.adapters.sheets.sheet import Sheet
from borough.adapters.sheets.text import NUMBER

ERRORS = "错误 error"
"""The column that `marked` adds; whoever reads the sheet again may pass it over."""
RED = {"bg_color": "#FFC7CE", "font_color": "#9C0006"}
BOLD = {"bold": True}
NAME_MOST = 31
CELL_MOST = 32_767
"""Characters of a sheet's name and of a cell: Excel's own limits."""
UNNAMEABLE = re.compile(r"[\[\]:*?/\\']")
Faults = Mapping[int, Sequence[tuple[str, str]]]
"""By the number of a row: pairs of column and sentence."""
Spot = tuple[int, int]


def write_workbook(path: Path, *sheets: Sheet, red: frozenset[Spot] = frozenset()) -> None:
    """Write sheets; all text is text, so that nothing in it runs as a formula.

    The cells in *red*, by row and column counted from the first below the heading, stand out.
    """
    # Every role reads sheets; few write a workbook, and what writes one takes long to load.
    import xlsxwriter  # type: ignore[import-untyped] # noqa: PLC0415 - see above; it ships no types

    with xlsxwriter.Workbook(path, {"constant_memory": True}) as book:
        bold, loud = book.add_format(BOLD), book.add_format(RED)
        for sheet in sheets:
            page = book.add_worksheet(UNNAMEABLE.sub("_", sheet.name)[:NAME_MOST] or None)
            page.freeze_panes(1, 0)
            for at, name in enumerate(sheet.header):
                page.write_string(0, at, name[:CELL_MOST], bold)
            numeric = [name in sheet.numeric for name in sheet.header]
            for number, row in enumerate(sheet.rows):
                for at, cell in enumerate(row):
                    form = loud if red and (number, at) in red else None
                    if numeric[at] and NUMBER.fullmatch(cell):
                        page.write_number(number + 1, at, float(cell), form)
                    elif cell or form:
                        page.write_string(number + 1, at, cell[:CELL_MOST], form)


def marked(path: Path, sheet: Sheet, faults: Faults) -> None:
    """Write a workbook that returns a sheet with a column of errors; cells at fault are red."""
    place = {name: at for at, name in enumerate(sheet.header)}
    clean = [name for name in sheet.header if name != ERRORS]
    kept = [place[name] for name in clean]
    rows, red = [], set()
    for at, (number, row) in enumerate(zip(sheet.numbers, sheet.rows, strict=True)):
        wrong = faults.get(number, ())
        told = "; ".join(f"{name}: {says}" if name else says for name, says in wrong)
        rows.append((*(row[each] for each in kept), told))
        red |= {(at, clean.index(name)) for name, _ in wrong if name in clean}
        red |= {(at, len(clean))} if wrong else set()
    shown = replace(sheet, header=(*clean, ERRORS), rows=rows)
    write_workbook(path, shown, red=frozenset(red))
