"""Words that come as tables: units with their scales, and the headings under which people write."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path

from borough.core.units import Unit, Units

HERE = Path(__file__).parent
FIELD, ATTRIBUTE = "field", "attribute"


@dataclass(frozen=True, slots=True)
class Heading:
    """What a column holds: a field of a fact, or an attribute that is kept beside its value."""

    field: str
    kind: str


def lines(path: Path) -> Iterator[dict[str, str]]:
    """Read a table of our own: UTF-8, a heading, no blanks around cells."""
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, strict=True):
            yield {name: (cell or "").strip() for name, cell in row.items()}


@cache
def units() -> Units:
    """Give the units that come with the product."""
    made = [
        Unit(
            code=row["code"],
            measure=row["measure"],
            factor=Fraction(row["factor"]),
            name={"zh": row["name_zh"], "en": row["name_en"]},
            words=tuple(row["words"].split()),
            source=row["source"],
        )
        for row in lines(HERE / "units.csv")
    ]
    return Units(made, {row["word"]: int(row["factor"]) for row in lines(HERE / "scales.csv")})


@cache
def headings() -> dict[str, Heading]:
    """Give every heading that is understood, in lower case, with what it means."""
    found = {}
    for row in lines(HERE / "columns.csv"):
        for word in (row["field"], *row["words"].split()):
            found[word.lower()] = Heading(row["field"], row["kind"])
    return found
