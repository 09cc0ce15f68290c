"""Who asks, and whether they may: every request is judged by one line of ``rights.toml``.

* A person shows a session: in a cookie that only this server reads and only our own pages send,
  or as ``Authorization: Bearer``.  A program shows its token the same way.
* Whoever asks from this machine without either is an onlooker, and reads what that role may.
  What a proxy passes on does not come from this machine.
* The operator's token of the data folder is this machine's own key, and good on it alone.
* A device or gateway writes observations of its own with its credential, as HTTP Basic
  ``key:token`` or as ``Bearer key:token``.

The Host header must name this server, so that no other page can be pointed at it by DNS; and a
request that changes something under a cookie must come from a page of this very server.
"""

import binascii
from base64 import b64decode
from collections.abc import Sequence
from contextvars import ContextVar
from hashlib import sha256
from hmac import compare_digest
from ipaddress import ip_address
from typing import Annotated, Any, cast
from urllib.parse import urlsplit

from fastapi import Depends, Request
from fastapi.security import HTTPBasic, HTTPBearer
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from borough.api import problems
from borough.api.ports import Ports
from borough.api.refusals import NotSignedIn, WrongAddress
from borough.api.refused import Notices
from borough.api.rights import DEVICE, OPEN, SELF, rights
from borough.core.cases import Case
from borough.core.errors import BoroughError, Forbidden
from borough.core.people import Bounds, Grant, Who, Within, ranges

