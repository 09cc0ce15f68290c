"""The guards of the routine loop, one sentence each."""

from typing import Any

import pytest

from borough.core import loop, moves
from borough.core.approvals import APPEAL, EXTENSION, SUSPENSION, Approvals
from borough.core.cases import Case, Event, born
from borough.core.deadlines import DAY_MS, HOUR_MS
from borough.core.errors import BadRequest, BadScene, Forbidden, IllegalMove
from borough.engine.approvals import approvals
from borough.testing.loops import ANSWERS, MORNING, ROW, routine

PLAN = routine()
WORKS = ("verify", "open", "dispatch", "dispose")
"""The way of a citizen's report to the department."""
MINUTE_MS = 60_000


def opened(source: str = "citizen") -> Case:
    """Open a case of the routine loop."""
    first = moves.opening(
        PLAN, code="T-1", title={"zh": "垃圾", "en": "refuse"}, at_ms=MORNING, by="ann",
        source=source, event="own-1:E0110",
    )  # fmt: skip
    return born(1, first)


def step(case: Case, to: str, at_ms: int = MORNING, note: str = "", **told: Any) -> Event:
    """Take a step with all that it asks for."""
    return moves.moving(case, PLAN, to, at_ms=at_ms, by="ann", note=note, answers=ANSWERS, **told)


def chosen(case: Case) -> Case:
    """Choose the row."""
    event = loop.standardising(case, PLAN, ROW, "works", at_ms=MORNING, by="ann")
    return case.then(event)


def at(*steps: str, at_ms: int = MORNING) -> Case:
    """Take a report, whose row is chosen, along some steps."""
    case = chosen(opened())
    for to in steps:
        case = case.then(step(case, to, at_ms, note="so"))
    return case


def asked(case: Case, what: str, at_ms: int = MORNING, **told: Any) -> Case:
    """Ask for something."""
    return case.then(loop.asking(case, PLAN, what, at_ms=at_ms, by="dep", note="why", **told))


def decided(case: Case, *by: str, granted: bool = True, at_ms: int = MORNING) -> Case:
    """Decide on it, level by level."""
    for name in by:
        note = "" if granted else "no"
        case = case.then(
            loop.deciding(case, PLAN, granted=granted, at_ms=at_ms, by=name, note=note)
        )
    return case


def test_what_citizens_report_is_verified_before_it_is_opened() -> None:
    """A collector's own report goes straight on; a citizen's does not."""
    with pytest.raises(IllegalMove, match="from a citizen is verified"):
        step(opened(), "open")

    assert step(opened("collector"), "open").verb == "moved"


def test_a_case_is_opened_by_a_row_of_the_standards() -> None:
    """Without one it goes no further, and the log keeps the row with its limit."""
    case = opened()
    for to in ("verify", "open"):
        case = case.then(step(case, to))
    with pytest.raises(IllegalMove, match="standard: choose the row"):
        step(case, "dispatch")
    event = loop.standardising(case, PLAN, ROW, "works", at_ms=MORNING, by="ann")

    assert event.data["row"]["limit"] == "4 work_hour"
    assert case.then(event).agency == "works"
    assert step(case.then(event), "dispatch").verb == "moved"


def test_the_row_is_not_changed_after_dispatch() -> None:
    """Whoever has the case would be told another time than they were given."""
    with pytest.raises(IllegalMove, match="before a case is dispatched"):
        chosen(at("verify", "open", "dispatch"))


def test_not_accepting_says_why_and_is_no_judgement() -> None:
    """A case that is not accepted or not opened is neither true nor false."""
    case = opened()
    with pytest.raises(BadRequest, match="note: say why"):
        moves.closing(case, PLAN, "declined", at_ms=MORNING, by="ann")
    with pytest.raises(IllegalMove, match="closed as false, not as true"):
        moves.closing(case, PLAN, "true", at_ms=MORNING, by="ann")
    closed = case.then(moves.closing(case, PLAN, "declined", at_ms=MORNING, by="ann", note="no"))

    assert (closed.step, closed.outcome) == ("closed", "declined")


def test_returning_to_the_acceptor_needs_a_reason_and_clears_nothing() -> None:
    """What was chosen and said stays."""
    case = at("verify", "open", "dispatch")
    with pytest.raises(BadRequest, match="note: say why"):
        step(case, "accept")
    event = step(case, "accept", note="not ours")
    back = case.then(event)

    assert event.verb == "returned"
    assert (back.standard, back.agency, back.returned) == (case.standard, case.agency, 1)


def test_a_department_returns_only_what_nobody_has_in_hand() -> None:
    """An assignment is taken back first."""
    case = at(*WORKS)
    held = case.then(moves.assigning(case, "P7", at_ms=MORNING, by="dep"))
    with pytest.raises(IllegalMove, match="P7 has it in hand"):
        step(held, "dispatch", note="not ours")
    free = held.then(moves.assigning(held, "", at_ms=MORNING, by="dep"))
    event = moves.moving(free, PLAN, "dispatch", at_ms=MORNING, by="dep", note="not ours")

    assert event.verb == "returned"  # without the answers that the step asks for


def test_what_a_department_returned_is_dispatched_again_or_returned() -> None:
    """It is not sent on as if it were done."""
    case = at(*WORKS)
    back = case.then(step(case, "dispatch", note="not ours"))
    with pytest.raises(IllegalMove, match="dispatch it again, or return it"):
        step(back, "check", note="fine")

    assert step(back, "dispose", note="yours", agency="west").data["agency"] == "west"
    assert step(back, "accept", note="nobody's").verb == "returned"
    assert step(at("verify", "open", "dispatch"), "check").verb == "moved"


def test_rework_goes_to_the_same_unit_and_is_counted() -> None:
    """All that was said before stays; another unit is not rework."""
    case = at(*WORKS, "check")
    with pytest.raises(IllegalMove, match="rework goes back to works"):
        step(case, "dispose", note="still there", agency="west")
    event = step(case, "dispose", note="still there")
    again = case.then(event)

    assert event.verb == "reworked"
    assert (again.rework, again.returned, again.agency) == (1, 0, "works")
    assert again.trail[-2:] == ("check", "dispose")
    assert step(again, "check").verb == "moved"  # going on once more needs no reason


def test_the_time_for_the_whole_matter_goes_on_through_rework() -> None:
    """The unit gets its limit anew; the bundle deadline stays where it was."""
    case = at(*WORKS, "check")
    later = MORNING + 2 * HOUR_MS
    again = case.then(step(case, "dispose", later, note="still there"))

    assert case.limit_due_ms == MORNING + 4 * HOUR_MS
    assert again.limit_due_ms == case.limit_due_ms
    assert again.due_ms == MORNING + 8 * HOUR_MS  # two hours before noon, two after the break


def test_a_case_is_checked_on_the_spot_before_it_is_closed() -> None:
    """Whatever was checked before a rework does not count."""
    case = at(*WORKS, "check", "close", "dispose", "check", "close")
    shortcut = Case(**{each: getattr(case, each) for each in case.__slots__} | {
        "trail": (*case.trail[:-2], "close"),
    })  # fmt: skip
    with pytest.raises(IllegalMove, match="checked on the spot"):
        moves.closing(shortcut, PLAN, "true", at_ms=MORNING, by="ann", answers=ANSWERS)


def test_closing_confirms_the_condition_of_the_row() -> None:
    """Nobody closes by a bare click."""
    case = at(*WORKS, "check", "close")
    with pytest.raises(IllegalMove, match=r"answers\.close_condition"):
        moves.closing(case, PLAN, "true", at_ms=MORNING, by="ann")
    closed = case.then(moves.closing(case, PLAN, "true", at_ms=MORNING, by="ann", answers=ANSWERS))

    assert closed.outcome == "true"


