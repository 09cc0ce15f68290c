"""What every database must keep to about the limits of citizens' requests."""

from pathlib import Path

import pytest
from sqlalchemy import Engine

from borough.core.requests import Request
from borough.testing.requesting import HOUR, MORNING, Desk, desk

DAY = 24 * HOUR
BANDS = ("blue", "yellow", "orange", "red")


@pytest.fixture(name="made")
def a_desk(engine: Engine, tmp_path: Path) -> Desk:
    """Set an office up on an empty database."""
    return desk(engine, tmp_path)


def ticks(made: Desk, request: Request) -> list[tuple[str, str, str]]:
    """Give what the limits of a request came to, as the acts on it tell."""
    return [
        (each["data"]["limit"], each["data"]["band"], each["verb"])
        for each in made.store.acts(request.id)
        if each["verb"].startswith("request_")
    ]


def fired(made: Desk, at_ms: int) -> None:
    """Let everything run out that is due."""
    while made.timers.fire(at_ms):
        pass


def test_a_request_warns_early_and_is_late_once_for_each_limit(
    made: Desk, engine: Engine, tmp_path: Path
) -> None:
    """Half used, nearly used, over, and twice over: each is told once, also by another desk."""
    got = made.filed("停水了", category="water_supply", kind="help")
    for hours in range(1, 30):
        fired(made, MORNING + hours * HOUR)
    again = desk(engine, tmp_path)  # as after a restart
    for hours in range(1, 60):
        fired(again, MORNING + hours * HOUR)

    told = ticks(again, got)
    assert [band for limit, band, _ in told if limit == "answer"] == list(BANDS)
    assert [band for limit, band, _ in told if limit == "contact"] == list(BANDS)
    assert [verb for _, band, verb in told if band == "orange"] == ["request_late"] * 2
    log = [each.verb for each in again.cases.events(got.case_id)]
    assert log.count("request_late") == 2
    assert log.count("request_warned") == 6
    assert again.cases.verify(got.case_id) == []


def test_a_desk_that_was_away_says_all_that_it_missed_in_order(made: Desk) -> None:
    """Everything that ran out meanwhile is told when the desk is back, once."""
    got = made.filed("停水了", category="water_supply", kind="help")
    fired(made, MORNING + 10 * DAY)

    assert [band for limit, band, _ in ticks(made, got) if limit == "answer"] == list(BANDS)
    fired(made, MORNING + 20 * DAY)
    assert len(ticks(made, got)) == 2 * len(BANDS)


def test_what_was_done_in_time_runs_out_no_more(made: Desk) -> None:
    """Calling back stops one limit, an answer both; refused, a request has none."""
    called, answered, refused = (made.filed(text) for text in ("灯不亮", "井盖响", "护栏坏了"))
    made.acts.contact(called.id, at_ms=MORNING + HOUR, by="bob")
    made.acts.answer(answered.id, "好了", at_ms=MORNING + HOUR, by="bob")
    made.acts.refuse(refused.id, "malicious", at_ms=MORNING + HOUR, by="bob", note="重复骚扰")
    fired(made, MORNING + 30 * DAY)

    assert {limit for limit, _, _ in ticks(made, called)} == {"answer"}
    assert ticks(made, answered) == []
    assert ticks(made, refused) == []


def test_another_limit_runs_anew_and_a_reopened_request_has_fresh_ones(made: Desk) -> None:
    """Sorted as urgent it is late by its new limit; not resolved, it may be late once more."""
    got = made.filed("路灯不亮", kind="help")
    now = made.office.triage(got.id, {"urgent": True}, at_ms=MORNING + 3 * HOUR, by="ann")
    assert now.answer_due_ms < got.answer_due_ms
    fired(made, MORNING + 3 * HOUR)
    assert ("answer", "orange", "request_late") in ticks(made, got)

    made.acts.answer(got.id, "已处理", at_ms=MORNING + 4 * HOUR, by="bob")
    before = len(ticks(made, got))
    back = made.office.revisit(
        got.id, resolved=False, satisfaction=1, at_ms=MORNING + 5 * HOUR, by="cat"
    )
    told = {"note": "转水利"}
    again = made.office.triage(
        got.id, {"agency": "ecology"}, at_ms=MORNING + 5 * HOUR, by="ann", **told
    )
    assert again.answer_due_ms == back.answer_due_ms > MORNING + 5 * HOUR
    fired(made, MORNING + 5 * HOUR)
    assert len(ticks(made, got)) == before
    fired(made, MORNING + 8 * HOUR)
    late = [each for each in ticks(made, got) if each == ("answer", "orange", "request_late")]
    assert len(late) == 2


def test_a_limit_stays_with_its_request_when_that_joins_another_case(made: Desk) -> None:
    """Merged, a request warns in the log of the case that it belongs to then."""
    one = made.filed("红旗路积水", category="drainage")
    other = made.filed("下穿道积水很深", category="drainage", place="宝圣湖街道")
    made.acts.merge(other.id, one.case_id, at_ms=MORNING + HOUR, by="ann")
    fired(made, MORNING + 30 * DAY)

    said = [e.data["request"] for e in made.cases.events(one.case_id) if e.verb == "request_late"]
    assert sorted(said) == [one.id, one.id, other.id, other.id]


def test_requests_from_before_there_were_timers_are_wound_up(
    made: Desk, engine: Engine, tmp_path: Path
) -> None:
    """A desk that finds open requests without timers sets them, once."""
    made.store.clocks = None
    got = made.filed("停水了", category="water_supply", kind="help")
    fired(made, MORNING + 5 * DAY)
    assert ticks(made, got) == []

    later = desk(engine, tmp_path)
    clocks = later.store.clocks
    assert clocks is not None
    clocks.wind_all(engine)
    clocks.wind_all(engine)
    fired(later, MORNING + 5 * DAY)
    assert len(ticks(later, got)) == 2 * len(BANDS)
