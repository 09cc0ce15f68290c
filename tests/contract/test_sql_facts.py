"""What the fact store promises, on SQLite and on PostgreSQL."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

import numpy as np
import pytest
from sqlalchemy import Engine

from borough.core.errors import BadFact, BadRequest, IllegalMove, NotFound
from borough.core.facts import Fact, Indicator, Region, Wanted
from borough.core.periods import Period
from borough.storage.sql import Import, SqlFacts
from borough.storage.sql.facts import stated

YEAR = Period.read("2023")
TAX = Indicator(code="TAX", version=1, name={"zh": "税收", "en": "tax"}, unit="CNY", polarity=1)
LAND = Indicator(code="LAND", version=1, name={"zh": "用地", "en": "land"}, unit="mu", polarity=-1)
FILE = Import(name="returns.csv", sha256="0" * 64, rows=2)


@pytest.fixture
def facts(engine: Engine) -> SqlFacts:
    """Give a store that knows two indicators, a region and two sources."""
    store = SqlFacts(engine)
    store.definitions.put(
        indicators=[TAX, LAND],
        regions=[Region(code="500112", name={"zh": "渝北区", "en": "Yubei"})],
        documents=[
            {"code": code, "title": code, "publisher": "", "published": "", "note": ""}
            for code in ("returns", "press")
        ],
    )
    return store


def fact(subject: str, value: str, indicator: Indicator = TAX, document: str = "returns") -> Fact:
    """Say something of a firm."""
    return Fact(
        indicator=indicator.code, definition=indicator.version, region="500112", period=YEAR,
        subject=subject, value=Decimal(value), unit=indicator.unit, document=document, row=7,
    )  # fmt: skip


def add(store: SqlFacts, given: Sequence[Fact], at_ms: int) -> tuple[int, list[str]]:
    """Add facts; give the import's number and what became of each."""
    number, done = store.add(given, FILE, by="ann", at_ms=at_ms)
    return number, [each.outcome for each in done]


def test_the_same_row_again_changes_nothing(facts: SqlFacts) -> None:
    """An import in which nothing is news leaves no trace, however often it comes."""
    given = [fact("firm-1", "12.5"), fact("firm-2", "7")]

    assert add(facts, given, 10) == (1, ["added", "added"])
    assert add(facts, given, 20) == (0, ["same", "same"])
    assert [each["id"] for each in facts.imports()] == [1]
    assert len(facts.one(1)["revisions"]) == 1


def test_another_value_is_a_revision_and_the_first_stays(facts: SqlFacts) -> None:
    """A correction supersedes; what was known before can still be asked for."""
    add(facts, [fact("firm-1", "12.5")], 10)
    assert add(facts, [fact("firm-1", "13")], 20)[1] == ["revised"]

    told = facts.one(1)
    assert [each["value"] for each in told["revisions"]] == ["12.5", "13"]
    assert [each["superseded_ms"] for each in told["revisions"]] == [20, None]
    assert [(each["by"], each["import_name"], each["row"]) for each in told["revisions"]] == [
        ("ann", "returns.csv", 7)
    ] * 2
    for moment, known in ((9, []), (10, ["12.5"]), (19, ["12.5"]), (20, ["13"]), (None, ["13"])):
        found = facts.find(Wanted(as_of_ms=moment))
        assert [each["value"] for each in found] == known, moment


def test_a_clock_that_goes_back_hides_nothing(facts: SqlFacts) -> None:
    """A revision is never recorded before the one that it replaces."""
    add(facts, [fact("firm-1", "12.5")], 10)
    add(facts, [fact("firm-1", "13")], 5)

    assert [each["recorded_ms"] for each in facts.one(1)["revisions"]] == [10, 10]
    assert [each["value"] for each in facts.find(Wanted(as_of_ms=10))] == ["13"]


