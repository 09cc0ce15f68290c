"""What plans promise, and what a case can and cannot do under one."""

from typing import Any

import pytest
from hypothesis import given, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from borough.core import moves
from borough.core.cases import CLOSED, OUTCOMES, Case, Event, Plan, fold
from borough.core.deadlines import WorkCalendar, Worktime
from borough.core.errors import BadRequest, BadScene, BoroughError, IllegalMove, Stale

STEPS: list[dict[str, Any]] = [
    {"name": "look", "holder": "worker", "within_s": 600, "then": ["mend", "false_alarm"]},
    {"name": "mend", "holder": "crew", "within_s": 60, "then": ["check"], "asks": ["photo"]},
    {"name": "check", "holder": "worker", "within_s": 60, "then": ["closed", "mend"]},
    {
        "name": "false_alarm",
        "holder": "desk",
        "within_s": 9,
        "then": ["closed"],
        "outcome": "false",
    },
]
PLAN = Plan.declared("leak", {"step": STEPS})
AT = {"at_ms": 1000, "by": "ann"}


OPENED = moves.opening(
    PLAN, code="T-1", scene="leak", thing=7, grid=3, title={"zh": "漏", "en": "leak"},
    level=1, detection="leak-7-1", at_ms=0, by="desk",
)  # fmt: skip


def timeless(step: dict[str, Any]) -> dict[str, Any]:
    """Take the limit out of a step."""
    return {key: value for key, value in step.items() if key != "within_s"}


def fresh() -> Case:
    """Open a case at time 0."""
    return fold(1, [OPENED])


def after(*steps: str) -> Case:
    """Take a fresh case along some steps."""
    case = fresh()
    for to in steps:
        case = case.then(
            moves.moving(case, PLAN, to, answers={"photo": "a.jpg"}, note="so", **AT)  # type: ignore[arg-type]  # AT is an int and a str
        )
    return case


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ([], "it has no step"),
        ([{"name": "a"}], "holder, then is missing"),
        ([{**STEPS[0], "within": "4工作时"}], "either within or within_s"),
        ([timeless(STEPS[0])], "either within or within_s"),
        ([{**timeless(STEPS[0]), "within": "4 moons"}], "within: limit: '4 moons'"),
        ([{**STEPS[0], "then": []}], "then must name at least one"),
        ([{**STEPS[0], "then": "look"}], "then must be a list"),
        ([{**STEPS[0], "within_s": 0}], "within_s = 0 is not"),
        ([{**STEPS[0], "within_s": float("inf")}], "within_s = inf is not"),
        ([{**STEPS[0], "colour": "red"}], "unknown key colour"),
        ([{**STEPS[0], "outcome": "maybe"}], "outcome = 'maybe' is not"),
        ([{**STEPS[0], "then": ["closed", "mars"]}], "there is no step mars"),
        ([{**STEPS[0], "then": ["look"]}], "from look a case can never be closed"),
        ([{**STEPS[0], "then": ["closed"]}, STEPS[3]], "nothing leads to false_alarm"),
        ([STEPS[3], STEPS[3]], "the same name"),
        ([{**STEPS[3], "name": "closed"}], "'closed' is the end"),
        (["look"], "it needs \\[\\[step\\]\\] tables"),
    ],
)
def test_a_plan_that_cannot_work_is_refused(change: list[Any], says: str) -> None:
    """Every step leads on, is reached and can be closed; else the plan is named with the fault."""
    with pytest.raises(BadScene, match=f"plan broken: .*{says}"):
        Plan.declared("broken", {"step": change})


def test_a_step_may_count_working_time_by_the_calendar_of_its_district() -> None:
    """Four working hours that begin on Friday at five are over on Monday at eleven."""
    week = ((480, 720), (840, 1080))
    calendar = WorkCalendar(
        zone="Asia/Shanghai", week=(week,) * 5 + ((),) * 2, days={}, years=frozenset({2024}),
        work_day_h=8,
    )  # fmt: skip
    plan = Plan.declared(
        "leak", {"step": [{**timeless(STEPS[0]), "within": "4工作时"}, *STEPS[1:]]}
    )
    friday, monday = 1_720_774_800_000, 1_721_012_400_000  # 2024-07-12 17:00, 07-15 11:00, +08:00

    bound = plan.by(Worktime.of(calendar))

    assert bound.due(bound.first, friday) == monday
    assert bound.due(bound.steps["mend"], friday) == friday + 60_000
    with pytest.raises(BadScene, match=r"step 'look': within: the district has no \[work\] hours"):
        plan.by(None)


