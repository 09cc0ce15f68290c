"""A command from the alarm to the proof, in a whole district whose valve is a real MQTT client."""

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import numpy as np
import pytest

from borough.app.desk.commands import confirm
from borough.app.desk.desk import Desk
from borough.engine.catalog import BUILT_IN
from borough.testing.hearers import Hearer
from borough.testing.living import Living, eventually, mine
from borough.testing.senders import Caller

GATEWAY = "gw-0001"
LEL = 30


SCENE = "quick_gas"
PLAN = """
[[step]]
name     = "shut_off"
holder   = "gas_utility"
within_s = 300
then     = ["closed"]

[[step.command]]
name       = "shut_valve"
title      = { zh = "关阀", en = "Shut the valve" }
property   = "valve_open"
value      = 0
from_level = 2
most_per_h = 9
within_s   = 300

[step.command.undo]
title       = { zh = "开阀", en = "Open the valve" }
value       = 1
up_to_level = 0

[[step.command]]
name       = "shut_at_once"
title      = { zh = "立即关阀", en = "Shut the valve at once" }
property   = "valve_open"
value      = 0
from_level = 2
within_s   = 4
"""


@pytest.fixture(scope="module")
def district(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Living]:
    """A small district with a scene like gas, whose air clears in a second, and two commands."""
    folder = tmp_path_factory.mktemp("scenes")
    made = shutil.copytree(BUILT_IN / "gas", folder / SCENE)
    text = (made / "scene.toml").read_text("utf-8").replace('"gas"', f'"{SCENE}"')
    clear = "[parameters.clear_s]\nvalue  = "
    assert f"{clear}60" in text
    (made / "scene.toml").write_text(text.replace(f"{clear}60", f"{clear}1"), "utf-8")
    (made / "plan.toml").write_text(PLAN, "utf-8")
    data = tmp_path_factory.mktemp("commands")
    living = Living.made(data, rate=1.0, scenes=(str(folder),))
    try:
        living.start()
        yield living
    finally:
        living.stop()


@pytest.fixture(scope="module")
def detectors(district: Living) -> list[str]:
    """Give the gas detectors behind the first gateway."""
    registry = district.held.registry
    via = registry.via == registry.rows[GATEWAY]
    codes = [registry.kinds[kind].code for kind in registry.kind.tolist()]
    return [registry.key[row] for row in np.flatnonzero(via) if codes[row] == "gas_home"]


@pytest.fixture
def home(detectors: list[str]) -> str:
    """Give a detector that no test has had yet."""
    return detectors.pop()


def act(living: Living, case: int, what: str, **body: Any) -> httpx.Response:
    """Act on a case as the operator, on the version that it has now."""
    version = told(living, case)["version"]
    headers = {"authorization": f"Bearer {living.settings.operator}"}
    return httpx.post(
        f"{living.url}/api/v1/cases/{case}/{what}",
        json={"version": version, **body},
        headers=headers,
        timeout=60.0,
    )


def told(living: Living, case: int) -> dict[str, Any]:
    """Read a case."""
    answer: dict[str, Any] = httpx.get(f"{living.url}/api/v1/cases/{case}", timeout=60.0).json()
    return answer


def valve(living: Living, case: int) -> dict[str, Any]:
    """Read the newest command of a case, but for the one that is to be done at once."""
    commands: list[dict[str, Any]] = told(living, case)["commands"]
    return next(each for each in commands if each["command"] != "shut_at_once")


def verbs(living: Living, case: int, errand: str) -> list[str]:
    """Read what happened to a command of a case, in order."""
    events = told(living, case)["events"]
    return [e["verb"] for e in events if e["data"].get("errand") == errand]


def say(living: Living, home: str, lel: float) -> None:
    """Let a detector report how much gas there is."""
    with Caller(living, GATEWAY, living.token) as line:
        assert line.say(f"d/{GATEWAY}/{home}/ch4_lel", b"%g" % lel)


def alarmed(living: Living, home: str) -> int:
    """Let gas gather at a home, and give the case that follows."""
    say(living, home, LEL)
    found: list[int] = []

    def opened() -> bool:
        cases = httpx.get(
            f"{living.url}/api/v1/cases", params={"thing": home, "scene": SCENE}, timeout=60.0
        ).json()
        found[:] = [each["id"] for each in cases["cases"] if each["level"] >= 2]
        return bool(found)

    eventually(opened, "a case about gas")
    eventually(lambda: told(living, found[0])["commands"], "a proposed command")
    return found[0]


@contextmanager
def gateway(living: Living, **given: bool) -> Iterator[Hearer]:
    """Let the first gateway listen."""
    where = (living.settings.host, living.settings.mqtt_port)
    with Hearer(where, GATEWAY, living.token, **given) as made:
        yield made


@contextmanager
def unkept(living: Living) -> Iterator[None]:
    """Let nobody start anew what ends meanwhile."""
    assert living.process is not None
    living.process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        living.process.send_signal(signal.SIGCONT)


def becomes(living: Living, case: int, state: str) -> Callable[[], bool]:
    """Ask whether the newest command of a case is in a state."""
    return lambda: valve(living, case)["state"] == state


