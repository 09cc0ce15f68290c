"""Errands: one carrying-out of a command on a case, from the proposal to the proof.

Every change of an errand is an event of its case, and what an errand is now is the fold of those
events and nothing else.  The functions here decide whether a change may be made and give the
event for it; the store writes it down.

    proposed ─> confirmed ─> sent ─> acknowledged ─> proved
       │            │          └────────┴──────> failed ─> proved (late, but so it is)
       ├─> refused  └─> failed (it could not be sent in time)
       └─> withdrawn (the case went on without it)
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from borough.core.cases import Case, Event, sayable
from borough.core.commands import Command
from borough.core.errors import BadRequest, IllegalMove, NotFound, OverLimit
from borough.core.plans import Plan

PROPOSED, CONFIRMED, SENT, ACKNOWLEDGED, PROVED, FAILED, REFUSED, WITHDRAWN = (
    "proposed", "confirmed", "sent", "acknowledged", "proved", "failed", "refused", "withdrawn",
)  # fmt: skip
WAYS: Mapping[str, frozenset[str]] = {
    PROPOSED: frozenset(),
    CONFIRMED: frozenset({PROPOSED}),
    REFUSED: frozenset({PROPOSED}),
    WITHDRAWN: frozenset({PROPOSED}),
    SENT: frozenset({CONFIRMED}),
    ACKNOWLEDGED: frozenset({SENT}),
    PROVED: frozenset({SENT, ACKNOWLEDGED, FAILED}),
    FAILED: frozenset({CONFIRMED, SENT, ACKNOWLEDGED}),
}
"""From which states an errand may come to each; these are also the verbs of its events."""
UNDER_WAY = frozenset({CONFIRMED, SENT, ACKNOWLEDGED})
"""States in which somebody decided and the end is open."""
GIVEN = UNDER_WAY | {PROVED, FAILED}
"""States in which the thing may have heard of it, so that it can be undone."""
BLOCKS = UNDER_WAY | {PROPOSED, PROVED}
"""States of an errand that takes another back, in which there is no need of a second one."""
LATE, UNSENT = "no proof in time", "it could not be sent in time"
"""Why an errand failed, where the thing itself has not said so."""


@dataclass(frozen=True, slots=True)
class Errand:
    """What one carrying-out of a command is now; times in ms, 0 where it is not so yet.

    ``id`` goes to the thing, which knows a repeated one by it.  ``thing`` shall have ``value``
    as its ``property`` until ``until_ms``; an observation of ``proof`` within ``give`` of
    ``proves`` shows that it has.  ``step`` is where the case was, and ``undoes`` names the
    errand that this one takes back.  ``says`` is why it failed or was refused.
    """

    id: str
    case: int
    command: str
    step: str
    thing: int
    key: str
    property: str
    value: float
    proof: str
    proves: float
    give: float
    state: str
    undoes: str
    proposed_ms: int
    confirmed_ms: int
    sent_ms: int
    until_ms: int
    ended_ms: int
    by: str
    says: str

    def then(self, event: Event) -> "Errand":
        """Say what the errand is after *event*; `IllegalMove` where it cannot come to that."""
        if self.state not in WAYS[event.verb]:
            msg = f"command {self.id} is {self.state} and cannot be {event.verb}"
            raise IllegalMove(msg)
        data, at = event.data, event.at_ms
        changed: dict[str, Any] = {"state": event.verb, "says": data.get("says", self.says)}
        if event.verb == CONFIRMED:
            changed |= {key: data[key] for key in ("value", "proves", "until_ms")}
            changed |= {"confirmed_ms": at, "by": event.actor}
        elif event.verb == SENT:
            changed["sent_ms"] = at
        elif event.verb != ACKNOWLEDGED:
            changed["ended_ms"] = at
        return replace(self, **changed)

    def is_proved_by(self, value: float, at_ms: int) -> bool:
        """Tell whether an observation of its proof, made at *at_ms*, shows that it was done."""
        return at_ms >= self.confirmed_ms and abs(value - self.proves) <= self.give


def begun(case: int, event: Event) -> Errand:
    """Say what an errand is after the event that proposed it."""
    data = event.data
    same = ("command", "step", "thing", "key", "property", "value", "proof", "proves", "give")
    return Errand(
        id=data["errand"], case=case, **{key: data[key] for key in same}, state=PROPOSED,
        undoes=data["undoes"], proposed_ms=event.at_ms, confirmed_ms=0, sent_ms=0, until_ms=0,
        ended_ms=0, by=event.actor, says="",
    )  # fmt: skip


def carried(case: int, events: Iterable[Event]) -> dict[str, Errand]:
    """Fold the log of a case into its errands, by id, oldest first."""
    now: dict[str, Errand] = {}
    for event in events:
        if event.verb == PROPOSED:
            fresh = begun(case, event)
            now[fresh.id] = fresh
        elif event.verb in WAYS:
            name = event.data["errand"]
            now[name] = now[name].then(event)
    return now


def commands(plan: Plan, place: str) -> tuple[Command, ...]:
    """List the commands of a place of a plan: a step or a task."""
    where = plan.steps.get(place) or plan.tasks.get(place)
    return where.commands if where else ()


def due(case: Case, plan: Plan, place: str = "") -> tuple[Command, ...]:
    """List the commands that the case's step, or a task, has for its level; none once closed."""
    if case.closed_ms is not None:
        return ()
    return tuple(e for e in commands(plan, place or case.step) if case.level >= e.levels[0])


