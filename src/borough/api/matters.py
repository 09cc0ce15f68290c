"""Doors to matters that no device tells of: people begin them, and say how grave they are."""

from typing import Annotated

from fastapi import Body
from pydantic import Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from borough.api import answers
from borough.api.access import Given, Operator
from borough.api.cases import Act, asked, full
from borough.api.door import Door

router = Door(prefix="/api/v1/matters", tags=["matters 一件事"])
HIGHEST = 9


class Begin(Act):
    """By which plan, where, and how grave it is."""

    version: int = Field(0, ge=0, description="there is none yet")
    plan: str = Field(min_length=1, max_length=64)
    title: str = Field("", max_length=100)
    level: int = Field(1, ge=0, le=HIGHEST)
    thing: str = Field("", max_length=64, description="the key of a thing; or lon and lat")
    lon: float | None = Field(None, allow_inf_nan=False)
    lat: float | None = Field(None, allow_inf_nan=False)


class Level(Act):
    """How grave it is now; 0 is over."""

    level: int = Field(ge=0, le=HIGHEST)


@router.post("", summary="Begin a matter 启动一件事")
async def begin(ports: Given, who: Operator, act: Annotated[Begin, Body()]) -> Response:
    """Open a case by a plan that no scene comes with; its tasks begin at once."""
    told = await ports.desk.ask("matter_begin", {**act.model_dump(), "by": who})
    case = await run_in_threadpool(ports.cases.one, told["id"])
    return answers.json(await run_in_threadpool(full, ports, case))


@router.post("/{case}/level", summary="Say its level 调整级别")
async def level(ports: Given, who: Operator, case: int, act: Annotated[Level, Body()]) -> Response:
    """Raise or lower the level of a matter; what its plan asks for begins or is past."""
    return await asked(ports, "matter_level", case, {**act.model_dump(), "by": who})
