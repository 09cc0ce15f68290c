"""Doors to accounts and roles, and to the tokens of programs."""

from typing import Annotated

from fastapi import Body
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from borough.api import answers
from borough.api.access import Given, Operator
from borough.api.accounts_passwords import SIGNING
from borough.api.bodies import Exact
from borough.api.door import Door
from borough.api.rights import rights
from borough.core.errors import Forbidden
from borough.core.people import MOST, Who

router = Door(prefix="/api/v1", tags=["accounts 账号"])
Codes = Annotated[list[str], Field(max_length=MOST)]


class Held(Exact):
    """A role, and where it is held; empty lists mean everywhere."""

    role: str = Field(min_length=1, max_length=64)
    agencies: Codes = Field(default_factory=list)
    areas: Codes = Field(default_factory=list, description="first digits of grid codes")


class Account(Exact):
    """A new account; a link sets its password."""

    account: str = Field(min_length=1, max_length=64)
    title: str = Field("", max_length=100, description="how people call them")
    grants: Annotated[list[Held], Field(max_length=MOST)] = Field(default_factory=list)
    outside: str = Field("", max_length=200, description="subject at the OpenID provider")
    post: str = Field("", max_length=64, description="where they work; it gives no right")


class Change(Exact):
    """What is to be otherwise; the version it was decided on, so that none is overrun."""

    version: int = Field(ge=1)
    title: str | None = Field(None, max_length=100)
    grants: Annotated[list[Held], Field(max_length=MOST)] | None = None
    outside: str | None = Field(None, max_length=200)
    post: str | None = Field(None, max_length=64)
    disabled: bool | None = None


class Token(Exact):
    """A program's token: what for, which rights, where, and for how many days."""

    name: str = Field(min_length=1, max_length=64, pattern=r"^[\w .-]+$")
    rights: Annotated[list[str], Field(min_length=1, max_length=200)]
    agencies: Codes = Field(default_factory=list)
    areas: Codes = Field(default_factory=list)
    days: int = Field(90, ge=1, le=SIGNING.token_days)


@router.get("/roles", summary="Roles and their rights 角色与权限")
def roles() -> Response:
    """List roles with every right that each has."""
    table = rights()
    return answers.json({
        "rights": sorted(table.known()),
        "roles": [
            {"role": code, "name": role.name, "rights": sorted(filter(role.has, table.known()))}
            for code, role in table.roles.by_code.items()
        ],
    })  # fmt: skip


@router.get("/accounts", summary="List accounts 账号列表")
def accounts(ports: Given) -> Response:
    """List accounts by name; `set` says whether a password is."""
    return answers.json({"accounts": ports.people.accounts()})


@router.post("/accounts", summary="Add an account 新建账号", status_code=201)
async def add(ports: Given, who: Operator, act: Annotated[Account, Body()]) -> Response:
    """Make an account; the answer holds a one-time link with which its holder sets a password."""
    made = await ports.desk.ask("add_account", {**act.model_dump(), "by": who})
    ask = {"account": made["account"], "purpose": "reset", "by": who}
    return answers.json({**made, **await ports.desk.ask("make_link", ask)}, 201)


@router.patch("/accounts/{account}", summary="Change an account 修改账号")
async def change(
    ports: Given, who: Operator, account: str, act: Annotated[Change, Body()]
) -> Response:
    """Change title, roles, subject or post; disable, which ends every session, or enable again."""
    told = act.model_dump(exclude={"version"}, exclude_none=True)
    ask = {"account": account, "version": act.version, "change": told, "by": who}
    return answers.json(await ports.desk.ask("change_account", ask))


@router.post("/accounts/{account}/link", summary="A one-time link 一次性链接")
async def link(ports: Given, who: Operator, account: str) -> Response:
    """Make a link with which the holder sets another password; it is shown this once."""
    ask = {"account": account, "purpose": "reset", "by": who}
    return answers.json(await ports.desk.ask("make_link", ask))


@router.get("/tokens", summary="List tokens of programs 程序令牌")
def tokens(ports: Given) -> Response:
    """List tokens with their rights, never what they are."""
    return answers.json({"tokens": ports.people.tokens()})


@router.post("/tokens", summary="Make a token 签发令牌", status_code=201)
async def make(
    request: Request, ports: Given, who: Operator, act: Annotated[Token, Body()]
) -> Response:
    """Make a token for a program; it is shown this once. None may do more than who makes it."""
    maker = request.state.who
    beyond = [right for right in act.rights if not everywhere(maker, right)]
    if beyond:
        msg = f"rights: {maker.name} has no {', '.join(beyond)} everywhere to hand on"
        raise Forbidden(msg)
    return answers.json(await ports.desk.ask("make_token", {**act.model_dump(), "by": who}), 201)


@router.delete("/tokens/{number}", summary="Revoke a token 吊销令牌")
async def revoke(ports: Given, who: Operator, number: int) -> Response:
    """Let a token open nothing more, from the next request on."""
    return answers.json(await ports.desk.ask("revoke_token", {"number": number, "by": who}))


def everywhere(who: Who, right: str) -> bool:
    """Say whether somebody has a right without bounds, and may so hand it on."""
    return any(each.everywhere for each in who.reach(rights().roles, right))
