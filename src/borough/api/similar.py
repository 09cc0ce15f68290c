"""Doors to cases that may be one matter: they are offered, and a person joins them."""

from typing import Annotated, Any

from fastapi import Body, Depends
from pydantic import Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request as Asked
from starlette.responses import Response

from borough.api import answers
from borough.api.access import Given, Operator, covers, reader
from borough.api.bodies import Exact
from borough.api.cases import asked as acted
from borough.api.door import Door
from borough.api.ports import Ports
from borough.core.errors import Forbidden

router = Door(prefix="/api/v1/cases", tags=["cases 案卷"], dependencies=[Depends(reader)])


class MergeCase(Exact):
    """Which case it repeats."""

    version: int = Field(ge=0, description="the version of the case that you looked at")
    into: int = Field(ge=1)


@router.get("/{case}/similar", summary="Cases that may be the same 相似案卷")
def similar(asked: Asked, ports: Given, case: int) -> Response:
    """List open cases of the same code near it in place and time, of those that you may see.

    How near is laid down in the district's `requests.toml`, and told with the answer.
    """
    rules = ports.requests.rules
    return answers.json({
        "metres": rules.similar_metres,
        "hours": rules.similar_hours,
        "similar": listed(asked, ports, case),
    })  # fmt: skip


@router.post("/{case}/merge", summary="Join another case 并案")
async def merge(
    asked: Asked, ports: Given, who: Operator, case: int, act: Annotated[MergeCase, Body()]
) -> Response:
    """Close a case as a repetition of another, which takes over its requests.

    409 `illegal-move` where they are joined already or one of them is over.
    """
    target = await run_in_threadpool(ports.cases.one, act.into)
    if not covers(ports, asked.state.reach, target):
        msg = "into: 该案卷属于其他单位或区域 of another agency or area"
        raise Forbidden(msg)
    return await acted(ports, "merge_case", case, {**act.model_dump(), "by": who})


def listed(asked: Asked, ports: Ports, case: int) -> list[dict[str, Any]]:
    """Tell the cases that may be the same matter, without those that whoever asks may not see."""
    return [
        {
            "id": each.case.id, "code": each.case.code, "title": each.case.title,
            "event": each.case.event, "opened_ms": each.case.opened_ms,
            "metres": round(each.metres), "requests": each.requests,
        }
        for each in ports.requests.similar(case)
        if covers(ports, asked.state.reach, each.case)
    ]  # fmt: skip
