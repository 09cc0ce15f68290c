"""What a desk in memory writes when people ask for commands; nothing is ever sent."""

from collections.abc import Mapping, Sequence
from typing import Any

from borough.core import errands as core
from borough.core.cases import Case, Event, Plan
from borough.core.errands import REFUSED, Errand
from borough.core.errors import BadRequest, NotFound
from borough.core.registry import Registry

VERBS = {"command_propose", "command_confirm", "command_refuse", "command_undo"}


def commanded(
    case: Case, plan: Plan, verb: str, ask: Mapping[str, Any], *, log: Sequence[Event],
    registry: Registry,
) -> list[Event]:  # fmt: skip
    """Give the events that a request about commands stands for, if plan and limits allow it."""
    how = {"at_ms": ask["at_ms"], "by": ask["by"]}
    mine = core.carried(case.id, log)
    if verb == "command_propose":
        command = core.named(case, plan, ask["command"])
        key = registry.key[int(registry.id.searchsorted(case.thing))]
        return [core.proposing(case, command, case.thing, key, **how)]
    if ask["errand"] not in mine:
        msg = f"command: there is no {ask['errand']!r}"
        raise NotFound(msg)
    one = mine[ask["errand"]]
    if verb == "command_refuse":
        if not ask["note"].strip():
            msg = "note: say why it is not to be done"
            raise BadRequest(msg)
        return [core.changing(case, one, REFUSED, says=ask["note"], **how)]
    if verb == "command_confirm":
        return [confirmed(case, plan, one, mine.values(), how, value=ask.get("value"))]
    back = core.undoing(case, one, plan, mine.values())
    event = core.proposing(case, back, one.thing, one.key, undoes=one, **how)
    after, fresh = case.then(event), core.begun(case.id, event)
    return [event, confirmed(after, plan, fresh, mine.values(), how)]


def confirmed(
    case: Case, plan: Plan, one: Errand, others: Any, how: Mapping[str, Any], **chosen: Any
) -> Event:
    """Confirm an errand, with what its limits must know of the others."""
    same = [e.confirmed_ms for e in others if e.command == one.command and e.confirmed_ms]
    command = core.declared(plan, one)
    return core.confirming(case, one, command, earlier=same, **how, **chosen)