def test_an_extension_adds_one_limit_to_the_deadline_after_two_approvals() -> None:
    """Department first, dispatcher last; the first alone changes nothing."""
    case = asked(at(*WORKS), EXTENSION)
    first = decided(case, "lead")
    both = decided(first, "disp")

    assert (first.due_ms, first.extended, first.asked["level"]) == (case.due_ms, 0, 1)
    assert both.due_ms == both.limit_due_ms == MORNING + 10 * HOUR_MS  # 18:00, eight hours of work
    assert (both.extended, both.asked) == (1, {})


def test_more_than_two_extensions_are_not_to_be_had() -> None:
    """Refused ones do not count."""
    case = at(*WORKS)
    for _ in range(3):
        case = decided(asked(case, EXTENSION), "lead", granted=False)
    for _ in range(2):
        case = decided(asked(case, EXTENSION), "lead", "disp")
    with pytest.raises(IllegalMove, match="extended 2 times"):
        asked(case, EXTENSION)

    assert "extend" not in loop.legal(case, PLAN, MORNING)


def test_an_extension_is_asked_for_before_lateness_and_only_of_disposal() -> None:
    """Afterwards it would only hide it."""
    case = at(*WORKS)
    assert asked(case, EXTENSION, at_ms=case.due_ms).asked
    with pytest.raises(IllegalMove, match="late already"):
        asked(case, EXTENSION, at_ms=case.due_ms + 1)
    with pytest.raises(IllegalMove, match="only the time for disposal"):
        asked(at("verify"), EXTENSION)


def test_each_level_decides_for_itself() -> None:
    """The role of the level, and nobody twice or on what they asked for."""
    case = asked(at(*WORKS), EXTENSION)
    how: dict[str, Any] = {"granted": True, "at_ms": MORNING}
    for by, roles, says in (
        ("disp", {"dispatcher"}, "for a department"),
        ("dep", {"department"}, "dep asked for it"),
    ):
        with pytest.raises(Forbidden, match=says):
            loop.deciding(case, PLAN, by=by, roles=roles, **how)
    first = case.then(loop.deciding(case, PLAN, by="lead", roles={"department"}, **how))
    with pytest.raises(Forbidden, match="lead asked for it or approved it"):
        loop.deciding(first, PLAN, by="lead", roles={"department", "dispatcher"}, **how)

    assert loop.deciding(first, PLAN, by="disp", roles={"dispatcher"}, **how).verb == "extended"


def test_while_a_case_is_suspended_nothing_is_disposed_of() -> None:
    """Its time stands still, and it may only go on or be cancelled."""
    case = at(*WORKS)
    still = decided(asked(case, SUSPENSION, to_ms=MORNING + 2 * DAY_MS), "disp")
    with pytest.raises(IllegalMove, match="is suspended"):
        step(still, "check", MORNING + DAY_MS)

    assert still.due_ms == case.due_ms + 2 * DAY_MS
    assert still.limit_due_ms == still.due_ms
    assert set(loop.legal(still, PLAN, MORNING + DAY_MS)) == {"assign", "resume", "cancel"}


def test_a_suspension_ends_early_or_by_itself_and_its_time_is_not_counted() -> None:
    """What is taken off is what it stood still; early, the rest is put back."""
    case = at(*WORKS)
    still = decided(asked(case, SUSPENSION, to_ms=MORNING + 2 * DAY_MS), "disp")
    early = still.then(loop.resuming(still, PLAN, at_ms=MORNING + DAY_MS, by="dep"))
    done = still.then(loop.resuming(still, None, at_ms=MORNING + 2 * DAY_MS, by="desk"))

    assert (early.due_ms, early.paused_ms) == (case.due_ms + DAY_MS, DAY_MS)
    assert (done.due_ms, done.paused_ms) == (case.due_ms + 2 * DAY_MS, 2 * DAY_MS)
    assert early.suspended_to_ms is None
    assert step(early, "check", MORNING + DAY_MS).verb == "moved"


