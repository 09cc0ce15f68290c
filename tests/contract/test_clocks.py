"""What the clocks of cases promise: every colour once, whatever is paused, extended or killed."""

import itertools
import subprocess
import sys
import time
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings, strategies as st
from sqlalchemy import Connection, Engine

from borough.core.cases import Case, Event, Plan
from borough.core.countdowns import coming
from borough.core.deadlines import Bands, Countdown, WorkCalendar, Worktime
from borough.core.errors import BadParameter
from borough.engine.bands import bands
from borough.storage.sql import SqlCases, SqlClocks, SqlTimers, Timer
from borough.storage.sql.caselog import found
from borough.storage.sql.engines import reading, writing
from borough.storage.sql.timers import Fire
from borough.testing.desks import CLOCKS, MORNING, ZONE, desk, opened

MINUTE = 60_000
HOUR = 60 * MINUTE
OFFICE = ((8 * 60, 12 * 60), (14 * 60, 18 * 60))
WORK = WorkCalendar(
    zone=ZONE,
    week=(OFFICE,) * 5 + ((),) * 2,
    days={date(2024, 7, 12): OFFICE[:1], date(2024, 7, 13): OFFICE},
    years=frozenset({2024}),
    work_day_h=8,
)
CLOCK = Worktime.of(WORK)


def plan(within: str) -> Plan:
    """Make a plan of two steps that have so much time."""
    step = {"holder": "worker", "within": within}
    steps = [
        {**step, "name": "check", "then": ["mend", "closed"]},
        {**step, "name": "mend", "then": ["check", "closed"]},
    ]
    return Plan.declared("loop", {"step": steps}).by(CLOCK)


class House:
    """A desk with clocks on a database, made anew whenever it is restarted."""

    def __init__(self, engine: Engine, within: str) -> None:
        self.engine, self.plan = engine, plan(within)
        self.clocks = SqlClocks({"loop": self.plan}, bands())
        self.cases = SqlCases(engine, zone=ZONE, follow=[self.clocks.follow])
        self.timers = SqlTimers(engine, self.clocks.fires(self.cases))

    def open(self, thing: int, at_ms: int) -> Case:
        """Open a case."""
        with writing(self.engine) as connection:
            return self.cases.opened(
                connection, self.plan, thing=thing, title={"zh": "甲", "en": "a"}, at_ms=at_ms
            )

    def say(self, case: Case, verb: str, at_ms: int, **data: object) -> Case:
        """Write an event as the routine loop would."""
        event = Event(case.version + 1, at_ms, "ann", verb, data)
        with writing(self.engine) as connection:
            return self.cases.wrote(connection, case, event)

    def fire(self, now_ms: int) -> None:
        """Let whatever has run out say so."""
        while self.timers.fire(now_ms, limit=2):
            pass

    def fire_and_die(self, now_ms: int) -> None:
        """Fall over after the first firing, before it is committed."""
        dying = {kind: _dying(fire) for kind, fire in self.timers.fires.items()}
        with pytest.raises(KeyboardInterrupt):
            SqlTimers(self.engine, dying).fire(now_ms)

    def said(self, case: int) -> list[tuple[int, str, str]]:
        """Give what the clock has said of a case: when, how, and its colour."""
        told = (each for each in self.cases.events(case) if each.verb in {"warned", "late"})
        return [(each.at_ms, each.verb, each.data["band"]) for each in told]


def _dying(fire: Fire) -> Fire:
    def dies(connection: Connection, case: Case | None, timer: Timer, now_ms: int) -> None:
        fire(connection, case, timer, now_ms)
        raise KeyboardInterrupt

    return dies


