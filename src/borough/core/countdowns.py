"""The clock of a case: when its colour changes, and what is said when it does.

A case has one clock at a time, that of its step.  It begins green, takes on a colour for each
share of its limit that has been used, and at its end the step is late.
"""

from dataclasses import replace

from borough.core.cases import GREEN, Case, Event
from borough.core.deadlines import Bands, Countdown, Limit, Worktime
from borough.core.loop import limit_at, pause
from borough.core.plans import Plan

END = 1.0
"""The share at which a limit is over."""
DISPOSING = frozenset({"dispatch", "dispose"})
"""Stages that the time for the whole matter covers."""
CALENDAR, LIMIT = "calendar", "limit"
"""Reasons for a warning beside the clock: an unknown year, and the time for the whole matter."""


def limit_of(case: Case, plan: Plan | None) -> Limit | None:
    """Give the limit by which the step of a case runs: that of its standard, or of its plan."""
    step = plan.steps.get(case.step) if plan else None
    return limit_at(case, step) if step else None


def begun(case: Case, plan: Plan | None) -> Countdown:
    """Start the clock of the step where a case stands; without a plan it runs day and night."""
    limit, clock = limit_of(case, plan), plan.clock if plan else None
    at_work = bool(limit and limit.at_work)
    return Countdown.since(case.since_ms, case.due_ms, at_work=at_work, clock=clock)


def matter_due(case: Case, plan: Plan | None) -> int | None:
    """Say when the time for the whole matter is over, where that is not told by the step's clock.

    It counts while the matter is being disposed of, over all rounds of rework.
    """
    step = plan.steps.get(case.step) if plan else None
    counts = step is not None and step.stage in DISPOSING
    return case.limit_due_ms if counts and case.limit_due_ms != case.due_ms else None


def coming(
    case: Case, countdown: Countdown, bands: Bands, clock: Worktime | None
) -> tuple[int, float, str] | None:
    """Say what its clock comes to next: when (ms), at which share of it, and in which colour.

    None where nothing more comes of it, or nobody knows when.
    """
    shares = dict(bands.beyond(case.band))
    if not case.overdue:
        shares.setdefault(END, bands.of(END))
    for share in sorted(shares):
        at_ms = countdown.at(share, clock)
        if at_ms is not None:
            return at_ms + (share == END), share, shares[share]
    return None


def reached(case: Case, share: float, band: str, *, at_ms: int, by: str) -> Event:
    """Note that the clock of a case has come to a share of its limit."""
    data = {"step": case.step, "due_ms": case.due_ms, "band": band}
    late = share >= END and not case.overdue
    return Event(case.version + 1, at_ms, by, "late" if late else "warned", data)


def shifted(case: Case, event: Event, countdown: Countdown, clock: Worktime | None) -> Countdown:
    """Move the clock of a case by the pause that begins or ends with an event.

    The deadline of a step that is late already stays where it was; only what comes after waits.
    """
    if not case.overdue:
        return replace(countdown, until_ms=case.due_ms)
    return countdown.later(*pause(event), clock)


def unsure(case: Case, countdown: Countdown, clock: Worktime | None) -> bool:
    """Tell whether its deadline lies in a year whose holidays nobody has announced yet."""
    if not countdown.at_work or clock is None:
        return False
    return not clock.sure(case.since_ms, case.due_ms)


def warning(case: Case, why: str, due_ms: int, *, at_ms: int, by: str) -> Event:
    """Warn of a case for another reason than its colour, which stays."""
    data = {"step": case.step, "due_ms": due_ms, "band": case.band or GREEN, "why": why}
    return Event(case.version + 1, at_ms, by, "warned", data)
