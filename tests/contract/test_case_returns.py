"""What a case keeps of its past when it goes quiet, gets worse, is closed, or comes back."""

from borough.core import moves
from borough.core.cases import Case, Plan, fold

HOUR = 3_600_000
PLAN = Plan.declared(
    "leak",
    {"step": [{"name": "look", "holder": "worker", "within_s": 600, "then": ["closed"]}]},
)


def opened() -> Case:
    """Open a case at time 0."""
    first = moves.opening(
        PLAN, code="T-1", scene="leak", thing=7, grid=3, title={"zh": "漏", "en": "leak"},
        level=2, detection="leak-7-1", at_ms=0, by="desk",
    )  # fmt: skip
    return fold(1, [first])


def closed(outcome: str) -> Case:
    """Close it in time, a second after it was opened."""
    case = opened()
    return case.then(moves.closing(case, PLAN, outcome, at_ms=1000, by="ann"))


def test_the_worst_level_stays() -> None:
    """Going quiet does not make harmless what was not."""
    case = opened()
    case = case.then(moves.hearing(case, "leak-7-1", 0, at_ms=5, by="desk"))

    assert (case.level, case.worst, case.heard_ms) == (0, 2, 5)


def test_an_old_sign_does_not_turn_back_time() -> None:
    """Signs may be handed out late; the last one is the latest and not the one that came last."""
    case = opened()
    case = case.then(moves.hearing(case, "leak-7-1", 1, at_ms=50, by="desk"))
    case = case.then(moves.hearing(case, "leak-7-1", 2, at_ms=20, by="desk"))

    assert case.heard_ms == 50


def test_a_closed_case_is_not_late() -> None:
    """However long ago its last step should have ended."""
    assert opened().is_late(HOUR)
    assert not closed("true").is_late(HOUR)


def test_coming_back_is_not_being_late() -> None:
    """Between the closing and the next sign nobody had anything to do."""
    case = closed("true")
    case = case.then(moves.joining(case, PLAN, "leak-7-9", 1, at_ms=HOUR, by="desk"))

    assert (case.late, case.closed_ms, case.due_ms) == (0, None, HOUR + 600_000)
