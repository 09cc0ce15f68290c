"""Cases: one matter, followed from the first alarm to the last signature.

What happens to a case is a list of events; what it is now is the fold of that list and nothing
else.  The functions here decide whether its plan allows something and give the event for it; the
store writes the event down, and `Case.then` says what the case is after it.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from borough.core.errors import BadRequest, IllegalMove, NotFound, Stale
from borough.core.plans import CLOSED, DUPLICATE, FALSE, OUTCOMES, TRUE, Plan, Step

__all__ = [
    "CLOSED", "DUPLICATE", "FALSE", "OUTCOMES", "TRUE", "Case", "Event", "Plan", "Step",
    "assigning", "born", "canonical", "closing", "fold", "hearing", "joining", "moving", "noting",
    "opening", "overrunning", "sayable",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Event:
    """One entry of a case's log: what happened, when (ms), and who did it.

    ``verb`` is ``opened``, ``joined`` (another detection belongs to it), ``level``, ``assigned``,
    ``moved``, ``noted``, ``late``, ``closed`` or ``reopened``, or one of the states that an
    errand comes to (see `core.errands`); ``data`` depends on it.
    """

    seq: int
    at_ms: int
    actor: str
    verb: str
    data: Mapping[str, Any]

    def seal(self, case: int, before: str) -> str:
        """Give the SHA-256 (hex) that ties this entry of a case to the one *before*."""
        said = [before, case, self.seq, self.at_ms, self.actor, self.verb, self.data]
        return sha256(canonical(said).encode()).hexdigest()


def canonical(value: Any) -> str:
    """Write JSON in one form only, so that equal values are equal texts."""
    return json.dumps(
        value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
    )


@dataclass(frozen=True, slots=True)
class Case:
    """What a case is now; times in ms.

    ``level`` is that of its detection at the moment (0: quiet) and ``worst`` the highest so far;
    ``heard_ms`` is the last sign of it.  ``since_ms`` and ``due_ms`` are when its step began and
    should end.  ``version`` is the number of its last event.  ``merged`` counts the detections
    that joined it, ``returned`` the steps taken back, ``late`` the steps that overran, and
    ``overdue`` says that this step is one.  ``trail`` holds the steps so far, in order.
    """

    id: int
    code: str
    scene: str
    thing: int
    grid: int
    plan: str
    title: Mapping[str, str]
    step: str
    holder: str
    post: str
    level: int
    worst: int
    opened_ms: int
    since_ms: int
    due_ms: int
    heard_ms: int
    closed_ms: int | None
    outcome: str
    version: int
    merged: int
    returned: int
    late: int
    overdue: bool
    trail: tuple[str, ...]

    def is_late(self, now_ms: int) -> bool:
        """Tell whether its step should have ended by now."""
        return self.closed_ms is None and now_ms > self.due_ms

    def then(self, event: Event) -> "Case":
        """Say what the case is after *event*; `Stale` where an entry between is missing."""
        if event.seq != self.version + 1:
            msg = f"case {self.code}: event {event.seq} does not follow {self.version}"
            raise Stale(msg)
        return replace(self, version=event.seq, **_CHANGES[event.verb](self, event))


def born(case: int, event: Event) -> Case:
    """Say what a case is after its first event."""
    data, at = event.data, event.at_ms
    return Case(
        id=case, code=data["code"], scene=data["scene"], thing=data["thing"], grid=data["grid"],
        plan=data["plan"], title=data["title"], step=data["step"], holder=data["holder"], post="",
        level=data["level"], worst=data["level"], opened_ms=at, since_ms=at,
        due_ms=data["due_ms"], heard_ms=at, closed_ms=None, outcome="", version=event.seq,
        merged=0, returned=0, late=0, overdue=False, trail=(data["step"],),
    )  # fmt: skip


def fold(case: int, events: Iterable[Event]) -> Case:
    """Say what a case is after all its events; `NotFound` where there is none."""
    now: Case | None = None
    for event in events:
        now = now.then(event) if now else born(case, event)
    if now is None:
        msg = f"case {case} has no events"
        raise NotFound(msg)
    return now


def _joined(case: Case, event: Event) -> dict[str, Any]:
    return {**_levelled(case, event), "merged": case.merged + 1}


def _levelled(case: Case, event: Event) -> dict[str, Any]:
    level = event.data["level"]
    heard = max(case.heard_ms, event.at_ms)
    return {"level": level, "worst": max(case.worst, level), "heard_ms": heard}


def _assigned(_case: Case, event: Event) -> dict[str, Any]:
    return {"post": event.data["post"]}


def _moved(case: Case, event: Event) -> dict[str, Any]:
    to = event.data["to"]
    return {
        **_left(case, event),
        "step": to,
        "holder": event.data["holder"],
        "post": "",
        "since_ms": event.at_ms,
        "due_ms": event.data["due_ms"],
        "returned": case.returned + (to in case.trail),
        "overdue": False,
        "trail": (*case.trail, to),
    }


def _left(case: Case, event: Event) -> dict[str, Any]:
    return {"late": case.late + (event.at_ms > case.due_ms and not case.overdue)}


def _noted(_case: Case, _event: Event) -> dict[str, Any]:
    return {}


def _overran(case: Case, _event: Event) -> dict[str, Any]:
    return {"late": case.late + 1, "overdue": True}


def _closed(case: Case, event: Event) -> dict[str, Any]:
    ends = {"closed_ms": event.at_ms, "outcome": event.data["outcome"], "overdue": False}
    return {**_left(case, event), **ends, "step": CLOSED, "trail": (*case.trail, CLOSED)}


def _reopened(case: Case, event: Event) -> dict[str, Any]:
    opens = {"closed_ms": None, "outcome": "", "late": case.late}
    return {**_moved(case, event), **_joined(case, event), **opens}


_CHANGES: Mapping[str, Callable[[Case, Event], dict[str, Any]]] = {
    "joined": _joined,
    "level": _levelled,
    "assigned": _assigned,
    "moved": _moved,
    "noted": _noted,
    "late": _overran,
    "closed": _closed,
    "reopened": _reopened,
    **dict.fromkeys(
        (
            "proposed",
            "confirmed",
            "refused",
            "withdrawn",
            "sent",
            "acknowledged",
            "proved",
            "failed",
        ),
        _noted,
    ),
}


def opening(
    plan: Plan, *, code: str, scene: str, thing: int, grid: int, title: Mapping[str, str],
    level: int, detection: str, at_ms: int, by: str,
) -> Event:  # fmt: skip
    """Begin a case at the first step of its plan."""
    first = plan.first
    data = {
        "code": code, "scene": scene, "thing": thing, "grid": grid, "title": dict(title),
        "plan": plan.id, "step": first.name, "holder": first.holder, "level": level,
        "due_ms": plan.due(first, at_ms), "detection": detection,
    }  # fmt: skip
    return Event(1, at_ms, by, "opened", data)


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


def assigning(case: Case, post: str, *, at_ms: int, by: str) -> Event:
    """Give the step of a case to a post; an empty *post* takes it back."""
    _still_open(case)
    return sayable(Event(case.version + 1, at_ms, by, "assigned", {"post": post}))


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
    answers: Mapping[str, Any] | None = None, outcome: str = "",
) -> Event:  # fmt: skip
    """Take a case to another step, or close it where *to* is ``closed``.

    Raises `IllegalMove` where the plan does not allow it, and `BadRequest` where an answer that
    the step asks for is missing, or the reason for going back to a step where it was before.
    """
    if to == CLOSED:
        return closing(case, plan, outcome, at_ms=at_ms, by=by, note=note, answers=answers)
    _still_open(case)
    here = plan.step(case.step)
    if to not in here.then:
        msg = f"{case.step} may go to {', '.join(here.then)}, not {to!r}"
        raise IllegalMove(msg)
    there = plan.step(to)
    if to in case.trail and not note.strip():
        msg = f"note: say why it goes back to {to}"
        raise BadRequest(msg)
    data = {
        "from": case.step, "to": to, "holder": there.holder, "due_ms": plan.due(there, at_ms),
        "note": note, "answers": _answered(here, answers or {}),
    }  # fmt: skip
    return sayable(Event(case.version + 1, at_ms, by, "moved", data))


def closing(
    case: Case, plan: Plan, outcome: str, *, at_ms: int, by: str, note: str = "",
    answers: Mapping[str, Any] | None = None,
) -> Event:  # fmt: skip
    """End a case as ``true``, ``false`` or ``duplicate``.

    A duplicate may be closed from any step, with a note that says of what; the others only from
    a step that leads to ``closed``.  Raises `IllegalMove` or `BadRequest`.
    """
    _still_open(case)
    if outcome not in OUTCOMES:
        msg = f"outcome: must be one of {', '.join(OUTCOMES)}, not {outcome!r}"
        raise BadRequest(msg)
    data: dict[str, Any] = {"from": case.step, "outcome": outcome, "note": note}
    if outcome == DUPLICATE:
        if not note.strip():
            msg = "note: say which case this one repeats"
            raise BadRequest(msg)
        return Event(
            case.version + 1, at_ms, by, "closed", {**data, "answers": dict(answers or {})}
        )
    here = plan.step(case.step)
    if CLOSED not in here.then:
        msg = f"{case.step} may go to {', '.join(here.then)}, not {CLOSED!r}"
        raise IllegalMove(msg)
    if here.outcome and outcome != here.outcome:
        msg = f"from {case.step} a case is closed as {here.outcome}, not as {outcome}"
        raise IllegalMove(msg)
    data["answers"] = _answered(here, answers or {})
    return sayable(Event(case.version + 1, at_ms, by, "closed", data))


def _still_open(case: Case) -> None:
    if case.closed_ms is not None:
        msg = f"case {case.code} is closed"
        raise IllegalMove(msg)


def _answered(step: Step, answers: Mapping[str, Any]) -> dict[str, Any]:
    for name in step.asks:
        given = answers.get(name)
        if given is None or given == "":
            msg = f"answers.{name}: {step.name} asks for it"
            raise BadRequest(msg)
    return dict(answers)


def sayable(event: Event) -> Event:
    """Refuse what could not be written down: numbers that are none, and broken text."""
    try:
        canonical([event.actor, event.data]).encode()
    except (TypeError, ValueError) as error:
        msg = f"answers: cannot be written down ({error})"
        raise BadRequest(msg) from error
    return event
