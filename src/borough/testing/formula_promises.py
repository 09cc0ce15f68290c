"""What every formula scene must keep to, whoever wrote it; see `borough.testing.promises`."""

from collections.abc import Callable
from datetime import date
from math import isnan, nan
from typing import Any

import numpy as np

from borough.core.periods import Period
from borough.core.rules import RuleSet
from borough.engine.catalog import Found
from borough.engine.evaluate import Evaluated, evaluated
from borough.testing.promises import PROMISES, people_are_told, plan_ends, titles_fill

FIRMS = 40
CLOSE = 0.0006
"""Half a unit in the third decimal, to which examples are written."""


def told(found: Found, example: dict[str, Any]) -> Evaluated:
    """Work a worked example out."""
    rows = len(example["score"])
    scheme = found.scene.scheme
    assert scheme is not None
    inputs = {
        name: {"value": [None if isnan(x) else x for x in example["facts"].get(name, [nan] * rows)]}
        for name in scheme.inputs
    }
    snapshot = {
        "period": example["period"], "rules": found.rules[example["rules"]], "inputs": inputs,
        "subjects": [f"firm-{i}" for i in range(rows)], "names": [""] * rows,
        "into": example.get("into", list(range(rows))),
    }  # fmt: skip
    return evaluated(found.formula(**found.scene.tuned()), scheme, found.scene.levels[1:], snapshot)


def drawn(found: Found) -> dict[str, np.ndarray[Any, np.dtype[np.float64]]]:
    """Draw facts for some firms; a few are missing, zero or negative."""
    dice = np.random.default_rng(20240710)
    assert found.scene.scheme is not None
    columns = {}
    for name, each in found.scene.scheme.inputs.items():
        column = dice.lognormal(3.0, 1.0, FIRMS)
        if each.high == 1:
            column = (column > np.median(column)).astype(float)
        column[dice.integers(FIRMS, size=3)] = (0.0, -1.0, nan)
        columns[name] = column
    return columns


def examples_hold(found: Found) -> None:
    """Each worked example comes out as its author said."""
    assert found.examples, "a scene needs worked examples"
    for example in found.examples:
        rows = told(found, example).rows
        for row, score, name in zip(rows, example["score"], example["class"], strict=True):
            assert row["score"] is not None, example["says"]
            assert abs(row["score"] - score) < CLOSE, (example["says"], row)
            assert row["class"] == name, (example["says"], row)


def measures_are_those_declared(found: Found) -> None:
    """The formula gives the declared measures, and each looks only at the inputs it names."""
    scheme, columns = found.scene.scheme, drawn(found)
    assert scheme is not None
    formula = found.formula(**found.scene.tuned())
    before = formula.measures(columns)
    assert before.keys() == scheme.measures.keys()
    for name in scheme.inputs:
        after = formula.measures({**columns, name: columns[name] * 1.7 + 0.3})
        changed = {
            key for key in before if not np.array_equal(before[key], after[key], equal_nan=True)
        }
        named = {key for key, each in scheme.measures.items() if name in each.inputs}
        assert changed == named, (name, changed ^ named)


def firms_are_strangers(found: Found) -> None:
    """A measure looks at its own row: in another order every firm measures the same."""
    columns = drawn(found)
    formula = found.formula(**found.scene.tuned())
    order = np.random.default_rng(1).permutation(FIRMS)
    before = formula.measures(columns)
    after = formula.measures({name: column[order] for name, column in columns.items()})
    for name, column in before.items():
        assert np.array_equal(column[order], after[name], equal_nan=True), name


def rule_sets_hold(found: Found) -> None:
    """Each rule set can be read for every year it claims, and names what there is."""
    assert found.scene.scheme is not None
    assert found.scene.scheme.rules in found.rules
    for text in found.rules.values():
        first = int(str(text["valid"]["from"])[:4])
        last = int(str(text["valid"].get("to", first + 5))[:4])
        for year in range(first, last + 1):
            rules = RuleSet.read(text, Period("annual", date(year, 1, 1), date(year, 12, 31)))
            example = {"facts": drawn(found), "period": str(year), "rules": rules.id}
            made = told(found, {**example, "score": [0] * FIRMS})
            assert sum(row["graded"] for row in made.rows) > 0, rules.id


def order_does_not_matter(found: Found) -> None:
    """In another order every firm gets the same score, rank and class."""
    columns, order = drawn(found), np.random.default_rng(2).permutation(FIRMS)
    assert found.scene.scheme is not None
    example = {"period": "2022", "rules": found.scene.scheme.rules, "score": [0] * FIRMS}
    before = told(found, {**example, "facts": columns}).rows
    after = told(found, {**example, "facts": {k: v[order] for k, v in columns.items()}}).rows
    for old, fresh in zip((before[i] for i in order.tolist()), after, strict=True):
        for key in ("score", "rank", "class"):
            assert old[key] == fresh[key]


FORMULA_PROMISES = (
    examples_hold,
    measures_are_those_declared,
    firms_are_strangers,
    rule_sets_hold,
    order_does_not_matter,
    plan_ends,
    titles_fill,
    people_are_told,
)


def promises_of(found: Found) -> tuple[Callable[[Found], None], ...]:
    """Give the promises that a scene must keep, whether it watches or evaluates."""
    return PROMISES if found.senses else FORMULA_PROMISES
