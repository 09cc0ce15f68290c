"""The routine loop in the database: the row is the fold, one of two wins, and time is kept."""

import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st
from sqlalchemy import Engine, text

from borough.core import loop, moves
from borough.core.approvals import EXTENSION, SUSPENSION
from borough.core.cases import Case, Event, canonical, fold
from borough.core.deadlines import DAY_MS
from borough.core.errors import BadRequest, BoroughError, Stale
from borough.core.standards import Standard
from borough.engine.bands import bands
from borough.storage.sql import SqlCases, SqlClocks, SqlTimers, connect, suspensions, upgrade
from borough.storage.sql.engines import writing
from borough.testing.loops import ANSWERS, MORNING, ROW, all_plans, astray, attempt, tried

PLANS = {plan.id: plan for plan in all_plans()}
PLAN = PLANS["routine"]
CLOCKS = SqlClocks(PLANS, bands())
EIGHT = 8


def row_of(standard: str, _event: str, _grid: int) -> tuple[Standard, str]:
    """Find the one row there is."""
    if standard != ROW.id:
        msg = f"standard: no row {standard!r}"
        raise BadRequest(msg)
    return ROW, ROW.agency


def store(engine: Engine) -> tuple[SqlCases, SqlTimers]:
    """Join cases to their clocks, as the desk does."""
    cases = SqlCases(engine, prefix="T", follow=[CLOCKS.follow, suspensions.follow], rows=row_of)
    return cases, SqlTimers(engine, {**CLOCKS.fires(cases), **suspensions.fires(cases)})


def reported(cases: SqlCases, plan: str = "routine", **told: Any) -> Case:
    """Report a case."""
    where = {"lon": 106.6, "lat": 29.7, "grid": 3, "event": ROW.event, "text": "又满了"}
    title = {"zh": "垃圾", "en": "refuse"}
    said = {"source": "collector", **where, **told}
    return cases.report(PLANS[plan], title=title, at_ms=MORNING, by="ann", **said)


def do(cases: SqlCases, case: int, make: Callable[[Case], Event], at_ms: int = MORNING) -> Case:
    """Act on a case as it is."""
    seen = cases.one(case)
    return cases.act(case, make, at_ms=at_ms, expected_version=seen.version)


def disposing(cases: SqlCases) -> Case:
    """Take a case to its disposal."""
    case = reported(cases, standard=ROW.id)
    for to in ("open", "dispatch", "dispose"):
        case = cases.move(
            case.id, to, plan=PLAN, at_ms=MORNING, expected_version=case.version, by="ann"
        )
    return case


def test_a_report_is_a_case_with_a_place_and_its_row(engine: Engine) -> None:
    """No thing and no detection; the row stands in the log as it is today."""
    cases, _ = store(engine)
    case = reported(cases, standard=ROW.id)

    assert (case.thing, case.lon, case.lat, case.source) == (0, 106.6, 29.7, "collector")
    assert (case.scene, case.event, case.standard) == ("routine", ROW.event, ROW.id)
    assert [event.verb for event in cases.events(case.id)][:2] == ["opened", "standardised"]
    assert cases.events(case.id)[1].data["row"] == ROW.snapshot()
    assert cases.verify(case.id) == []


def test_a_report_that_is_refused_leaves_nothing(engine: Engine) -> None:
    """An unknown row, a source that is none: no half of a case."""
    cases, _ = store(engine)
    for wrong in ({"standard": "E9999-1"}, {"source": "rumour"}, {"colour": "red"}):
        with pytest.raises(BadRequest, match=r"standard: no row|source: must be|colour: a case"):
            reported(cases, **wrong)

    assert cases.find() == []