def test_a_case_starts_at_the_first_step() -> None:
    """With its holder, and with the time that the plan gives."""
    case = fresh()

    assert (case.step, case.holder, case.due_ms, case.version) == ("look", "worker", 600_000, 1)
    assert (case.level, case.worst, case.closed_ms, case.trail) == (1, 1, None, ("look",))


@pytest.mark.parametrize("to", ["check", "look", "mars", CLOSED])
def test_the_plan_decides_where_a_case_may_go(to: str) -> None:
    """Skipping, standing still, unknown steps and closing too early are refused."""
    with pytest.raises(IllegalMove):
        moves.moving(fresh(), PLAN, to, at_ms=1, by="ann", outcome="true")


def test_what_a_step_asks_for_must_be_answered() -> None:
    """Leaving without the photo is refused, and the answer is named."""
    with pytest.raises(BadRequest, match=r"answers\.photo: mend asks for it"):
        moves.moving(after("mend"), PLAN, "check", at_ms=1, by="ann", answers={"photo": ""})


def test_going_back_needs_a_reason_and_is_counted() -> None:
    """A step taken again is a return: it says why, and the case remembers."""
    case = after("mend", "check")
    with pytest.raises(BadRequest, match="note: say why"):
        moves.moving(case, PLAN, "mend", at_ms=1, by="ann")

    assert after("mend", "check", "mend").returned == 1


def test_some_steps_fix_the_outcome() -> None:
    """From the step for false alarms a case cannot be closed as true."""
    case = after("false_alarm")
    with pytest.raises(IllegalMove, match="closed as false, not as true"):
        moves.closing(case, PLAN, "true", at_ms=1, by="ann")

    assert case.then(moves.closing(case, PLAN, "false", at_ms=1, by="ann")).outcome == "false"


def test_a_duplicate_closes_from_anywhere_and_says_of_what() -> None:
    """Nobody needs to walk the plan twice for one matter."""
    with pytest.raises(BadRequest, match="note: say which"):
        moves.closing(fresh(), PLAN, "duplicate", at_ms=1, by="ann")
    closed = fresh().then(moves.closing(fresh(), PLAN, "duplicate", at_ms=1, by="ann", note="T-0"))

    assert (closed.step, closed.outcome, closed.closed_ms) == (CLOSED, "duplicate", 1)


def test_a_closed_case_takes_remarks_only() -> None:
    """Nothing moves after the last signature."""
    case = after("false_alarm")
    case = case.then(moves.closing(case, PLAN, "false", at_ms=2, by="ann"))
    with pytest.raises(IllegalMove, match="is closed"):
        moves.moving(case, PLAN, "look", at_ms=3, by="bob", note="x")
    with pytest.raises(IllegalMove, match="is closed"):
        moves.closing(case, PLAN, "true", at_ms=3, by="bob")
    with pytest.raises(IllegalMove, match="is closed"):
        moves.assigning(case, "G1", at_ms=3, by="bob")

    assert case.then(moves.noting(case, "thanks", at_ms=3, by="bob")).version == case.version + 1


def test_a_step_overruns_once() -> None:
    """However often the clock is looked at; and a move after the limit counts it as well."""
    case = fresh()
    late = moves.overrunning(case, at_ms=600_001, by="desk")
    assert moves.overrunning(case, at_ms=600_000, by="desk") is None
    assert late is not None
    noted = case.then(late)
    moved = noted.then(moves.moving(noted, PLAN, "mend", at_ms=600_002, by="ann"))
    unseen = case.then(moves.moving(case, PLAN, "mend", at_ms=600_002, by="ann"))

    assert moves.overrunning(noted, at_ms=700_000, by="desk") is None
    assert (noted.overdue, moved.overdue) == (True, False)
    assert noted.late == moved.late == unseen.late == 1


def test_what_comes_again_after_it_was_put_right_is_opened_again() -> None:
    """Closed as true, it returns to the first step; closed as false, it stays closed."""
    ends = {}
    for outcome, trail in (("true", ("mend", "check")), ("false", ("false_alarm",))):
        case = after(*trail)
        case = case.then(moves.closing(case, PLAN, outcome, at_ms=5000, by="ann"))
        again = moves.joining(case, PLAN, "leak-7-9", 2, at_ms=6000, by="desk")
        ends[outcome] = case.then(again)

    assert (ends["true"].step, ends["true"].outcome, ends["true"].returned) == ("look", "", 1)
    assert ends["true"].due_ms == 606_000
    assert (ends["false"].step, ends["false"].outcome) == (CLOSED, "false")
    assert ends["true"].merged == ends["false"].merged == 1
    assert ends["true"].worst == 2


