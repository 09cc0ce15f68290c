"""What people may ask of the desk about commands: propose, confirm, refuse, take back."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from borough.app.desk.answers import Answer, shown
from borough.app.desk.desk import Desk
from borough.core.cases import Case
from borough.core.errands import Errand
from borough.core.errors import NotFound


def propose(desk: Desk, ask: Mapping[str, Any]) -> Answer:
    """Put a command of the case's step before people, once more where it was tried before."""
    case = desk.cases.one(ask["case"])
    return told(desk.errands.propose(case.id, ask["command"], **act(desk, ask)))


def confirm(desk: Desk, ask: Mapping[str, Any]) -> Answer:
    """Decide that a command be sent."""
    more = {"value": ask.get("value"), "note": ask.get("note", "")}
    return told([desk.errands.confirm(named(desk, ask), **act(desk, ask), **more)])


def refuse(desk: Desk, ask: Mapping[str, Any]) -> Answer:
    """Decide that a command be not sent."""
    return told([desk.errands.refuse(named(desk, ask), **act(desk, ask), note=ask.get("note", ""))])


def undo(desk: Desk, ask: Mapping[str, Any]) -> Answer:
    """Take a command back by its opposite."""
    return told([desk.errands.undo(named(desk, ask), **act(desk, ask), note=ask.get("note", ""))])


def act(desk: Desk, ask: Mapping[str, Any]) -> dict[str, Any]:
    """Say who acts, when, and on which version of the case."""
    return {"by": ask["by"], "at_ms": desk.now(), "expected_version": ask["version"]}


def named(desk: Desk, ask: Mapping[str, Any]) -> str:
    """Give the errand that is asked about; `NotFound` where the case has none of that id."""
    errand, case = desk.errands.one(ask["errand"]), desk.cases.one(ask["case"])
    if errand.case != case.id:
        msg = f"command: case {case.code} has no {errand.id}"
        raise NotFound(msg)
    return errand.id


def told(done: Sequence[tuple[Case, Errand]]) -> Answer:
    """Answer with the case, and tell everybody of it and of its commands."""
    case = done[-1][0]
    commands = [("command", asdict(errand)) for _, errand in done]
    return Answer(shown(case), (*commands, ("case", shown(case))))


VERBS = {
    "command_propose": propose,
    "command_confirm": confirm,
    "command_refuse": refuse,
    "command_undo": undo,
}