@pytest.mark.parametrize(
    "value", ["0.1", "123456789012345678901234567890.123456789", "-0.000000000001", "2400"]
)
def test_decimals_are_kept_exactly(facts: SqlFacts, value: str) -> None:
    """No digit is lost to a float, on either kind of database."""
    add(facts, [fact("firm-1", value)], 10)

    assert stated(facts.find()[0]) == fact("firm-1", value)


def test_one_file_cannot_say_two_things(facts: SqlFacts) -> None:
    """Two rows that are the same fact and differ are refused, naming both; nothing is kept."""
    with pytest.raises(BadFact, match="row 8 says =2, and row 7 says =1 of the same"):
        add(facts, [fact("firm-1", "1"), replace(fact("firm-1", "2"), row=8)], 10)
    assert facts.count() == 0
    assert facts.imports() == []


def test_what_stands_on_nothing_is_refused(facts: SqlFacts) -> None:
    """A fact needs its definition, its region and its source."""
    for other in ({"indicator": "NONE"}, {"region": "1"}, {"document": "?"}, {"definition": 2}):
        with pytest.raises(BadRequest):
            add(facts, [replace(fact("firm-1", "1"), **other)], 10)  # type: ignore[arg-type] - names of fields
    assert facts.count() == 0


def test_what_would_happen_can_be_asked_first(facts: SqlFacts) -> None:
    """A dry run says what would become of each row and keeps nothing, not even a number."""
    add(facts, [fact("firm-1", "1")], 10)
    done = facts.foresee([fact("firm-1", "2"), fact("firm-2", "1"), fact("firm-1", "2")])

    assert [each.outcome for each in done] == ["revised", "added", "same"]
    assert [each["value"] for each in facts.find()] == ["1"]
    assert add(facts, [fact("firm-2", "1")], 20)[0] == 2
    assert facts.find()[1]["id"] == 2


def test_an_import_can_be_withdrawn(facts: SqlFacts) -> None:
    """What it added no longer counts, what it revised is as before, and all of it can be read."""
    add(facts, [fact("firm-1", "1"), fact("firm-3", "3")], 10)
    number, _ = add(facts, [fact("firm-1", "2"), fact("firm-2", "2"), fact("firm-3", "4")], 20)
    add(facts, [fact("firm-3", "5")], 30)

    told = facts.withdraw(number, by="bob", why="wrong year", at_ms=40)
    assert (told["set_back"], told["left"]) == (2, 1)
    values = {each["subject"]: each["value"] for each in facts.find()}
    assert values == {"firm-1": "1", "firm-3": "5"}
    assert [each["withdrawn"] for each in facts.one(3)["revisions"]] == [False, True]
    assert {each["subject"] for each in facts.find(Wanted(as_of_ms=25))} == {
        "firm-1", "firm-2", "firm-3",
    }  # fmt: skip
    with pytest.raises(IllegalMove, match="withdrawn already by bob"):
        facts.withdraw(number, by="bob", why="again", at_ms=50)
    assert add(facts, [fact("firm-2", "2")], 60)[1] == ["revised"]


def test_imports_can_be_withdrawn_in_any_order(facts: SqlFacts) -> None:
    """What counts afterwards is the last that was said by an import which still stands."""
    for value, at_ms in (("1", 10), ("2", 20), ("3", 30)):
        add(facts, [fact("firm-1", value)], at_ms)

    def left(number: int) -> list[str]:
        facts.withdraw(number, by="bob", why="wrong", at_ms=40 + number)
        return [each["value"] for each in facts.find()]

    assert [left(2), left(3), left(1)] == [["3"], ["1"], []]
    assert len(facts.one(1)["revisions"]) == 5


