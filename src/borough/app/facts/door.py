"""What the HTTP doors need of the fact store, in rows that people can read."""

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Engine

from borough.adapters import sheets
from borough.core.facts import Wanted
from borough.storage.sql import SqlFacts
from borough.storage.sql.paging import MOST

FIELDS = (
    "statement", "region", "subject", "indicator", "scope", "period", "period_kind", "comparator",
    "stated", "stated_unit", "prices", "status", "document", "line", "note",
)  # fmt: skip
AS_IMPORTED = {"stated": "value", "stated_unit": "unit"}
"""Headings under which the words of the source go out, so that they come in again the same."""
TOLD = ("id", "revision", "base_value", "base_unit", "recorded_ms", "marks_zh", "marks_en")
Row = dict[str, Any]


class FactDoor:
    """The fact store as the doors see it; only reading."""

    def __init__(self, engine: Engine) -> None:
        self.store = SqlFacts(engine)

    def find(self, wanted: Wanted, *, after: int, limit: int) -> list[Row]:
        """List facts by id, those above *after*."""
        return self.store.find(wanted, after=after, limit=limit)

    def count(self, wanted: Wanted) -> int:
        """Count the facts that fit."""
        return self.store.count(wanted)

    def one(self, number: int) -> Row:
        """Tell one fact with its revisions; `NotFound` if there is none."""
        return self.store.one(number)

    def imports(self, *, before: int, limit: int) -> list[Row]:
        """List imports, newest first."""
        return self.store.imports(before=before, limit=limit)

    def indicators(self) -> list[Row]:
        """List every version of every definition."""
        found = self.store.definitions.indicators()
        return [{**msgspec.to_builtins(each), "ref": each.ref} for each in found]

    def regions(self) -> list[Row]:
        """List regions with the days on which they were."""
        return [msgspec.to_builtins(each) for each in self.store.definitions.regions()]

    def documents(self) -> list[Row]:
        """List sources."""
        return self.store.definitions.documents()

    def subjects(self) -> list[Row]:
        """List what has a name of its own here."""
        return self.store.definitions.subjects()

    def exported(self, wanted: Wanted, suffix: str) -> bytes:
        """Write the facts that fit into a file of the kind that *suffix* says; give its bytes."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"facts{suffix}"
            write(path, list(self._all(wanted)))
            return path.read_bytes()

    def _all(self, wanted: Wanted) -> Iterator[Row]:
        after = 0
        while some := self.store.find(wanted, after=after, limit=MOST):
            yield from some
            after = some[-1]["id"]


def write(path: Path, rows: Sequence[Row]) -> None:
    """Write facts as a sheet that can be imported again, with what checks say of each."""
    extra = sorted({name for row in rows for name in row["attributes"]})
    header = (*(AS_IMPORTED.get(name, name) for name in FIELDS), *extra, *TOLD)
    lines = [tuple(map(str, cells(row, extra))) for row in rows]
    numeric = frozenset({"line", "id", "revision", "base_value"})
    sheets.write(path, sheets.Sheet("facts", header, lines, numeric=numeric))


def cells(row: Row, extra: Sequence[str]) -> Iterator[Any]:
    """Lay one fact out in the order of the heading."""
    for name in FIELDS:
        yield f"{row['indicator']}@{row['definition']}" if name == "indicator" else row[name]
    yield from (row["attributes"].get(name, "") for name in extra)
    yield from (row["id"], row["revision"], row["value"], row["unit"], row["recorded_ms"])
    for tongue in ("zh", "en"):
        yield "; ".join(mark["said"][tongue] for mark in row["marks"])
