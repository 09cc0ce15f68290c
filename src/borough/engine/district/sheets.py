"""Read the files of a district folder into values, gathering what is wrong as it goes."""

import csv
import json
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any

from borough.engine.district.findings import Finding, Flaw
from borough.engine.district.tables import Table

BOM = b"\xef\xbb\xbf"
LARGEST = 64 << 20
"""Bytes of a file that will be read at all."""


@dataclass(slots=True)
class Sheet:
    """A table as read: good rows only as far as their cells are good.

    ``cells[i]`` holds the values of a row by column, without those that have a flaw;
    ``line[i]`` is its line in the file.  ``there`` is false if the file is missing or cannot
    be read as a table with all its columns: then nothing is said about what refers to it.
    """

    file: str
    cells: list[dict[str, Any]] = field(default_factory=list)
    line: list[int] = field(default_factory=list)
    there: bool = False

    def column(self, name: str) -> list[Any]:
        """One column; only for a sheet without flaws."""
        return [cells[name] for cells in self.cells]

    def rows(self, name: str = "code") -> dict[Any, int]:
        """The row of each value of a column that has one."""
        return {cells[name]: row for row, cells in enumerate(self.cells) if name in cells}


class Notes(list[Finding]):
    """The findings so far."""

    def add(self, file: str, row: int, column: str, zh: str, en: str) -> None:
        """Note one more."""
        self.append(Finding(file, row, column, {"zh": zh, "en": en}))


def read_text(folder: Path, file: str, notes: Notes) -> str | None:
    """Read a text file; None if there is none that can be read."""
    try:
        with (folder / file).open("rb") as opened:
            raw = opened.read(LARGEST + 1)
    except FileNotFoundError:
        notes.add(file, 0, "", "缺少此文件", "the file is missing")
        return None
    except OSError as error:
        why = error.strerror or "?"
        notes.add(file, 0, "", f"文件无法读取：{why}", f"the file cannot be read: {why}")
        return None
    if len(raw) > LARGEST:
        notes.add(file, 0, "", "文件超过 64 MB", "the file is larger than 64 MB")
        return None
    if raw.startswith(BOM):
        zh, en = "以 BOM 开头，请存为不带 BOM 的 UTF-8", "it starts with a BOM; save as plain UTF-8"
        notes.add(file, 1, "", zh, en)
        raw = raw.removeprefix(BOM)
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        row = raw.count(b"\n", 0, error.start) + 1
        zh = "不是 UTF-8 编码，请另存为 UTF-8"
        notes.add(file, row, "", zh, "it is not UTF-8 text; save it as UTF-8")
        return None


def read_table(folder: Path, file: str, table: Table, notes: Notes) -> Sheet:
    """Read one table cell by cell."""
    sheet = Sheet(file)
    if table.spare and not (folder / file).exists():
        return sheet
    text = read_text(folder, file, notes)
    if text is None:
        return sheet
    lines = records(text, file, notes)
    _, header = next(lines, (1, []))
    known = {column.name for column in table.columns}
    missing = [
        column.name for column in table.columns if column.name not in header and not column.spare
    ]
    twice = sorted({name for name in header if name in known and header.count(name) > 1})
    for name in missing:
        notes.add(file, 1, name, "缺少此列", "the column is missing")
    for name in twice:
        notes.add(file, 1, name, "此列出现两次", "the column is there twice")
    sheet.there = not missing
    place = {name: at for at, name in enumerate(header)}
    for line, cells in lines:
        if len(cells) != len(header):
            zh = f"有 {len(cells)} 个单元格，表头有 {len(header)} 个"
            en = f"it has {len(cells)} cells and the header has {len(header)}"
            notes.add(file, line, "", zh, en)
            continue
        values: dict[str, Any] = {}
        for column in table.columns:
            if column.name not in place and not column.spare:
                continue
            at = place.get(column.name)
            value = column.fit("" if at is None else cells[at].strip())
            if isinstance(value, Flaw):
                notes.append(Finding.of(file, line, column.name, value))
            else:
                values[column.name] = value
        sheet.cells.append(values)
        sheet.line.append(line)
    return sheet


def records(text: str, file: str, notes: Notes) -> Iterator[tuple[int, list[str]]]:
    """Give each record with the line it ends on; empty lines are passed over."""
    reader = csv.reader(StringIO(text, newline=""), strict=True)
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            zh, en = f"不是合格的 CSV：{error}", f"it is not good CSV: {error}"
            notes.add(file, reader.line_num, "", zh, en)
            continue
        if any(cells):
            yield reader.line_num, cells


def read_toml(folder: Path, file: str, notes: Notes) -> dict[str, Any] | None:
    """Read a TOML file; None if that is not possible."""
    text = read_text(folder, file, notes)
    if text is None:
        return None
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        notes.add(file, 0, "", f"不是合格的 TOML：{error}", f"it is not good TOML: {error}")
        return None


def read_features(folder: Path, file: str, notes: Notes) -> list[Any]:
    """Read the features of a GeoJSON file."""
    text = read_text(folder, file, notes)
    if text is None:
        return []
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        notes.add(file, 0, "", f"不是合格的 JSON：{error}", f"it is not good JSON: {error}")
        return []
    features = document.get("features") if isinstance(document, dict) else None
    if not isinstance(features, list) or not features:
        notes.add(file, 0, "features", "没有任何要素", "there are no features")
        return []
    return features
