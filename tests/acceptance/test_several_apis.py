"""Two machines with an api and a desk each: whichever is asked, the answer is the district's."""

import shutil
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import httpx
import pytest

from borough.adapters.bus.config import command
from borough.app.bus import bus_of, prepared, serves
from borough.app.district_run import answers
from borough.app.setup import CREDENTIALS
from borough.testing.living import Living, eventually, free_ports
from borough.testing.machines import Machine, closing
from borough.testing.postgres import Postgres
from borough.testing.senders import HttpSender, lanes, steady

MORE = 50


@dataclass
class Two:
    """Two machines of one district: only the first has a stream, each has an api and a desk."""

    machines: list[Machine]
    doors: list[Living]

    def cases(self, number: int) -> list[tuple[Any, ...]]:
        """List cases as the api of one machine tells them."""
        told = self.asked(number, "GET", "/api/v1/cases").json()["cases"]
        return sorted((each["id"], each["version"], each["level"]) for each in told)

    def asked(self, number: int, how: str, path: str, **body: Any) -> httpx.Response:
        """Ask the api of one machine, as the operator."""
        door = self.doors[number]
        headers = {"authorization": f"Bearer {door.settings.operator}"}
        return httpx.request(
            how, door.url + path, json=body or None, headers=headers, timeout=60.0
        ).raise_for_status()


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory, postgres: Postgres) -> Iterator[Two]:
    """Start a bus, and on two machines what they have; the first desk is on duty."""
    folder = tmp_path_factory.mktemp("two")
    here = Living.made(
        folder / "one", database=postgres.database(), shared=str(folder / "shared"), lease_s=3.0
    )
    one = Machine(here.settings)
    prepared(here.settings)
    own = {"http_port": free_ports(1)[0], "roles": ("desk", "api")}
    other = Machine.beside(here.settings, folder / "other", **own)
    shutil.copy(here.settings.folder / CREDENTIALS, other.folder)  # of the gateways, for senders
    bus = subprocess.Popen([*command(bus_of(here.settings)), "-l", str(folder / "bus.log")])  # noqa: S603 - our own command
    try:
        eventually(lambda: serves(here.settings), "a bus")
        with closing(one, other):
            for role in ("desk", "stream", "api"):
                one.start(role)
            eventually(lambda: "taken" in one.pulse("desk"), "a desk on duty")
            for role in ("desk", "api"):
                other.start(role)
            eventually(lambda: other.pulse("desk").get("standby"), "a desk that stands by")
            for each in (one, other):
                eventually(partial(answers, each.settings), "an api that serves")
            yield Two([one, other], [here, Living(other.settings)])
    finally:
        bus.kill()
        bus.wait()


def test_what_either_api_took_in_is_there_once_though_api_and_desk_are_killed(two: Two) -> None:
    """Programs post to both; a desk and an api die; nothing answered for is lost or doubled."""
    here, there = two.doors
    one, other = two.machines
    with (
        HttpSender(here, lanes(here)) as first,
        HttpSender(there, steady(there, "battery", 20.0)) as second,
    ):
        eventually(here.edges, "a detection")
        one.signal("desk", signal.SIGKILL)
        eventually(lambda: "taken" in other.pulse("desk"), "the other desk on duty")
        other.signal("api", signal.SIGKILL)
        before = len(first.ledger.acknowledged), len(second.ledger.acknowledged)
        other.start("api")
        for each, many in zip((first, second), before, strict=True):
            eventually(
                partial(lambda at, than: len(at.ledger.acknowledged) > than + MORE, each, many),
                "more answers",
            )
            each.hush()
    acknowledged = first.ledger.acknowledged | second.ledger.acknowledged
    eventually(lambda: not acknowledged - {*here.journalled()}, "all that was answered for")

    assert {row: n for row, n in here.journalled().items() if n != 1} == {}
    assert {*here.journalled()} <= first.ledger.said | second.ledger.said
    here.await_desk()
    # They go on meanwhile: work is given out, and clocks run.
    eventually(lambda: two.cases(0) == two.cases(1) != [], "the same cases")


def test_what_is_done_through_one_api_is_told_by_the_other(two: Two) -> None:
    """The desk on duty decides, wherever it is and whichever api was asked."""
    case = two.cases(0)[0][0]
    for number, text in enumerate(("through one", "through the other")):
        two.asked(number, "POST", f"/api/v1/cases/{case}/note", note=text)
    told: list[list[Any]] = [[], []]

    def alike() -> bool:
        """Ask both; what happens between the two questions is told by the second alone."""
        for number in range(2):
            told[number] = two.asked(number, "GET", f"/api/v1/cases/{case}").json()["events"]
        return told[0] == told[1]

    eventually(alike, "the same log")
    noted = [each["data"].get("note") for each in told[0] if each["verb"] == "noted"]
    assert noted == ["through one", "through the other"]
