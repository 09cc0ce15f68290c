"""Evaluations: one period judged by one rule set, from the first draft to the frozen result.

    draft -> public -> frozen        and back from public to draft, with a reason

Every step is an event in a log, and what an evaluation is now is the fold of it, as with cases.
A draft may be worked out anew; what is public may be appealed against, and only what every appeal
was decided on, and has been public for as long as the rules say, is frozen and never changes.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from borough.core.cases import Event
from borough.core.errors import BadRequest, IllegalMove, NotFound, Stale

DRAFT, PUBLIC, FROZEN = STATES = ("draft", "public", "frozen")
OPEN, ACCEPTED, REJECTED = APPEAL_STATES = ("open", "accepted", "rejected")


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What an evaluation is now; times in ms.

    ``version`` is the number of its last event and ``draft`` that of its last draft, whose
    digest is ``result``.  ``notice_ms`` is when it was made public and ``until_ms`` how long it
    can be appealed against, None while it is not public; ``appeals`` counts the open ones.
    """

    id: int
    scene: str
    period: str
    rules: str
    rules_version: str
    state: str
    version: int
    draft: int
    result: str
    made_ms: int
    notice_ms: int | None = None
    until_ms: int | None = None
    frozen_ms: int | None = None
    appeals: int = 0

    def then(self, event: Event) -> "Evaluation":
        """Say what it is after *event*; `Stale` where an entry between is missing."""
        if event.seq != self.version + 1:
            msg = f"evaluation {self.id}: event {event.seq} does not follow {self.version}"
            raise Stale(msg)
        return replace(self, version=event.seq, **_CHANGES[event.verb](self, event))


def begun(number: int, event: Event) -> Evaluation:
    """Say what an evaluation is after its first event."""
    same = ("scene", "period", "rules", "rules_version", "result")
    said = {name: event.data[name] for name in same}
    return Evaluation(
        id=number, state=DRAFT, version=event.seq, draft=1, made_ms=event.at_ms, **said
    )


def folded(number: int, events: Iterable[Event]) -> Evaluation:
    """Say what an evaluation is after all its events; `NotFound` where there is none."""
    now: Evaluation | None = None
    for event in events:
        now = now.then(event) if now else begun(number, event)
    if now is None:
        msg = f"evaluation: there is no {number}"
        raise NotFound(msg)
    return now


def _redrafted(now: Evaluation, event: Event) -> dict[str, Any]:
    drawn = {name: event.data[name] for name in ("rules", "rules_version", "result")}
    return {"draft": now.draft + 1, **drawn}


def _publicised(_now: Evaluation, event: Event) -> dict[str, Any]:
    return {"state": PUBLIC, "notice_ms": event.at_ms, "until_ms": event.data["until_ms"]}


def _withdrawn(_now: Evaluation, _event: Event) -> dict[str, Any]:
    return {"state": DRAFT, "notice_ms": None, "until_ms": None}


def _appealed(now: Evaluation, _event: Event) -> dict[str, Any]:
    return {"appeals": now.appeals + 1}


def _decided(now: Evaluation, event: Event) -> dict[str, Any]:
    again = _redrafted(now, event) if event.data["accepted"] else {}
    return {"appeals": now.appeals - 1, **again}


def _frozen(_now: Evaluation, event: Event) -> dict[str, Any]:
    return {"state": FROZEN, "frozen_ms": event.at_ms}


def _same(_now: Evaluation, _event: Event) -> dict[str, Any]:
    return {}


_CHANGES: Mapping[str, Callable[[Evaluation, Event], dict[str, Any]]] = {
    "redrafted": _redrafted,
    "publicised": _publicised,
    "withdrawn": _withdrawn,
    "appealed": _appealed,
    "decided": _decided,
    "frozen": _frozen,
    "run-again": _same,
}


