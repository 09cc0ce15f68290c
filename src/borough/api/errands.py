"""What a case tells of its commands: those given, those that may be, and what limits them."""

from collections.abc import Sequence
from dataclasses import asdict
from math import isinf
from typing import Any

from borough.api.ports import Ports
from borough.core import errands as core
from borough.core.cases import Case, Event
from borough.core.commands import Command
from borough.core.errands import GIVEN, PROPOSED, UNDER_WAY, Errand
from borough.core.errors import IllegalMove
from borough.core.plans import Plan
from borough.core.tasks import carried

CONFIRM, REFUSE, UNDO, PROPOSE = "confirm", "refuse", "undo", "propose"


def listed(ports: Ports, case: Case, events: Sequence[Event]) -> dict[str, Any]:
    """List the commands of a case, newest first, and what its step offers besides.

    ``may`` says what may be asked of each, and ``objection`` which limit forbids it at the
    present level; the desk, which knows how often a thing was told before, has the last word.
    """
    plan = ports.plans.get(case.plan)
    errands = list(core.carried(case.id, events).values())
    busy = {each.command for each in errands if each.state in UNDER_WAY | {PROPOSED}}
    tasks = [each.name for each in carried(case.id, events).values() if each.runs]
    places = [case.step, *tasks] if plan and case.closed_ms is None else []
    offers = [each for place in places for each in (core.commands(plan, place) if plan else ())]
    return {
        "commands": [one(ports, case, plan, each, errands) for each in reversed(errands)],
        "offers": [
            {**limits(each), "command": each.name, "may": [PROPOSE], **forbidden(case, each)}
            for each in offers
            if each.name not in busy
        ],
    }


def one(
    ports: Ports, case: Case, plan: Plan | None, errand: Errand, others: Sequence[Errand]
) -> dict[str, Any]:
    """Tell one errand, with what the plan says of it and the unit of its value."""
    told: dict[str, Any] = {**asdict(errand), "unit": unit(ports, errand), "may": []}
    try:
        command = core.declared(plan, errand) if plan else None
    except IllegalMove:
        command = None
    if plan is None or command is None:
        return told | {"title": {}}
    if errand.state == PROPOSED and case.closed_ms is None:
        return told | limits(command) | {"may": [CONFIRM, REFUSE]} | forbidden(case, command)
    if errand.state in GIVEN:
        try:
            back = core.undoing(case, errand, plan, others)
        except IllegalMove:
            return told | limits(command)
        undo = {"undo": limits(back), "may": [UNDO]}
        return told | limits(command) | undo | forbidden(case, back)
    return told | limits(command)


def limits(command: Command) -> dict[str, Any]:
    """Tell what a plan says of a command."""
    low, high = command.levels
    return {
        "title": command.title,
        "needs": command.needs,
        "value_from": command.span[0],
        "value_to": command.span[1],
        "level_from": int(low),
        "level_to": None if isinf(high) else int(high),
        "most_per_h": command.most_per_h,
        "cool_down_ms": command.cool_down_ms,
        "within_ms": command.within_ms,
    }


def forbidden(case: Case, command: Command) -> dict[str, str]:
    """Say why the level does not allow it now; empty where it does."""
    return {"objection": command.objection(case.level, 0, ())}


def unit(ports: Ports, errand: Errand) -> str:
    """Give the unit of what is commanded; empty where the thing is no longer known."""
    row = ports.registry.rows.get(errand.key)
    if row is None:
        return ""
    kind = ports.registry.kinds[int(ports.registry.kind[row])]
    return next((each.unit for each in kind.properties if each.code == errand.property), "")
