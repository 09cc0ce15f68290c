"""The api role: what it does beside serving is watched, and it ends in order."""

import asyncio
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import pytest
import uvicorn

from borough.api.refused import MOST, Notices
from borough.app.web import attended, hand_on
from borough.core.errors import BadRequest, BusDown

PATIENT = """
import asyncio, os, signal, uvicorn
from borough.app.web import attended

async def silent(scope, receive, send):
    pass

async def asks():
    await asyncio.sleep(0.2)
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.sleep(600)

async def main():
    try:
        server = uvicorn.Server(uvicorn.Config(silent, port=0, lifespan="off", log_config=None))
        await attended(server, asks())
    finally:
        print("closed", flush=True)

asyncio.run(main())
"""


class Desk:
    """Takes what is for the audit log, or raises what it is given."""

    def __init__(self) -> None:
        self.rows: list[Mapping[str, Any]] = []
        self.wrong: Exception | None = None

    async def ask(self, verb: str, body: Mapping[str, Any], /) -> Mapping[str, Any]:
        """Take rows, or raise."""
        assert verb == "note_audit"
        if self.wrong:
            raise self.wrong
        self.rows += body["rows"]
        return {}


async def silent(_scope: object, _receive: object, _send: object) -> None:
    """Serve nothing."""


def server() -> uvicorn.Server:
    """Make a server at a port that is free."""
    return uvicorn.Server(uvicorn.Config(silent, port=0, lifespan="off", log_config=None))


def test_an_api_that_no_longer_does_all_it_must_ends() -> None:
    """What ended one of its works is raised, for the log; the supervisor starts it anew."""

    async def fails() -> None:
        await asyncio.sleep(0.1)
        raise OSError(24, "Too many open files")

    async def goes_on() -> None:
        await asyncio.sleep(600)

    with pytest.raises(OSError, match="Too many open files"):
        asyncio.run(attended(server(), goes_on(), fails()))


def test_an_api_that_is_told_to_stop_closes_all() -> None:
    """The signal is not the end of the process: what it has opened is closed first."""
    ended = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", PATIENT], capture_output=True, text=True, timeout=60, check=False
    )

    assert (ended.returncode, ended.stdout) == (0, "closed\n"), ended.stderr


def test_refusals_wait_for_a_desk_that_is_away() -> None:
    """Nothing is lost and nothing is counted twice; what came meanwhile is told with it."""
    notices, desk = Notices(), Desk()
    notices.add("", "refused", "GET /a", right="cases.read")
    notices.add("", "refused", "GET /a", right="cases.read")

    desk.wrong = BusDown("away")
    asyncio.run(hand_on(notices, desk))
    notices.add("", "refused", "GET /a", right="cases.read")
    notices.add("", "refused", "GET /b")
    desk.wrong = None
    asyncio.run(hand_on(notices, desk))
    asyncio.run(hand_on(notices, desk))

    told = [(each["subject"], each["data"]) for each in desk.rows]
    assert sorted(told, key=str) == [
        ("GET /a", {"right": "cases.read", "times": 3}),
        ("GET /b", {"times": 1}),
    ]


def test_what_waits_for_long_does_not_grow() -> None:
    """What is too much is counted as one."""
    notices, desk = Notices(), Desk()
    desk.wrong = BusDown("away")
    for number in range(3 * MOST):
        notices.add("", "refused", f"GET /{number}")
        if number % 100 == 0:
            asyncio.run(hand_on(notices, desk))

    rows = notices.take()

    assert len(rows) == MOST + 1
    assert sum(each["data"]["times"] for each in rows) == 3 * MOST


def test_a_refusal_that_cannot_be_written_down_holds_up_no_other(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It would be refused each time; the log says that it is lost."""
    notices, desk = Notices(), Desk()
    notices.add("", "refused", "GET /\ud800")

    desk.wrong = BadRequest("it cannot be written down")
    asyncio.run(hand_on(notices, desk))

    assert notices.take() == []
    assert "1 entries" in caplog.text
