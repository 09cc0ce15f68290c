"""Who may do what, first cut: this machine reads, its operator acts, devices write their own.

* Anyone on this machine may read; from elsewhere a reader shows the operator's token.
* Whoever shows the operator's token may act on cases.  It is made afresh at each start and
  printed in the link to open; the page keeps it for as long as its tab lives.
* A device or gateway writes observations of its own with its credential, as HTTP Basic
  ``key:token`` or as ``Bearer key:token``.

A token travels in a header and never in a cookie, so no other page can borrow it.  The Host
header must name this server, so that no other page can be pointed at it by DNS.
"""

import binascii
from base64 import b64decode
from collections.abc import Sequence
from hashlib import sha256
from hmac import compare_digest
from ipaddress import ip_address
from typing import Annotated, Any, cast

from fastapi import Depends, Request
from fastapi.security import HTTPBasic, HTTPBearer
from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from borough.api import problems
from borough.api.ports import Ports
from borough.api.refusals import NotSignedIn, WrongAddress

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


def ports_of(request: Request) -> Ports:
    """Find the ports that the application was made with."""
    return cast("Ports", request.app.state.ports)


Given = Annotated[Ports, Depends(ports_of)]


OPERATORS = HTTPBearer(
    scheme_name="operator", auto_error=False, description="the token that the start printed"
)
CREDENTIALS = HTTPBasic(
    scheme_name="device", auto_error=False, description="a credential's key and token"
)
"""How the reference says what to show; who shows what is judged below."""


def operator(request: Request, ports: Given) -> str:
    """Require the operator's token; give the name under which the log writes their acts."""
    if not compare_digest(bearer(request).encode(), ports.operator.encode()):
        msg = "this needs the operator's token, which the start of the program printed"
        raise NotSignedIn(msg)
    return "operator"


def acting(request: Request, ports: Given, _shown: Annotated[Any, Depends(OPERATORS)]) -> str:
    """Require the operator's token, and have the reference say so."""
    return operator(request, ports)


Operator = Annotated[str, Depends(acting)]


def reader(request: Request, ports: Given) -> None:
    """Let this machine read; others must show the operator's token."""
    if request.client is not None and not is_loopback(request.client.host):
        operator(request, ports)


def writer(request: Request, ports: Given, _shown: Annotated[Any, Depends(CREDENTIALS)]) -> str:
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
