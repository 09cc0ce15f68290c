"""Checks of figures against each other: off by ten, disagreeing, out of proportion.

A check looks at what counts now and says what it finds, in words; it changes nothing.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, islice, pairwise, product
from math import inf, isfinite, log10
from statistics import median
from typing import Any

from borough.core.units import ABOUT, AT_LEAST, AT_MOST, EQUAL, LESS, MORE, NEARLY
from borough.engine.facts.expressions import worth
from borough.engine.facts.rules import DISAGREE, TIMES_TEN, YEARS, Named, Relation, Rules

Row = Mapping[str, Any]
MANY = 64
"""Combinations of statements that one relation looks at for one subject and period."""
ENOUGH = 3
"""Statements from which on the odd one out can be told."""
QUIET = {
    "consistent", "consistent?", "derived", "pass", "fail", "target-met", "target-missed",
    "not-comparable",
}  # fmt: skip
"""Verdicts that find no fault with a figure; what they say is the result of the check."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule has to say of one fact, in both languages; ``others`` are facts it looked at."""

    fact: int
    rule: str
    verdict: str
    said: Mapping[str, str]
    others: tuple[int, ...] = ()


def findings(rows: Sequence[Row], rules: Rules) -> list[Finding]:
    """Check figures against each other by the rules that hold everywhere."""
    found = [
        *off_by_ten(rows, rules),
        *off_between_years(rows, rules),
        *disagreeing(rows, rules),
        *beyond_bounds(rows, rules),
    ]
    for each in rules.relations:
        found += out_of_proportion(rows, each)
    return _once(found)


def _once(found: Sequence[Finding]) -> list[Finding]:
    """Say the same of the same fact once, with all the facts that it was held against."""
    said: dict[tuple[int, str, str], Finding] = {}
    for each in found:
        key = each.fact, each.rule, each.said["en"]
        before = said.get(key, each)
        others = tuple(dict.fromkeys((*before.others, *each.others)))
        said[key] = replace(each, others=others)
    return list(said.values())


def told(rules: Rules) -> list[str]:
    """List the ids of the rules that hold everywhere."""
    relations, bounds = (each.id for each in rules.relations), (each.id for each in rules.bounds)
    return [TIMES_TEN, YEARS, DISAGREE, *relations, *bounds]


def _grouped(rows: Sequence[Row], *by: str) -> dict[tuple[Any, ...], list[Row]]:
    """Put rows together that agree in some fields."""
    groups: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in rows:
        groups[tuple(row[name] for name in by)].append(row)
    return groups


SERIES = ("indicator", "definition", "region", "subject", "scope", "prices")


def off_by_ten(rows: Sequence[Row], rules: Rules) -> Iterator[Finding]:
    """Find statements of the same thing that are ten, a hundred, ... times each other.

    Where three or more say something, the one far from the middle is at fault; of two, both are
    named.
    """
    longer = _grouped(rows, *SERIES)
    for key, group in _grouped(rows, *SERIES, "period", "period_kind").items():
        known = [row["number"] for row in longer[key[: len(SERIES)]] if row["number"] > 0]
        for one, other in combinations([row for row in group if row["number"] > 0], 2):
            factor = _power(one["number"] / other["number"], rules.near)
            if factor == 0:
                continue
            yield from _blamed(one, other, known, abs(factor))


def _blamed(one: Row, other: Row, known: Sequence[float], factor: int) -> Iterator[Finding]:
    """Say which of two is off, or that one of them is."""
    times = 10**factor
    if len(known) >= ENOUGH:
        middle = log10(median(known))
        odd = max((one, other), key=lambda row: abs(log10(row["number"]) - middle))
        right = other if odd is one else one
        said = {
            "zh": f"是同一指标另一说法（{_value(right)}）的 {times} 倍或 1/{times}：单位或数字有误",
            "en": f"{times} times off what is said elsewhere ({_value(right)}): "
            "a unit or a digit is wrong",
        }
        yield Finding(odd["id"], TIMES_TEN, "error-unit", said, (right["id"],))
        return
    for row, its in ((one, other), (other, one)):
        said = {
            "zh": f"与另一来源（{_value(its)}）相差 {times} 倍：两者之一单位有误",
            "en": f"{times} times off another source ({_value(its)}): one of the two is wrong",
        }
        yield Finding(row["id"], TIMES_TEN, "error-unit", said, (its["id"],))


def off_between_years(rows: Sequence[Row], rules: Rules) -> Iterator[Finding]:
    """Find a year's figure that is ten, a hundred, ... times that of a year near by."""
    yearly = [row for row in rows if row["period_kind"] == "annual" and row["number"] > 0]
    for group in _grouped(yearly, *SERIES, "status", "document").values():
        group.sort(key=lambda row: str(row["period"]))
        for one, other in pairwise(group):
            apart = int(other["period"]) - int(one["period"])
            factor = _power(other["number"] / one["number"], rules.between_years)
            if factor and 0 < apart <= rules.years:
                times = 10 ** abs(factor)
                said = {
                    "zh": f"与 {one['period']} 年（{_value(one)}）相差约 {times} 倍：请核对单位",
                    "en": f"about {times} times off {one['period']} ({_value(one)}): see the unit",
                }
                yield Finding(other["id"], YEARS, "check", said, (one["id"],))


