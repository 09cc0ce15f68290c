"""The rules by which figures are checked, as ``rules.toml`` and a district's table declare."""

import ast
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from borough.engine.facts.expressions import names, parsed
from borough.engine.facts.vocabulary import HERE, lines

TIMES_TEN, YEARS, DISAGREE = "times-ten", "times-ten-between-years", "disagree"


@dataclass(frozen=True, slots=True)
class Relation:
    """A relation of indicators for one subject and period; its worth must lie within limits."""

    id: str
    tree: ast.expr
    codes: tuple[str, ...]
    low: float
    high: float
    blames: str
    verdict: str
    says: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Bounds:
    """Limits for every figure of the indicators whose code fits a pattern, in one unit."""

    id: str
    indicators: re.Pattern[str]
    low: float
    high: float
    unit: str
    says: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Named:
    """One check of statements by their names; ``low`` and ``high`` may be missing.

    ``within`` and ``beyond`` are the verdicts on a worth inside and outside of the limits.
    """

    id: str
    tree: ast.expr
    statements: tuple[str, ...]
    low: float | None
    high: float | None
    within: str
    beyond: str
    says: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Rules:
    """All rules that come with the product."""

    near: float
    between_years: float
    years: int
    equal: float
    about: float
    relations: tuple[Relation, ...]
    bounds: tuple[Bounds, ...]


@cache
def rules() -> Rules:
    """Read the rules that come with the product."""
    table = tomllib.loads((HERE / "rules.toml").read_text("utf-8"))
    ten, disagree = table["times_ten"], table["disagree"]
    return Rules(
        near=ten["near"],
        between_years=ten["between_years"],
        years=ten["years"],
        equal=disagree["equal"],
        about=disagree["about"],
        relations=tuple(_relation(each) for each in table["relation"]),
        bounds=tuple(_bounds(each) for each in table["bounds"]),
    )


def named(path: Path) -> tuple[Named, ...]:
    """Read a district's table of checks; empty where there is none."""
    return tuple(_named(row) for row in lines(path)) if path.is_file() else ()


def _relation(row: Mapping[str, Any]) -> Relation:
    tree = parsed(row["expression"])
    codes = tuple(dict.fromkeys(names(tree)))
    return Relation(
        row["id"], tree, codes, row["low"], row["high"], row["blames"], row["verdict"], _says(row)
    )


def _bounds(row: Mapping[str, Any]) -> Bounds:
    pattern = re.compile(row["indicators"])
    return Bounds(row["id"], pattern, row["low"], row["high"], row["unit"], _says(row))


def _named(row: Mapping[str, str]) -> Named:
    tree = parsed(row["expression"])
    return Named(
        id=row["rule"],
        tree=tree,
        statements=tuple(dict.fromkeys((*map(_statement, names(tree)), *row["also"].split()))),
        low=float(row["low"]) if row["low"] else None,
        high=float(row["high"]) if row["high"] else None,
        within=row["within"],
        beyond=row["beyond"],
        says=_says(row),
    )


def _statement(name: str) -> str:
    """Take the attribute off a name such as ``S2-026:growth_pct``."""
    return name.partition(":")[0]


def _says(row: Mapping[str, Any]) -> dict[str, str]:
    return {"zh": row["zh"], "en": row["en"]}