def test_a_log_with_a_gap_is_not_followed() -> None:
    """An entry that does not follow the last one is refused."""
    with pytest.raises(Stale, match="does not follow"):
        fresh().then(Event(3, 1, "ann", "noted", {"note": "x"}))


@pytest.mark.parametrize("answers", [{"photo": float("nan")}, {"photo": b"x"}, {"photo": "\ud800"}])
def test_answers_that_cannot_be_written_down_are_refused(answers: dict[str, Any]) -> None:
    """Numbers that are none, bytes and broken text never reach the log."""
    with pytest.raises(BadRequest, match="answers: cannot be written down"):
        moves.moving(after("mend"), PLAN, "check", at_ms=1, by="ann", answers=answers)


class Random(RuleBasedStateMachine):
    """People and machines do anything at any time; the plan holds."""

    def __init__(self) -> None:
        super().__init__()
        self.case = fresh()
        self.log: list[Event] = [OPENED]
        self.now = 0

    def _do(self, make: Any) -> None:
        self.now += 10_000
        try:
            event = make()
        except BoroughError:
            return
        if event is not None:
            self.log.append(event)
            self.case = self.case.then(event)

    @rule(
        to=st.sampled_from(["look", "mend", "check", "false_alarm", CLOSED, "mars"]),
        note=st.sampled_from(["", "why"]),
        answers=st.sampled_from([{}, {"photo": "a.jpg"}]),
        outcome=st.sampled_from(["", *OUTCOMES]),
    )
    def move(self, to: str, note: str, answers: dict[str, str], outcome: str) -> None:
        """Somebody tries a step."""
        given = {"note": note, "answers": answers, "outcome": outcome}
        self._do(lambda: moves.moving(self.case, PLAN, to, at_ms=self.now, by="ann", **given))  # type: ignore[arg-type]  # drawn values

    @rule(level=st.integers(0, 3))
    def hear(self, level: int) -> None:
        """The detection behind it changes."""
        self._do(lambda: moves.hearing(self.case, "leak-7-1", level, at_ms=self.now, by="desk"))

    @rule()
    def join(self) -> None:
        """Another detection joins."""
        self._do(lambda: moves.joining(self.case, PLAN, "leak-7-2", 1, at_ms=self.now, by="desk"))

    @rule()
    def wait(self) -> None:
        """Time passes."""
        self.now += 300_000
        self._do(lambda: moves.overrunning(self.case, at_ms=self.now, by="desk"))

    @precondition(lambda self: self.case.closed_ms is None)
    @rule(post=st.sampled_from(["", "G1"]))
    def assign(self, post: str) -> None:
        """It is given to somebody."""
        self._do(lambda: moves.assigning(self.case, post, at_ms=self.now, by="desk"))

    @invariant()
    def it_stays_on_its_plan(self) -> None:
        """Its step is one of the plan or the end, reached by arrows that the plan draws."""
        assert self.case.step in {*PLAN.steps, CLOSED}
        assert (self.case.step == CLOSED) == (self.case.closed_ms is not None)
        assert (self.case.outcome in OUTCOMES) == (self.case.step == CLOSED)
        for here, there in zip(self.case.trail, self.case.trail[1:], strict=False):
            if here == CLOSED:
                assert there == PLAN.first.name
            elif there != CLOSED or self.case.outcome != "duplicate":
                assert there in PLAN.step(here).then or there == CLOSED

    @invariant()
    def it_is_the_fold_of_its_log(self) -> None:
        """Whoever reads the log from the start comes to the same case."""
        assert fold(1, self.log) == self.case
        assert self.case.version == len(self.log)


TestRandom = Random.TestCase


@given(st.lists(st.sampled_from(["data", "actor", "at_ms", "seq", "order"]), max_size=1))
def test_a_seal_covers_the_whole_entry(what: list[str]) -> None:
    """Change any part of an entry, or what stood before it, and its hash is another."""
    event = Event(2, 10, "ann", "noted", {"note": "x"})
    changed = {
        "data": Event(2, 10, "ann", "noted", {"note": "y"}),
        "actor": Event(2, 10, "bob", "noted", {"note": "x"}),
        "at_ms": Event(2, 11, "ann", "noted", {"note": "x"}),
        "seq": Event(3, 10, "ann", "noted", {"note": "x"}),
        "order": event,
    }
    seals = {changed[each].seal(1, "other" if each == "order" else "") for each in what}

    assert event.seal(1, "") not in seals
    assert event.seal(2, "") != event.seal(1, "")
