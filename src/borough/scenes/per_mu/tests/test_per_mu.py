"""The four published ways of scoring, worked out here by hand; and what a rule set may not say."""

import copy
from pathlib import Path
from typing import Any

import pytest

from borough.core.errors import BadFact, BadRules
from borough.core.periods import Period
from borough.core.rules import RuleSet
from borough.engine.catalog import find
from borough.testing.formula_promises import told

PER_MU = find(Path(__file__).parents[1])


def rows(rules: str, period: str, **facts: Any) -> list[dict[str, Any]]:
    """Score some firms."""
    many = len(next(iter(facts.values())))
    into = facts.pop("into", list(range(many)))
    return told(
        PER_MU,
        {"rules": rules, "period": period, "facts": facts, "score": [0] * many, "into": into},
    ).rows


def points(row: dict[str, Any]) -> list[float]:
    """Give the points of each term, to three places."""
    return [round(each["points"], 3) for each in row["terms"]]


def test_ratio_to_a_benchmark_and_its_cap() -> None:
    """R: the published vector term by term, and what the cap takes off three of them."""
    firm = {
        "listed": [1.0], "land_own": [1.0], "tax": [50.0], "value_added": [300.0],
        "energy": [150.0], "emissions": [300 / 4929.81], "staff": [12.0], "rd": [52.6],
        "revenue": [1000.0],
    }  # fmt: skip
    (open_,) = rows("huangyan", "2022", **firm)
    (capped,) = rows("huangyan_capped", "2022", **firm)

    assert points(open_) == [62.248, 44.066, 14.848, 10.0, 13.782, 17.417]
    assert open_["score"] == 162.361
    assert points(capped) == [45.0, 30.0, 14.848, 10.0, 13.782, 15.0]
    assert capped["score"] == 128.630
    assert [each["marks"] for each in capped["terms"]] == [
        ["capped"], ["capped"], [], [], [], ["capped"],
    ]  # fmt: skip


def test_place_between_least_and_most() -> None:
    """M: the least gets a fifth of the weight, the most all of it, and points are added."""
    said = rows(
        "jingde", "2022", listed=[0, 0, 0], land_own=[10, 10, 10], tax=[100, 300, 200],
        revenue=[1000, 1000, 3000], energy=[10, 10, 10], emissions=[1, 1, 1], plus=[0, 0, 25],
    )  # fmt: skip

    # tax per mu 10, 30, 20: 60 x (0.2, 1.0, 0.6); revenue per energy and per t 100, 100, 300
    assert points(said[0]) == [12.0, 4.0, 4.0]
    assert points(said[1]) == [60.0, 4.0, 4.0]
    assert points(said[2]) == [36.0, 20.0, 20.0]
    assert [each["score"] for each in said] == [20.0, 68.0, 86.0]  # 25 points are capped at 10


def test_weighted_with_points_added_and_taken_off() -> None:
    """W: five weights against the mean, plus and minus, classes by rank; some are not graded."""
    said = rows(
        "plus_minus", "2023", listed=[1, 1, 1], land_own=[10, 10, 10], tax=[30, 10, 500],
        revenue=[1000, 1000, 1000], value_added=[200, 200, 900], energy=[100, 100, 100],
        staff=[10, 10, 10], rd=[30, 10, 90], plus=[3, 0, 0], minus=[0, 2, 0],
        start_up=[0, 0, 1],
    )  # fmt: skip

    # The third is not graded and counts in no mean: tax 2, R&D 0.02, the others alike
    assert points(said[0]) == [67.5, 20.0, 15.0, 22.5, 5.0]
    assert said[0]["score"] == 133.0
    assert points(said[1]) == [22.5, 20.0, 15.0, 7.5, 5.0]
    assert said[1]["score"] == 68.0
    assert (said[2]["graded"], said[2]["class"], said[2]["rank"]) == (False, "", 0)
    assert said[2]["remarks"][0]["as"] == "B"


def test_classes_by_rank_follow_the_shares() -> None:
    """W: of forty firms ten are A, eighteen B, ten C and two D; equals share the better class."""
    tax = [float(n) for n in range(1, 41)]
    said = rows("plus_minus", "2023", listed=[0] * 40, land_own=[10] * 40, tax=tax)
    three = rows("plus_minus", "2023", listed=[0] * 3, land_own=[10] * 3, tax=[3.0, 2.0, 1.0])
    tied = rows("plus_minus", "2023", listed=[0] * 40, land_own=[10] * 40, tax=[5.0] * 40)

    assert (
        "".join(each["class"] for each in reversed(said)) == "A" * 10 + "B" * 18 + "C" * 10 + "DD"
    )
    assert "".join(each["class"] for each in three) == "ABC"  # 0.75, 2.1 and 2.85 firms
    assert {each["class"] for each in tied} == {"A"}


def test_fixed_benchmarks() -> None:
    """L: six fixed benchmarks; below three mu three others; less than nothing earns nothing."""
    said = rows(
        "linhai", "2015", land_own=[10, 2, 10], tax=[300, 15, 150], revenue=[1500, 600, 3000],
        value_added=[600, 80, -100], energy=[100, 1, 100], cod=[2, 1, 1], water=[3000, 1, 1000],
        staff=[20, 1, 10], power=[1, 80, 1],
    )  # fmt: skip

    assert points(said[0]) == [80.0, 5.0, 40.0, 9.0, 10.0, 20.0]
    assert said[0]["score"] == 164.0
    assert points(said[1]) == [25.0, 20.0, 15.0]
    assert points(said[2]) == [40.0, 10.0, 0.0, 0.0, 0.0, 0.0]
    assert said[2]["remarks"][0]["code"] == "negative"
    assert "floor" in said[2]["remarks"][0]["en"]


