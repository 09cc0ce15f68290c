"""What people may ask of the desk about tasks: acknowledge, finish, skip, hand over."""

from collections.abc import Mapping
from typing import Any

import msgspec

from borough.app.desk.answers import Answer, shown
from borough.app.desk.desk import Desk
from borough.app.desk.parties import knows
from borough.core.cases import Case
from borough.core.errors import BadRequest
from borough.core.tasks import Task


def acknowledge(desk: Desk, ask: Mapping[str, Any]) -> Answer:
    """Say that a task is in hand."""
    return told(desk.tasks.acknowledge(ask["task"], **act(desk, ask)))


def finish(desk: Desk, ask: Mapping[str, Any]) -> Answer:
    """Say that a task is done."""
    more = {"answers": ask.get("answers", {}), "note": ask.get("note", "")}
    return told(desk.tasks.finish(ask["task"], **act(desk, ask), **more))


def skip(desk: Desk, ask: Mapping[str, Any]) -> Answer:
    """Leave a task undone, with the reason."""
    return told(desk.tasks.skip(ask["task"], **act(desk, ask), note=ask.get("note", "")))


def hand(desk: Desk, ask: Mapping[str, Any]) -> Answer:
    """Hand a task over to others of the district."""
    whom = {key: ask.get(key, "") for key in ("holder", "agency", "post")}
    for key in ("holder", "agency"):
        if whom[key] and not knows(desk.ground.district, whom[key]):
            msg = f"{key}: the district has no {whom[key]!r}"
            raise BadRequest(msg)
    if not any(whom.values()):
        msg = "holder: say to which holder, agency or post it goes"
        raise BadRequest(msg)
    return told(desk.tasks.hand(ask["task"], **act(desk, ask), **whom, note=ask.get("note", "")))


def act(desk: Desk, ask: Mapping[str, Any]) -> dict[str, Any]:
    """Say who acts, when, and on which version of the task."""
    return {"by": ask["by"], "at_ms": desk.now(), "seen": ask["version"]}


def told(done: tuple[Case, Task]) -> Answer:
    """Answer with the task, and tell everybody of it and of its case."""
    case, task = done
    body = msgspec.to_builtins(task)
    return Answer(body, (("task", body), ("case", shown(case))))


VERBS = {
    "task_acknowledge": acknowledge,
    "task_finish": finish,
    "task_skip": skip,
    "task_hand": hand,
}
