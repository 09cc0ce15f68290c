"""Read and write a file of rows by what it is: CSV, .xlsx or GeoJSON."""

import codecs
import os
from pathlib import Path

from borough.adapters.sheets.features import lines_of_features, written_features
from borough.adapters.sheets.limits import LIMITS, Limits
from borough.adapters.sheets.refusals import refused
from borough.adapters.sheets.sheet import Sheet, laid_out
from borough.adapters.sheets.text import decoded, lines_of, write_text
from borough.adapters.sheets.workbook import read_workbook
from borough.adapters.sheets.writing import write_workbook

KINDS = {
    ".csv": "text/csv",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".geojson": "application/geo+json",
}
"""The files that are understood, by the end of their name, with their media types."""
ARCHIVE, COMPOUND = b"PK", b"\xd0\xcf\x11\xe0"
FEATURES = {".geojson", ".json"}


def read(path: Path, sheet: str | None = None, limits: Limits = LIMITS) -> Sheet:
    """Read a file as what it turns out to be, whatever its name says.

    *sheet* names one of a workbook's sheets.  Raises `BadSheet`, naming the file and, where
    they are known, sheet, row and column.
    """
    try:
        size = path.stat().st_size
        if size > limits.file_bytes:
            raise refused(path.name, "too-large", many=size, most=limits.file_bytes)
        with path.open("rb") as file:
            head = file.read(len(COMPOUND))
            if head.startswith(ARCHIVE):
                return read_workbook(path, sheet, limits)
            if head == COMPOUND:
                raise refused(path.name, "locked")
            raw = head + file.read()
    except FileNotFoundError as error:
        raise refused(path.name, "missing") from error
    except OSError as error:
        raise refused(path.name, "unreadable", why=error.strerror) from error
    if path.suffix.lower() == ".xlsx":
        raise refused(path.name, "other-archive")
    if path.suffix.lower() in FEATURES or raw[:64].lstrip().startswith(b"{"):
        lines = lines_of_features(raw.removeprefix(codecs.BOM_UTF8), path.name, limits)
    else:
        lines = lines_of(decoded(raw, path.name), path.name)
    return laid_out(path.name, path.stem, lines, limits)


def write(path: Path, *sheets: Sheet) -> None:
    """Write one sheet as the end of the name says, or several into a workbook.

    The file is there whole or not at all.  Raises `BadSheet` where the name does not tell, or
    several sheets are to go where only one can.
    """
    suffix = path.suffix.lower()
    among = ", ".join(KINDS if len(sheets) == 1 else [".xlsx"])
    if suffix not in among.split(", "):
        raise refused(path.name, "suffix", among=among)
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        if suffix == ".xlsx":
            write_workbook(part, *sheets)
        elif suffix == ".csv":  # without the mark, Excel takes it for the local code page
            with part.open("w", encoding="utf-8-sig", newline="") as file:
                write_text(file, sheets[0])
        else:
            part.write_bytes(written_features(sheets[0], path.name))
        part.replace(path)
    except OSError as error:
        raise refused(path.name, "unreadable", why=error.strerror) from error
    finally:
        part.unlink(missing_ok=True)