def test_a_clock_changes_its_colour_at_its_shares(engine: Engine) -> None:
    """Blue, yellow, late in orange, and red at twice the limit, each at its moment and once."""
    house = House(engine, "10 urgent_hour")
    case = house.open(1, MORNING)
    for minute in range(0, 30 * 60, 30):
        house.fire(MORNING + minute * MINUTE)

    assert house.said(case.id) == [
        (MORNING + 5 * HOUR, "warned", "blue"),
        (MORNING + 8 * HOUR, "warned", "yellow"),
        (MORNING + 10 * HOUR + 30 * MINUTE, "late", "orange"),
        (MORNING + 20 * HOUR, "warned", "red"),
    ]
    now = house.cases.one(case.id)
    assert (now.band, now.overdue, now.late) == ("red", True, 1)
    assert house.cases.verify(case.id) == []


def test_working_hours_are_counted_by_the_calendar(engine: Engine) -> None:
    """Four working hours from Friday at eleven: a half day, then the make-up Saturday."""
    house = House(engine, "4 work_hour")
    friday = int(datetime(2024, 7, 12, 3, tzinfo=UTC).timestamp() * 1000)
    case = house.open(1, friday)
    for minute in range(0, 3 * 24 * 60, 30):
        house.fire(friday + minute * MINUTE)

    saturday = friday + 21 * HOUR
    assert [(at - saturday, band) for at, _, band in house.said(case.id)] == [
        (1 * HOUR, "blue"),
        (2 * HOUR + 30 * MINUTE, "yellow"),
        (3 * HOUR + 30 * MINUTE, "orange"),
        (9 * HOUR, "red"),
    ]


def test_a_move_begins_a_clock_anew_and_the_end_stops_it(engine: Engine) -> None:
    """The next step is green, and of a case that is over nothing runs any more."""
    house = House(engine, "10 urgent_hour")
    case = house.open(1, MORNING)
    house.fire(MORNING + 9 * HOUR)
    seen = house.cases.one(case.id)
    told: dict[str, Any] = {"plan": house.plan, "by": "ann", "expected_version": seen.version}
    moved = house.cases.move(case.id, "mend", at_ms=MORNING + 9 * HOUR, **told)
    house.fire(MORNING + 15 * HOUR)
    told["expected_version"] = house.cases.one(case.id).version
    house.cases.close(case.id, "true", at_ms=MORNING + 15 * HOUR, **told)
    house.fire(MORNING + 99 * HOUR)

    assert moved.band == "green"
    assert [band for _, _, band in house.said(case.id)] == ["blue", "yellow", "blue"]
    with reading(engine) as connection:
        assert SqlTimers.of_case(connection, case.id) == []


def test_an_unknown_year_warns_instead_of_guessing(engine: Engine) -> None:
    """The log says that the deadline lies beyond the calendar; natural time is always known."""
    december = int(datetime(2024, 12, 30, tzinfo=UTC).timestamp() * 1000)
    told = []
    for within in ("1 work_day", "8 work_day", "8 natural_day"):
        house = House(engine, within)
        events = house.cases.events(house.open(1, december).id)
        told.append([(each.verb, each.data.get("why"), each.data.get("band")) for each in events])

    assert [each[1:] for each in told] == [[], [("warned", "calendar", "green")], []]


def test_the_time_for_the_whole_matter_runs_beside(engine: Engine) -> None:
    """Where it ends apart from the step's, its end is told once, and the colour stays."""
    steps = [
        {"name": "dispose", "stage": "dispose", "holder": "agency", "within": "9 urgent_hour",
         "then": ["check"]},
        {"name": "check", "stage": "check", "holder": "collector", "within": "9 urgent_hour",
         "then": ["dispose", "closed"]},
    ]  # fmt: skip
    house = House(engine, "9 urgent_hour")
    house.plan = Plan.declared("loop", {"step": steps})
    house.clocks = SqlClocks({"loop": house.plan}, bands())
    house.cases = SqlCases(engine, zone=ZONE, follow=[house.clocks.follow])
    house.timers = SqlTimers(engine, house.clocks.fires(house.cases))
    case = house.open(1, MORNING)
    house.say(
        case, "standardised", MORNING, standard="s", event="e", limit="4 urgent_hour",
        limit_ms=2 * HOUR, due_ms=MORNING + 4 * HOUR, limit_due_ms=MORNING + HOUR,
    )  # fmt: skip
    for hour in (1, 2, 3):
        house.fire(MORNING + hour * HOUR + MINUTE)
    events = [each for each in house.cases.events(case.id) if each.verb == "warned"]

    assert [(each.at_ms - MORNING, each.data["band"], each.data.get("why")) for each in events] == [
        (HOUR + MINUTE, "green", "limit"), (2 * HOUR + MINUTE, "blue", None),
    ]  # fmt: skip


