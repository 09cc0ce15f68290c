"""Cases: one matter, followed from the first alarm to the last signature.

What happens to a case is a list of events; what it is now is the fold of that list and nothing
else.  `core.moves` and `core.loop` decide whether its plan allows something and give the event
for it; the store writes the event down, and `Case.then` says what the case is after it.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from hashlib import sha256
from operator import attrgetter
from typing import Any

from borough.core.errors import BadRequest, NotFound, Stale
from borough.core.plans import CANCELLED, CLOSED, DUPLICATE, FALSE, OUTCOMES, TRUE, Plan, Step

__all__ = [
    "ARRIVES", "CLOSED", "DUPLICATE", "ENDS", "FALSE", "LEAVES", "OUTCOMES", "SOURCES", "TRUE",
    "Case", "Event", "Plan", "Step", "born", "canonical", "fold", "sayable",
]  # fmt: skip

SOURCES = ("sensor", "citizen", "collector", "hotline", "video", "leader", "transfer")
"""Where a case may come from."""
ENDS = frozenset({"closed", "cancelled"})
"""Verbs after which a case is over."""
ARRIVES = frozenset({"opened", "moved", "returned", "reworked", "reopened"})
"""Verbs after which a case stands at a step anew; its clock begins."""
LEAVES = ENDS | ARRIVES - {"opened"}
"""Verbs by which a case leaves the step where it was."""
GREEN = "green"
"""The colour of a clock that has just begun."""


_JSON = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
"""Made once: making one costs more than using it."""


@dataclass(frozen=True, slots=True)
class Event:
    """One entry of a case's log: what happened, when (ms), and who did it.

    ``verb`` is ``opened``, ``joined`` (another detection belongs to it), ``level``, ``assigned``,
    ``moved``, ``noted``, ``late``, ``closed`` or ``reopened``, one of those of the routine loop
    (see `core.loop`), or one that changes nothing but the log (`NOTED`); ``data`` depends on it.
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
    return _JSON.encode(value)


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
    source: str
    event: str
    standard: str
    agency: str
    lon: float | None
    lat: float | None
    urgent: bool
    limit: str
    limit_ms: int
    limit_due_ms: int | None
    paused_ms: int
    suspended_to_ms: int | None
    extended: int
    rework: int
    asked: Mapping[str, Any]
    appealed: bool
    exempt: bool
    band: str

    def is_late(self, now_ms: int) -> bool:
        """Tell whether its step should have ended by now."""
        return self.closed_ms is None and now_ms > self.due_ms

    def then(self, event: Event) -> "Case":
        """Say what the case is after *event*; `Stale` where an entry between is missing."""
        if event.seq != self.version + 1:
            msg = f"case {self.code}: event {event.seq} does not follow {self.version}"
            raise Stale(msg)
        told = dict(zip(_NAMES, _VALUES(self), strict=True)) | _CHANGES[event.verb](self, event)
        return Case(**{**told, "version": event.seq})


_NAMES = tuple(each.name for each in fields(Case))
_VALUES = attrgetter(*_NAMES)
"""All fields of a case in one go: an event of a case costs half as much as with `replace`."""


