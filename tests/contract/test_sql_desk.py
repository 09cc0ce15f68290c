"""What detections and cases in SQL promise, on SQLite and on PostgreSQL."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine

from borough.core.cases import CLOSED
from borough.core.errors import BadRequest, NotFound, Stale
from borough.storage.sql import SqlCases, SqlDesk, SqlDetections, SqlPosts, Wish
from borough.testing.desks import (
    DESK_PROMISES,
    MERGE_MS,
    MORNING,
    PLAN,
    POSTS,
    ZONE,
    desk,
    edge,
    opened,
    wish,
)


@pytest.mark.parametrize("promise", DESK_PROMISES, ids=lambda each: each.__name__)
def test_a_database_keeps_the_promises(promise: Callable[[Engine], None], engine: Engine) -> None:
    """Each promise of the kit holds on each kind of database."""
    promise(engine)


def close(cases: SqlCases, case: int, outcome: str, at_ms: int) -> None:
    """Close a case from where it is."""
    seen = cases.one(case).version
    cases.close(case, outcome, plan=PLAN, by="ann", at_ms=at_ms, expected_version=seen, note="T")


def test_a_case_says_where_it_comes_from(engine: Engine) -> None:
    """Its code has the local day, and the detection knows its case."""
    cases, case = opened(engine)

    assert case.code == "YB-20240710-000001"
    assert cases.one(case.code) == cases.one(case.id) == case
    assert (case.step, case.holder, case.post, case.grid) == ("check", "worker", "G1", 3)
    assert case.due_ms == MORNING + 10_500 + 600_000
    assert SqlDetections(engine).find(case=case.id)[0]["id"] == "fire_lane-7-10"


def test_a_detection_is_shown_with_its_evidence(engine: Engine) -> None:
    """Each edge with what was said and remembered, and what the whole came to."""
    desk(engine)[0].take(
        [edge(7, 1, 10), edge(7, 2, 12, born=10), edge(7, 0, 13, born=10)], 3, wish
    )
    shown = SqlDetections(engine).one("fire_lane-7-10")

    assert (shown["level"], shown["worst"], shown["level_name"]) == (0, 2, "quiet")
    assert (shown["began_ms"], shown["ended_ms"]) == (MORNING + 10_000, MORNING + 13_000)
    assert [each["level"] for each in shown["edges"]] == [1, 2, 0]
    assert shown["edges"][0]["values"] == {"occupied": 1, "battery": None}
    with pytest.raises(NotFound, match="nothing"):
        SqlDetections(engine).one("nothing")


def test_detections_are_found(engine: Engine) -> None:
    """By scene, thing, state, level, case, time, and page by page, newest first."""
    edges = [edge(7, 1, 10), edge(8, 2, 11), edge(9, 1, 12), edge(9, 0, 13, born=12)]
    desk(engine)[0].take(edges, 4, wish)
    detections = SqlDetections(engine)

    def things(**wanted: Any) -> list[int]:
        return [each["thing"] for each in detections.find(**wanted)]

    assert things() == [9, 8, 7]
    assert things(open_only=True) == [8, 7]
    assert things(level_from=2) == things(thing=8) == [8]
    assert things(since_ms=MORNING + 11_000, until_ms=MORNING + 12_000) == [8]
    assert things(limit=1, before="fire_lane-9-12") == [8]
    assert things(scene="slope") == []


@pytest.mark.parametrize(
    ("field", "value"),
    [("id", None), ("thing", "x"), ("level", True), ("position", 2**70), ("time", 1.5)],
)
def test_an_edge_that_is_none_is_refused(field: str, value: object, engine: Engine) -> None:
    """The field is named, and nothing of the batch is kept."""
    broken = {**edge(8, 1, 11), field: value}
    with pytest.raises(BadRequest, match=f"^{field}: "):
        SqlDetections(engine).apply([edge(7, 1, 10), broken], 2)

    assert SqlDetections(engine).offset() == 0
    assert SqlDetections(engine).find() == []


def test_numbers_that_are_none_become_null(engine: Engine) -> None:
    """Evidence may hold NaN, and JSON cannot: it is kept as null."""
    odd = {**edge(7, 1, 10), "before": {"usual": float("nan"), "last": [float("inf"), 1.0]}}
    SqlDetections(engine).apply([odd], 1)

    assert SqlDetections(engine).edges()[0]["before"] == {"usual": None, "last": [None, 1.0]}


def test_an_old_edge_does_not_turn_back_time(engine: Engine) -> None:
    """What comes after its successor is kept as evidence and changes no state."""
    detections = SqlDetections(engine)
    detections.apply([edge(7, 1, 10), edge(7, 0, 30, born=10)], 2)
    detections.apply([edge(7, 2, 20, born=10)], 3)
    shown = detections.one("fire_lane-7-10")

    assert (shown["level"], shown["ended_ms"], shown["worst"]) == (0, MORNING + 30_000, 2)
    assert [each["position"] for each in shown["edges"]] == [10, 20, 30]


def test_a_sign_soon_after_joins_the_case(engine: Engine) -> None:
    """While it is open always, and for the merge time after it was closed."""
    cases, case = opened(engine)
    takes = SqlDesk(engine, cases=cases)
    takes.take([edge(7, 0, 11, born=10), edge(7, 1, 20), edge(7, 0, 21, born=20)], 4, wish)
    joined = cases.one(case.id)
    close(cases, case.id, "true", MORNING + 60_000)
    takes.take([edge(7, 1, 100), edge(7, 0, 101, born=100)], 6, wish)
    again = cases.one(case.id)
    close(cases, case.id, "false", MORNING + 200_000)
    far = 200 + MERGE_MS // 1000
    takes.take([edge(7, 1, far - 1), edge(7, 0, far, born=far - 1)], 8, wish)
    quiet = cases.one(case.id)
    (other,) = takes.take([edge(7, 1, 2 * far + 1)], 9, wish).cases

    assert (joined.merged, joined.level, joined.closed_ms) == (1, 0, None)
    assert (again.step, again.outcome, again.merged) == ("check", "", 2)
    assert (quiet.step, quiet.outcome, quiet.merged) == (CLOSED, "false", 3)
    assert other.id != case.id
    labels = {each["id"]: each["outcome"] for each in SqlDetections(engine).find(case=case.id)}
    assert set(labels.values()) == {"false"}
    assert len(labels) == 4


def test_below_its_level_or_suppressed_nothing_is_opened(engine: Engine) -> None:
    """It is opened when it has risen enough, and never for what is explained by another."""
    takes, cases = desk(engine)

    def severe(_: object) -> Wish:
        return Wish(PLAN, MERGE_MS, 2, 3, {"zh": "占道", "en": "lane"})

    takes.take([edge(7, 1, 10), {**edge(8, 2, 11), "suppressed_by": "lost-1"}], 2, severe)
    assert cases.find() == []
    takes.take([edge(9, 2, 12)], 3, lambda _: None)
    assert cases.find() == []

    takes.take([edge(7, 2, 13, born=10)], 4, severe)
    assert [case.thing for case in cases.find()] == [7]
    assert SqlDetections(engine).find(thing=8)[0]["suppressed_by"] == "lost-1"


def test_what_was_put_right_and_gets_worse_is_opened_again(engine: Engine) -> None:
    """The same detection rises after its case was closed as true: people are needed again."""
    cases, case = opened(engine)
    close(cases, case.id, "true", MORNING + 60_000)
    SqlDesk(engine, cases=cases).take([edge(7, 2, 100, born=10)], 2, wish)

    assert cases.one(case.id).closed_ms is None
    assert SqlDetections(engine).find(case=case.id)[0]["outcome"] is None


def test_cases_are_found(engine: Engine) -> None:
    """By scene, thing, grid, step, post, outcome, lateness, and page by page, newest first."""
    takes, cases = desk(engine)
    takes.take([edge(thing, 1, thing) for thing in (7, 8, 9)], 3, wish)
    first = cases.find(thing=7)[0]
    close(cases, first.id, "true", MORNING + 60_000)

    def things(**wanted: Any) -> list[int]:
        return [each.thing for each in cases.find(**wanted)]

    assert things() == things(grid=3) == things(scene="fire_lane") == [9, 8, 7]
    assert things(open_only=True) == things(step="check") == [9, 8]
    assert things(outcome="true") == [7]
    assert things(post="G2") == [8]
    assert things(late_at_ms=MORNING + 608_600) == [8]
    assert things(limit=1, before=3) == [8]
    assert things(grid=99) == things(holder="nobody") == []
    with pytest.raises(BadRequest, match="limit: must be 1 to 1000"):
        things(limit=0)


def test_precision_counts_what_people_judged(engine: Engine) -> None:
    """True over true and false; duplicates and open cases say nothing about the scene."""
    takes, cases = desk(engine)
    takes.take([edge(thing, 1, thing) for thing in range(1, 7)], 6, wish)
    for case, outcome in ((1, "true"), (2, "true"), (3, "true"), (4, "false"), (5, "duplicate")):
        close(cases, case, outcome, MORNING + 700_000)
    told = cases.stats()["fire_lane"]

    assert told == {
        "cases": 6, "open": 1, "true": 3, "false": 1, "duplicate": 1, "late": 5, "returned": 0,
        "precision": 0.75,
    }  # fmt: skip


def test_a_case_finds_who_is_on_shift_and_least_busy(engine: Engine) -> None:
    """First in its grid, else at the same agency; nobody rather than somebody off shift."""
    posts = SqlPosts(engine)
    takes, cases = desk(engine)
    takes.take([edge(thing, 1, thing) for thing in (7, 8, 9)], 3, wish)
    night = MORNING + 15 * 3_600_000

    assert [each.post for each in cases.find()] == ["G1", "G2", "G1"]
    assert posts.post_for("worker", 3, MORNING, zone=ZONE) == "G2"
    assert posts.post_for("worker", 3, night, zone=ZONE) == "G3"
    assert posts.post_for("worker", 9, night, zone=ZONE) == "G4"
    assert posts.post_for("worker", 3, MORNING + 10 * 3_600_000, zone=ZONE) is None
    assert posts.post_for("worker", 77, MORNING, zone=ZONE) is None
    assert posts.post_for("police", 3, MORNING, zone=ZONE) is None
    assert posts.all()[1]["grids"] == [3, 4]


@pytest.mark.parametrize("shift", ["8-20", "25:00-26:00", "noon", "08:00-20:61"])
def test_a_shift_that_is_none_is_refused(shift: str, engine: Engine) -> None:
    """The post is named, and the posts that were there stay."""
    posts = SqlPosts(engine)
    posts.save_all(POSTS)
    with pytest.raises(BadRequest, match="G9: shift: must be like 08:00-20:00"):
        posts.save_all([{**POSTS[0], "code": "G9", "shift": shift}])

    assert len(posts.all()) == 4


def test_who_saw_an_older_version_is_told(engine: Engine) -> None:
    """A decision about what is no longer so is refused, and the log stays as it was."""
    cases, case = opened(engine)
    cases.note(case.id, "wait", by="bob", at_ms=MORNING)
    with pytest.raises(Stale, match=f"is at version 3, and you saw {case.version}"):
        cases.assign(case.id, "G2", by="ann", at_ms=MORNING, expected_version=case.version)

    assert len(cases.events(case.id)) == 3
    assert cases.assign(case.id, "", by="ann", at_ms=MORNING, expected_version=3).post == ""
