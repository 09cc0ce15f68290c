"""How two replays are compared, and what closed cases say of each."""

from typing import Any

from hypothesis import given, strategies as st

from borough.engine.difference import (
    EARLIER,
    FRESH,
    GONE,
    LATER,
    NEVER,
    SAME,
    Firing,
    changed,
    firings,
    paired,
    scored,
    verdicts,
)


def firing(thing: int, begin: int, end: int = NEVER, name: str = "") -> Firing:
    """Make one detection."""
    return Firing(name or f"{thing}-{begin}", thing, begin, end, 1, "major", "v")


def edge(name: str, thing: int, now: int, level: int) -> dict[str, Any]:
    """Make one change of level, as the journal's order gives it."""
    words = ("quiet", "minor", "major")
    return {"id": name, "thing": thing, "now": now, "level": level, "level_name": words[level],
            "version": "v"}  # fmt: skip


def test_changes_of_level_make_detections() -> None:
    """From the first to the level 0, with the worst between; one that goes on has no end."""
    told = [edge("a", 1, 10, 1), edge("b", 2, 15, 1), edge("a", 1, 20, 2), edge("a", 1, 30, 0)]
    a, b = firings(told)

    assert (a.begin, a.end, a.worst, a.worst_name) == (10, 30, 2, "major")
    assert (b.begin, b.end, b.worst) == (15, NEVER, 1)


def test_each_detection_is_gone_fresh_earlier_later_or_the_same() -> None:
    """Two are one matter if both were open at one moment on one thing."""
    before = [firing(1, 10, 20), firing(2, 10, 20), firing(3, 10, 20), firing(4, 10, 20)]
    after = [firing(1, 10, 20), firing(2, 5, 20), firing(3, 15, 20), firing(4, 30, 40)]
    said = {(p[0] or p[1]).id: changed(p) for p in paired(before, after) if p[0] or p[1]}

    assert said == {"1-10": SAME, "2-10": EARLIER, "3-10": LATER, "4-10": GONE, "4-30": FRESH}


spans = st.lists(
    st.tuples(st.integers(1, 3), st.integers(0, 50), st.integers(0, 20)), max_size=12
).map(lambda rows: [firing(t, b, b + n, f"{i}") for i, (t, b, n) in enumerate(rows)])


@given(spans, spans)
def test_every_detection_is_in_exactly_one_pair(before: list[Firing], after: list[Firing]) -> None:
    """Nothing is counted twice, and nothing is lost."""
    pairs = paired(before, after)

    assert sorted(p[0].id for p in pairs if p[0]) == sorted(each.id for each in before)
    assert sorted(p[1].id for p in pairs if p[1]) == sorted(each.id for each in after)
    assert all(p[0].meets(p[1]) for p in pairs if p[0] and p[1])


@given(spans)
def test_a_telling_does_not_differ_from_itself(told: list[Firing]) -> None:
    """Neither in number nor in time; where one thing has two at once, they may swap."""
    apart = [a for a in told if not any(a is not b and a.meets(b) for b in told)]

    assert {changed(pair) for pair in paired(apart, apart)} <= {SAME}


def test_cases_count_once_and_only_judged_ones_make_a_ratio() -> None:
    """Two detections of one case are one; duplicates and the unjudged are in neither ratio."""
    live = [firing(1, 0, 10), firing(1, 20, 30), firing(2, 0, 10), firing(3, 0, 10),
            firing(4, 0, 10), firing(5, 0, 10)]  # fmt: skip
    judged = {"1-0": (7, "true"), "1-20": (7, "true"), "2-0": (8, "false"),
              "3-0": (9, "duplicate"), "5-0": (6, "true")}  # fmt: skip
    cases = verdicts(live, judged)
    all_, fewer = scored(live, cases), scored([firing(1, 25, 28), firing(9, 0, 5)], cases)

    assert (all_.true, all_.false, all_.duplicate, all_.unjudged, all_.known) == (2, 1, 1, 1, 2)
    assert (all_.precision, all_.recall) == (2 / 3, 1.0)
    assert (fewer.fired, fewer.true, fewer.unjudged, fewer.precision, fewer.recall) == (
        2, 1, 1, 1.0, 0.5,
    )  # fmt: skip


def test_where_nothing_was_judged_there_is_no_number() -> None:
    """No case closed: neither precision nor recall, only counts."""
    told = scored([firing(1, 0)], [])

    assert (told.precision, told.recall, told.unjudged) == (None, None, 1)
    assert scored([], verdicts([firing(1, 0)], {"1-0": (1, "false")})).recall is None
