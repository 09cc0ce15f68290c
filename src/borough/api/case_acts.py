"""Doors to the routine loop: reporting a case, and what is asked for and decided on the way."""

from typing import Annotated, Any, Literal

from fastapi import Body, Depends
from pydantic import Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from borough.api import answers
from borough.api.access import Given, Operator, reader
from borough.api.bodies import Exact
from borough.api.broadcast import wall_ms
from borough.api.cases import Act, asked, full
from borough.api.door import Door
from borough.api.moments import moment
from borough.api.rights import rights
from borough.core.people import Who

router = Door(prefix="/api/v1/cases", tags=["cases 案卷"], dependencies=[Depends(reader)])
EVERY = "*"


class Report(Exact):
    """What somebody reports: what it is, where, and in their words."""

    event: str = Field(max_length=64, description="a code, as scheme:code; see /api/v1/standards")
    lon: float | None = Field(None, ge=-180, le=180)
    lat: float | None = Field(None, ge=-90, le=90)
    thing: str = Field("", max_length=64, description="the key of a thing, in place of lon and lat")
    text: str = Field("", max_length=2_000, description="without names or numbers of persons")
    source: Literal[
        "sensor", "citizen", "collector", "hotline", "video", "leader", "transfer"
    ] = "collector"  # fmt: skip
    standard: str = Field("", max_length=64, description="the id of a row, if it is chosen already")
    agency: str = Field("", max_length=64)
    urgent: bool = False


class Choice(Act):
    """Which row of the standards."""

    standard: str = Field(min_length=1, max_length=64)


class Pause(Act):
    """Until when."""

    to: str = Field(max_length=40, description="the end, within a year; ms or ISO 8601")


class Decision(Act):
    """Granted or refused; a refusal says why in ``note``."""

    granted: bool


@router.post("", summary="Report a case 上报", status_code=201)
async def report(ports: Given, who: Operator, told: Annotated[Report, Body()]) -> Response:
    """Open a case of the routine loop: 422 `unknown-code` or `outside-district` name the field."""
    said = told.model_dump()
    body = {**said, "note": said.pop("text"), "by": who, "at_ms": ports.clock.now(wall_ms())}
    made = await ports.desk.ask("report_case", body)
    found = await run_in_threadpool(ports.cases.one, int(made["id"]))
    return answers.json(await run_in_threadpool(full, ports, found), status=201)


@router.post("/{case}/standard", summary="Choose the standard row 选定立案条件")
async def standard(
    ports: Given, who: Operator, case: int, act: Annotated[Choice, Body()]
) -> Response:
    """Choose the row by which a case is opened; the log keeps the row as it is today."""
    return await asked(ports, "standard", case, {**act.model_dump(), "by": who})


@router.post("/{case}/extend", summary="Ask for more time 申请延期")
async def extend(ports: Given, who: Operator, case: int, act: Annotated[Act, Body()]) -> Response:
    """Ask for the original limit once more; before it is late, and twice at most."""
    return await asked(ports, "extend", case, {**act.model_dump(), "by": who})


@router.post("/{case}/extend/decide", summary="Decide on more time 审批延期")
async def decide_extension(
    request: Request, ports: Given, who: Operator, case: int, act: Annotated[Decision, Body()]
) -> Response:
    """Approve or refuse at the level that it has come to."""
    return await decided(request, ports, who, case, act=act, what="extension")


@router.post("/{case}/suspend", summary="Ask to suspend 申请挂账")
async def suspend(
    ports: Given, who: Operator, case: int, act: Annotated[Pause, Body()]
) -> Response:
    """Ask that a case stand still until a day; it goes on by itself."""
    to_ms = moment(act.to, "to", ports.district.zone)
    body = {"version": act.version, "note": act.note, "to_ms": to_ms, "by": who}
    return await asked(ports, "suspend", case, body)


@router.post("/{case}/suspend/decide", summary="Decide on a suspension 审批挂账")
async def decide_suspension(
    request: Request, ports: Given, who: Operator, case: int, act: Annotated[Decision, Body()]
) -> Response:
    """Approve or refuse; the time that it stands still is not counted."""
    return await decided(request, ports, who, case, act=act, what="suspension")


@router.post("/{case}/resume", summary="Go on before the day 提前恢复")
async def resume(ports: Given, who: Operator, case: int, act: Annotated[Act, Body()]) -> Response:
    """Let a suspended case go on now."""
    return await asked(ports, "resume_case", case, {**act.model_dump(), "by": who})


@router.post("/{case}/cancel", summary="Take back as void 作废")
async def cancel(ports: Given, who: Operator, case: int, act: Annotated[Act, Body()]) -> Response:
    """End a case that should not have been one; the log stays, statistics leave it out."""
    return await asked(ports, "cancel", case, {**act.model_dump(), "by": who})


@router.post("/{case}/appeal", summary="Appeal a lateness 超时申诉")
async def appeal(ports: Given, who: Operator, case: int, act: Annotated[Act, Body()]) -> Response:
    """Ask, once and after closing, that a lateness be left out of statistics."""
    return await asked(ports, "appeal", case, {**act.model_dump(), "by": who})


@router.post("/{case}/appeal/decide", summary="Decide on an appeal 审核申诉")
async def decide_appeal(
    request: Request, ports: Given, who: Operator, case: int, act: Annotated[Decision, Body()]
) -> Response:
    """Approve or refuse at the level that it has come to; the lateness itself stays."""
    return await decided(request, ports, who, case, act=act, what="appeal")


async def decided(
    request: Request, ports: Given, who: str, case: int, *, act: Decision, what: str
) -> Response:
    """Hand a decision to the desk with the roles of who decides."""
    body = {**act.model_dump(), "by": who, "what": what, "roles": roles_of(request)}
    return await asked(ports, "decide", case, body)


def roles_of(request: Request) -> list[str] | None:
    """Give the roles of who asks; None for one that may do everything."""
    who: Who = request.state.who
    known: Any = rights().roles.by_code
    if any(EVERY in known[role].rights for role in who.roles if role in known):
        return None
    return sorted(who.roles)
