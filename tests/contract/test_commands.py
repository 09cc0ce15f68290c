"""What commands promise: what a plan may declare, which limits hold, and how an errand ends."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from borough.core import errands, moves
from borough.core.cases import Case, Event, fold
from borough.core.commands import HOUR_MS, Command
from borough.core.errands import (
    ACKNOWLEDGED,
    CONFIRMED,
    FAILED,
    PROPOSED,
    PROVED,
    REFUSED,
    SENT,
    WAYS,
    WITHDRAWN,
    Errand,
    carried,
)
from borough.core.errors import BadRequest, BadScene, BoroughError, IllegalMove, OverLimit
from borough.core.plans import Plan

SHUT: dict[str, Any] = {
    "name": "shut", "title": {"zh": "关阀", "en": "Shut it"}, "to": "self", "property": "valve",
    "value": 0, "from_level": 2, "most_per_h": 2, "cool_down_s": 60, "within_s": 120,
    "undo": {"title": {"zh": "开阀", "en": "Open it"}, "value": 1, "up_to_level": 0},
}  # fmt: skip
DIM = {
    "name": "dim", "title": {"zh": "调光", "en": "Dim"}, "property": "lamp", "value": 50,
    "range": [10, 80], "within_s": 30, "proof": {"property": "power", "give": 2},
}  # fmt: skip
STEPS = [
    {"name": "look", "holder": "worker", "within_s": 600, "then": ["mend"], "command": [SHUT, DIM]},
    {"name": "mend", "holder": "crew", "within_s": 60, "then": ["look", "closed"]},
]
PLAN = Plan.declared("leak", {"step": STEPS})
HUT, LAMP = PLAN.first.commands
OPENED = moves.opening(
    PLAN, code="T-1", scene="leak", thing=7, grid=3, title={"zh": "漏", "en": "leak"},
    level=2, detection="leak-7-1", at_ms=0, by="desk",
)  # fmt: skip


def proposed(command: Command = HUT) -> tuple[Case, Errand]:
    """Open a case at time 0 and put a command before people at 1 s."""
    case = fold(1, [OPENED])
    event = errands.proposing(case, command, 7, "v-7", at_ms=1000, by="desk")
    return case.then(event), errands.begun(1, event)


def along(case: Case, errand: Errand, *states: str) -> Errand:
    """Take an errand from state to state."""
    for at, state in enumerate(states, start=2):
        if state == CONFIRMED:
            event = errands.confirming(case, errand, HUT, at_ms=at * 1000, by="ann")
        else:
            event = errands.changing(case, errand, state, at_ms=at * 1000, by="x")
        case, errand = case.then(event), errand.then(event)
    return errand


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"name": "Shut It"}, "name = 'Shut It' must be a short word"),
        ({"title": {"zh": "关"}}, "title needs zh and en"),
        ({"colour": 1}, "unknown key colour"),
        ({"within_s": 0}, "within_s must be more than 0"),
        ({"within_s": "soon"}, "within_s = 'soon' is not a number"),
        ({"value": None}, "value = None is not a number"),
        ({"value": float("nan")}, "value = nan is not a number"),
        ({"needs": "luck"}, "needs = 'luck' is not one of confirmation, automatic"),
        ({"from_level": 0}, "from_level = 0 is not a whole number above 0"),
        ({"from_level": True}, "from_level = True is not a whole number"),
        ({"most_per_h": 1.5}, "most_per_h = 1.5 is not a whole number"),
        ({"cool_down_s": -1}, "cool_down_s must lie between 0 and 86400"),
        ({"range": [1, 2]}, "value = 0 is not within range"),
        ({"range": [2, 1]}, "range = .* must be \\[low, high\\]"),
        ({"range": 3}, "range = 3 must be"),
        ({"proof": 3}, "proof must be a table"),
        ({"proof": {"speed": 1}}, "proof: unknown key speed"),
        ({"proof": {"give": -1}}, "proof.give must be 0 or more"),
        ({"range": [0, 1], "proof": {"value": 0}}, "with a range, proof.value"),
        ({"undo": 1}, "undo: it must be a table"),
        ({"undo": {"value": 1}}, "undo: title is missing"),
        ({"undo": {**SHUT["undo"], "up_to_level": -1}}, "undo: up_to_level = -1 is below 0"),
    ],
)
def test_a_command_that_cannot_work_is_refused(change: dict[str, Any], says: str) -> None:
    """The plan, the step, the command and the key are named."""
    broken = {**STEPS[0], "command": [{**SHUT, **change}]}
    with pytest.raises(BadScene, match=f"plan p: step 'look': command .*: {says}"):
        Plan.declared("p", {"step": [broken, STEPS[1]]})


@pytest.mark.parametrize(
    ("given", "says"), [(3, "tables"), ([3], "tables"), ([SHUT, SHUT], "same name")]
)
def test_commands_are_tables_with_names_of_their_own(given: Any, says: str) -> None:
    """A list of something else is refused, and so are two of one name at one step."""
    with pytest.raises(BadScene, match=f"step 'look': .*{says}"):
        Plan.declared("p", {"step": [{**STEPS[0], "command": given}, STEPS[1]]})


def test_a_command_says_what_would_be_done_and_how_it_is_taken_back() -> None:
    """What is left out has a safe value: one an hour, by a person, proved by the same property."""
    assert (HUT.to, HUT.span, HUT.needs, HUT.within_ms) == ("self", (0, 0), "confirmation", 120_000)
    assert (HUT.proof, HUT.proves, HUT.most_per_h) == ("valve", 0, 2)
    assert HUT.undo is not None
    assert (HUT.undo.name, HUT.undo.value, HUT.undo.proves) == ("undo_shut", 1, 1)
    assert HUT.undo.levels == (0, 0)
    assert (LAMP.most_per_h, LAMP.proof, LAMP.undo) == (1, "power", None)


@settings(max_examples=200, deadline=None)
@given(
    level=st.integers(0, 4),
    now=st.integers(0, 3 * HOUR_MS),
    earlier=st.lists(st.integers(0, 3 * HOUR_MS), max_size=4),
)
def test_limits_hold(level: int, now: int, earlier: list[int]) -> None:
    """Not below its level, not too often in an hour, not too soon after the last time."""
    past = [each for each in earlier if each <= now]
    allowed = not HUT.objection(level, now, past)

    assert allowed == (
        level >= 2
        and sum(each > now - HOUR_MS for each in past) < 2
        and all(now - each >= 60_000 for each in past)
    )


def test_nothing_is_sent_beyond_a_limit() -> None:
    """A confirmation that a limit forbids is an error that names the limit, and no event."""
    case, errand = proposed()
    quiet = case.then(moves.hearing(case, "leak-7-1", 0, at_ms=2000, by="desk"))
    with pytest.raises(OverLimit, match="shut is for level 2 and above; it is 0 now"):
        errands.confirming(quiet, errand, HUT, at_ms=3000, by="ann")
    with pytest.raises(OverLimit, match="must wait 60 s"):
        errands.confirming(case, errand, HUT, at_ms=3000, by="ann", earlier=[2000])


def test_a_person_may_choose_only_within_the_range() -> None:
    """The value sent is the one that must be observed."""
    case, errand = proposed(LAMP)
    with pytest.raises(BadRequest, match="value: dim takes 10 to 80, not 90"):
        errands.confirming(case, errand, LAMP, at_ms=2000, by="ann", value=90.0)
    event = errands.confirming(case, errand, LAMP, at_ms=2000, by="ann", value=30.0)
    after = errand.then(event)

    assert (after.value, after.proves, after.until_ms, after.by) == (30.0, 30.0, 32_000, "ann")
    assert after.is_proved_by(31.9, 2000)
    assert not after.is_proved_by(32.1, 2000)
    assert not after.is_proved_by(30.0, 1999)


def test_a_proof_that_comes_late_still_counts() -> None:
    """That a valve is shut at last is worth knowing; the log says that it was late."""
    case, errand = proposed()
    late = along(case, errand, CONFIRMED, SENT, FAILED, PROVED)

    assert (late.state, late.ended_ms) == (PROVED, 5000)


@pytest.mark.parametrize(
    "states",
    [
        [SENT], [PROVED], [FAILED], [CONFIRMED, CONFIRMED], [CONFIRMED, SENT, SENT],
        [REFUSED, CONFIRMED], [WITHDRAWN, CONFIRMED], [CONFIRMED, REFUSED], [CONFIRMED, PROVED],
        [CONFIRMED, SENT, PROVED, FAILED], [CONFIRMED, SENT, ACKNOWLEDGED, SENT],
    ],
)  # fmt: skip
def test_an_errand_takes_no_other_way(states: list[str]) -> None:
    """Nothing is sent unconfirmed, or twice; what is over is over."""
    case, errand = proposed()
    with pytest.raises(IllegalMove):
        along(case, errand, *states)


def test_taking_back_needs_something_to_take_back() -> None:
    """Only what went out, once at a time, and only where the plan says how."""
    case, errand = proposed()
    with pytest.raises(IllegalMove, match="it is proposed"):
        errands.undoing(case, errand, PLAN, [])
    done = along(case, errand, CONFIRMED, SENT, PROVED)
    back = errands.undoing(case, done, PLAN, [])
    event = errands.proposing(case, back, 7, "v-7", at_ms=9, by="ann", undoes=done)
    second = errands.begun(1, event)

    assert (second.undoes, second.value, second.command) == (done.id, 1, "undo_shut")
    assert errands.declared(PLAN, second) == HUT.undo
    with pytest.raises(IllegalMove, match="taken back already"):
        errands.undoing(case, done, PLAN, [second])
    with pytest.raises(IllegalMove, match="says no way to take dim back"):
        errands.undoing(case, proposed(LAMP)[1], PLAN, [])


class Log(RuleBasedStateMachine):
    """A case whose errands people, the desk and devices change in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.log: list[Event] = [OPENED]
        self.case = fold(1, self.log)
        self.now = 1000
        self.confirmations: list[int] = []

    def write(self, event: Event) -> None:
        """Put an event into the log."""
        self.case = self.case.then(event)
        self.log.append(event)

    def errands(self) -> list[Errand]:
        """Say what the log makes of its errands."""
        return list(carried(1, self.log).values())

    @rule(seconds=st.integers(1, 900))
    def wait(self, seconds: int) -> None:
        """Let time pass."""
        self.now += seconds * 1000

    @rule(level=st.integers(0, 3))
    def hear(self, level: int) -> None:
        """Let the detection change its level."""
        if self.case.closed_ms is None:
            self.write(moves.hearing(self.case, "leak-7-1", level, at_ms=self.now, by="desk"))

    @rule(command=st.sampled_from([HUT, LAMP]))
    def propose(self, command: Command) -> None:
        """Put a command before people, unless the case is over."""
        told = {"at_ms": self.now, "by": "desk"}
        if self.case.closed_ms is None:
            self.write(errands.proposing(self.case, command, 7, "v-7", **told))
            return
        with pytest.raises(IllegalMove, match="is closed"):
            errands.proposing(self.case, command, 7, "v-7", **told)

    @rule(pick=st.integers(0, 20), value=st.none() | st.floats(0, 100))
    def confirm(self, pick: int, value: float | None) -> None:
        """Try to confirm one, whatever its state."""
        if not (mine := self.errands()):
            return
        one = mine[pick % len(mine)]
        command = errands.declared(PLAN, one)
        earlier = [
            each.confirmed_ms for each in mine if each.command == one.command and each.confirmed_ms
        ]
        try:
            self.write(
                errands.confirming(
                    self.case, one, command, at_ms=self.now, by="ann", earlier=earlier, value=value
                )
            )
        except BoroughError:
            return
        assert one.state == PROPOSED
        assert self.case.level >= command.levels[0]
        assert sum(each > self.now - HOUR_MS for each in earlier) < command.most_per_h

    @rule(
        pick=st.integers(0, 20), state=st.sampled_from(sorted(WAYS.keys() - {PROPOSED, CONFIRMED}))
    )
    def change(self, pick: int, state: str) -> None:
        """Try to bring one to any other state."""
        if mine := self.errands():
            one = mine[pick % len(mine)]
            try:
                event = errands.changing(self.case, one, state, at_ms=self.now, by="x")
            except IllegalMove:
                assert one.state not in WAYS[state]
            else:
                self.write(event)

    @precondition(lambda self: self.case.closed_ms is None)
    @rule()
    def close(self) -> None:
        """End the case as a duplicate."""
        self.write(
            moves.closing(self.case, PLAN, "duplicate", at_ms=self.now, by="ann", note="T-0")
        )

    @invariant()
    def sent_once_and_never_unconfirmed(self) -> None:
        """Each errand's events follow the ways, and none was sent twice."""
        for one in self.errands():
            ways = [e.verb for e in self.log if e.verb in WAYS and e.data["errand"] == one.id]
            assert ways[0] == PROPOSED
            assert ways[-1] == one.state
            assert ways.count(SENT) <= ways.count(CONFIRMED) <= 1
            assert all(was in WAYS[then] for was, then in pairwise(ways))

    @invariant()
    def ids_are_its_own(self) -> None:
        """No two errands share an id: a device tells them apart by it."""
        made = [event.data["errand"] for event in self.log if event.verb == PROPOSED]
        assert len(set(made)) == len(made)
        assert self.case == fold(1, self.log)


TestLog = Log.TestCase
TestLog.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
