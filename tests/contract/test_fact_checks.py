"""What the checks of figures promise: they find what is wrong, say why, and delete nothing."""

import csv
from collections.abc import Mapping
from datetime import date
from math import isnan
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st
from sqlalchemy import Engine

import borough.districts
from borough.app.facts.imports import Order, brought, imported
from borough.core.errors import BadFact
from borough.core.facts import Wanted
from borough.engine.facts.checks import findings, verdict
from borough.engine.facts.expressions import parsed, worth
from borough.engine.facts.rules import named, rules
from borough.storage.sql import SqlFacts

YUBEI = Path(borough.districts.__file__).parent / "yubei"
KNOWN = Path(__file__).parent / "fact_verdicts.csv"
TODAY = date(2026, 11, 21)
BY_HAND = {"C11", "C12", "C17"}
"""A scope in words, a total that nobody published here, and a name spelled in two ways."""


@pytest.fixture
def facts(engine: Engine) -> SqlFacts:
    """Give a store with the figures that come with Yubei."""
    store = SqlFacts(engine)
    assert brought(store, YUBEI, at_ms=10, today=TODAY) == 361
    return store


def marks(store: SqlFacts, statement: str) -> dict[str, Mapping[str, str]]:
    """Give what checks say of a statement, by rule."""
    row = store.standing(statements=[statement])[0]
    return {each["rule"]: each["said"] for each in store.one(row["id"])["marks"]}


def test_both_errors_of_the_published_figures_are_caught(facts: SqlFacts) -> None:
    """40000亿 for 4000亿 and 25亿瓦时 for 25 GWh, by rules that know of neither; and said why."""
    headline, unit = marks(facts, "S2-001"), marks(facts, "S2-058")

    assert "10 times off what is said elsewhere" in headline["times-ten"]["en"]
    assert "单位" in headline["times-ten"]["zh"]
    assert unit["battery-per-vehicle"]["zh"].startswith("每辆车 10 千瓦时")
    assert {"times-ten", "disagree", "C02"} <= unit.keys()
    assert "times-ten" not in marks(facts, "S2-002")
    assert facts.count() == 361
    assert 20 < facts.count(Wanted(marked=True)) < 60


def test_the_verdicts_of_a_reader_are_reproduced(facts: SqlFacts) -> None:
    """Of 71 checks that a person made, 68 can be worked out: each with their result and verdict."""
    rows = {row["statement"]: row for row in facts.find(limit=1000)}
    known = {row["rule"]: row for row in csv.DictReader(KNOWN.read_text("utf-8").splitlines())}
    checks = named(YUBEI / "checks.csv")

    assert known.keys() - {each.id for each in checks} == BY_HAND
    for each in checks:
        done = verdict(each, rows)
        assert done is not None, each.id
        assert done[0] == pytest.approx(float(known[each.id]["result"]), rel=2e-4, abs=2e-4), each
        assert done[1] == known[each.id]["verdict"], each.id


def row(number: int, value: float, **other: Any) -> dict[str, Any]:
    """Say something of one firm's tax, as a row of the store."""
    told = {
        "id": number, "indicator": "TAX", "definition": 1, "region": "1", "subject": "firm-1",
        "scope": "", "prices": "", "period": "2023", "period_kind": "annual", "status": "actual",
        "document": f"source-{number}", "number": value, "unit": "CNY", "stated": f"{value}",
        "stated_unit": "元", "comparator": "=", "attributes": {}, "statement": "",
    }  # fmt: skip
    return told | other


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([row(1, 100.0), row(2, 1010.0)], {("times-ten", 1), ("times-ten", 2)}),
        ([row(1, 100.0), row(2, 1010.0), row(3, 104.0)], {("times-ten", 2)}),
        ([row(1, 100.0, period="2022", document="a"), row(2, 995.0, document="a")],
         {("times-ten-between-years", 2)}),
        ([row(1, 100.0, period="2019", document="a"), row(2, 995.0, document="a")], set()),
        ([row(1, 100.0), row(2, 100.4)], set()),
        ([row(1, 100.0), row(2, 115.0)], {("disagree", 1), ("disagree", 2)}),
        ([row(1, 100.0), row(2, 1200.0)], {("disagree", 1), ("disagree", 2)}),
        ([row(1, 100.0), row(2, 115.0, comparator="≈")], set()),
        ([row(1, 100.0, comparator="<"), row(2, 115.0, comparator=">=")],
         {("disagree", 1), ("disagree", 2)}),
        ([row(1, 100.0), row(2, 115.0, status="plan")], set()),
        ([row(1, 100.0), row(2, 115.0, definition=2)], set()),
        ([row(1, 100.0), row(2, 1000.0, subject="firm-2")], set()),
        ([row(1, 120.0, indicator="X_SHARE_CITY", unit="pct")], {("share", 1)}),
        ([row(1, 0.0), row(2, -5.0, subject="b")], set()),
    ],
)  # fmt: skip
def test_what_does_not_go_together_is_found(
    rows: list[dict[str, Any]], expected: set[tuple[str, int]]
) -> None:
    """Off by ten, disagreeing, out of bounds; and nothing where nothing is wrong."""
    found = [each for each in findings(rows, rules()) if each.verdict != "rounding"]
    times = {(each.rule, each.fact) for each in found if each.rule != "disagree"}
    other = {(each.rule, each.fact) for each in found if each.rule == "disagree"}

    assert times | (set() if times else other) == expected
    assert all(set(each.said) == {"zh", "en"} for each in found)


def test_a_correction_clears_the_mark(facts: SqlFacts, tmp_path: Path) -> None:
    """Once the figure is put right the objection goes; the wrong one stays in its history."""
    lines = (YUBEI / "facts.csv").read_text("utf-8").splitlines()
    wrong = next(each for each in lines if each.startswith("S2-001,"))
    path = tmp_path / "correction.csv"
    path.write_text(f"{lines[0]}\n{wrong.replace(',40000,', ',4000,')}\n", "utf-8")
    order = Order(by="ann", at_ms=20, today=TODAY, district=YUBEI)
    done = imported(facts, path, order)

    assert done["revised"] == 1
    assert "times-ten" not in marks(facts, "S2-001")
    assert "C01" not in marks(facts, "S2-001")
    number = facts.standing(statements=["S2-001"])[0]["id"]
    assert [each["stated"] for each in facts.one(number)["revisions"]] == ["40000", "4000"]


@pytest.mark.parametrize(
    "text", ["__import__('os')", "v(1)", "v('a').x", "a", "1 if 1 else 2", "v('a', 'b')", "'x'()",
             "[1]", "1 << 2", "(" * 600, "v(*'ab')"],
)  # fmt: skip
def test_an_expression_is_arithmetic_and_nothing_else(text: str) -> None:
    """What a table says can read figures and reckon with them, and do nothing besides."""
    with pytest.raises(BadFact, match="is not arithmetic"):
        parsed(text)


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
def test_an_expression_is_worth_what_it_says(one: float, other: float) -> None:
    """It gives what Python gives, and no number where there is none."""
    result = worth(parsed('-v("a") * 2 + v("b") / v("a")'), {"a": one, "b": other}.__getitem__)

    assert result == (-one * 2 + other / one) if one else isnan(result)