@dataclass(frozen=True, slots=True)
class Draft:
    """A result as it was worked out, with all that it depends on.

    ``snapshot`` and ``rows`` are plain data; ``result`` is their digest, ``code`` that of the
    formula, and ``tally`` counts classes by group.
    """

    scene: str
    period: str
    rules: str
    rules_version: str
    code: str
    result: str
    snapshot: Mapping[str, Any]
    rows: Sequence[Mapping[str, Any]]
    tally: Mapping[str, Mapping[str, int]]

    @property
    def told(self) -> dict[str, str]:
        """What the log says of it."""
        same = ("scene", "period", "rules", "rules_version", "code", "result")
        return {name: getattr(self, name) for name in same}


def drafting(draft: Draft, *, at_ms: int, by: str) -> Event:
    """Begin an evaluation."""
    return Event(1, at_ms, by, "drafted", draft.told)


def redrafting(now: Evaluation, draft: Draft, *, at_ms: int, by: str, why: str) -> Event:
    """Work a draft out anew, with other facts or another rule set."""
    _only(now, "worked out anew", DRAFT)
    return _next(now, "redrafted", {**draft.told, "why": said(why, "why")}, at_ms=at_ms, by=by)


def publicising(now: Evaluation, until_ms: int, *, at_ms: int, by: str) -> Event:
    """Make a draft public until *until_ms*."""
    _only(now, "made public", DRAFT)
    return _next(now, "publicised", {"until_ms": until_ms}, at_ms=at_ms, by=by)


def withdrawing(now: Evaluation, *, at_ms: int, by: str, why: str) -> Event:
    """Take what is public back to a draft; open appeals stay open."""
    _only(now, "withdrawn", PUBLIC)
    return _next(now, "withdrawn", {"why": said(why, "why")}, at_ms=at_ms, by=by)


def appealing(now: Evaluation, appeal: Mapping[str, Any], *, at_ms: int, by: str) -> Event:
    """Object to an input of what is public; too late once the notice is over."""
    _only(now, "appealed against", PUBLIC)
    if now.until_ms is not None and at_ms > now.until_ms:
        msg = f"evaluation {now.id}: the time for appeals is over"
        raise IllegalMove(msg)
    said(appeal["reason"], "reason")
    return _next(now, "appealed", dict(appeal), at_ms=at_ms, by=by)


def deciding(
    now: Evaluation, appeal: int, answer: str, draft: Draft | None, *, at_ms: int, by: str
) -> Event:  # fmt: skip
    """Decide on an appeal: accepted with what the result now is, or rejected without a draft."""
    _only(now, "decided on", DRAFT, PUBLIC)
    data = {"appeal": appeal, "accepted": draft is not None, "answer": said(answer, "answer")}
    again = draft.told if draft else {}
    return _next(now, "decided", {**data, **again}, at_ms=at_ms, by=by)


def freezing(now: Evaluation, *, at_ms: int, by: str) -> Event:
    """End an evaluation: public long enough, and no appeal open."""
    _only(now, "frozen", PUBLIC)
    if now.appeals:
        msg = f"evaluation {now.id}: {now.appeals} appeals are open; decide on them first"
        raise IllegalMove(msg)
    if now.until_ms is None or at_ms < now.until_ms:
        left = ((now.until_ms or at_ms) - at_ms) / 86_400_000
        msg = f"evaluation {now.id}: it stays public for another {left:.1f} days"
        raise IllegalMove(msg)
    return _next(now, "frozen", {"result": now.result, "draft": now.draft}, at_ms=at_ms, by=by)


def running_again(now: Evaluation, told: Mapping[str, Any], *, at_ms: int, by: str) -> Event:
    """Note that a result was worked out again from its snapshot, and whether it is the same."""
    return _next(now, "run-again", dict(told), at_ms=at_ms, by=by)


def said(text: str, field: str) -> str:
    """Give a reason back; `BadRequest` where there is none."""
    if not text.strip():
        msg = f"{field}: say why"
        raise BadRequest(msg)
    return text


def _only(now: Evaluation, what: str, *states: str) -> None:
    if now.state not in states:
        msg = f"evaluation {now.id} is {now.state}; only {' or '.join(states)} can be {what}"
        raise IllegalMove(msg)


def _next(now: Evaluation, verb: str, data: Mapping[str, Any], *, at_ms: int, by: str) -> Event:
    return Event(now.version + 1, at_ms, by, verb, data)
