r"""CSV, as Excel, WPS and programs write it: any of three separators, UTF-8, UTF-16 or GB18030.

A cell that a spreadsheet would run as a formula is written with ``'`` before it, and that
mark is taken off again when it is read.
"""

import codecs
import csv
import re
from collections.abc import Iterator
from io import StringIO
from typing import TextIO

from borough.adapters.sheets.refusals import refused
from borough.adapters.sheets.sheet import Line, Sheet

SEPARATORS = ",\t;"
FORMULA = ("=", "+", "-", "@", "\t", "\r")
MARK = "'"
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
WIDE_BOMS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def decoded(raw: bytes, file: str) -> str:
    """Find out in which of the usual encodings a text is, and read it; `BadSheet` if in none."""
    if raw.startswith(WIDE_BOMS):
        encodings = ["utf-16"]
    elif b"\0" in raw:
        raise refused(file, "binary")
    else:
        encodings = ["utf-8-sig", "gb18030"]
    row = 0
    for encoding in encodings:
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError as error:
            row = raw.count(b"\n", 0, error.start) + 1
    raise refused(file, "encoding", row=row)


def lines_of(text: str, file: str) -> Iterator[Line]:
    """Give each row with the line that it begins on."""
    heading = text.partition("\n")[0]
    separator = max(SEPARATORS, key=heading.count)
    reader = csv.reader(StringIO(text, newline=""), delimiter=separator, strict=True)
    marked = MARK in text
    before = 0
    try:
        for cells in reader:
            plain = [cell.strip() for cell in cells]
            yield before + 1, [unmarked(cell) for cell in plain] if marked else plain
            before = reader.line_num
    except csv.Error as error:
        raise refused(file, "csv", row=before + 1, why=str(error)) from error


def write_text(file: TextIO, sheet: Sheet) -> None:
    """Write a sheet; no cell of it is run as a formula."""
    pen = csv.writer(file)
    pen.writerow(sheet.header)
    pen.writerows([neutral(cell) for cell in row] for row in sheet.rows)


def neutral(cell: str) -> str:
    """Keep a cell from being run as a formula; numbers stay what they are.

    >>> neutral("=1+1"), neutral("-12.5"), neutral("@SUM(A1)"), neutral("plain")
    ("'=1+1", '-12.5', "'@SUM(A1)", 'plain')
    """
    if cell.startswith(FORMULA) and not NUMBER.fullmatch(cell):
        return MARK + cell
    return cell


def unmarked(cell: str) -> str:
    """Take off the mark that `neutral` put there.

    >>> unmarked("'=1+1"), unmarked("'tis")
    ('=1+1', "'tis")
    """
    return cell[1:] if cell.startswith(MARK) and cell[1:].startswith(FORMULA) else cell
