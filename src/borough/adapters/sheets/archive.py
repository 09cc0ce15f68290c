"""Unpack a workbook under our own eyes, so that nobody else meets what is hidden in it.

Everything is unpacked here once, within limits, and packed again without compression; only
that is handed to the reader of workbooks.  So what a directory claims about sizes does not
matter, and no part can unpack to more there than it did here.
"""

import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO
from xml.etree import ElementTree as ET

from borough.adapters.sheets.limits import Limits
from borough.adapters.sheets.refusals import refused
from borough.adapters.sheets.sheet import numbered

KEPT = (".xml", ".rels")
CHUNK = 1 << 20
FAR = re.compile(rb"\sr\s*=\s*[\"']([A-Za-z]{2,}\d+|[A-Za-z]?\d{7,})[\"']")
"""A cell right of Z or a row from a million on: rare, so that looking for them is fast."""
ANY = re.compile(rb"\sr\s*=\s*[\"'][A-Za-z]*(\d+)[\"']")
NARROW = 26
LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError)
RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


def repacked(path: Path, into: IO[bytes], limits: Limits) -> dict[str, bytes]:
    """Copy the XML of a workbook into a plain archive; give its sheets by their names.

    Pictures and macros are left behind.  Raises `BadSheet` for what is too large, damaged, or
    no workbook.
    """
    parts: dict[str, bytes] = {}
    left = limits.unpacked_bytes
    try:
        with zipfile.ZipFile(path) as packed, zipfile.ZipFile(into, "w") as plain:
            names = packed.namelist()
            if "xl/workbook.xml" not in names:
                raise refused(path.name, "other-archive")
            if len(names) > limits.parts:
                raise refused(path.name, "many-parts", many=len(names), most=limits.parts)
            for name in names:
                if not name.endswith(KEPT):
                    continue
                body = b"".join(_unpacked(packed, name, left, path.name, limits))
                left -= len(body)
                if b"<!DOCTYPE" in body:  # no program writes one; it could define what explodes
                    raise refused(path.name, "damaged", why=f"{name}: DOCTYPE")
                plain.writestr(name, body)
                if name.startswith(("xl/work", "xl/_rels/")):
                    parts[name] = body
        into.seek(0)
        return _by_name(parts)
    except UNREADABLE as error:
        raise refused(path.name, "damaged", why=str(error)) from error
    except (ET.ParseError, KeyError) as error:
        raise refused(path.name, "damaged", why=repr(error)) from error


def _unpacked(
    packed: zipfile.ZipFile, name: str, left: int, file: str, limits: Limits
) -> Iterator[bytes]:
    with packed.open(name) as part:
        while chunk := part.read(CHUNK):
            left -= len(chunk)
            if left < 0:
                raise refused(file, "bomb", most=limits.unpacked_bytes)
            yield chunk


def _by_name(parts: dict[str, bytes]) -> dict[str, bytes]:
    """Find the XML of each sheet by the name that people see on its tab."""
    ties = ET.fromstring(parts["xl/_rels/workbook.xml.rels"])  # noqa: S314 - holds no DOCTYPE
    targets = {tie.get("Id"): tie.get("Target", "") for tie in ties}
    book = ET.fromstring(parts["xl/workbook.xml"])  # noqa: S314 - as above
    found: dict[str, bytes] = {}
    for each in book.iter():
        if each.tag.rpartition("}")[2] == "sheet":
            target = targets.get(each.get(RELATION), "")
            body = parts.get(target.removeprefix("/") if target[:1] == "/" else f"xl/{target}")
            if body is not None:
                found[each.get("name", "")] = body
    return found


def measured(xml: bytes, file: str, sheet: str, limits: Limits) -> None:
    """Refuse a sheet whose far corner would make its reader set aside too much.

    Two cells are enough for that: A1 and XFD1048576 span 17 thousand million.
    """
    far = set(FAR.findall(xml))
    columns = {each.rstrip(b"0123456789").decode().upper() for each in far}
    wide = max((numbered(each) + 1 for each in columns), default=NARROW)
    wide = max(wide, NARROW)
    rows = ANY.findall(xml) if wide > NARROW else [each.lstrip(LETTERS) for each in far]
    high = max(map(int, rows), default=0)
    if wide > limits.columns:
        raise refused(file, "many-columns", sheet=sheet, many=wide, most=limits.columns)
    if high > limits.rows + 1:
        raise refused(file, "many-rows", sheet=sheet, many=high, most=limits.rows)
    if wide > NARROW and wide * high > limits.cells:
        raise refused(file, "many-cells", sheet=sheet, many=wide * high, most=limits.cells)
