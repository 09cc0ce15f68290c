"""What tasks promise: how plans declare them, when they begin and end, and who wins."""

import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from sqlalchemy import Engine

from borough.app.setup import folder_of
from borough.core import circles
from borough.core.cases import Plan
from borough.core.errors import BadRequest, BadScene, BoroughError, IllegalMove, Stale
from borough.core.tasks import DONE, SKIPPED, STARTED, STATES, Task
from borough.engine.catalog import BUILT_IN, Found, find, pointed
from borough.engine.district import read
from borough.storage.sql import connect, upgrade
from borough.testing.desks import MORNING
from borough.testing.ground import Ground
from borough.testing.standings import Looked, Record, holders_exist
from borough.testing.tasked import ANSWERS, HOUR, MINUTE, TEXT, Office, task


@pytest.fixture
def office(engine: Engine) -> Office:
    """Give a desk on an empty database, with a case of level 1."""
    made = Office(engine)
    made.hear(1)
    return made


@pytest.mark.parametrize(
    ("change", "key", "says"),
    [
        ({"colour": "red"}, "colour", "nobody knows the key colour"),
        ({"basis": ""}, "basis", "must be a text"),
        ({"within": "4 moons"}, "within", "within: limit: '4 moons'"),
        ({"acknowledge_within": "soon"}, "acknowledge_within", "acknowledge_within: limit: 'soon'"),
        ({"name": "Big One"}, "name", "short word"),
        ({"name": "look"}, "name", "'look' is the name of another"),
        ({"name": "review"}, "name", "'review' is the name of another"),
        ({"when": {}}, "when", "it must say one of"),
        ({"when": {"moon": 1}}, "when", "nobody knows the key moon"),
        ({"when": {"step": ["mars"]}}, "when", "there is no step mars"),
        ({"until": {"done": ["mars"]}}, "until", "there is no task mars"),
        ({"when": {"done": ["extra"]}}, "when", "it waits for itself"),
        ({"when": {"fact": {"diameter": {"above": 3}}}}, "when", "nobody knows the key above"),
        ({"widen": [{"after": "9 min", "to": []}]}, "widen", "must be a list of texts"),
        ({"widen": [{"after": "9 min", "to": ["x"], "unless": "x"}]}, "widen", "unless = 'x'"),
        ({"command": [{"name": "siren"}]}, "command", "missing"),
        ({"title": {"zh": "去"}}, "title", "both languages"),
    ],
)
def test_a_task_that_cannot_work_is_refused_with_its_place(
    change: dict[str, Any], key: str, says: str
) -> None:
    """The plan, the task and the key are named, so that the file and line can be."""
    broken = {**TEXT, "task": [*TEXT["task"], task("extra") | change]}
    with pytest.raises(BadScene, match="plan broken: task ") as caught:
        Plan.declared("broken", broken)
    assert says in str(caught.value)
    assert caught.value.key[:3] == ("task", len(TEXT["task"]), key)


def test_a_fault_of_a_task_is_told_with_file_and_line(tmp_path: Path) -> None:
    """The place of a fault is a line that people find."""
    file = tmp_path / "plan.toml"
    file.write_text('[[task]]\nname = "a"\n\n[[task]]\nname = "b"\nwithin = "soon"\n', "utf-8")
    assert pointed(file, ("task", 1, "within")).endswith("plan.toml:6")


def test_working_time_needs_a_district_that_has_office_hours() -> None:
    """A limit in work hours is refused where nobody says when offices are open."""
    plan = Plan.declared("p", {**TEXT, "task": [task("extra", within="4工作时")]})
    with pytest.raises(BadScene, match="no \\[work\\] hours"):
        plan.by(None)


def test_the_level_starts_what_it_calls_for_and_nothing_else(office: Office) -> None:
    """At level 1 the visit; at 2 the report; and falling starts the meeting."""
    assert office.states() == {"visit": STARTED}
    office.hear(2)
    assert office.states() == {"visit": STARTED, "report": STARTED}
    office.hear(1)
    assert office.states() == {"visit": STARTED, "report": SKIPPED, "meet": STARTED}


def test_a_task_begins_again_only_when_its_sentry_holds_anew(office: Office) -> None:
    """Done at level 2 and still 2: nothing. Down and up again: once more."""
    office.hear(2)
    office.act("skip", "report", note="it rains")
    office.move("mend")
    assert office.one("report").number == 1
    office.hear(1)
    office.hear(2)
    assert (office.one("report").number, office.one("report").state) == (2, STARTED)


def test_what_repeats_is_due_again_after_its_time(office: Office) -> None:
    """A report that was given is due an hour after the one before was."""
    office.hear(2)
    first = office.one("report")
    office.act("finish", "report", answers={})
    again = office.one("report")
    assert (again.number, again.due_ms - first.due_ms) == (2, HOUR)