@pytest.mark.parametrize("to_ms", [None, MORNING, MORNING + 366 * DAY_MS])
def test_a_suspension_has_an_end_within_a_year(to_ms: int | None) -> None:
    """No end, one that has passed, or one too far away is refused."""
    with pytest.raises(BadRequest, match="to: a moment after now, within 365 days"):
        asked(at(*WORKS), SUSPENSION, to_ms=to_ms)


def test_cancelling_says_why_and_may_be_done_until_closing() -> None:
    """Also while it stands still; what was never paused is not counted as paused."""
    case = at(*WORKS)
    with pytest.raises(BadRequest, match="note: say why"):
        loop.cancelling(case, PLAN, at_ms=MORNING, by="ann", note=" ")
    still = decided(asked(case, SUSPENSION, to_ms=MORNING + 2 * DAY_MS), "disp")
    void = still.then(
        loop.cancelling(still, PLAN, at_ms=MORNING + HOUR_MS, by="ann", note="a test")
    )

    assert (void.outcome, void.paused_ms, void.suspended_to_ms) == ("cancelled", HOUR_MS, None)
    with pytest.raises(IllegalMove, match="is closed"):
        loop.cancelling(void, PLAN, at_ms=MORNING, by="ann", note="again")


def late() -> Case:
    """Close a case that was disposed of too late."""
    case = at(*WORKS)
    end = case.due_ms + MINUTE_MS
    for to in ("check", "close"):
        case = case.then(step(case, to, end))
    return case.then(moves.closing(case, PLAN, "true", at_ms=end, by="ann", answers=ANSWERS))


def test_a_lateness_is_appealed_once_after_closing_and_the_fact_stays() -> None:
    """Two reviews grant it; then statistics leave out what the log goes on telling."""
    with pytest.raises(IllegalMove, match="after closing, not before"):
        asked(at(*WORKS), APPEAL)
    case = asked(late(), APPEAL)
    granted = decided(case, "chief", "judge")

    assert (case.late, granted.late, granted.exempt) == (1, 1, True)
    with pytest.raises(IllegalMove, match="appealed already"):
        asked(granted, APPEAL)
    refused = decided(asked(late(), APPEAL), "chief", granted=False)
    with pytest.raises(IllegalMove, match="appealed already"):
        asked(refused, APPEAL)
    assert not refused.exempt


def test_what_was_in_time_has_nothing_to_appeal() -> None:
    """Only a lateness is appealed."""
    case = at(*WORKS, "check", "close")
    case = case.then(moves.closing(case, PLAN, "true", at_ms=MORNING, by="ann", answers=ANSWERS))
    with pytest.raises(IllegalMove, match="never late"):
        asked(case, APPEAL)


def test_nothing_is_decided_that_nobody_asked_for() -> None:
    """And nothing is asked for twice at once; going on lets the question lapse."""
    case = at(*WORKS)
    with pytest.raises(IllegalMove, match="nothing waits"):
        decided(case, "lead")
    waits = asked(case, EXTENSION)
    with pytest.raises(IllegalMove, match="one waits for a decision already"):
        asked(waits, SUSPENSION, to_ms=MORNING + DAY_MS)

    assert waits.then(step(waits, "check")).asked == {}


def test_the_rules_are_data() -> None:
    """Another district may allow one extension by one person; a slip names its key."""
    told = {
        "extension": {"most": 1, "approvals": ["chief"], "source": "made for tests"},
        "suspension": {"longest_days": 10, "approvals": ["chief"], "source": "made for tests"},
        "appeal": {"approvals": ["chief"], "source": "made for tests"},
        "verification": {"sources": [], "source": "made for tests"},
    }
    rules = Approvals.declared(told)
    plan = PLAN.by(PLAN.clock, rules)
    case = opened()

    assert rules.extensions == 1
    assert moves.moving(case, plan, "open", at_ms=MORNING, by="ann").verb == "moved"
    assert approvals().by[EXTENSION] == ("department", "dispatcher")
    with pytest.raises(BadScene) as caught:
        Approvals.declared({**told, "extension": {**told["extension"], "most": "two"}})
    assert caught.value.key == ("extension", "most")