def test_bands_come_from_data_and_a_district_may_set_its_own() -> None:
    """A colour that nobody knows, or one that begins before the one below it, is refused."""
    assert [each[1] for each in bands().steps] == ["green", "blue", "yellow", "orange", "red"]
    assert bands({"yellow": 0.75}).of(0.76) == "yellow"
    for wrong in ({"pink": 0.5}, {"blue": 0.9}, {"red": 1.0}):
        with pytest.raises(BadParameter, match="bands: "):
            bands(wrong)


def test_a_case_is_late_at_its_end_whatever_the_bands_say(engine: Engine) -> None:
    """Bands without a colour for the end, or with only one, do not hide lateness."""
    _, case = opened(engine)
    countdown = Countdown.since(case.since_ms, case.due_ms, at_work=False, clock=None)
    assert coming(case, countdown, Bands(((0.0, "green"),)), None) == (
        case.due_ms + 1, 1.0, "green",
    )  # fmt: skip
    far = Countdown(case.due_ms, 10**13, at_work=True)
    assert coming(case, far, Bands(((0.0, "green"), (2.0, "red"))), CLOCK) is not None
    assert far.at(2.0, CLOCK) is None


ACTS = st.lists(
    st.tuples(
        st.sampled_from(["wait", "pause", "resume", "extend", "die", "restart"]),
        st.integers(1, 40),
    ),
    min_size=1,
    max_size=12,
)
"""What happens, each after so many times ten minutes."""


def oracle(acts: list[tuple[int, str]], limit: int, *, at_work: bool) -> list[tuple[int, str]]:
    """Walk through time minute by minute: when the clock is read, and what it has come to.

    Slow and plain: it counts the minutes that count, and knows no deadline.
    """
    used, length, paused, late_at = 0, limit, False, None
    said: list[tuple[int, str]] = []
    shares = [("blue", 5), ("yellow", 8), ("orange", 10), ("red", 20)]
    at = 0
    for minute, act in acts:
        for each in range(at, minute):
            moment = MORNING + each * MINUTE
            runs = not at_work or int(CLOCK.worked(moment + MINUTE) - CLOCK.worked(moment)) > 0
            used += runs and not paused
            if used >= length and late_at is None and not paused:
                late_at = each + 1
        at = minute
        read = act in {"wait", "die", "restart"}
        while read and shares and used * 10 >= shares[0][1] * length:
            if shares[0][0] == "orange" and (late_at is None or minute <= late_at):
                break
            said.append((minute, shares.pop(0)[0]))
        if act == "pause":
            paused = True
            late_at = None if late_at == minute else late_at  # it stands still at its very end
        elif act == "resume":
            paused = False
        elif act == "extend":
            length += limit
            shares, late_at = [("blue", 5), ("yellow", 8), ("orange", 10), ("red", 20)], None
    return said


THINGS = itertools.count(1)


def passed(start: int, end: int, *, at_work: bool) -> int:
    """Say how much of a limit's own time lies between two moments."""
    return int(CLOCK.worked(end) - CLOCK.worked(start)) if at_work else end - start


def after(start: int, span: int, *, at_work: bool) -> int:
    """Say when so much of it has gone after a moment."""
    return int(CLOCK.when(int(CLOCK.worked(start)) + span)) if at_work else start + span