def test_an_answer_decides_and_only_one_given_since(office: Office) -> None:
    """Red falls back only when the meeting says yes; a yes of the last time does not count."""
    office.hear(2)
    office.move("mend")
    office.hear(1)
    assert office.states()["clear"] == STARTED
    office.act("finish", "meet", answers={"lift": "no"})
    assert (office.states()["clear"], office.one("meet").number) == (STARTED, 2)
    office.act("finish", "meet", answers={"lift": "yes"})
    assert (office.states()["clear"], office.states()["meet"]) == (SKIPPED, DONE)
    office.hear(2)
    office.hear(1)
    assert (office.states()["clear"], office.one("meet").number) == (STARTED, 3)


def test_done_answers_and_milestones_lead_on(office: Office) -> None:
    """A task done starts the one that waits for it; a dark photo asks for another."""
    office.act("finish", "visit", answers={"photo": "dark"})
    assert office.states() == {"visit": DONE, "after": STARTED, "photo_again": STARTED}
    office.act("finish", "after", answers={})
    assert "milestone" in {each.verb for each in office.cases.events(1)}


@pytest.mark.parametrize(("given", "fits"), [(600, True), ("600", True), (200, False), (None, 0)])
def test_facts_are_compared_as_numbers(given: Any, *, fits: bool) -> None:
    """Answers are typed by people, so that text that is a number counts as one."""
    assert circles.fits(given, {"from": 300}) == bool(fits)
    assert circles.fits(given, {"known": given is not None})


def test_a_case_is_not_closed_over_the_heads_of_those_at_work(office: Office) -> None:
    """Closing names the required task that is open, and changes nothing; then it goes through."""
    office.move("mend")
    before = office.cases.events(1)
    with pytest.raises(IllegalMove, match="visit"):
        office.move("closed")
    assert office.cases.events(1) == before
    office.act("finish", "visit", answers=ANSWERS)
    office.move("closed")
    assert office.states() == {"visit": DONE, "after": SKIPPED, "review": STARTED}


def test_looking_back_is_measured_and_answers_what_the_plan_asks(office: Office) -> None:
    """The look back begins with the closing; it says how often the level rose and the lead."""
    office.now += HOUR
    office.hear(2)
    office.hear(1)
    for name in ("visit", "meet"):
        office.act("finish", name, answers=ANSWERS)
    office.move("mend")
    office.move("closed")
    with pytest.raises(BadRequest, match=r"answers\.change"):
        office.act("finish", "review", answers={})
    with pytest.raises(BadRequest, match=r"answers\.lift: review does not ask"):
        office.act("finish", "review", answers={"change": "x", "lift": "yes"})
    with pytest.raises(BadRequest, match=r"answers\.happened"):
        office.act("finish", "review", answers={"change": "x", "happened": "soon"})
    office.act("finish", "review", answers={"change": "more eyes"})
    told = office.cases.events(1)[-1]
    assert (told.verb, told.data["measured"]["alarms"]) == ("reviewed", 2)
    assert told.data["measured"]["lead_ms"] == HOUR


def test_where_nobody_answers_the_circle_widens_once_each(office: Office) -> None:
    """After 15 minutes the town, after 30 the city too; each once, though asked again."""
    for _ in range(3):
        office.wait(16 * MINUTE)
        office.timers.fire(office.now)
    visit = office.one("visit")
    assert visit.circle == ("town", "city", "fire")
    assert [each.name for each in office.tasks.find(agency="city")] == ["visit"]
    verbs = [each.verb for each in office.cases.events(1)]
    assert (verbs.count("task_widened"), verbs.count("task_late")) == (2, 1)


def test_an_answer_stops_the_call_but_not_the_wait_for_the_deed(office: Office) -> None:
    """Acknowledged in time: the town is not called; not done in time: the city is."""
    office.act("acknowledge", "visit")
    office.wait(3 * HOUR)
    visit = office.one("visit")
    assert (visit.circle, visit.unanswered, visit.late) == (("city", "fire"), False, True)


def test_a_task_handed_over_is_to_be_acknowledged_anew(office: Office) -> None:
    """It keeps its deadline, and others have it."""
    before = office.act("acknowledge", "visit")
    after = office.act("hand", "visit", agency="fire", note="theirs")
    assert (after.state, after.agency, after.due_ms) == (STARTED, "fire", before.due_ms)
    with pytest.raises(BadRequest, match="with them already"):
        office.act("hand", "visit", agency="fire")


def test_of_two_at_once_one_wins(office: Office) -> None:
    """Eight people acknowledge what they saw: one does, the others are told."""
    seen = office.one("visit")

    def attempt(number: int) -> str:
        try:
            office.tasks.acknowledge(seen.id, by=f"p{number}", at_ms=MORNING, seen=seen.version)
        except (Stale, IllegalMove):
            return "told"
        return "won"

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(attempt, range(8))) == ["told"] * 7 + ["won"]
    assert office.cases.verify(1) == []