def declared(plan: Plan, errand: Errand) -> Command:
    """Find what the plan says of an errand; `IllegalMove` where it has no such command now."""
    for each in commands(plan, errand.step):
        for one in (each, each.undo):
            if one is not None and one.name == errand.command:
                return one
    msg = f"plan {plan.id} has no command {errand.command!r} at {errand.step} any more"
    raise IllegalMove(msg)


def named(case: Case, plan: Plan, name: str, place: str = "") -> Command:
    """Find a command of the case's step, or of a task, by name; `NotFound` where it has none."""
    for each in commands(plan, place or case.step) if case.closed_ms is None else ():
        if each.name == name:
            return each
    msg = f"command: {case.step} has no {name!r}"
    raise NotFound(msg)


def proposing(
    case: Case, command: Command, thing: int, key: str, *, at_ms: int, by: str,
    undoes: Errand | None = None, place: str = "",
) -> Event:  # fmt: skip
    """Put a command before people, for one thing; *undoes* is what it takes back.

    *place* is the task that has it, where it is not the case's step.

    Raises `IllegalMove` where the case is closed.
    """
    if case.closed_ms is not None:
        msg = f"case {case.code} is closed"
        raise IllegalMove(msg)
    data = {
        "errand": f"{case.code}.{case.version + 1}", "command": command.name,
        "step": undoes.step if undoes else place or case.step, "thing": thing, "key": key,
        "property": command.property, "value": command.value, "proof": command.proof,
        "proves": command.goal(command.value), "give": command.give,
        "undoes": undoes.id if undoes else "",
    }  # fmt: skip
    return Event(case.version + 1, at_ms, by, PROPOSED, data)


def confirming(
    case: Case, errand: Errand, command: Command, *, at_ms: int, by: str,
    earlier: Sequence[int] = (), value: float | None = None, note: str = "",
) -> Event:  # fmt: skip
    """Decide that it be done: from here on it is sent, once.

    *earlier* is when the same was confirmed for the same thing before.  Raises `OverLimit` where
    a limit of the plan forbids it, `BadRequest` where *value* is outside the declared range, and
    `IllegalMove` where it was decided already.
    """
    if case.closed_ms is not None:
        msg = f"case {case.code} is closed"
        raise IllegalMove(msg)
    chosen, (low, high) = errand.value if value is None else value, command.span
    if not low <= chosen <= high:
        msg = f"value: {errand.command} takes {low:g} to {high:g}, not {chosen:g}"
        raise BadRequest(msg)
    if objection := command.objection(case.level, at_ms, earlier):
        raise OverLimit(objection)
    return changing(
        case, errand, CONFIRMED, at_ms=at_ms, by=by, value=chosen, proves=command.goal(chosen),
        until_ms=at_ms + command.within_ms, note=note,
    )  # fmt: skip


def changing(
    case: Case, errand: Errand, to: str, *, at_ms: int, by: str, **told: Any
) -> Event:  # fmt: skip
    """Note that an errand came to another state; `IllegalMove` where it cannot come to that."""
    data = {"errand": errand.id, "command": errand.command, "key": errand.key, **told}
    event = Event(case.version + 1, at_ms, by, to, data)
    errand.then(event)
    return sayable(event)


def undoing(case: Case, errand: Errand, plan: Plan, others: Iterable[Errand]) -> Command:
    """Give the command that takes an errand back; `IllegalMove` where it cannot be taken back."""
    command = declared(plan, errand)
    if command.undo is None:
        msg = f"plan {plan.id} says no way to take {errand.command} back"
        raise IllegalMove(msg)
    if case.closed_ms is not None or errand.state not in GIVEN:
        state = "closed" if case.closed_ms is not None else errand.state
        msg = f"{errand.command} cannot be taken back: it is {state}"
        raise IllegalMove(msg)
    busy = [each for each in others if each.undoes == errand.id and each.state in BLOCKS]
    if busy:
        msg = f"{errand.command} is being taken back already: {busy[-1].id} is {busy[-1].state}"
        raise IllegalMove(msg)
    return command.undo
