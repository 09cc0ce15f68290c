"""What may be done to any case: opening, hearing of it, moving it along its plan, closing it.

The functions decide whether the plan of a case allows something and give the event for it.
"""

from collections.abc import Mapping
from typing import Any

from borough.core import loop
from borough.core.cases import SOURCES, Case, Event, sayable
from borough.core.errors import BadRequest, IllegalMove
from borough.core.plans import CLOSED, DECLINED, DUPLICATE, OUTCOMES, TRUE, Plan, Step

TOLD = frozenset({"source", "event", "standard", "agency", "lon", "lat", "urgent", "text"})
"""What may be told of a case when it is opened, beside what it must have."""


def opening(
    plan: Plan, *, code: str, title: Mapping[str, str], at_ms: int, by: str, scene: str = "",
    thing: int = 0, grid: int = -1, level: int = 0, detection: str = "", **place: Any,
) -> Event:  # fmt: skip
    """Begin a case at the first step of its plan; without a detection, somebody reports it.

    *place* may hold ``source`` (one of `SOURCES`, ``sensor`` where it is not said), ``event``,
    ``standard``, ``agency``, ``lon``, ``lat``, ``urgent`` and ``text``, what was said of it.  A
    case without a scene stands under the name of its plan.
    """
    stray = place.keys() - TOLD
    source = place.get("source", SOURCES[0])
    if stray or source not in SOURCES:
        msg = f"source: must be one of {', '.join(SOURCES)}, not {source!r}"
        raise BadRequest(f"{min(stray)}: a case has no such field" if stray else msg)
    first = plan.first
    data = {
        "code": code, "scene": scene or plan.id, "thing": thing, "grid": grid,
        "title": dict(title), "plan": plan.id, "step": first.name, "holder": first.holder,
        "level": level, "due_ms": plan.due(first, at_ms), "detection": detection, **place,
    }  # fmt: skip
    return sayable(Event(1, at_ms, by, "opened", data))


def hearing(case: Case, detection: str, level: int, *, at_ms: int, by: str) -> Event:
    """Note that the detection behind a case changed its level; 0 is quiet."""
    return Event(case.version + 1, at_ms, by, "level", {"detection": detection, "level": level})


def joining(case: Case, plan: Plan, detection: str, level: int, *, at_ms: int, by: str) -> Event:
    """Add another detection to a case.

    A case closed as true comes back to the first step of its plan: what was put right was not.
    One closed as false or as a duplicate stays closed: people have looked, just now.
    """
    data: dict[str, Any] = {"detection": detection, "level": level}
    if case.outcome != TRUE:
        return Event(case.version + 1, at_ms, by, "joined", data)
    first = plan.first
    data |= {"to": first.name, "holder": first.holder, "due_ms": plan.due(first, at_ms)}
    return Event(case.version + 1, at_ms, by, "reopened", data)


def assigning(
    case: Case, post: str, *, at_ms: int, by: str, why: Mapping[str, Any] | None = None
) -> Event:
    """Give the step of a case to a post; an empty *post* takes it back.

    *why* is what it was weighed by, where a rule decided.
    """
    if case.closed_ms is not None:
        msg = f"case {case.code} is closed"
        raise IllegalMove(msg)
    data = {"post": post} | ({"why": dict(why)} if why else {})
    return sayable(Event(case.version + 1, at_ms, by, "assigned", data))


def noting(case: Case, text: str, *, at_ms: int, by: str) -> Event:
    """Write a remark into the log; closed cases take remarks too."""
    if not text.strip():
        msg = "note: it is empty"
        raise BadRequest(msg)
    return sayable(Event(case.version + 1, at_ms, by, "noted", {"note": text}))


def overrunning(case: Case, *, at_ms: int, by: str) -> Event | None:
    """Note, once for each step, that it should have ended; None where there is nothing to note."""
    if not case.is_late(at_ms) or case.overdue:
        return None
    data = {"step": case.step, "due_ms": case.due_ms}
    return Event(case.version + 1, at_ms, by, "late", data)


def moving(
    case: Case, plan: Plan, to: str, *, at_ms: int, by: str, note: str = "",
    answers: Mapping[str, Any] | None = None, outcome: str = "", agency: str = "",
) -> Event:  # fmt: skip
    """Take a case to another step, or close it where *to* is ``closed``.

    Where both steps have a stage of the routine loop, going back is a return, which needs a
    reason and no answers, and from checking to disposal a rework.  *agency* says to whom a case
    is dispatched, where its standard does not.  Raises `IllegalMove` where the plan or the loop
    does not allow it, and `BadRequest` where an answer that the step asks for is missing, or
    the reason for going back.
    """
    if to == CLOSED:
        return closing(case, plan, outcome, at_ms=at_ms, by=by, note=note, answers=answers)
    loop.permit(case, plan, "move", at_ms)
    here = plan.step(case.step)
    if to not in here.then:
        msg = f"{case.step} may go to {', '.join(here.then)}, not {to!r}"
        raise IllegalMove(msg)
    there = plan.step(to)
    if says := loop.no_way(case, plan, there):
        raise IllegalMove(says)
    verb = loop.turn(here, there)
    if loop.goes_back(case, here, there) and not note.strip():
        msg = f"note: say why it goes back to {to}"
        raise BadRequest(msg)
    data = {
        "from": case.step, **loop.arriving(case, plan, there, at_ms, agency), "note": note,
        "answers": dict(answers or {}) if verb == "returned" else _answered(here, answers or {}),
    }  # fmt: skip
    return sayable(Event(case.version + 1, at_ms, by, verb, data))


def closing(
    case: Case, plan: Plan, outcome: str, *, at_ms: int, by: str, note: str = "",
    answers: Mapping[str, Any] | None = None,
) -> Event:  # fmt: skip
    """End a case as ``true``, ``false`` or ``duplicate``, or as ``declined`` before it is opened.

    A duplicate may be closed from any step, with a note that says of what; the others only from
    a step that leads to ``closed``.  Raises `IllegalMove` or `BadRequest`.
    """
    loop.permit(case, plan, "close", at_ms)
    answers = answers or {}
    if outcome not in {*OUTCOMES, DECLINED}:
        msg = f"outcome: must be one of {', '.join(OUTCOMES)}, not {outcome!r}"
        raise BadRequest(msg)
    if outcome in {DUPLICATE, DECLINED} and not note.strip():
        msg = "note: say which case this one repeats" if outcome == DUPLICATE else "note: say why"
        raise BadRequest(msg)
    here = plan.step(case.step)
    if outcome != DUPLICATE:
        if CLOSED not in here.then:
            msg = f"{case.step} may go to {', '.join(here.then)}, not {CLOSED!r}"
            raise IllegalMove(msg)
        if outcome not in (ends := loop.endings(case, plan)):
            msg = f"from {case.step} a case is closed as {ends[0]}, not as {outcome}"
            raise IllegalMove(msg)
        if says := loop.unfit(case, plan, outcome, answers):
            raise IllegalMove(says)
        answers = _answered(here, answers)
    data = {"from": case.step, "outcome": outcome, "note": note, "answers": dict(answers)}
    return sayable(Event(case.version + 1, at_ms, by, "closed", data))


def _answered(step: Step, answers: Mapping[str, Any]) -> dict[str, Any]:
    for name in step.asks:
        given = answers.get(name)
        if given is None or given == "":
            msg = f"answers.{name}: {step.name} asks for it"
            raise BadRequest(msg)
    return dict(answers)
