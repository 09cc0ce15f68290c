"""Doors to signing in and out: who am I, passwords, one-time links, and my own sessions."""

import secrets
from collections.abc import Mapping
from hashlib import sha256
from typing import Annotated, Any

from fastapi import Body
from pydantic import Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from borough.api import answers
from borough.api.access import NOBODY, Given, Operator, address_of, cookie, known
from borough.api.accounts_passwords import SIGNING, Throttle, passwords
from borough.api.bodies import Exact
from borough.api.door import Door
from borough.api.people_ports import Provider
from borough.api.ports import Ports
from borough.api.refusals import NotSignedIn
from borough.api.rights import rights
from borough.core.errors import BadRequest, Forbidden, NotFound
from borough.core.people import Who, account_name

router = Door(prefix="/api/v1", tags=["signing in 登录"])
WRONG = "account or password is wrong, or the account is disabled"
HOUR_S = 3_600
WAITING = "borough-outside"
"""The cookie of whoever is on the way to the provider and back."""
Password = Annotated[str, Field(max_length=SIGNING.password_most)]


class SignIn(Exact):
    """A person's account and password."""

    account: str = Field(min_length=1, max_length=64)
    password: Password = Field(min_length=1)


class ByLink(Exact):
    """A one-time link, and what it makes: a password, and the account where there is none yet."""

    link: str = Field(min_length=1, max_length=200)
    password: Password = ""
    account: str = Field("", max_length=64)
    title: str = Field("", max_length=100)


class Change(Exact):
    """Another password."""

    old: Password = Field(min_length=1)
    password: Password = Field(min_length=1)


@router.get("/me", summary="Who am I 我是谁")
def me(request: Request, ports: Given) -> Response:
    """Say who asks: account, roles with where they hold, and every right."""
    try:
        who = known(request, ports)
    except Forbidden:
        who = NOBODY
    return answers.json({**told(who), "outside": ports.provider is not None})


@router.post("/sessions", summary="Sign in 登录")
async def sign_in(request: Request, ports: Given, act: Annotated[SignIn, Body()]) -> Response:
    """Open a session; it comes as a cookie. 401 where account or password is wrong; 429 later.

    The answer is the same, and takes as long, whether there is such an account.
    """
    throttle: Throttle = request.app.state.throttle
    account, address = account_name(act.account), address_of(request)
    throttle.enter(account, address)
    kept = await run_in_threadpool(ports.people.password, account)
    if not await run_in_threadpool(passwords().fits, kept, act.password):
        request.app.state.notices.add("", "sign_in_failed", f"account {account}", address=address)
        raise NotSignedIn(WRONG)
    throttle.passed(account, address)
    return await opened(request, ports, "sign_in", {"account": account, "how": "password"})


@router.post("/sessions/link", summary="Use a one-time link 使用一次性链接")
async def by_link(request: Request, ports: Given, act: Annotated[ByLink, Body()]) -> Response:
    """Sign in by a link. Where it sets a password, ask first without one: `needs` says what."""
    throttle: Throttle = request.app.state.throttle
    address = address_of(request)
    throttle.enter("", address)
    digest = sha256(act.link.encode("utf-8", "surrogatepass")).hexdigest()
    link = await run_in_threadpool(ports.people.link, digest)
    if link is None:
        request.app.state.notices.add("", "link_failed", "link", address=address)
        msg = "the link was used, has expired or never was; ask for another one"
        raise NotSignedIn(msg)
    throttle.passed("", address)
    ask: dict[str, Any] = {"link": digest, "how": "link", "title": act.title}
    if link["purpose"] != "enter":
        needs = ["password"] if link["account"] else ["account", "password"]
        if not act.password:
            return answers.json({"needs": needs, "account": link["account"]})
        name = link["account"] or account_name(act.account)
        unlike(name, act.password)
        ask |= {
            "account": name,
            "password": await run_in_threadpool(passwords().hash, act.password),
        }
    return await opened(request, ports, "use_link", ask)


@router.get("/sessions/outside", summary="Sign in through the provider 统一身份认证登录")
async def outside(ports: Given) -> Response:
    """Send the browser to the OpenID provider that is set up; 404 where none is."""
    url, kept = await provider_of(ports).start()
    answer = RedirectResponse(url, 302)
    secure = url.startswith("https")
    answer.set_cookie(
        WAITING, kept, max_age=600, path=f"{router.prefix}/sessions",
        httponly=True, samesite="lax", secure=secure,
    )  # fmt: skip
    return answer