def test_facts_become_columns_with_their_origin(facts: SqlFacts) -> None:
    """Formulas get float64 and what is missing; each number leads back to its fact and revision."""
    add(facts, [fact("firm-1", "1"), fact("firm-2", "2"), fact("firm-2", "9", LAND)], 10)
    add(facts, [fact("firm-1", "1.5")], 20)
    add(facts, [replace(fact("firm-2", "8", LAND, "press"), comparator=">")], 30)

    now = facts.values(["TAX", "LAND@1"], None, YEAR)
    assert now.subjects == ("firm-1", "firm-2")
    assert now.definitions == {"TAX": "TAX@1", "LAND@1": "LAND@1"}
    assert now["TAX"].value.tolist() == [1.5, 2]
    assert now["TAX"].revision.tolist() == [2, 1]
    assert now["LAND@1"].missing.tolist() == [True, False]
    assert now["LAND@1"].value[1] == 9
    assert now["LAND@1"].fact.tolist() == [0, 3]
    then = facts.values(["TAX"], ["firm-2", "firm-1", "firm-9"], YEAR, as_of_ms=15)
    np.testing.assert_array_equal(then["TAX"].value, [2, 1, np.nan])


def test_a_changed_definition_breaks_the_series(facts: SqlFacts) -> None:
    """The same name in another year is another indicator; under the old one nothing is found."""
    later = replace(TAX, version=2, text={"zh": "含附加", "en": "with surcharges"})
    facts.definitions.put(
        indicators=[
            replace(TAX, valid_to=date(2023, 12, 31)),
            replace(later, valid_from=date(2024, 1, 1)),
        ]
    )
    with pytest.raises(BadFact, match="TAX@1 is defined already; give the change a new version"):
        facts.definitions.put(indicators=[replace(later, version=1)])
    newer = replace(fact("firm-1", "5"), period=Period.read("2024"), definition=2)
    add(facts, [fact("firm-1", "1"), newer], 10)

    for year, meaning, value in (("2023", "TAX@1", 1), ("2024", "TAX@2", 5)):
        told = facts.values(["TAX"], None, Period.read(year))
        assert (told.definitions["TAX"], told["TAX"].value.tolist()) == (meaning, [value])
    assert np.isnan(facts.values(["TAX@1"], ["firm-1"], Period.read("2024"))["TAX@1"].value[0])
    with pytest.raises(BadFact, match="no definition"):
        facts.values(["NONE"], None, YEAR)


def test_facts_are_found_page_by_page(facts: SqlFacts) -> None:
    """By indicator, subject, period, document and status; the next page begins where one ended."""
    add(facts, [fact(f"firm-{i}", "1") for i in range(5)], 10)
    add(facts, [replace(fact("firm-1", "1", LAND, "press"), status="plan")], 20)

    assert [each["id"] for each in facts.find(limit=2, after=1)] == [2, 3]
    assert facts.count(Wanted(indicator="TAX")) == 5
    assert facts.count(Wanted(indicator="TAX@2")) == 0
    assert facts.count(Wanted(subject="firm-1")) == 2
    assert facts.count(Wanted(status="plan")) == facts.count(Wanted(document="press")) == 1
    assert facts.count(Wanted(period="2023", period_kind="annual", region="500112")) == 6
    assert facts.count(Wanted(import_id=2)) == 1
    with pytest.raises(NotFound, match="there is no 99"):
        facts.one(99)


def test_a_mark_stands_until_its_check_no_longer_objects(facts: SqlFacts) -> None:
    """Checks delete nothing: they add marks, and clear them when what was wrong is put right."""
    add(facts, [fact("firm-1", "1"), fact("firm-2", "2")], 10)
    mark = {
        "fact": 1, "rule": "times-ten", "verdict": "error",
        "said": {"zh": "差十倍", "en": "ten times off"}, "others": [2],
    }  # fmt: skip
    facts.put_marks(["times-ten"], [mark], at_ms=10)
    facts.put_marks(["times-ten"], [mark], at_ms=20)
    facts.put_marks(["other"], [], at_ms=30)

    assert [each["id"] for each in facts.find(Wanted(marked=True))] == [1]
    assert facts.one(1)["marks"][0]["said"]["zh"] == "差十倍"
    assert facts.one(1)["marks"][0]["at_ms"] == 10
    assert facts.values(["TAX"], None, YEAR)["TAX"].marked.tolist() == [True, False]
    facts.put_marks(["times-ten"], [], at_ms=40)
    assert facts.find(Wanted(marked=True)) == []
