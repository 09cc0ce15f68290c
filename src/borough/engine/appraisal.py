"""综合评价 worked out: indicators and scores by group, from definitions that stand in data."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from math import isnan
from pathlib import Path
from typing import Any, Self

import numpy as np

from borough.core.appraisal import (
    COUNTS,
    SUMS,
    Indicator,
    Table,
    Tally,
    cases_of,
    grouped,
    stays_of,
)
from borough.core.errors import BadParameter
from borough.core.lives import Life
from borough.core.observations import Floats, Index

SHIPPED = Path(__file__).with_suffix(".toml")
WAYS = ("", "area", "agency", "scene", "post", "source")
"""By what an evaluation may be told apart; nothing: the whole district."""


@dataclass(frozen=True, slots=True)
class Term:
    """One part of a score: how an indicator becomes points, and what they weigh.

    ``steps`` holds (from, points), the highest first; ``falling`` (up to, points), the lowest
    first; outside them ``rest`` counts.  ``turned`` is what a share is taken from, if anything.
    """

    indicator: str
    weight: float
    steps: tuple[tuple[float, float], ...]
    falling: tuple[tuple[float, float], ...]
    rest: float
    turned: float | None

    def points(self, value: float) -> float:
        """Turn a number into points of 0 to 100."""
        if self.steps:
            return next((points for least, points in self.steps if value >= least), self.rest)
        if self.falling:
            return next((points for most, points in self.falling if value <= most), self.rest)
        return value if self.turned is None else self.turned - value


@dataclass(frozen=True, slots=True)
class Score:
    """How a kind of post or an agency is scored; weights add up to 1."""

    id: str
    name: Mapping[str, str]
    by: str
    stage: str
    terms: tuple[Term, ...]
    source: str


@dataclass(frozen=True, slots=True)
class Definitions:
    """The indicators, scores and grades of an evaluation, as `appraisal.toml` gives them."""

    indicators: Mapping[str, Indicator]
    scores: Mapping[str, Score]
    grades: tuple[tuple[str, float], ...]

    @classmethod
    def read(cls, text: str) -> Self:
        """Check definitions written as TOML; `BadParameter` names the table and the key."""
        try:
            given = tomllib.loads(text)
            made = {each["id"]: _indicator(each) for each in given["indicator"]}
            scores = {each["id"]: _score(each) for each in given.get("score", [])}
            grades = tuple((each["id"], float(each["from"])) for each in given.get("grade", []))
        except tomllib.TOMLDecodeError as error:
            msg = f"appraisal: {error}"
            raise BadParameter(msg) from error
        except KeyError as error:
            msg = f"appraisal: {error.args[0]} is missing"
            raise BadParameter(msg) from error
        for score in scores.values():
            unknown = {term.indicator for term in score.terms} - made.keys()
            if unknown:
                msg = f"appraisal: score {score.id}: there is no indicator {min(unknown)}"
                raise BadParameter(msg)
            if not np.isclose(sum(term.weight for term in score.terms), 1):
                msg = f"appraisal: score {score.id}: the weights do not add up to 1"
                raise BadParameter(msg)
        return cls(made, scores, grades)

    @classmethod
    @cache
    def shipped(cls) -> Self:
        """Give those that come with the product."""
        return cls.read(SHIPPED.read_text("utf-8"))

    def grade(self, points: float) -> str:
        """Say which grade so many points are."""
        return next((name for name, least in self.grades if points >= least), "")


def _indicator(text: Mapping[str, Any]) -> Indicator:
    for key in ("of", "by"):
        if text.get(key, "") not in {"", *COUNTS, *SUMS}:
            msg = f"appraisal: indicator {text['id']}: {key} = {text[key]!r} is no count"
            raise BadParameter(msg)
    return Indicator(
        id=text["id"], name=text["name"], of=text["of"], by=text.get("by", ""),
        scale=float(text.get("scale", 1)), unit=text["unit"], means=text["means"],
        source=text["source"],
    )  # fmt: skip


def _score(text: Mapping[str, Any]) -> Score:
    terms = tuple(
        Term(
            indicator=each["indicator"], weight=float(each["weight"]),
            steps=tuple(map(tuple, each.get("steps", ()))),
            falling=tuple(map(tuple, each.get("falling", ()))),
            rest=float(each.get("rest", 0)), turned=each.get("from"),
        )
        for each in text["term"]
    )  # fmt: skip
    return Score(text["id"], text["name"], text["by"], text.get("stage", ""), terms, text["source"])


class Appraisal:
    """The cases of one period, told apart in one way and counted.

    ``keys`` gives the group of each of ``lives`` (empty: none) and ``actors``, where stays belong
    to somebody of their own, that of each stay, life after life.
    """

    def __init__(
        self,
        lives: Sequence[Life],
        until_ms: int,
        keys: Sequence[str],
        actors: Sequence[str] | None = None,
        definitions: Definitions | None = None,
    ) -> None:
        self.lives = lives
        self.definitions = definitions or Definitions.shipped()
        names, both = grouped([*keys, *(actors or ())])
        self.groups = names
        cases: Table = cases_of(lives, until_ms)
        stays = stays_of(lives, until_ms)
        own: Index | None = both[len(keys) :] if actors is not None else None
        self.tally = Tally(cases, stays, both[: len(keys)], len(names), own)

    def numbers(self, name: str) -> tuple[Floats, Floats, Floats | None]:
        """Give an indicator for each group, with what stands above and below the line."""
        indicator = self.definitions.indicators[name]
        top = self.tally(indicator.of)
        bottom = self.tally(indicator.by) if indicator.by else None
        return indicator.worked(top, bottom), top, bottom

    def rows(self) -> list[dict[str, Any]]:
        """Tell every indicator of every group; ``value`` is None where nothing is to be counted."""
        rows: list[dict[str, Any]] = [{"group": name, "numbers": {}} for name in self.groups]
        for name in self.definitions.indicators:
            value, top, bottom = self.numbers(name)
            for place, row in enumerate(rows):
                row["numbers"][name] = {
                    "value": None if isnan(value[place]) else round(float(value[place]), 6),
                    "of": float(top[place]),
                    "by": None if bottom is None else float(bottom[place]),
                }
        return rows

    def scored(self, score: Score) -> list[dict[str, Any]]:
        """Score every group: points of 0 to 100, grade, and each term with its share of them.

        A term without cases is left out and the weight of the others grows to fill it.
        """
        return [self._scored(score, place, name) for place, name in enumerate(self.groups)]

    def _scored(self, score: Score, place: int, name: str) -> dict[str, Any]:
        terms: list[dict[str, Any]] = []
        for term in score.terms:
            value = float(self.numbers(term.indicator)[0][place])
            points = None if isnan(value) else float(np.clip(term.points(value), 0, 100))
            terms.append({
                "indicator": term.indicator, "weight": term.weight, "points": points,
                "value": None if isnan(value) else round(value, 6),
            })  # fmt: skip
        weight = sum(each["weight"] for each in terms if each["points"] is not None)
        total = sum(each["weight"] * (each["points"] or 0) for each in terms)
        points = round(total / weight, 4) if weight else None
        return {
            "group": name,
            "points": points,
            "grade": "" if points is None else self.definitions.grade(points),
            "left_out": [each["indicator"] for each in terms if each["points"] is None],
            "terms": terms,
        }

    def behind(self, count: str, group: str) -> list[Life]:
        """List the cases that a count took in one group; `BadParameter` where it is no count."""
        if count not in {*COUNTS, *SUMS}:
            msg = f"count: must be one of {', '.join([*COUNTS, *SUMS])}, not {count!r}"
            raise BadParameter(msg)
        if group not in self.groups:
            return []
        return [self.lives[row] for row in self.tally.rows(count, self.groups.index(group))]
