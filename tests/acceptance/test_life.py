"""The process tree as a whole: it leaves no orphan, and comes back where it was."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from borough.testing.living import PATIENCE_S, Living, eventually, mine
from borough.testing.senders import Caller, HttpSender, MqttSender, steady

GONE_S = 30.0
NOTICED_S = 0.3
"""By then the bus knows that who is dead will not answer for it."""


def test_devices_come_in_while_the_api_is_away(living: Living) -> None:
    """The desk keeps a gate, too: a device may connect while the api starts anew."""
    away = living.pids()["api"]
    os.kill(away, signal.SIGKILL)
    eventually(lambda: not mine(away, living.settings.data), "its end")
    time.sleep(NOTICED_S)

    with Caller(living, "gw-0001", living.token) as caller:
        assert caller.welcome
        assert living.pids().get("api") != away

    living.await_all()


GROWN = [13, 15, 7, 8]
"""Messages, readings, those stored, those rejected."""


def counted(living: Living) -> list[int]:
    """Give how many messages came, how many readings, and what became of them."""
    pulse = living.pulse("stream")
    counts, rejected = pulse.get("counts", {}), pulse.get("rejected", {})
    names = ("messages", "received", "stored")
    return [*(counts.get(name, 0) for name in names), sum(rejected.values())]


def test_counters_go_on_after_a_restart(living: Living) -> None:
    """A killed stream counts on from where it was: both what came and what became of it."""
    before = counted(living)
    with Caller(living, "gw-0001", living.token) as caller:
        assert all(caller.say("d/gw-0001/nobody/battery", b"1") for _ in range(7))
        assert all(caller.say("d/gw-0001/yb-hydrant-00001/battery", b"50") for _ in range(5))
        several = b'{"battery": 50, "pressure": 0.3, "colour": 1}'
        assert caller.say("d/gw-0001/yb-hydrant-00001", several)
    grown = [a + b for a, b in zip(before, GROWN, strict=True)]
    eventually(lambda: counted(living) == grown, "all counted")

    living.kill("stream")
    eventually(lambda: "counts" in living.pulse("stream"), "a pulse of the stream")

    assert counted(living) == grown


def test_a_folder_is_kept_running_by_one_only(living: Living) -> None:
    """A second start on the same folder is refused in a sentence, and harms nothing."""
    before = living.pids()

    second = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "borough", "up", "--data", living.settings.data],
        capture_output=True, timeout=120, check=False,
    )  # fmt: skip

    assert second.returncode == 1
    assert "kept running by another process" in second.stderr.decode()
    assert "Traceback" not in second.stderr.decode()
    assert living.pids() == before
    eventually(living.serves, "a district that serves as before")


def test_nothing_outlives_a_killed_supervisor(living: Living) -> None:
    """SIGKILL of the supervisor ends every role within seconds; the next start finds all."""
    with (
        MqttSender(living, steady(living, "battery", 20.0)) as mqtt,
        HttpSender(living, steady(living, "dwell", 1.0)) as http,
    ):
        eventually(lambda: len(mqtt.ledger.acknowledged) > 50, "readings over MQTT")
        eventually(lambda: len(http.ledger.acknowledged) > 50, "readings over HTTP")
        before = living.log_of_starts()
        living.stop(signal.SIGKILL)
        eventually(lambda: not living.left_over(), "the end of all roles", GONE_S)
        living.start()
        for each in (mqtt, http):
            each.hush()
    acknowledged = mqtt.ledger.acknowledged | http.ledger.acknowledged
    said = mqtt.ledger.said | http.ledger.said
    eventually(lambda: not acknowledged - set(living.journalled()), "all that was acknowledged")
    living.await_same()
    journalled = living.journalled()

    eventually(lambda: living.log_of_starts() > before, "word of where it serves")
    assert {row: n for row, n in journalled.items() if row in said and n != 1} == {}


def test_an_interrupted_district_leaves_nothing_running(living: Living) -> None:
    """Ctrl-C: every role stops, the bus last, nothing is left over, and it starts again."""
    living.stop(signal.SIGINT)

    assert living.left_over() == []
    living.start()
    assert living.counts()["backlog_s"] < PATIENCE_S


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give demos a folder to share, so that they need only one past."""
    return tmp_path_factory.mktemp("demo")


def words_of(process: psutil.Process) -> list[str]:
    """Give the command line of a process; none of one that is just gone."""
    try:
        return process.cmdline()
    except psutil.Error:
        return []


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_demo_leaves_nothing_running(folder: Path, how: signal.Signals) -> None:
    """Ctrl-C, or even a kill, of the demo ends its roles and its simulated fleet."""
    data = folder / "demo"
    words = "demo --district yubei --share 0.0005 --days 0.1 --data"
    with (folder / "log").open("wb") as log:
        demo = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-m", "borough", *words.split(), str(data)],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    seen: set[int] = set()

    def lives() -> bool:
        assert demo.poll() is None, (folder / "log").read_text("utf-8")
        family = psutil.Process(demo.pid).children(recursive=True)
        seen.update(each.pid for each in family)
        return any("borough.edge.fleet" in words_of(each) for each in family)

    try:
        eventually(lives, "a demo with its fleet")
        time.sleep(1.0)
        assert lives()
    finally:
        demo.send_signal(how)
        demo.wait(60.0)

    eventually(lambda: not [pid for pid in seen if mine(pid, str(folder))], "their end", GONE_S)
