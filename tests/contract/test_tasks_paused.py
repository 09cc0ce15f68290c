"""What a suspension promises to the tasks of a case: they wait with it, and go on with it."""

from typing import Any

import pytest
from sqlalchemy import Engine

from borough.core import moves, tasks as core
from borough.core.cases import Plan, born
from borough.core.tasks import Task
from borough.testing.desks import MORNING
from borough.testing.loops import CLOCK
from borough.testing.tasked import HOUR, MINUTE, TEXT, Office, task


@pytest.fixture
def office(engine: Engine) -> Office:
    """Give a desk on an empty database, with a case of level 1."""
    made = Office(engine)
    made.hear(1)
    return made


def test_tasks_wait_while_their_case_is_suspended(office: Office) -> None:
    """Answer, end and calls move by the pause; a second pause moves them again; none rings."""
    before = office.one("visit")
    for days in (1, 3):
        office.suspend(days * 24 * HOUR)
        office.wait(days * 24 * HOUR)
    after = office.one("visit")
    assert not after.unanswered
    assert moments(after) == [each + 4 * 24 * HOUR for each in moments(before)]
    office.wait(6 * MINUTE)
    assert office.one("visit").unanswered
    assert office.cases.verify(1) == []


def test_who_resumes_a_case_early_gives_the_rest_back(office: Office) -> None:
    """Half an hour of a day was waited for, so half an hour is what everything moves by."""
    before = office.one("visit")
    office.suspend(24 * HOUR)
    office.now += 30 * MINUTE
    office.resume()
    assert moments(office.one("visit")) == [each + 30 * MINUTE for each in moments(before)]


def test_what_ran_out_or_began_otherwise_does_not_move_with_a_pause(office: Office) -> None:
    """Unanswered before: stays so. Begun meanwhile, for the level rose: runs as it began."""
    office.wait(6 * MINUTE)
    before = office.one("visit")
    office.suspend(24 * HOUR)
    office.hear(2)
    report = office.one("report")
    office.now += HOUR
    office.resume()
    after = office.one("visit")
    assert (after.answer_ms, after.due_ms) == (before.answer_ms, before.due_ms + HOUR)
    assert office.one("report") == report
    verbs = [each.verb for each in office.cases.events(1)]
    assert (verbs.count("task_late"), verbs.count("task_shifted")) == (1, 2)


def test_working_time_moves_by_the_working_time_of_a_pause() -> None:
    """Over a weekend it moves by nothing of it; what counts day and night moves by all."""
    text = {**TEXT, "task": [task("extra", within="4工作时", acknowledge_within="90 h",
                                  widen=[{"after": "2工作时", "to": ["town"]}])]}  # fmt: skip
    plan = Plan.declared("fire_lane", text).by(CLOCK)
    opening = moves.opening(plan, code="T-1", scene="s", thing=7, grid=3, title={}, level=1,
                            detection="d", at_ms=MORNING, by="desk")  # fmt: skip
    friday, saturday = MORNING + 57 * HOUR, MORNING + 72 * HOUR
    how: dict[str, Any] = {"at_ms": friday, "by": "desk"}
    begun = core.starting(born(1, opening), plan, plan.tasks["extra"], agency="", post="",
                          calls=[["town"]], **how)  # fmt: skip
    case = born(1, opening).then(begun)
    was = core.born(1, begun)
    event = core.shifting(case, plan, was, (saturday, saturday + 24 * HOUR), **how)
    assert event is not None
    now = was.then(event)
    assert moments(now) == [was.answer_ms + 24 * HOUR, was.due_ms, was.calls[0]["at_ms"]]


def moments(one: Task) -> list[int]:
    """Give all moments by which something of a task is to be so."""
    return [one.answer_ms, one.due_ms, *(each["at_ms"] for each in one.calls)]
