"""Read what attributes the things of a district are given when they are placed, and give them."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np

from borough.core.errors import BadDistrict
from borough.core.registry import Registry

FILE = "attributes.csv"
COLUMNS = ("class", "attribute", "unit", "values", "synthetic", "source")


@dataclass(frozen=True, slots=True)
class Trait:
    """An attribute that each thing of a class has: a number of *unit*, one of ``values``."""

    kind: str
    name: str
    unit: str
    values: tuple[float, ...]


def traits(folder: Path, kinds: Sequence[str]) -> list[Trait]:
    """Read the table of attributes; a district without one gives its things none.

    *kinds* are the classes that the district has.  Raises `BadDistrict`, naming line and column.
    """
    path = folder / FILE
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        if tuple(reader.fieldnames or ()) != COLUMNS:
            msg = f"{FILE}:1: the columns must be {', '.join(COLUMNS)}"
            raise BadDistrict(msg)
        return [trait(row, reader.line_num, kinds) for row in reader]


def trait(row: dict[str, Any], line: int, kinds: Sequence[str]) -> Trait:
    """Read one row of the table."""
    if row["class"] not in kinds:
        msg = f"{FILE}:{line}: class: classes.csv has no {row['class']!r}"
        raise BadDistrict(msg)
    try:
        values = tuple(float(each) for each in (row["values"] or "").split())
    except ValueError:
        values = ()
    if not values or not all(map(isfinite, values)):
        msg = f"{FILE}:{line}: values: must be numbers apart by spaces, not {row['values']!r}"
        raise BadDistrict(msg)
    for column in ("attribute", "unit", "source"):
        if not row[column]:
            msg = f"{FILE}:{line}: {column}: it is empty"
            raise BadDistrict(msg)
    return Trait(row["class"], row["attribute"], row["unit"], values)


def given(registry: Registry, found: Sequence[Trait], seed: int) -> list[dict[str, Any] | None]:
    """Draw the attributes of every thing, row by row; None where its class has none.

    Each trait has random numbers of its own, so that another one cannot disturb it.
    """
    drawn: list[dict[str, Any] | None] = [None] * len(registry.id)
    codes = [kind.code for kind in registry.kinds]
    for each in found:
        dice = np.random.default_rng([seed, *each.kind.encode(), *each.name.encode()])
        rows = np.flatnonzero(registry.kind == codes.index(each.kind))
        for row, value in zip(rows.tolist(), dice.choice(each.values, len(rows)), strict=True):
            drawn[row] = {**(drawn[row] or {}), each.name: float(value)}
    return drawn
