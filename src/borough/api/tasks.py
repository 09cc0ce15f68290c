"""Doors to tasks: what several agencies do at once on a case, and what is mine to do."""

from typing import Annotated, Any

import msgspec
from fastapi import Body, Depends, Query
from pydantic import Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from borough.api import answers
from borough.api.access import Given, Operator, reader
from borough.api.bodies import Exact
from borough.api.broadcast import wall_ms
from borough.api.door import Door
from borough.api.ground import named
from borough.api.ports import Ports
from borough.core.errors import Forbidden
from borough.core.tasks import STARTED, Task

ACKNOWLEDGE, FINISH, SKIP, HAND = "acknowledge", "finish", "skip", "hand"
Name = Annotated[str, Query(max_length=64)]


def reaches(request: Request, ports: Ports, task: Task) -> bool:
    """Tell whether a task is one of whoever asks: of their agency, or for which it was called."""
    reach = request.state.reach
    if any(each.everywhere for each in reach):
        return True
    row, codes = ports.cases.one(task.case).grid, ports.district.grids.code
    grid = codes[row] if 0 <= row < len(codes) else ""
    return any(each.covers({task.agency, *task.circle}, grid) for each in reach)


def concerned(request: Request, ports: Given, _judged: Annotated[None, Depends(reader)]) -> None:
    """Refuse what is about a task of another agency."""
    task = request.path_params.get("task")
    if task and not reaches(request, ports, ports.tasks.one(task)):
        msg = "task: of another agency or area"
        raise Forbidden(msg)


router = Door(prefix="/api/v1/tasks", tags=["tasks 任务"], dependencies=[Depends(concerned)])


class TaskAct(Exact):
    """What every act on a task says: the version it was decided on, so that none is overrun."""

    version: int = Field(ge=0, description="the version of the task that you looked at")
    note: str = Field("", max_length=2_000)


class Finish(TaskAct):
    """With the answers that the task asks for."""

    answers: dict[str, Any] = Field(default_factory=dict)


class Hand(TaskAct):
    """To whom: another holder, agency or post."""

    holder: str = Field("", max_length=64)
    agency: str = Field("", max_length=64)
    post: str = Field("", max_length=64)


@router.get("", summary="List tasks 任务列表")
def tasks(
    request: Request,
    ports: Given,
    *,
    case: Annotated[int | None, Query(description="of one case")] = None,
    holder: Annotated[str, Query(max_length=64, description="who has it or was called")] = "",
    agency: Annotated[str, Query(max_length=64, description="who has it or was called")] = "",
    post: Name = "",
    name: Name = "",
    every: Annotated[bool, Query(alias="all", description="also those that are over")] = False,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    """List tasks, the one that is due first coming first: mine, my agency's, or a case's."""
    found = ports.tasks.find(
        case=case, holder=holder, agency=agency, post=post, name=name, running_only=not every,
        limit=limit,
    )  # fmt: skip
    found = [each for each in found if reaches(request, ports, each)]
    plans = {each.case: "" for each in found}
    for number in plans:
        plans[number] = ports.cases.one(number).plan
    rows = [told(ports, each, plans[each.case]) for each in found]
    return answers.json({"now": ports.clock.now(wall_ms()), "tasks": rows})


@router.post("/{task}/acknowledge", summary="Acknowledge: it is in hand 叫应")
async def acknowledge(
    ports: Given, who: Operator, task: str, act: Annotated[TaskAct, Body()]
) -> Response:
    """Say that a task was heard of and is in hand; a call that is only sent is not answered."""
    return await asked(ports, "task_acknowledge", task, {**act.model_dump(), "by": who})


@router.post("/{task}/finish", summary="Finish 完成")
async def finish(
    ports: Given, who: Operator, task: str, act: Annotated[Finish, Body()]
) -> Response:
    """Say that a task is done. 409 `stale` if somebody was first; read it again."""
    return await asked(ports, "task_finish", task, {**act.model_dump(), "by": who})


@router.post("/{task}/skip", summary="Leave undone 免办")
async def skip(ports: Given, who: Operator, task: str, act: Annotated[TaskAct, Body()]) -> Response:
    """Leave a task undone; the `note` says why."""
    return await asked(ports, "task_skip", task, {**act.model_dump(), "by": who})


@router.post("/{task}/hand", summary="Hand over 转交")
async def hand(ports: Given, who: Operator, task: str, act: Annotated[Hand, Body()]) -> Response:
    """Hand a task over to others, who acknowledge it anew; its deadline stays."""
    return await asked(ports, "task_hand", task, {**act.model_dump(), "by": who})


async def asked(ports: Ports, verb: str, task: str, body: dict[str, Any]) -> Response:
    """Hand an act to the desk, then tell the task as it stands."""
    await ports.desk.ask(verb, {"task": task, **body})
    return answers.json(await run_in_threadpool(one, ports, task))


def one(ports: Ports, task: str) -> dict[str, Any]:
    """Tell a task as it stands."""
    found = ports.tasks.one(task)
    return told(ports, found, ports.cases.one(found.case).plan)


def told(ports: Ports, task: Task, plan: str) -> dict[str, Any]:
    """Tell a task with what its plan says of it, and what may be done with it."""
    followed = ports.plans.get(plan)
    declared = followed.tasks.get(task.name) if followed else None
    may = [FINISH, SKIP, HAND] if task.runs else []
    if task.state == STARTED:
        may = [ACKNOWLEDGE, *may]
    return {
        **msgspec.to_builtins(task),
        "title": declared.title if declared else {},
        "asks": declared.asks if declared else (),
        "basis": declared.basis if declared else "",
        "names": {code: named(ports.district, code) for code in {task.agency, *task.circle} - {""}},
        "may": may,
    }
