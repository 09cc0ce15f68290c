"""The facts that a district's folder brings: definitions, regions, sources, and figures."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from borough.core.errors import BadDistrict
from borough.core.facts import Indicator, Region
from borough.engine.facts.vocabulary import lines, units

FIGURES = "facts.csv"
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Content:
    """What a district's tables say of facts; ``figures`` is the table to import, or None."""

    indicators: tuple[Indicator, ...] = ()
    regions: tuple[Region, ...] = ()
    documents: tuple[Row, ...] = ()
    subjects: tuple[Row, ...] = ()
    figures: Path | None = None


def content(district: Path) -> Content:
    """Read what a district's folder says of facts; empty where it has no such tables.

    Raises `BadDistrict`, naming the file, the line and what is wrong.
    """
    figures = district / FIGURES
    return Content(
        tuple(_each(district / "indicators.csv", _indicator)),
        tuple(_each(district / "regions.csv", _region)),
        tuple(_each(district / "documents.csv", dict)),
        tuple(_each(district / "subjects.csv", _subject)),
        figures if figures.is_file() else None,
    )


def _each(path: Path, made: Any) -> list[Any]:
    """Make one thing of each line of a table; a table may be missing."""
    found: list[Any] = []
    if not path.is_file():
        return found
    for number, row in enumerate(lines(path), 2):
        try:
            found.append(made(row))
        except (KeyError, ValueError) as error:
            msg = f"{path.name}, line {number}: {error}"
            raise BadDistrict(msg) from error
    return found


def _indicator(row: Mapping[str, str]) -> Indicator:
    if row["unit"] not in units().by_code:
        msg = f"unit: {row['unit']!r} is in no table of units"
        raise ValueError(msg)
    return Indicator(
        code=row["code"],
        version=int(row["version"]),
        name=_named(row),
        unit=row["unit"],
        polarity=int(row["polarity"]),
        text={"zh": row["text_zh"], "en": row["text_en"]},
        formula=row["formula"],
        source=row["source"],
        valid_from=_day(row["valid_from"]),
        valid_to=_day(row["valid_to"]),
    )


def _region(row: Mapping[str, str]) -> Region:
    return Region(
        code=row["code"],
        name=_named(row),
        parent=row["parent"],
        valid_from=_day(row["valid_from"]),
        valid_to=_day(row["valid_to"]),
        successors=tuple(row["successors"].split()),
        source=row["source"],
    )


def _subject(row: Mapping[str, str]) -> Row:
    return {"key": row["key"], "name": _named(row), "kind": row["kind"]}


def _named(row: Mapping[str, str]) -> dict[str, str]:
    return {"zh": row["name_zh"], "en": row["name_en"]}


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None