@pytest.fixture(scope="module")
def ours(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """Open a database in which one walk follows the other."""
    path = tmp_path_factory.mktemp("walks") / "borough.db"
    shutil.copy(sqlite_template, path)
    engine = connect(path)
    yield engine
    engine.dispose()


@given(name=st.sampled_from(sorted(PLANS)), seed=st.integers(0, 2**32))
@settings(max_examples=10)
def test_after_any_walk_the_row_is_the_fold_of_the_log(ours: Engine, name: str, seed: int) -> None:
    """Forty tries of anything on a real database, timers included: nothing leaves the model."""
    _walk(ours, name, seed)


def test_walks_hold_on_every_database(engine: Engine) -> None:
    """The same on PostgreSQL."""
    for seed in range(3):
        _walk(engine, "routine", seed)


def _walk(engine: Engine, name: str, seed: int) -> None:
    cases, timers = store(engine)
    dice = Random(seed)  # noqa: S311 - a test may be foreseen
    case, now = reported(cases, name), MORNING
    for _ in range(40):
        now += dice.choice([0, 60_000, 600_000, 600_000, DAY_MS])
        what = tried(dice)
        try:
            do(cases, case.id, lambda seen: attempt(seen, PLANS[name], what, now), now)  # noqa: B023 - called at once
        except BoroughError:
            assert cases.verify(case.id) == []
        while timers.fire(now):
            pass
    kept, log = cases.one(case.id), cases.events(case.id)

    assert fold(case.id, log) == kept
    assert cases.verify(case.id) == []
    assert astray(log, PLANS[name], kept) == []


def test_of_many_who_act_at_once_one_wins(engine: Engine) -> None:
    """Whatever they want: moving on, asking, cancelling. The others are told."""
    cases, _ = store(engine)
    case = disposing(cases)
    acts: list[Callable[[Case], Event]] = [
        lambda now: moves.moving(now, PLAN, "check", at_ms=MORNING, by="a", answers=ANSWERS),
        lambda now: moves.moving(now, PLAN, "dispatch", at_ms=MORNING, by="b", note="not ours"),
        lambda now: loop.asking(now, PLAN, EXTENSION, at_ms=MORNING, by="c", note="why"),
        lambda now: loop.cancelling(now, PLAN, at_ms=MORNING, by="d", note="why"),
    ]

    def attempted(number: int) -> str:
        try:
            cases.act(case.id, acts[number % 4], at_ms=MORNING, expected_version=case.version)
        except Stale:
            return "stale"
        return "won"

    with ThreadPoolExecutor(EIGHT) as pool:
        ends = list(pool.map(attempted, range(EIGHT)))

    assert sorted(ends) == ["stale"] * (EIGHT - 1) + ["won"]
    assert cases.one(case.id).version == case.version + 1
    assert cases.verify(case.id) == []


def test_of_two_who_decide_at_once_one_approves(engine: Engine) -> None:
    """Two clicks on the first level are not two levels."""
    cases, _ = store(engine)
    case = disposing(cases)
    case = do(
        cases, case.id,
        lambda now: loop.asking(now, PLAN, EXTENSION, at_ms=MORNING, by="dep", note="why"),
    )  # fmt: skip

    def approve(by: str) -> str:
        try:
            cases.act(
                case.id,
                lambda now: loop.deciding(now, PLAN, granted=True, at_ms=MORNING, by=by),
                at_ms=MORNING,
                expected_version=case.version,
            )
        except Stale:
            return "stale"
        return "won"

    with ThreadPoolExecutor(2) as pool:
        ends = list(pool.map(approve, ["lead", "disp"]))

    assert sorted(ends) == ["stale", "won"]
    assert (cases.one(case.id).extended, cases.one(case.id).asked["level"]) == (0, 1)


def still(cases: SqlCases, to_ms: int) -> Case:
    """Suspend a case until a moment."""
    case = disposing(cases)
    do(
        cases, case.id,
        lambda now: loop.asking(
            now, PLAN, SUSPENSION, at_ms=MORNING, by="dep", note="parts", to_ms=to_ms
        ),
    )  # fmt: skip
    return do(
        cases, case.id,
        lambda now: loop.deciding(now, PLAN, granted=True, at_ms=MORNING, by="disp"),
    )  # fmt: skip


def test_a_suspension_ends_by_its_timer_also_after_a_restart(engine: Engine) -> None:
    """Once, at its day; nothing of it fires while it lasts."""
    cases, timers = store(engine)
    to_ms = MORNING + 3 * DAY_MS
    case = still(cases, to_ms)
    assert timers.fire(to_ms - 1) == []
    _, fresh = store(engine)
    fresh.fire(to_ms)
    fresh.fire(to_ms)
    verbs = [event.verb for event in cases.events(case.id)]

    assert verbs.count("resumed") == 1
    assert "late" not in verbs
    assert cases.one(case.id).suspended_to_ms is None
    assert cases.one(case.id).paused_ms == to_ms - MORNING


def test_who_acts_after_its_day_finds_it_resumed(engine: Engine) -> None:
    """Even before the timer has rung."""
    cases, timers = store(engine)
    to_ms = MORNING + 3 * DAY_MS
    case = still(cases, to_ms)
    moved = do(
        cases, case.id,
        lambda now: moves.moving(now, PLAN, "check", at_ms=to_ms, by="ann", answers=ANSWERS),
        to_ms,
    )  # fmt: skip
    timers.fire(to_ms)

    assert [event.verb for event in cases.events(case.id)].count("resumed") == 1
    assert (moved.step, moved.suspended_to_ms) == ("check", None)
    assert cases.verify(case.id) == []


def test_a_case_of_the_first_release_is_what_its_log_says(tmp_path: Path) -> None:
    """Its entries tell nothing of places and limits; after the upgrade row and fold agree."""
    engine = connect(tmp_path / "old.db")
    upgrade(engine, to="0001")
    told = {
        "code": "T-1", "scene": "gas", "thing": 5, "grid": 3, "title": {"zh": "气"}, "plan": "gas",
        "step": "look", "holder": "desk", "level": 1, "due_ms": MORNING + 600_000,
        "detection": "gas-5-1",
    }  # fmt: skip
    first = Event(1, MORNING, "desk", "opened", told)
    old = {
        "id": 1, "post": "", "worst": 1, "opened_ms": MORNING, "since_ms": MORNING,
        "heard_ms": MORNING, "outcome": "", "version": 1, "merged": 0, "returned": 0, "late": 0,
        "overdue": False, "trail": '["look"]', **told, "title": '{"zh": "气"}',
    }  # fmt: skip
    old.pop("detection")
    entry = {
        "case_id": 1, "seq": 1, "at_ms": MORNING, "actor": "desk", "verb": "opened",
        "data": canonical(told), "before": "", "hash": first.seal(1, ""),
    }  # fmt: skip
    with writing(engine) as connection:
        for table, row in (("cases", old), ("case_events", entry)):
            names = ", ".join(row)
            places = ", ".join(f":{name}" for name in row)
            connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({places})"), row)  # noqa: S608 - names above
    upgrade(engine)
    cases, _ = store(engine)

    assert cases.verify(1) == []
    assert (cases.one(1).source, cases.one(1).band, cases.one(1).asked) == ("sensor", "green", {})
    engine.dispose()
