"""Doors to commands: what a machine is told to do on a case, and who decided it."""

from typing import Annotated

from fastapi import Body, Depends
from pydantic import Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from borough.api import answers
from borough.api.access import Given, Operator, reader
from borough.api.cases import Act, asked
from borough.api.door import Door
from borough.api.errands import listed
from borough.api.ports import Ports

router = Door(
    prefix="/api/v1/cases/{case}/commands", tags=["commands 指令"], dependencies=[Depends(reader)]
)


class Propose(Act):
    """Which command of the case's step."""

    command: str = Field(min_length=1, max_length=64)


class Confirm(Act):
    """With another value than the proposed one, where the plan leaves a range."""

    value: float | None = Field(None, allow_inf_nan=False)


@router.get("", summary="Commands of a case 案卷指令")
async def commands(ports: Given, case: int) -> Response:
    """List what was commanded on a case, what waits for a decision, and what else may be."""
    return answers.json(await run_in_threadpool(found, ports, case))


@router.post("", summary="Propose a command 提出指令")
async def propose(
    ports: Given, who: Operator, case: int, act: Annotated[Propose, Body()]
) -> Response:
    """Put a command before people again, such as one that failed; nothing is sent yet."""
    return await asked(ports, "command_propose", case, {**act.model_dump(), "by": who})


@router.post("/{errand}/confirm", summary="Confirm: let it be sent 确认执行")
async def confirm(
    ports: Given, who: Operator, case: int, errand: str, act: Annotated[Confirm, Body()]
) -> Response:
    """Decide that it be done. 409 `over-limit` where a limit forbids it, `stale` if too late."""
    body = {**act.model_dump(), "errand": errand, "by": who}
    return await asked(ports, "command_confirm", case, body)


@router.post("/{errand}/refuse", summary="Refuse: nothing is sent 不予执行")
async def refuse(
    ports: Given, who: Operator, case: int, errand: str, act: Annotated[Act, Body()]
) -> Response:
    """Decide that it be not done; the `note` says why."""
    body = {**act.model_dump(), "errand": errand, "by": who}
    return await asked(ports, "command_refuse", case, body)


@router.post("/{errand}/undo", summary="Take back by the opposite command 撤回")
async def undo(
    ports: Given, who: Operator, case: int, errand: str, act: Annotated[Act, Body()]
) -> Response:
    """Send the command that the plan names for taking this one back, such as opening again."""
    body = {**act.model_dump(), "errand": errand, "by": who}
    return await asked(ports, "command_undo", case, body)


def found(ports: Ports, case: int) -> dict[str, object]:
    """Tell the commands of a case, with the version that a decision must name."""
    one = ports.cases.one(case)
    return {"version": one.version, **listed(ports, one, ports.cases.events(case))}
