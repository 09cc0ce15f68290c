"""Whatever people try in whatever order, a case never leaves the model of its plan."""

from random import Random

import pytest
from hypothesis import given, settings, strategies as st

from borough.core import loop, moves
from borough.core.cases import CLOSED, Case, Event, Plan, born, fold
from borough.core.errors import BoroughError
from borough.testing.loops import MORNING, all_plans, astray, attempt, tried

PLANS = {plan.id: plan for plan in all_plans()}
WAITS_MS = (0, 60_000, 600_000, 7_200_000, 86_400_000, 40 * 86_400_000)
STEPS = 60


def opened(plan: Plan, source: str) -> tuple[Case, list[Event]]:
    """Open a case of a plan."""
    first = moves.opening(
        plan, code="T-1", title={"zh": "案", "en": "case"}, at_ms=MORNING, by="ann",
        source=source, event="own-1:E0110",
    )  # fmt: skip
    return born(1, first), [first]


@pytest.mark.parametrize("name", PLANS)
@given(seed=st.integers(0, 2**32), source=st.sampled_from(["sensor", "citizen"]))
@settings(max_examples=25)
def test_no_walk_leaves_the_model(name: str, seed: int, source: str) -> None:
    """Sixty tries of anything: the plan's arrows and the guards hold, and the fold is the case."""
    plan, dice = PLANS[name], Random(seed)  # noqa: S311 - a test may be foreseen
    case, log = opened(plan, source)
    now = MORNING
    for _ in range(STEPS):
        now += dice.choice(WAITS_MS[: 3 if dice.random() < 0.9 else 6])
        what = tried(dice)
        try:
            if case.suspended_to_ms is not None and now >= case.suspended_to_ms:
                log.append(loop.resuming(case, None, at_ms=now, by="desk"))
                case = case.then(log[-1])
            event = attempt(case, plan, what, now)
        except BoroughError:
            continue
        assert what.verb in {*loop.legal(case, plan, now), "note", "hear"}
        log.append(event)
        case = case.then(event)

    assert astray(log, plan, case) == []
    assert fold(1, log) == case
    assert (case.closed_ms is None) == (case.step != CLOSED)


def test_the_walks_come_everywhere() -> None:
    """The dice are not so loaded that a verb of the loop is never reached."""
    seen: set[str] = set()
    plan = PLANS["routine"]
    for seed in range(400):
        dice = Random(seed)  # noqa: S311 - a test may be foreseen
        case, log = opened(plan, "citizen")
        for number in range(200):
            now = MORNING + number * 120_000
            try:
                log.append(attempt(case, plan, tried(dice), now))
            except BoroughError:
                continue
            case = case.then(log[-1])
        seen |= {event.verb for event in log}

    assert seen >= {
        "moved", "returned", "reworked", "closed", "cancelled", "standardised", "assigned",
        "extension_asked", "approved", "extended", "extension_refused", "suspension_asked",
        "suspended", "suspension_refused", "resumed", "appealed", "appeal_granted",
        "appeal_refused",
    }  # fmt: skip