def test_from_the_alarm_to_the_proof_and_back(district: Living, home: str) -> None:
    """Proposed, confirmed by a person, sent, answered, proved; opened when the air is clear."""
    with gateway(district) as hears:
        case = alarmed(district, home)
        shown = valve(district, case)
        assert (shown["state"], shown["may"], shown["objection"]) == (
            "proposed", ["confirm", "refuse"], "",
        )  # fmt: skip
        assert hears.heard == []
        assert act(district, case, f"commands/{shown['id']}/confirm").status_code == 200
        eventually(becomes(district, case, "proved"), "a proof")
        (heard,) = hears.heard
        assert (heard["id"], heard["value"]) == (shown["id"], 0)
        assert heard["topic"] == f"c/{GATEWAY}/{home}/valve_open"
        assert heard["until"] - heard["at"] == shown["within_ms"]

        refused = act(district, case, f"commands/{shown['id']}/undo")
        assert (refused.status_code, refused.json()["code"]) == (409, "over-limit")
        say(district, home, 0.5)
        eventually(lambda: told(district, case)["level"] == 0, "clear air")
        assert act(district, case, f"commands/{shown['id']}/undo").status_code == 200
        eventually(becomes(district, case, "proved"), "an open valve")
        assert [each["value"] for each in hears.heard] == [0, 1]
        for errand in (shown["id"], valve(district, case)["id"]):
            said = verbs(district, case, errand)
            said = [each for each in said if each != "acknowledged"]  # it may come after the proof
            assert said == ["proposed", "confirmed", "sent", "proved"]


def test_a_desk_killed_before_it_could_send_sends_once(district: Living, home: str) -> None:
    """What was confirmed is in the database, and the next desk finds it there."""
    case = alarmed(district, home)
    errand = valve(district, case)["id"]
    desk = Desk(district.settings)
    with gateway(district, obeys=False, answers=False) as hears:
        before = district.pids()["desk"]
        with unkept(district):
            os.kill(before, signal.SIGKILL)
            eventually(lambda: not mine(before, district.settings.data), "its end")
            version = desk.cases.one(case).version
            confirm(desk, {"case": case, "errand": errand, "version": version, "by": "ann"})
            assert hears.heard == []
        eventually(lambda: district.pids().get("desk", before) != before, "another desk")
        eventually(becomes(district, case, "sent"), "a command that was sent")
        district.kill("desk")
        eventually(district.serves, "a desk again")
        say_valve(district, home, shut=True)
        eventually(becomes(district, case, "proved"), "a proof")

    assert [each["id"] for each in hears.heard] == [errand]
    assert verbs(district, case, errand) == ["proposed", "confirmed", "sent", "proved"]
    assert desk.cases.verify(case) == []


def test_a_stuck_valve_is_told(district: Living, home: str) -> None:
    """It has heard, and nothing follows: the command has failed, and the case says why."""

    def shown() -> dict[str, Any]:
        commands: list[dict[str, Any]] = told(district, case)["commands"]
        return next(each for each in commands if each["command"] == "shut_at_once")

    with gateway(district, obeys=False) as hears:
        case = alarmed(district, home)
        errand = shown()["id"]
        assert act(district, case, f"commands/{errand}/confirm").status_code == 200
        eventually(lambda: shown()["state"] == "failed", "a failure")
    assert [each["id"] for each in hears.heard] == [errand]
    assert shown()["says"] == "no proof in time"
    say_valve(district, home, shut=True)
    eventually(lambda: shown()["state"] == "proved", "a late proof")
    said = [each for each in verbs(district, case, errand) if each != "acknowledged"]
    assert said == ["proposed", "confirmed", "sent", "failed", "proved"]


def test_who_may_not_command_is_told_so(district: Living, home: str) -> None:
    """Without the token, on an older version, twice, or with what the plan does not have."""
    case = alarmed(district, home)
    errand = valve(district, case)["id"]
    where = f"commands/{errand}/confirm"
    without = httpx.post(
        f"{district.url}/api/v1/cases/{case}/{where}", json={"version": 1}, timeout=60
    )
    assert without.status_code == 401
    older = act(district, case, where, version=1)
    assert (older.status_code, older.json()["code"]) == (409, "stale")
    assert act(district, case, where, value=1).status_code == 400
    assert act(district, case, "commands/none/confirm").status_code == 404
    assert act(district, case, "commands", command="flood").status_code == 404
    assert act(district, case, f"commands/{errand}/refuse").status_code == 400
    assert act(district, case, f"commands/{errand}/refuse", note="empty house").status_code == 200
    assert act(district, case, where).json()["code"] == "illegal-move"
    assert valve(district, case)["state"] == "refused"
    assert act(district, case, "commands", command="shut_valve").status_code == 200
    assert valve(district, case)["state"] == "proposed"


def say_valve(living: Living, home: str, *, shut: bool) -> None:
    """Let a detector report its valve."""
    with Caller(living, GATEWAY, living.token) as line:
        assert line.say(f"d/{GATEWAY}/{home}/valve_open", b"0" if shut else b"1")