@router.get("/sessions/outside/back", summary="Back from the provider 认证返回")
async def back(request: Request, ports: Given) -> Response:
    """Sign in whoever the provider vouches for, if one of our accounts is tied to them."""
    kept = request.cookies.get(WAITING, "")
    subject = await provider_of(ports).finish(kept, request.query_params)
    account = await run_in_threadpool(ports.people.outside, subject)
    if not account:
        address = address_of(request)
        request.app.state.notices.add("", "sign_in_failed", "outside", address=address)
        msg = "the provider knows you, but no account here is tied to you; ask an administrator"
        raise NotSignedIn(msg)
    signed = await opened(request, ports, "sign_in", {"account": account, "how": "outside"})
    answer = RedirectResponse("/", 302)
    answer.headers.append("set-cookie", signed.headers["set-cookie"])
    answer.delete_cookie(WAITING, path=f"{router.prefix}/sessions")
    return answer


@router.get("/sessions", summary="My sessions 我的登录")
def sessions(request: Request, ports: Given) -> Response:
    """List the sessions of whoever asks; `current` is this one."""
    who: Who = request.state.who
    return answers.json({"current": who.session, "sessions": ports.people.sessions(who.name)})


@router.delete("/sessions/current", summary="Sign out 退出")
async def sign_out(request: Request, ports: Given, who: Operator) -> Response:
    """End this session."""
    await ports.desk.ask("end_session", {"session": request.state.who.session, "by": who})
    answer = answers.json({"signed_in": False})
    answer.delete_cookie(cookie(ports), path="/")
    return answer


@router.delete("/sessions/{number}", summary="End a session 注销登录")
async def end(ports: Given, who: Operator, number: int) -> Response:
    """End one of one's own sessions, such as one that was left open elsewhere."""
    return answers.json(await ports.desk.ask("end_session", {"session": number, "by": who}))


@router.post("/me/password", summary="Change my password 修改密码")
async def change(
    request: Request, ports: Given, who: Operator, act: Annotated[Change, Body()]
) -> Response:
    """Set another password; all sessions end, and a new one is opened here."""
    throttle: Throttle = request.app.state.throttle
    throttle.enter(who, address_of(request))
    kept = await run_in_threadpool(ports.people.password, who)
    if not await run_in_threadpool(passwords().fits, kept, act.old):
        raise NotSignedIn(WRONG)
    throttle.passed(who, address_of(request))
    unlike(who, act.password)
    fresh = await run_in_threadpool(passwords().hash, act.password)
    await ports.desk.ask("set_password", {"password": fresh, "by": who})
    return await opened(request, ports, "sign_in", {"account": who, "how": "password"})


def provider_of(ports: Ports) -> Provider:
    """Give the OpenID provider; `NotFound` where none is set up."""
    if ports.provider is None:
        msg = "no OpenID provider is set up"
        raise NotFound(msg)
    return ports.provider


async def opened(request: Request, ports: Ports, verb: str, ask: Mapping[str, Any]) -> Response:
    """Have the desk open a session, and give its token as a cookie that no script can read."""
    token = secrets.token_urlsafe(32)
    digest = sha256(token.encode()).hexdigest()
    agent = request.headers.get("user-agent", "")
    told_ = {"session": digest, "address": address_of(request), "agent": agent}
    await ports.desk.ask(verb, {**ask, **told_})
    who = await run_in_threadpool(ports.people.session, digest)
    if who is None:
        raise NotSignedIn(WRONG)
    answer = answers.json(told(who))
    secure = request.headers.get("x-forwarded-proto", request.url.scheme) == "https"
    answer.set_cookie(
        cookie(ports), token, max_age=round(SIGNING.session_h * HOUR_S), path="/",
        httponly=True, samesite="strict", secure=secure,
    )  # fmt: skip
    return answer


def unlike(account: str, password: str) -> None:
    """Refuse a password that says the account again."""
    if account in password.lower() and len(password) < 2 * len(account):
        msg = "password: not the name of the account"
        raise BadRequest(msg)


def told(who: Who) -> dict[str, Any]:
    """Say who somebody is and what they may."""
    table = rights()
    roles = [
        {**grant.told(), "name": table.roles.by_code[grant.role].name}
        for grant in who.grants
        if grant.role in table.roles.by_code
    ]
    held = sorted(right for right in table.known() if who.reach(table.roles, right))
    signed_in = who.kind != "nobody"
    return {
        "signed_in": signed_in, "name": who.name, "title": who.title, "kind": who.kind,
        "post": who.post, "roles": roles, "rights": held,
    }  # fmt: skip