def _power(ratio: float, near: float) -> int:
    """Give the power of ten that a ratio comes near to, as a share; 0 where it is none."""
    power = round(log10(ratio)) if ratio > 0 and isfinite(ratio) else 0
    return power if power and abs(ratio / 10**power - 1) <= near else 0


def disagreeing(rows: Sequence[Row], rules: Rules) -> Iterator[Finding]:
    """Find statements of the same thing that cannot both be true."""
    for group in _grouped(rows, *SERIES, "period", "period_kind", "status").values():
        for one, other in combinations(group, 2):
            low, high = zip(_span(one, rules), _span(other, rules), strict=True)
            if max(low) <= min(high):
                continue
            apart = abs(one["number"] - other["number"])
            same = apart <= rules.equal * max(abs(one["number"]), abs(other["number"]))
            for row, its in ((one, other), (other, one)):
                said = {
                    "zh": f"与另一说法（{_value(its)}）" + ("仅差取整" if same else "不能同时成立"),
                    "en": ("only rounding apart from" if same else "cannot be true together with")
                    + f" another statement ({_value(its)})",
                }
                verdict = "rounding" if same else "contradiction"
                yield Finding(row["id"], DISAGREE, verdict, said, (its["id"],))


def _span(row: Row, rules: Rules) -> tuple[float, float]:
    """Give the numbers that a statement allows."""
    number, how = row["number"], row["comparator"]
    exact, loose = abs(number) * rules.equal, abs(number) * rules.about
    step = abs(number) * 1e-12
    return {
        EQUAL: (number - exact, number + exact) if not _whole(row) else (number, number),
        MORE: (number + step, inf),
        AT_LEAST: (number, inf),
        LESS: (-inf, number - step),
        AT_MOST: (-inf, number),
        ABOUT: (number - loose, number + loose),
        NEARLY: (number - loose, number),
    }[str(how)]


def _whole(row: Row) -> bool:
    """Tell whether a figure was stated as a whole number: then it is not a rounded one."""
    return "." not in str(row["stated"])


def beyond_bounds(rows: Sequence[Row], rules: Rules) -> Iterator[Finding]:
    """Find figures outside the limits of their kind."""
    for each in rules.bounds:
        for row in rows:
            mine = row["unit"] == each.unit and each.indicators.fullmatch(row["indicator"])
            if mine and not each.low <= row["number"] <= each.high:
                said = _filled(each.says, row["number"], each.low, each.high)
                yield Finding(row["id"], each.id, "error-range", said)


def out_of_proportion(rows: Sequence[Row], relation: Relation) -> Iterator[Finding]:
    """Find figures of one subject and period that do not go together."""
    mine = [row for row in rows if row["indicator"] in relation.codes]
    for group in _grouped(mine, "region", "subject", "scope", "period", "period_kind").values():
        by_code = _grouped(group, "indicator")
        if len(by_code) < len(relation.codes):
            continue
        choices = product(*(by_code[code,] for code in relation.codes))
        for chosen in islice(choices, MANY):
            values = {row["indicator"]: row["number"] for row in chosen}
            result = worth(relation.tree, values.__getitem__)
            if not isfinite(result) or relation.low <= result <= relation.high:
                continue
            blamed = next(row for row in chosen if row["indicator"] == relation.blames)
            others = tuple(row["id"] for row in chosen if row is not blamed)
            said = _filled(relation.says, result, relation.low, relation.high)
            yield Finding(blamed["id"], relation.id, relation.verdict, said, others)


def verdict(check: Named, rows: Mapping[str, Row]) -> tuple[float, str] | None:
    """Work one named check out: its result and its verdict; None where a statement is missing."""
    if any(name not in rows for name in check.statements):
        return None
    result = worth(check.tree, lambda name: _number(rows, name))
    if not isfinite(result):
        return None
    above = check.low is None or result >= check.low
    inside = above and (check.high is None or result <= check.high)
    return result, check.within if inside else check.beyond


def _number(rows: Mapping[str, Row], name: str) -> float:
    """Give the number of a statement, or of an attribute of it, as in ``S2-026:growth_pct``."""
    statement, _, attribute = name.partition(":")
    row = rows[statement]
    try:
        return float(row["attributes"][attribute] if attribute else row["number"])
    except (KeyError, ValueError):
        return float("nan")


def judged(checks: Sequence[Named], rows: Mapping[str, Row]) -> Iterator[Finding]:
    """Mark the statements of every named check that finds fault with them."""
    for check in checks:
        done = verdict(check, rows)
        if done is None or done[1] in QUIET:
            continue
        ids = [rows[name]["id"] for name in check.statements]
        said = _filled(check.says, done[0], check.low, check.high)
        for each in ids:
            yield Finding(each, check.id, done[1], said, tuple(i for i in ids if i != each))


def _filled(says: Mapping[str, str], result: float, low: Any, high: Any) -> dict[str, str]:
    """Put numbers into the gaps of a sentence."""
    numbers = {"result": f"{result:.4g}", "low": low, "high": high}
    return {tongue: sentence.format(**numbers) for tongue, sentence in says.items()}


def _value(row: Row) -> str:
    """Write a figure as it was stated."""
    return f"{row['comparator']}{row['stated']}{row['stated_unit']}"
