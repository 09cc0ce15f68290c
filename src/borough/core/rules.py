"""Rule sets: how much each measure is worth, as data with dates and sources.

A rule set is a TOML file.  Its numbers hold from a date on, OpenFisca's way: ``{ 2021 = 26.01,
2022 = 24.097 }``; `RuleSet.read` takes those that hold for one period.  What is computed from
facts stands in a scene's formula; what is decided by people stands here.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from math import inf, isclose, isfinite
from typing import Any

from borough.core.deadlines import Limit
from borough.core.errors import BadRequest, BadRules
from borough.core.periods import Period

RATIO, SPREAD = METHODS = ("ratio", "spread")
"""Points for a term: weight x value / benchmark, or the place between the least and the most."""
MEAN, MEDIAN, BEST = COMPUTED = ("mean", "median", "best")
"""Benchmarks that are computed from the firms themselves."""
NONE, AVERAGE, REFUSE = MISSING = ("none", "average", "refuse")
"""What a term gives where its value is not known: no points (or the floor), the average points
of the others, or no evaluation at all until it is known."""
BY_SHARE, BY_SCORE = ("share", "score")
KEYS = {
    "id", "name", "variant", "valid", "sources", "extends", "total", "decimals", "notice",
    "defaults", "group", "adjustment", "classes", "move", "exemption", "synthetic", "note",
}  # fmt: skip
TERM_KEYS = {"measure", "weight", "benchmark", "method", "low", "cap", "floor", "missing"}
TOTAL = 100.0


@dataclass(frozen=True, slots=True)
class Term:
    """What one measure is worth: at most ``cap`` and at least ``floor`` times its weight.

    ``benchmark`` is a number or one of `COMPUTED`; ``low`` is the share of the weight that the
    least value gets with `SPREAD`.
    """

    measure: str
    weight: float
    method: str = RATIO
    benchmark: float | str = MEAN
    low: float = 0.0
    cap: float = inf
    floor: float = -inf
    missing: str = NONE


@dataclass(frozen=True, slots=True)
class Group:
    """Firms that are ranked among themselves: the first group whose ``fact`` is high enough."""

    id: str
    name: Mapping[str, str]
    fact: str
    at_least: float
    terms: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class Adjustment:
    """Points beside the terms: ``points`` for each unit of a fact, between two limits."""

    fact: str
    points: float
    low: float
    high: float
    name: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Move:
    """A class changed where a fact is above zero: so many down (or up), no better, no worse."""

    fact: str
    down: int
    at_best: str
    at_worst: str
    name: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Exemption:
    """Scored but not graded where a fact is above zero; for measures they count as a class."""

    fact: str
    treated_as: str
    name: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class RuleSet:
    """What holds for one period.

    ``cuts`` names each class but the last with its number: the share of firms, counted from the
    best, that it reaches down to, or the least score.  ``notice`` is how long a result is open to
    appeals.  ``version`` is a digest of all of it, and
    ``sources`` says where its numbers come from.
    """

    id: str
    name: Mapping[str, str]
    groups: tuple[Group, ...]
    by: str
    cuts: tuple[tuple[str, float], ...]
    adjustments: tuple[Adjustment, ...]
    moves: tuple[Move, ...]
    exemptions: tuple[Exemption, ...]
    notice: Limit
    decimals: int
    sources: Mapping[str, Mapping[str, str]]
    version: str = field(default="", compare=False)

    @classmethod
    def read(cls, text: Mapping[str, Any], period: Period) -> "RuleSet":
        """Take from a parsed file what holds for *period*; `BadRules` names file and key."""
        name = str(text.get("id", "?"))
        try:
            made = _Reader(text, period).rule_set()
        except BadRules as error:
            msg = f"rule set {name}: {error}"
            raise BadRules(msg) from error
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            said = f"{error.args[0]} is missing" if isinstance(error, KeyError) else str(error)
            msg = f"rule set {name}: {said}"
            raise BadRules(msg) from error
        digest = sha256(json.dumps([str(made), period.code], ensure_ascii=False).encode())
        return replace(made, version=digest.hexdigest()[:12])


def extended(text: Mapping[str, Any], others: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Lay a file over the one that it ``extends``; what it says itself counts."""
    if "extends" not in text:
        return dict(text)
    rest = {name: each for name, each in others.items() if name != text.get("id")}
    if text["extends"] not in rest:
        msg = f"rule set {text.get('id')}: extends {text['extends']!r}, and there is none"
        raise BadRules(msg)
    below = extended(rest[text["extends"]], rest)
    tables = {"sources", "defaults", "classes"}
    for key, value in text.items():
        below[key] = {**below.get(key, {}), **value} if key in tables else value
    below.pop("extends", None)
    return below


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads one file for one period."""

    text: Mapping[str, Any]
    period: Period

    def rule_set(self) -> RuleSet:
        text = self.text
        stray = text.keys() - KEYS
        if stray:
            msg = f"unknown key {', '.join(sorted(stray))}"
            raise BadRules(msg)
        self._valid()
        self._sourced()
        made = RuleSet(
            id=text["id"],
            name=_named(text, "name"),
            groups=tuple(self._group(each) for each in text["group"]),
            by=text["classes"]["by"],
            cuts=tuple(
                (name, self._number(value, f"classes.{name}"))
                for name, value in text["classes"].items()
                if name not in {"by", "source"}
            ),
            adjustments=tuple(self._adjustment(each) for each in text.get("adjustment", ())),
            moves=tuple(_move(each) for each in text.get("move", ())),
            exemptions=tuple(
                Exemption(each["fact"], each.get("treated_as", ""), _named(each, each["fact"]))
                for each in text.get("exemption", ())
            ),
            notice=self._limit(text["notice"]),
            decimals=int(text.get("decimals", 3)),
            sources=text["sources"],
        )
        _cut(made)
        return made

    def _valid(self) -> None:
        start, end = str(self.text["valid"]["from"]), str(self.text["valid"].get("to", "9999"))
        if not start <= self._day()[: len(start)] or not self._day()[: len(end)] <= end:
            msg = f"it holds from {start} to {end}, not for {self.period.code}"
            raise BadRules(msg)

    def _sourced(self) -> None:
        for day, said in self.text["sources"].items():
            if not str(said.get("says", "")).strip():
                msg = f"sources.{day}: says is missing"
                raise BadRules(msg)

    def _day(self) -> str:
        if self.period.start is None:
            msg = f"period {self.period.code} has no beginning"
            raise BadRules(msg)
        return self.period.start.isoformat()

    def _dated(self, value: Any, key: str) -> Any:
        """Take the newest of dated values that holds; a plain value holds always."""
        if not isinstance(value, Mapping):
            return value
        day = self._day()
        held = [since for since in value if str(since) <= day]
        if not held:
            msg = f"{key}: nothing holds for {self.period.code}; the first is of {min(value)}"
            raise BadRules(msg)
        newest = max(held)
        if newest not in self.text["sources"]:
            msg = f"{key}: the value of {newest} has no source; add [sources.{newest}]"
            raise BadRules(msg)
        return value[newest]

    def _number(self, value: Any, key: str) -> float:
        found = self._dated(value, key)
        if isinstance(found, bool) or not isinstance(found, int | float) or not isfinite(found):
            msg = f"{key}: {found!r} is not a number"
            raise BadRules(msg)
        return float(found)

    def _limit(self, value: Any) -> Limit:
        try:
            return Limit.read(str(self._dated(value, "notice")))
        except BadRequest as error:
            msg = f"notice: {error}"
            raise BadRules(msg) from error

    def _group(self, text: Mapping[str, Any]) -> Group:
        name = f"group {text['id']}"
        terms = tuple(self._term(each, name) for each in text["term"])
        total, whole = sum(each.weight for each in terms), float(self.text.get("total", TOTAL))
        if not isclose(total, whole, abs_tol=1e-9):
            msg = f"{name}: the weights add up to {total:g}, not to {whole:g}"
            raise BadRules(msg)
        twice = {each.measure for each in terms}
        if len(twice) < len(terms):
            msg = f"{name}: a measure stands there twice"
            raise BadRules(msg)
        when = text.get("when", {"fact": "", "at_least": 0})
        least = self._number(when["at_least"], f"{name}: when.at_least")
        return Group(text["id"], _named(text, name), when["fact"], least, terms)

    def _term(self, text: Mapping[str, Any], group: str) -> Term:
        given = {**self.text.get("defaults", {}), **text}
        key = f"{group}, {given.get('measure', '?')}"
        stray = given.keys() - TERM_KEYS
        if stray:
            msg = f"{key}: unknown key {', '.join(sorted(stray))}"
            raise BadRules(msg)
        numbers = ("weight", "low", "cap", "floor")
        said: dict[str, Any] = {
            n: self._number(given[n], f"{key}: {n}") for n in numbers if n in given
        }
        benchmark = self._dated(given.get("benchmark", MEAN), f"{key}: benchmark")
        if benchmark not in COMPUTED:
            benchmark = self._number(benchmark, f"{key}: benchmark")
        words = {n: given[n] for n in ("method", "missing") if n in given}
        term = Term(measure=given["measure"], benchmark=benchmark, **said, **words)
        _sound(term, key)
        return term

    def _adjustment(self, text: Mapping[str, Any]) -> Adjustment:
        key = f"adjustment {text['fact']}"
        said = {n: self._number(text[n], f"{key}: {n}") for n in ("points", "low", "high")}
        return Adjustment(fact=text["fact"], name=_named(text, key), **said)


def _named(text: Mapping[str, Any], key: str) -> Mapping[str, str]:
    name = text.get("name")
    if not isinstance(name, Mapping) or not name.keys() >= {"zh", "en"}:
        msg = f"{key}: name needs zh and en"
        raise BadRules(msg)
    return name


def _move(text: Mapping[str, Any]) -> Move:
    said = (int(text.get("down", 0)), text.get("at_best", ""), text.get("at_worst", ""))
    return Move(text["fact"], *said, _named(text, f"move {text['fact']}"))


def _sound(term: Term, key: str) -> None:
    wrong = {
        f"method {term.method!r} is not one of {', '.join(METHODS)}": term.method not in METHODS,
        f"missing {term.missing!r} is not one of {', '.join(MISSING)}": term.missing not in MISSING,
        f"weight {term.weight:g} is not above 0": term.weight <= 0,
        "benchmark is not above 0": isinstance(term.benchmark, float) and term.benchmark <= 0,
        f"cap {term.cap:g} is below floor {term.floor:g}": term.cap < term.floor,
    }
    for says, it_is in wrong.items():
        if it_is:
            msg = f"{key}: {says}"
            raise BadRules(msg)


def _cut(rules: RuleSet) -> None:
    """See that the cuts of the classes lie one after the other."""
    numbers = [number for _, number in rules.cuts]
    rising, falling = sorted(set(numbers)), sorted(set(numbers), reverse=True)
    wrong = {
        f"classes.by {rules.by!r} is neither {BY_SHARE} nor {BY_SCORE}": (
            rules.by not in {BY_SHARE, BY_SCORE}
        ),
        "classes: shares must rise, above 0 and below 1": rules.by == BY_SHARE
        and (numbers != rising or not all(0 < each < 1 for each in numbers)),
        "classes: scores must fall": rules.by == BY_SCORE and numbers != falling,
        "classes: there is none": not numbers,
        "group: there is none": not rules.groups,
    }
    for says, it_is in wrong.items():
        if it_is:
            raise BadRules(says)
