"""Each role against each endpoint, as `data/rights.csv` says: a table of its own, read by people.

Every request goes to the real application and is let go as soon as its status is known.  A new
endpoint, or another right for a role, has to be written down here a second time.
"""

import asyncio
import csv
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from borough.api.application import create
from borough.api.ports import Ports
from borough.core import moves
from borough.core.people import Bounds, Grant, Who
from borough.testing.memory import MemoryCases
from borough.testing.people import MemoryPeople
from borough.testing.town import OPERATOR, PLAN, START_MS, town

TABLE = Path(__file__).parent / "data" / "rights.csv"
ROWS = list(csv.DictReader(TABLE.read_text("utf-8").splitlines()))
ROLES = (
    "administrator", "auditor", "leader", "duty_officer", "shift_leader", "acceptor", "dispatcher",
    "department", "handler", "collector", "inspector", "evaluator", "clerk", "analyst",
    "integrator",
)  # fmt: skip
CALLERS = (*ROLES, "onlooker", "stranger", "revoked", "little", "elsewhere", "machine")
"""The roles; this machine unsigned; an address elsewhere; a token that is no good any more; one
with a right that nothing needs; a handler of another agency; and the machine's own token."""
NEAR, FAR = ("127.0.0.1", 4711), ("192.0.2.7", 4711)
UNSIGNED, FORBIDDEN = 401, 403
BY_THEMSELVES = {"POST /api/v1/observations"}
"""Endpoints that judge by themselves what is shown to them."""
ABOUT_A_CASE = re.compile(r"\{case\}")


@pytest.fixture(scope="module")
def ports() -> Ports:
    """Build a town with a case of the water agency, and somebody of every role."""
    made = town(20)
    assert isinstance(made.cases, MemoryCases)
    opening = moves.opening(
        PLAN, code="TOWN-1", scene="leak", thing=5, grid=3, title={"zh": "漏水", "en": "Leak"},
        level=2, detection="leak-5-77", at_ms=START_MS, by="scene:leak",
    )  # fmt: skip
    made.cases.write(1, replace(opening, data={**opening.data, "agency": "water"}))
    people = made.people
    assert isinstance(people, MemoryPeople)
    for role in ROLES:
        people.let_in(role, Who(role, "person", (Grant(role),)))
    people.let_in("little", Who("token:little", "program", rights=frozenset({"nothing.needed"})))
    fire = Bounds(frozenset({"fire"}))
    people.let_in("elsewhere", Who("zhao", "person", (Grant("handler", fire),)))
    return made


@pytest.fixture(scope="module")
def app(ports: Ports) -> FastAPI:
    """Make the application that the api role serves."""
    return create(ports)


async def status(app: FastAPI, endpoint: str, caller: str) -> int:
    """Ask an endpoint as somebody; give the status and let go."""
    method, path = endpoint.split(" ", 1)
    headers = [(b"host", b"localhost"), (b"content-length", b"0")]
    token = {"machine": OPERATOR, "onlooker": "", "stranger": ""}.get(caller, caller)
    if token:
        headers.append((b"authorization", f"Bearer {token}".encode()))
    path = re.sub(r"\{[^}]*\}", "1", path)
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method,
        "scheme": "http", "path": path, "raw_path": path.encode(), "root_path": "",
        "query_string": b"", "headers": headers, "server": ("localhost", 80),
        "client": FAR if caller == "stranger" else NEAR, "state": {},
    }  # fmt: skip
    known: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    sent = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> Mapping[str, Any]:
        if not sent:
            await asyncio.Event().wait()
        return sent.pop()

    async def send(message: Mapping[str, Any]) -> None:
        if message["type"] == "http.response.start" and not known.done():
            known.set_result(int(message["status"]))

    asking = asyncio.ensure_future(app(scope, receive, send))
    try:
        return await asyncio.wait_for(known, 30)
    finally:
        asking.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await asking


def expected(who: str, caller: str, endpoint: str) -> int | None:
    """Say with which status somebody is refused; None where they are not."""
    if who in {"anybody", "devices"} or (caller == "machine" and who != "signed-in"):
        return None
    if caller == "revoked":
        return UNSIGNED
    if who == "signed-in":
        passes = caller in ROLES or caller == "elsewhere"
    elif caller == "elsewhere":
        passes = "handler" in who.split() and not ABOUT_A_CASE.search(endpoint)
    else:
        passes = caller in who.split()
    if passes:
        return None
    return UNSIGNED if caller in {"onlooker", "stranger"} else FORBIDDEN


@pytest.mark.parametrize("row", ROWS, ids=[row["endpoint"] for row in ROWS])
def test_each_role_may_what_the_table_says(app: FastAPI, row: Mapping[str, str]) -> None:
    """Whoever may not is told so with 401 or 403, and whoever may is not."""
    wrong = []

    async def asked() -> list[int]:
        return [await status(app, row["endpoint"], caller) for caller in CALLERS]

    for caller, got in zip(CALLERS, asyncio.run(asked()), strict=True):
        refused = expected(row["who"], caller, row["endpoint"])
        own = got == UNSIGNED and row["endpoint"] in BY_THEMSELVES
        if not (got == refused if refused else got not in {UNSIGNED, FORBIDDEN} or own):
            wrong.append((caller, got, refused))

    assert wrong == []


def test_the_table_has_every_endpoint(app: FastAPI) -> None:
    """Neither more nor less than what is served."""
    served = {
        f"{method.upper()} {path}"
        for path, does in app.openapi()["paths"].items()
        for method in does
    }
    told = {row["endpoint"] for row in ROWS}

    assert sorted(served - told) == []
    assert len(told) == len(ROWS)


STAGES = {
    "accept": {"acceptor"}, "verify": {"acceptor", "collector"}, "open": set(),
    "dispatch": {"dispatcher"}, "dispose": {"department", "handler"},
    "check": {"acceptor", "collector", "dispatcher"}, "close": set(),
}  # fmt: skip
"""Who moves a case on from each stage, beside those who may at every one."""


@pytest.mark.parametrize("stage", STAGES)
def test_who_files_who_fixes_and_who_checks_differ(ports: Ports, stage: str) -> None:
    """Only the roles of a stage move a case on from it; others are refused, whatever they say."""
    steps = {name: replace(step, stage=stage) for name, step in PLAN.steps.items()}
    app = create(replace(ports, plans={"leak": replace(PLAN, steps=steps)}))
    able = STAGES[stage] | {"administrator", "duty_officer", "shift_leader"}

    async def asked() -> dict[str, int]:
        move = "POST /api/v1/cases/{case}/move"
        return {role: await status(app, move, role) for role in ROLES}

    assert {role for role, got in asyncio.run(asked()).items() if got != FORBIDDEN} == able