def test_a_subsidiary_is_evaluated_with_its_parent() -> None:
    """Amounts add up; the subsidiary has no score of its own and says with whom it went."""
    said = rows(
        "plus_minus", "2023", listed=[0, 0, 0], land_own=[10, 5, 10], land_out=[0, 5, 0],
        tax=[30, 30, 60], into=[0, 0, 2],
    )  # fmt: skip

    assert said[0]["terms"][0]["value"] == said[2]["terms"][0]["value"] == 6.0
    assert (said[1]["score"], said[1]["class"], said[1]["into"]) == (None, "", "firm-0")
    with pytest.raises(BadFact, match="itself evaluated with"):
        rows("plus_minus", "2023", listed=[0, 0, 0], tax=[1, 1, 1], into=[1, 2, 2])


def test_a_subsidiary_takes_no_place_in_its_group() -> None:
    """Three firms are ranked and classed, however many stand in the file."""
    said = rows(
        "jingde", "2022", listed=[0] * 4, land_own=[10] * 4, tax=[100, 300, 200, 100],
        revenue=[1000] * 4, energy=[10] * 4, emissions=[1] * 4, plus=[0] * 4, into=[0, 1, 2, 0],
    )  # fmt: skip

    assert [each["of"] for each in said] == [3, 3, 3, 0]
    assert [each["class"] for each in said] == ["C", "A", "B", ""]
    assert [each["graded"] for each in said] == [True, True, True, False]


def test_a_veto_takes_a_firm_to_the_last_class() -> None:
    """The best of all is D where it was vetoed, and what it earned is still told."""
    said = rows(
        "trial", "2023", listed=[0] * 10, land_own=[10] * 10, power=[5] * 10,
        tax=[float(n) for n in range(10, 0, -1)], veto=[1] + [0] * 9,
    )  # fmt: skip

    assert (said[0]["rank"], said[0]["earned"], said[0]["class"]) == (1, "A", "D")
    assert said[0]["remarks"][0]["code"] == "moved"


def test_no_land_and_no_energy_earn_no_points_and_are_told() -> None:
    """What is divided by nothing is not known; the remark names the inputs and their values."""
    (row,) = rows("huangyan", "2022", listed=[1], land_own=[0], tax=[5], value_added=[5],
                  energy=[0], staff=[1])  # fmt: skip

    told_of = {each["en"].split(" cannot")[0] for each in row["remarks"]}
    assert {"Tax per mu", "Value added per energy"} <= told_of
    assert "land_own = 0" in row["remarks"][0]["en"]
    assert "rd = ?" in row["remarks"][-1]["en"]


def changed(rules: str, path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    """Give a rule set with one value changed."""
    text = copy.deepcopy(dict(PER_MU.rules[rules]))
    place: Any = text
    for key in path[:-1]:
        place = place[key]
    if value is None:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return text


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        (("group", 0, "term", 0, "weight", "2022"), 25, "add up to 95, not to 100"),
        (("group", 0, "term", 0, "weight", "2022"), "much", "'much' is not a number"),
        (("group", 0, "term", 0, "weight", "2022"), 0, "is not above 0"),
        (("group", 0, "term", 1, "measure"), "tax_per_mu", "stands there twice"),
        (("group", 0, "term", 0, "benchmark", "2022"), -1, "benchmark is not above 0"),
        (("group", 0, "term", 0, "benchmark"), {"2023": 4}, "nothing holds for 2022"),
        (("group", 0, "term", 0, "medthod"), "ratio", "unknown key medthod"),
        (("defaults", "method"), "guess", "method 'guess'"),
        (("sources", "2022"), None, "has no source"),
        (("sources", "2022", "says"), " ", "says is missing"),
        (("classes", "A"), 0.9, "shares must rise"),
        (("classes", "by"), "luck", "classes.by 'luck'"),
        (("notice",), "soon", "notice"),
        (("valid", "from"), "2023", "it holds from 2023"),
        (("valid", "to"), "2021", "not for 2022"),
        (("surprise",), 1, "unknown key surprise"),
        (("name",), {"zh": "只有中文"}, "name needs zh and en"),
        (("id",), None, "id is missing"),
    ],
)
def test_a_rule_set_that_cannot_work_says_why(path: tuple[Any, ...], value: Any, says: str) -> None:
    """The message names the rule set, the group, the term and what is wrong."""
    with pytest.raises(BadRules, match="rule set") as error:
        RuleSet.read(changed("huangyan", path, value), Period.read("2022"))

    assert says in str(error.value)


def test_rules_that_speak_of_what_is_not_there_are_refused() -> None:
    """A measure, a fact or a class that nobody knows is named, with those that there are."""
    for path, value, says in (
        (("group", 0, "term", 0, "measure"), "luck_per_mu", "no measure 'luck_per_mu'"),
        (("group", 0, "when", "fact"), "luck", "no fact 'luck'"),
        (("classes", "E"), 0.99, "no class 'E'"),
    ):
        odd = dict(PER_MU.rules) | {"odd": changed("huangyan", path, value)}
        found = copy.copy(PER_MU)
        object.__setattr__(found, "rules", odd)
        example = {"rules": "odd", "period": "2022", "facts": {"listed": [1]}, "score": [0]}
        with pytest.raises(BadRules, match=says):
            told(found, example)