@pytest.mark.parametrize("address", ["sqlite"], indirect=True)
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at_work=st.booleans(), hours=st.sampled_from([1, 2, 5]), drawn=ACTS)
@example(at_work=False, hours=5, drawn=[("wait", 1), ("pause", 29), ("wait", 1)])
def test_pauses_extensions_and_restarts_lose_and_double_nothing(
    engine: Engine, *, at_work: bool, hours: int, drawn: list[tuple[str, int]]
) -> None:
    """Whatever is done to it, a clock says what one says that counts every minute."""
    unit, length = ("work_hour", HOUR * hours) if at_work else ("urgent_hour", HOUR * hours)
    house = House(engine, f"{hours} {unit}")
    case = house.open(next(THINGS), MORNING)
    minute, done, paused, left = 0, [], False, length
    since = MORNING

    for act, tens in drawn:
        minute += 10 * tens
        at = MORNING + minute * MINUTE
        case = house.cases.one(case.id)
        rest = left if paused else left - passed(since, at, at_work=at_work)
        if act in {"pause", "extend", "resume"}:
            if (act == "resume") != paused or (act == "extend" and rest <= 0):
                continue
            house.fire(at)
            done.append((minute, "wait"))
            case = house.cases.one(case.id)
            if act == "pause":
                to = at + 30 * 24 * HOUR
                due = case.due_ms if case.overdue else after(to, rest, at_work=at_work)
                house.say(case, "suspended", at, due_ms=due, to_ms=to, paused_ms=to - at)
                paused, left = True, rest
            elif act == "resume":
                due = case.due_ms if case.overdue else after(at, rest, at_work=at_work)
                house.say(
                    case, "resumed", at, due_ms=due, paused_ms=at - (case.suspended_to_ms or at)
                )
                paused, since = False, at
            else:
                left, since = rest + length, at
                house.say(case, "extended", at, due_ms=after(at, left, at_work=at_work))
        elif act == "die":
            with reading(engine) as connection:
                waits = bool(SqlTimers.due(connection, at, 1))
            if waits:
                house.fire_and_die(at)
            house.fire(at)
        else:
            house = House(engine, f"{hours} {unit}") if act == "restart" else house
            house.fire(at)
        done.append((minute, act))
    said = [((at - MORNING) // MINUTE, band) for at, _, band in house.said(case.id)]

    assert said == oracle(done, 60 * hours, at_work=at_work)
    assert house.cases.verify(case.id) == []


RINGER = """
import sys
from borough.storage.sql import SqlCases, SqlTimers, connect
from borough.testing.desks import CLOCKS, MORNING, ZONE
engine = connect(sys.argv[1])
timers = SqlTimers(engine, CLOCKS.fires(SqlCases(engine, zone=ZONE, follow=[CLOCKS.follow])))
while True:
    print(len(timers.fire(MORNING + 10_000_000, limit=3)), flush=True)
"""


def test_a_desk_killed_while_it_fires_loses_no_timer(engine: Engine, address: str) -> None:
    """However often it dies in the middle, each case is blue, yellow, late and red once."""
    from borough.testing.desks import edge, wish  # noqa: PLC0415 - only here

    takes, cases = desk(engine)
    takes.take([edge(thing, 1, thing) for thing in range(1, 31)], 1, wish)
    for stop_after in (5, 60):
        with subprocess.Popen(  # noqa: S603 - the program above
            [sys.executable, "-c", RINGER, address], stdout=subprocess.PIPE, text=True
        ) as ringer:
            assert ringer.stdout is not None
            for number, line in enumerate(ringer.stdout):
                if number == stop_after or line == "0\n":
                    time.sleep(0.002)  # so that it is in the middle of the next one
                    ringer.kill()
                    break
    told = {each.id: cases.events(each.id) for each in cases.find(limit=1000)}

    assert len(told) == 30
    for events in told.values():
        said = [each.data["band"] for each in events if each.verb in {"warned", "late"}]
        assert said == ["blue", "yellow", "orange", "red"]
    with reading(engine) as connection:
        assert SqlTimers.due(connection, MORNING + 10_000_000, 1) == []
        assert all(found(connection, each).band == "red" for each in told)


def test_a_kind_of_timer_that_is_set_has_somebody_who_knows_it() -> None:
    """The clocks set no timer that would wait for ever."""
    assert CLOCKS.fires(None).keys() == {"step", "limit"}  # type: ignore[arg-type]  # nothing is fired
