"""What became of a case: when it was reported, filed, dispatched, put right and closed.

All of it is read from the log and cut at a moment, so that a period which is over gives the same
numbers for ever.  The stages are those of the routine loop (GB/T 30428); a plan whose steps have
none is one stay from the first step to the end.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from borough.core.cases import ARRIVES, ENDS, LEAVES, Event
from borough.core.plans import CANCELLED, STAGES, Plan

DISPOSE = STAGES.index("dispose")
DISPATCH = STAGES.index("dispatch")
SETS = ARRIVES | {"standardised", "extended", "suspended", "resumed"}
"""Verbs with which the deadline of a step is set; those of tasks and requests have their own."""
BACK = frozenset({"returned", "reworked"})
"""Verbs by which a case goes back to where it was."""


@dataclass(frozen=True, slots=True)
class Stay:
    """A case at a step of its plan, from when it came there until it left (ms; None: still there).

    ``due_ms`` is its deadline as it was last set; ``post`` who was given it last, ``by`` who
    ended it, and ``verb`` how.
    """

    step: str
    stage: str
    post: str
    from_ms: int
    due_ms: int
    to_ms: int | None
    by: str
    verb: str


@dataclass(frozen=True, slots=True)
class Life:
    """One case as evaluations count it; moments in ms, None for what has not happened.

    ``filed_ms`` is its 立案, ``dispatched_ms`` when an agency first had it, ``disposed_ms`` when
    the agency last said that it was put right, and ``due_ms`` by when that should have been: the
    limit of the standard over all loops, or else that of the last step.  ``first_ms`` is when a
    person first did anything about it.
    """

    id: int
    code: str
    scene: str
    source: str
    grid: int
    agency: str
    reporter: str
    reported_ms: int
    filed_ms: int | None
    first_ms: int | None
    dispatched_ms: int | None
    disposed_ms: int | None
    due_ms: int | None
    closed_ms: int | None
    outcome: str
    returned: int
    refused: int
    rework: int
    extended: int
    suspended: int
    is_suspended: bool
    exempt: bool
    stays: tuple[Stay, ...]

    @property
    def post(self) -> str:
        """Who was given it to put right, or was given it last."""
        given = [each for each in self.stays if each.post]
        right = [each.post for each in given if each.stage == "dispose"]
        return right[-1] if right else given[-1].post if given else ""


@dataclass(slots=True)
class _Walk:
    """What is known while a log is read."""

    stays: list[Stay] = field(default_factory=list)
    here: dict[str, Any] = field(default_factory=dict)
    limit_due_ms: int | None = None
    due_ms: int | None = None
    agency: str = ""
    times: dict[str, int] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    outcome: str = ""
    is_suspended: bool = False
    exempt: bool = False

    def count(self, name: str) -> None:
        self.counts[name] = self.counts.get(name, 0) + 1


def lived(case: int, events: Iterable[Event], plan: Plan | None, until_ms: int) -> Life | None:
    """Say what had become of a case by *until_ms*; None where it was not reported by then.

    ``events`` is its whole log, oldest first.  Without its *plan*, or where the plan has changed
    since, steps that are not known have no stage.
    """
    log = [each for each in events if each.at_ms <= until_ms]
    if not log or log[0].verb != "opened":
        return None
    stages = {name: step.stage for name, step in plan.steps.items()} if plan else {}
    walk = _Walk()
    for event in log:
        _walked(walk, event, stages)
    if walk.here:
        _left(walk, None, "", "")
    born, staged = log[0].data, any(stages.values())
    if not staged:
        _unstaged(walk, log[0].at_ms)
    elif "open" not in stages.values():
        walk.times.setdefault("filed", log[0].at_ms)
    return Life(
        id=case, code=born["code"], scene=born["scene"], source=born.get("source", "sensor"),
        grid=born["grid"], agency=walk.agency, reporter=log[0].actor, reported_ms=log[0].at_ms,
        filed_ms=walk.times.get("filed"), first_ms=walk.times.get("first"),
        dispatched_ms=walk.times.get("dispatched"), disposed_ms=walk.times.get("disposed"),
        due_ms=walk.due_ms, closed_ms=walk.times.get("closed"), outcome=walk.outcome,
        returned=walk.counts.get("returned", 0), refused=walk.counts.get("refused", 0),
        rework=walk.counts.get("reworked", 0), extended=walk.counts.get("extended", 0),
        suspended=walk.counts.get("suspended", 0), is_suspended=walk.is_suspended,
        exempt=walk.exempt, stays=tuple(walk.stays),
    )  # fmt: skip


def _walked(walk: _Walk, event: Event, stages: Mapping[str, str]) -> None:
    verb, data = event.verb, event.data
    if event.actor != "desk" and verb != "opened":
        walk.times.setdefault("first", event.at_ms)
    if verb in LEAVES and walk.here:
        _disposed(walk, event, stages)
        _left(walk, event.at_ms, event.actor, verb)
    walk.agency = data.get("agency") or walk.agency
    if verb in ARRIVES:
        _arrived(walk, event, stages)
    elif verb in ENDS:
        walk.times["closed"] = event.at_ms
        walk.outcome = data.get("outcome", CANCELLED)
    elif verb == "assigned" and walk.here:
        walk.here["post"] = data["post"]
    if walk.here and verb in SETS and "due_ms" in data:
        walk.here["due_ms"] = data["due_ms"]
    walk.limit_due_ms = data.get("limit_due_ms", walk.limit_due_ms)
    _counted(walk, verb)


def _arrived(walk: _Walk, event: Event, stages: Mapping[str, str]) -> None:
    step = event.data.get("to") or event.data["step"]
    stage = stages.get(step, "")
    if event.verb == "reopened":
        for name in ("closed", "disposed"):
            walk.times.pop(name, None)
        walk.outcome = ""
    walk.here = {
        "step": step, "stage": stage, "post": "", "from_ms": event.at_ms,
        "due_ms": event.data["due_ms"],
    }  # fmt: skip
    rank = STAGES.index(stage) if stage else -1
    if rank >= DISPATCH:
        walk.times.setdefault("filed", event.at_ms)
    if rank >= DISPOSE:
        walk.times.setdefault("dispatched", event.at_ms)
    if rank == DISPOSE:
        walk.times.pop("disposed", None)


def _disposed(walk: _Walk, event: Event, stages: Mapping[str, str]) -> None:
    """Note that an agency says it is put right: its step is left, and not backwards."""
    here = stages.get(walk.here["step"], "")
    if here != "dispose":
        return
    walk.due_ms = walk.limit_due_ms or walk.here["due_ms"]
    there = stages.get(event.data.get("to", ""), "")
    if event.verb in BACK:
        walk.count("refused")
    elif event.verb != CANCELLED and there != "dispose":
        walk.times["disposed"] = event.at_ms


def _left(walk: _Walk, to_ms: int | None, by: str, verb: str) -> None:
    if to_ms is None and walk.here["stage"] == "dispose":
        walk.due_ms = walk.limit_due_ms or walk.here["due_ms"]
    walk.stays.append(Stay(**walk.here, to_ms=to_ms, by=by, verb=verb))
    walk.here = {}


def _counted(walk: _Walk, verb: str) -> None:
    if verb in {"returned", "reworked", "extended", "suspended"}:
        walk.count(verb)
    if verb in {"suspended", "resumed"} | ENDS:
        walk.is_suspended = verb == "suspended"
    walk.exempt |= verb == "appeal_granted"


def _unstaged(walk: _Walk, reported_ms: int) -> None:
    """Read a plan without stages: at once with who puts it right, and put right when closed."""
    walk.times.setdefault("filed", reported_ms)
    walk.times.setdefault("dispatched", reported_ms)
    if "closed" in walk.times:
        walk.times.setdefault("disposed", walk.times["closed"])
    last = walk.stays[-1]
    walk.due_ms = walk.limit_due_ms or last.due_ms