def test_a_command_of_a_task_is_proposed_while_it_runs(office: Office) -> None:
    """With the task it is put before people, and withdrawn when the task ends undecided."""
    office.hear(2)
    office.move("mend")
    (siren,) = office.errands.of_case(1)
    assert (siren.command, siren.step, siren.state) == ("siren", "clear", "proposed")
    office.move("look")
    assert office.errands.of_case(1)[0].state == "proposed"
    office.act("skip", "clear", note="no")
    assert office.errands.of_case(1)[0].state == "withdrawn"


LEVEL, ACT = st.integers(0, 2), st.sampled_from(["acknowledge", "finish", "skip", "hand"])
NAMES = st.sampled_from([each["name"] for each in TEXT["task"]] + ["review"])
ENDED = {DONE, SKIPPED}


@cache
def empty() -> Path:
    """Make an empty database once; each walk begins with a copy of it."""
    path = Path(tempfile.mkdtemp()) / "empty.db"
    engine = connect(path)
    upgrade(engine)
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()
    return path


class TasksWalk(RuleBasedStateMachine):
    """Any order of levels, steps, acts, restarts and time: the model holds."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        path = Path(self.folder.name) / "a.db"
        shutil.copy(empty(), path)
        self.engine = connect(path)
        self.office = Office(self.engine)
        self.office.hear(1)
        self.ended: dict[str, Task] = {}

    @rule(level=LEVEL)
    def level(self, level: int) -> None:
        """The level changes."""
        self.office.hear(level)

    @rule(to=st.sampled_from(["look", "mend", "nothing", "closed"]))
    def step(self, to: str) -> None:
        """Somebody tries to move the case."""
        try:
            self.office.move(to)
        except BoroughError:
            return

    @rule(verb=ACT, name=NAMES, lift=st.sampled_from(["yes", "no"]), stale=st.booleans())
    def act(self, verb: str, name: str, lift: str, *, stale: bool) -> None:
        """Somebody tries to act on a task, perhaps on what it was a while ago."""
        more: dict[str, Any] = {
            "finish": {"answers": {"lift": lift} if name == "meet" else ANSWERS},
            "skip": {"note": "because"},
            "hand": {"agency": lift},
        }.get(verb, {})
        before = self.office.cases.events(1)
        try:
            if stale:
                more["seen"] = self.office.one(name).version - 1
            self.office.act(verb, name, **more)
            assert not stale
        except (BoroughError, IndexError):
            assert self.office.cases.events(1) == before

    @rule(minutes=st.sampled_from([5, 90]))
    def pause(self, minutes: int) -> None:
        """Somebody has the case stand still, or go on where it does."""
        try:
            if self.office.cases.one(1).suspended_to_ms is None:
                self.office.suspend(minutes * MINUTE)
            else:
                self.office.resume()
        except BoroughError:
            return

    @rule(minutes=st.sampled_from([1, 6, 16, 61, 200]))
    def time(self, minutes: int) -> None:
        """Time passes."""
        self.office.wait(minutes * MINUTE)
        due = [each.next_ms for each in self.office.tasks.of_case(1)]
        assert all(each is None or each > self.office.now for each in due)

    @precondition(lambda self: self.office.now > MORNING)
    @rule()
    def restart(self) -> None:
        """The desk is another one on the same database."""
        fresh = Office(self.engine)
        fresh.position, fresh.now = self.office.position, self.office.now
        self.office = fresh

    @invariant()
    def holds(self) -> None:
        """States are those of the model, what ended stays so, and table, row and log agree."""
        tasks, case = self.office.tasks.of_case(1), self.office.cases.one(1)
        assert self.office.cases.verify(1) == []
        running = [each for each in tasks if each.state not in ENDED]
        assert {each.state for each in tasks} <= {*STATES}
        assert len({each.name for each in running}) == len(running)
        assert all(self.ended[each.id] == each for each in tasks if each.id in self.ended)
        self.ended |= {each.id: each for each in tasks if each.state in ENDED}
        if case.closed_ms is not None:
            assert {each.name for each in running} <= {"review"}

    def teardown(self) -> None:
        """Let the database go."""
        self.engine.dispose()
        self.folder.cleanup()


TestWalk = TasksWalk.TestCase
TestWalk.settings = settings(max_examples=12, stateful_step_count=20, deadline=None)


def test_whoever_a_task_calls_must_be_of_the_district() -> None:
    """Checking a scene names the line of a party that nobody is, in a task and in its circle."""
    found = find(BUILT_IN / "littering")
    assert said_of(found) == []
    plan = deepcopy(found.plan)
    plan["task"][0]["holder"] = "property_manger"
    plan["task"][0]["widen"][1]["to"] = ["polic"]
    one, other = said_of(replace(found, plan=plan))
    assert one.startswith("littering/plan.toml:44: property_manger is no kind of post")
    assert other.startswith("littering/plan.toml:60: polic is no kind of post")


def said_of(found: Found) -> list[str]:
    """Say what is wrong with the holders of a scene in Yubei."""
    folder = folder_of("yubei")
    looked = Looked(found, {}, Record(), Ground.of(read(folder), folder))
    return list(holders_exist(looked, 0))