HEADERS = {
    "content-security-policy": (
        "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


class Gate:
    """Refuse requests for other hosts, and tell browsers what our pages may do."""

    def __init__(self, app: ASGIApp, hosts: Sequence[str]) -> None:
        self.app = app
        self.hosts = frozenset(hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it here."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        where = HTTPConnection(scope)
        host = where.headers.get("host", "")
        if name_of(host) in self.hosts:
            await self.app(scope, receive, guarded)
        else:
            refused = problems.problem(where, WrongAddress(f"{host!r} is not a name of mine"))
            await refused(scope, receive, guarded)


def name_of(host: str) -> str:
    """Take the port off a Host header.

    >>> name_of("localhost:8000"), name_of("[::1]:80"), name_of("[::1]")
    ('localhost', '[::1]', '[::1]')
    """
    name, colon, port = host.rpartition(":")
    return (name if colon and port.isdecimal() else host).lower()


async def ports_of(request: Request) -> Ports:
    """Find the ports that the application was made with; nothing here is worth a thread."""
    return cast("Ports", request.app.state.ports)


Given = Annotated[Ports, Depends(ports_of)]


OPERATORS = HTTPBearer(
    scheme_name="session",
    auto_error=False,
    description="a session of a person or a program's token",
)
CREDENTIALS = HTTPBasic(
    scheme_name="device", auto_error=False, description="a credential's key and token"
)
"""How the reference says what to show; who shows what is judged below."""
MACHINE = Who("operator", "machine", (Grant("machine"),), title="本机 · this machine")
ONLOOKER = Who("onlooker", "nobody", (Grant("onlooker"),))
NOBODY = Who("", "nobody")
NOWHERE: Within = ((frozenset(), ((-2, -2),)),)
ASKING: ContextVar[Who] = ContextVar("asking", default=NOBODY)
"""Who asks, for whatever writes an answer far from the request."""
STAGED = frozenset({"cases.move", "cases.close"})
"""Rights that a person has, at a step with a stage, only with the right to act at that stage."""
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip")
"""Headers by which a proxy says that it speaks for somebody else."""


async def judged(request: Request, ports: Given) -> None:
    """Let a request pass if its line in the table of rights says so; else refuse it.

    Who asks stands in ``request.state.who`` and `ASKING` afterwards, and in
    ``request.state.reach`` where they hold the right that was needed.
    """
    right = rights().needed(request.method, request.scope["route"].path)
    request.state.who, request.state.reach = NOBODY, ()
    if right not in {OPEN, DEVICE}:
        await run_in_threadpool(judge, request, ports, right)
    ASKING.set(request.state.who)


def judge(request: Request, ports: Ports, right: str) -> None:
    """Look up who asks and whether that right is theirs; see `judged`."""
    table, path = rights(), request.scope["route"].path
    notices: Notices = request.app.state.notices
    told = {"right": right, "address": address_of(request)}
    try:
        who = request.state.who = known(request, ports)
    except Forbidden as error:
        notices.add("", "refused", f"{request.method} {path}", code=error.code, **told)
        raise
    reach = request.state.reach = () if right == SELF else who.reach(table.roles, right)
    if reach or (right == SELF and who.kind == "person"):
        about_a_case(request, ports, right)
        return
    notices.add(who.name, "refused", f"{request.method} {path}", **told)
    if who.kind == "nobody":
        msg = "sign in first, or show the token of a program"
        raise NotSignedIn(msg)
    msg = f"{right}: none of what {who.name} may do reaches that far"
    raise Forbidden(msg)


def about_a_case(request: Request, ports: Ports, right: str) -> None:
    """Refuse what is about a case of another agency or area, or of another one's stage.

    Somebody's data that belongs to no case in particular is for those who have no bounds.
    """
    who, reach, asked = request.state.who, request.state.reach, request.path_params
    everywhere = any(each.everywhere for each in reach)
    staged = right in STAGED and who.kind == "person"
    if "person" in asked and not everywhere:
        refuse(request, f"person {asked['person']}", "person: beyond your agencies and areas")
    if "case" not in asked or (everywhere and not staged):
        return
    case = asked["case"]
    found = ports.cases.one(int(case) if case.isdecimal() and case.isascii() else case)
    if says := beyond(ports, who, right, found):
        refuse(request, f"case {found.id}", says)


def beyond(ports: Ports, who: Who, right: str, case: Case) -> str:
    """Say why a right of somebody does not reach a case as it is now; empty where it does."""
    roles = rights().roles
    reach = who.reach(roles, right)
    everywhere = any(each.everywhere for each in reach)
    if not reach:
        return f"{right}: none of what {who.name} may do reaches that far"
    if not everywhere and not covers(ports, reach, case):
        return "case: of another agency or area"
    plan = ports.plans.get(case.plan)
    stage = plan.steps[case.step].stage if plan and case.step in plan.steps else ""
    staged = stage and right in STAGED and who.kind == "person"
    if staged and not who.reach(roles, f"stages.{stage}"):
        return f"stages.{stage}: none of your roles acts at this stage"
    return ""


def refuse(request: Request, subject: str, msg: str) -> None:
    """Refuse, and have the audit log told."""
    request.app.state.notices.add(request.state.who.name, "refused", subject, why=msg)
    raise Forbidden(msg)


def covers(ports: Ports, reach: Sequence[Bounds], case: Case) -> bool:
    """Tell whether a case is within somebody's reach: its agency's, or that of its post."""
    agencies = ports.people.involved(case)
    codes = ports.district.grids.code
    grid = codes[case.grid] if 0 <= case.grid < len(codes) else ""
    return any(each.covers(agencies, grid) for each in reach)


def within(request: Request, ports: Ports, right: str = "cases.read") -> Within:
    """Say within which bounds whoever asks holds a right, as a store needs them."""
    who: Who = request.state.who
    reach = who.reach(rights().roles, right)
    if any(each.everywhere for each in reach):
        return ()
    codes = ports.district.grids.code
    return tuple((each.agencies, ranges(each, codes)) for each in reach) or NOWHERE


def outside(case: Case, right: str = "cases.read") -> frozenset[str]:
    """Give the agencies of somebody who sees a case only because one of these has a task in it.

    Nothing for everybody else: what the agency that is responsible wrote is theirs to read.
    """
    reach = ASKING.get().reach(rights().roles, right)
    mine = frozenset(agency for each in reach for agency in each.agencies)
    open_to = not case.agency or case.agency in mine or any(not each.agencies for each in reach)
    return frozenset() if open_to else mine


def known(request: Request, ports: Ports) -> Who:
    """Say who asks; `NotSignedIn` where what they show is not good, or not any more."""
    token, near = bearer(request), is_near(request)
    if token:
        if near and compare_digest(token.encode(), ports.operator.encode()):
            return MACHINE
        digest = sha256(token.encode()).hexdigest()
        who = ports.people.session(digest) or ports.people.program(digest)
        if who is None:
            msg = "this token is not known, has expired or was revoked"
            raise NotSignedIn(msg)
        return who
    if kept := request.cookies.get(cookie(ports), ""):
        who = ports.people.session(sha256(kept.encode()).hexdigest())
        if who is not None:
            own_page(request)
            return who
    return ONLOOKER if near else NOBODY


def unchanged(request: Request, ports: Ports) -> bool:
    """Say whether whoever was judged is still who they were, with the same rights.

    So they are where the database does not answer: nobody can have been revoked there.
    """
    was: Who = request.state.who
    try:
        return known(request, ports) == was
    except Forbidden:
        return False
    except BoroughError:
        return True


def own_page(request: Request) -> None:
    """Refuse a change under a cookie that does not come from a page of this server."""
    origin = urlsplit(request.headers.get("origin", "")).netloc
    if request.method not in SAFE and origin != request.headers.get("host"):
        msg = "under a cookie, changes are taken only from the pages of this very server"
        raise Forbidden(msg)


def cookie(ports: Ports) -> str:
    """Name the cookie of this very district; another one on this machine has its own."""
    return f"borough-{ports.instance[:16] or 'session'}"


def is_near(request: Request) -> bool:
    """Say whether a request comes from this machine, and not through a proxy on it."""
    passed_on = any(name in request.headers for name in FORWARDED)
    return not passed_on and request.client is not None and is_loopback(request.client.host)


def address_of(request: Request) -> str:
    """Give the address that a request came from."""
    return request.client.host if request.client else ""


async def acting(request: Request, _shown: Annotated[Any, Depends(OPERATORS)]) -> str:
    """Give the name under which the log writes what somebody does; `judged` let them pass."""
    who: Who = request.state.who
    return who.name


Operator = Annotated[str, Depends(acting)]
reader = judged
"""What doors declare that only read; the application judges every request by itself."""


async def writer(
    request: Request, ports: Given, _shown: Annotated[Any, Depends(CREDENTIALS)]
) -> str:
    """Require a device's credential; give its key."""
    key, _, token = credential(request).partition(":")
    kept = ports.credentials.get(key, "")
    if not kept or not compare_digest(sha256(token.encode()).hexdigest(), kept):
        msg = "this needs the credential of a device or gateway, as key:token"
        raise NotSignedIn(msg)
    return key


Writer = Annotated[str, Depends(writer)]


def bearer(request: Request) -> str:
    """Give the token of a Bearer authorization, or nothing."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def credential(request: Request) -> str:
    """Give the ``key:token`` of a Basic or Bearer authorization, or nothing."""
    scheme, _, said = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return bearer(request)
    try:
        return b64decode(said.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""


def is_loopback(host: str) -> bool:
    """Say whether an address is this machine's own."""
    try:
        address = ip_address(host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback
