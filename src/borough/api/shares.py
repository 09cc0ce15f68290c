"""Doors to shared data: what partners at other levels may read, and everything they have read."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import Body, Query
from pydantic import Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from borough.api import answers
from borough.api.access import Given, Operator
from borough.api.bodies import Exact
from borough.api.broadcast import wall_ms
from borough.api.door import Door
from borough.api.ports import Ports
from borough.api.rights import rights
from borough.core.errors import Forbidden
from borough.core.people import Who
from borough.core.shares import DATASETS, MASKS, Share

router = Door(prefix="/api/v1/shares", tags=["shares 数据共享"])
MADE = 201
TOKEN = "token:"  # noqa: S105 - how the names of programs begin in logs, no secret
PROGRAM = "program"
DECIDES = "shares.decide"
Codes = Annotated[list[Annotated[str, Field(min_length=1, max_length=64)]], Field(max_length=200)]


class Application(Exact):
    """What a partner asks to read, on which basis, for what purpose, and for how long."""

    partner: str = Field("", max_length=64, description="the name of its token")
    level: Literal["city", "district", "street", "agency"]
    dataset: Literal["cases", "things"]
    fields: Codes
    masks: dict[str, str] = Field(default_factory=dict, description="by field")
    areas: Codes = Field(default_factory=list, description="first digits of grid codes")
    kinds: Codes = Field(default_factory=list, description="scenes, or kinds of things")
    basis: str = Field(min_length=1, max_length=500)
    purpose: str = Field(min_length=1, max_length=500)
    from_ms: int = Field(ge=0, le=1 << 52)
    to_ms: int = Field(ge=0, le=1 << 52)


class Decision(Exact):
    """What becomes of it; a refusal and an end say why."""

    state: Literal["granted", "refused", "ended"]
    note: str = Field("", max_length=2_000)


@router.get("", summary="What is shared 共享目录")
def shares(request: Request, ports: Given) -> Response:
    """List what is shared with whom, on which basis and until when; a partner sees its own."""
    found = ports.outward.shares.all(partner_of(request.state.who))
    return answers.json({"shares": [asdict(each) for each in found]})


@router.get("/catalogue", summary="What there is to share 数据集目录")
def catalogue() -> Response:
    """List data sets with their fields, and the ways in which a field can be masked."""
    return answers.json({"datasets": DATASETS, "masks": MASKS})


@router.post("", summary="Apply for data 申请共享", status_code=MADE)
async def apply(
    request: Request, ports: Given, who: Operator, told: Annotated[Application, Body()]
) -> Response:
    """Ask to read something; nobody reads it until somebody has granted it."""
    own = partner_of(request.state.who)
    if own and told.partner not in {"", own}:
        msg = "partner: a program asks for itself"
        raise Forbidden(msg)
    asked = {**told.model_dump(), "partner": told.partner or own or who, "by": who}
    return answers.json(await ports.desk.ask("ask_share", asked), MADE)


@router.post("/{share}/decide", summary="Grant, refuse, end 审批")
async def decide(
    ports: Given, who: Operator, share: str, told: Annotated[Decision, Body()]
) -> Response:
    """Grant or refuse what was asked for, or end what was granted."""
    asked = {**told.model_dump(), "share": share, "by": who}
    return answers.json(await ports.desk.ask("decide_share", asked))


@router.get("/{share}", summary="One share 共享详情")
def one(request: Request, ports: Given, share: str) -> Response:
    """Tell a share with who read it lately."""
    found = within(request, ports, share)
    return answers.json({**asdict(found), "reads": ports.outward.shares.reads(share, limit=20)})


@router.get("/{share}/rows", summary="Read rows 读取数据", responses=answers.declared(answers.CSV))
async def rows(
    request: Request,
    ports: Given,
    who: Operator,
    share: str,
    *,
    after: Annotated[int, Query(ge=0, le=1 << 52, description="`next` of the page before")] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 500,
) -> Response:
    """Give a page of rows, masked as agreed, with `next`; CSV with `format=csv`.

    That it was read, by whom and how many rows, is written down before they are handed out.
    """
    found = await run_in_threadpool(within, request, ports, share)
    found.open_at(ports.clock.now(wall_ms()))
    page, last = await run_in_threadpool(
        lambda: ports.outward.shares.rows(found, areas_of(request), after=after, limit=limit)
    )
    csv = answers.wants_csv(request)
    asked = {"rows": len(page), "after": after, "form": "csv" if csv else "json"}
    await ports.desk.ask("note_share_read", {"share": share, "by": who, **asked})
    if csv:
        lines = ([row[name] for name in found.fields] for row in page)
        return answers.table(f"share-{share}", found.fields, lines)
    following = last if len(page) == limit else None
    return answers.json({"share": share, "next": following, "rows": page})


@router.get("/{share}/reads", summary="Who read what 读取记录")
def reads(
    request: Request,
    ports: Given,
    share: str,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    """List every page that was handed out: to whom, when, how many rows."""
    within(request, ports, share)
    return answers.json({"reads": ports.outward.shares.reads(share, limit=limit)})


def partner_of(who: Who) -> str:
    """Name the partner whose program asks; empty for people."""
    return who.name.removeprefix(TOKEN) if who.kind == PROGRAM else ""


def within(request: Request, ports: Ports, share: str) -> Share:
    """Give a share to its own partner, or to whoever decides about shares; or `Forbidden`."""
    who: Who = request.state.who
    found = ports.outward.shares.one(share)
    if found.partner != partner_of(who) and not who.reach(rights().roles, DECIDES):
        msg = f"share: {share} is another partner's"
        raise Forbidden(msg)
    return found


def areas_of(request: Request) -> Sequence[str]:
    """Give the areas to which a token is bound; one that is bound to agencies reads nothing."""
    where: Any = request.state.who.bounds
    if where.agencies:
        msg = "a token that is bound to agencies cannot read shares"
        raise Forbidden(msg)
    return sorted(where.areas)