def born(case: int, event: Event) -> Case:
    """Say what a case is after its first event."""
    data, at = event.data, event.at_ms
    return Case(
        id=case, code=data["code"], scene=data["scene"], thing=data["thing"], grid=data["grid"],
        plan=data["plan"], title=data["title"], step=data["step"], holder=data["holder"], post="",
        level=data["level"], worst=data["level"], opened_ms=at, since_ms=at,
        due_ms=data["due_ms"], heard_ms=at, closed_ms=None, outcome="", version=event.seq,
        merged=0, returned=0, late=0, overdue=False, trail=(data["step"],),
        source=data.get("source", "sensor"), event=data.get("event", ""),
        standard=data.get("standard", ""), agency=data.get("agency", ""), lon=data.get("lon"),
        lat=data.get("lat"), urgent=data.get("urgent", False), limit="", limit_ms=0,
        limit_due_ms=None, paused_ms=0, suspended_to_ms=None, extended=0, rework=0, asked={},
        appealed=False, exempt=False, band=GREEN,
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
    data = event.data
    to = data["to"]
    return {
        **_left(case, event),
        "step": to,
        "holder": data["holder"],
        "post": "",
        "since_ms": event.at_ms,
        "due_ms": data["due_ms"],
        "returned": case.returned + data.get("back", to in case.trail),
        "overdue": False,
        "trail": (*case.trail, to),
        "agency": data.get("agency", case.agency),
        "limit_due_ms": data.get("limit_due_ms", case.limit_due_ms),
        "asked": {},
        "band": GREEN,
    }


def _reworked(case: Case, event: Event) -> dict[str, Any]:
    return {**_moved(case, event), "returned": case.returned, "rework": case.rework + 1}


def _left(case: Case, event: Event) -> dict[str, Any]:
    return {"late": case.late + (event.at_ms > case.due_ms and not case.overdue)}


def _noted(_case: Case, _event: Event) -> dict[str, Any]:
    return {}


def _overran(case: Case, event: Event) -> dict[str, Any]:
    return {"late": case.late + 1, "overdue": True, "band": event.data.get("band", case.band)}


def _closed(case: Case, event: Event) -> dict[str, Any]:
    ends = {"closed_ms": event.at_ms, "outcome": event.data["outcome"], "overdue": False}
    ends |= {"asked": {}, "suspended_to_ms": None}
    return {**_left(case, event), **ends, "step": CLOSED, "trail": (*case.trail, CLOSED)}


def _cancelled(case: Case, event: Event) -> dict[str, Any]:
    ends = {**event.data, "outcome": CANCELLED}
    paused = case.paused_ms + event.data["paused_ms"]
    return {**_closed(case, replace(event, data=ends)), "paused_ms": paused}


def _reopened(case: Case, event: Event) -> dict[str, Any]:
    opens = {"closed_ms": None, "outcome": "", "late": case.late, "limit_due_ms": None}
    opens |= {"extended": 0, "appealed": False}
    return {**_moved(case, event), **_joined(case, event), **opens}


def _standardised(case: Case, event: Event) -> dict[str, Any]:
    data = event.data
    names = ("standard", "event", "limit", "limit_ms", "urgent", "due_ms", "limit_due_ms")
    agency = case.agency or data.get("agency", "")
    return {name: data[name] for name in names if name in data} | {"agency": agency}


def _asked(_case: Case, event: Event) -> dict[str, Any]:
    return {"asked": {**event.data, "by": event.actor, "level": 0}}


def _approved(case: Case, event: Event) -> dict[str, Any]:
    level = case.asked["level"] + 1
    by = [*case.asked.get("approved_by", ()), event.actor]
    return {"asked": {**case.asked, "level": level, "approved_by": by}}


def _extended(case: Case, event: Event) -> dict[str, Any]:
    return {**_rescheduled(case, event), "extended": case.extended + 1, "asked": {}, "band": GREEN}


def _rescheduled(case: Case, event: Event) -> dict[str, Any]:
    due = event.data.get("limit_due_ms", case.limit_due_ms)
    return {"due_ms": event.data["due_ms"], "limit_due_ms": due}


def _suspended(case: Case, event: Event) -> dict[str, Any]:
    paused = case.paused_ms + event.data["paused_ms"]
    to = event.data["to_ms"]
    return {**_rescheduled(case, event), "suspended_to_ms": to, "asked": {}, "paused_ms": paused}


def _resumed(case: Case, event: Event) -> dict[str, Any]:
    paused = case.paused_ms + event.data["paused_ms"]
    return {**_rescheduled(case, event), "suspended_to_ms": None, "paused_ms": paused}


def _decided(_case: Case, _event: Event) -> dict[str, Any]:
    return {"asked": {}}


def _appealed(case: Case, event: Event) -> dict[str, Any]:
    return {**_asked(case, event), "appealed": True}


def _exempted(_case: Case, _event: Event) -> dict[str, Any]:
    return {"asked": {}, "exempt": True}


def _triaged(case: Case, event: Event) -> dict[str, Any]:
    return {"agency": event.data.get("agency", case.agency)}


def _warned(_case: Case, event: Event) -> dict[str, Any]:
    return {"band": event.data["band"]}


NOTED = (
    "noted",
    *("proposed", "confirmed", "refused", "withdrawn", "sent", "acknowledged", "proved", "failed"),
    *("task_started", "task_acknowledged", "task_done", "task_skipped", "task_widened"),
    *(
        "task_handed",
        "task_shifted",
        "task_late",
        "milestone",
        "reviewed",
        "contacted",
        "answered",
        "revisited",
        "attached",
        "detached",
        "request_warned",
        "request_late",
    ),
    *("warning_confirmed", "warning_sent", "warning_withdrawn"),
    "split",
)
"""Verbs that change nothing of a case itself: remarks, errands, tasks, files, warnings."""
_CHANGES: Mapping[str, Callable[[Case, Event], dict[str, Any]]] = {
    "joined": _joined,
    "level": _levelled,
    "assigned": _assigned,
    "moved": _moved,
    "returned": _moved,
    "reworked": _reworked,
    "late": _overran,
    "closed": _closed,
    "cancelled": _cancelled,
    "reopened": _reopened,
    "standardised": _standardised,
    "extension_asked": _asked,
    "suspension_asked": _asked,
    "approved": _approved,
    "extended": _extended,
    "extension_refused": _decided,
    "suspended": _suspended,
    "suspension_refused": _decided,
    "resumed": _resumed,
    "appealed": _appealed,
    "appeal_granted": _exempted,
    "appeal_refused": _decided,
    "triaged": _triaged,
    "warned": _warned,
    **dict.fromkeys(NOTED, _noted),
}


def sayable(event: Event) -> Event:
    """Refuse what could not be written down: numbers that are none, and broken text."""
    try:
        canonical([event.actor, event.data]).encode()
    except (TypeError, ValueError) as error:
        msg = f"answers: cannot be written down ({error})"
        raise BadRequest(msg) from error
    return event
