"""A full disk: what cannot be kept is not acknowledged, and with room everything goes on."""

from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial

import httpx
import pytest

from borough.app.doctor.asking import examined
from borough.core.errors import BadSetting
from borough.testing.disks import disk, fill
from borough.testing.living import Living, eventually
from borough.testing.senders import HttpSender, MqttSender, Sender, lanes, mixed, steady

DISK_MB, HISTORY_MB, BUS_MB = 96, 24, 64
MORE = 200


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Living]:
    """Start a district on a small disk, its history and its journal on even smaller ones."""
    folder = tmp_path_factory.mktemp("small") / "disk"
    sizes = {"": DISK_MB, "data/history": HISTORY_MB, "data/bus/store": BUS_MB}
    with ExitStack() as disks:
        try:
            for place, size in sizes.items():
                disks.enter_context(disk(folder / place, size))
        except BadSetting as refused:
            pytest.skip(str(refused))
        living = Living.made(folder / "data")
        try:
            living.start()
            yield living
        finally:
            living.stop()


def test_a_full_history_is_told_and_caught_up_with(small: Living) -> None:
    """History that is full says so and stops; the journal goes on; with room nothing is missing."""
    with MqttSender(small, mixed(lanes(small), steady(small, "battery", 20.0))) as mqtt:
        eventually(small.edges, "a detection")
        ballast = fill(small.settings.folder / "history")
        eventually(lambda: small.pulse("stream")["archive_error"], "a clear error")
        already = len(mqtt.ledger.acknowledged), len(small.edges())
        eventually(partial(has_more, mqtt, already[0] + MORE), "more acknowledgements")
        eventually(lambda: len(small.edges()) > already[1], "another detection")
        ballast.unlink()
        mqtt.hush()
    acknowledged = mqtt.ledger.acknowledged
    eventually(lambda: not acknowledged - set(small.journalled()), "all that was acknowledged")
    small.await_same()

    assert repeated(small) == {}
    eventually(lambda: not small.pulse("stream")["archive_error"], "no error any more")


def test_a_full_journal_disk_is_told_and_loses_nothing_acknowledged(small: Living) -> None:
    """Nobody hears an acknowledgement, all who ask hear why; with room all goes on by itself."""
    store = small.settings.folder / "bus" / "store"
    before = counted(small)
    with (
        MqttSender(small, mixed(lanes(small), steady(small, "battery", 20.0))) as mqtt,
        HttpSender(small, steady(small, "dwell", 1.0)) as http,
    ):
        senders: tuple[Sender, Sender] = (mqtt, http)
        for each in senders:
            eventually(partial(has_more, each, MORE), "readings")
        ballast = [fill(store)]
        eventually(lambda: silent(senders), "silence of the doors")
        bus = small.pids()["bus"]
        refused, ready = posted(small), httpx.get(f"{small.url}/readyz", timeout=60)
        found = {each.code: each for each in examined(small.settings.folder) if not each.ok}
        shown = small.counts()
        ballast.append(fill(small.settings.folder))
        eventually(lambda: silent(senders), "silence, with no room for a word about it")
        assert small.pids().get("bus") == bus, "who has no room is not started anew"
        for each in ballast:
            each.unlink()
        small.await_all()
        already = [len(each.ledger.acknowledged) for each in senders]
        for each, many in zip(senders, already, strict=True):
            eventually(partial(has_more, each, many + MORE), "more")
            each.hush()
    acknowledged = mqtt.ledger.acknowledged | http.ledger.acknowledged
    eventually(lambda: not acknowledged - set(small.journalled()), "all that was acknowledged")
    small.await_same()

    for answer in (refused, ready):
        assert (answer.status_code, answer.json()["code"]) == (503, "disk-full")
        assert "腾出空间" in answer.json()["details"]["zh"]
        assert "make room" in answer.json()["details"]["en"]
    assert shown["has_room"] is False
    assert str(store) in found["disk-full"].says["zh"]
    assert repeated(small) == {}
    eventually(
        lambda: counted(small)["stored"] == small.journalled().total(), "counters up to date"
    )
    after = counted(small)
    assert after["received"] == after["stored"] + after["rejected"]
    assert after["rejected"] == before["rejected"]


def repeated(living: Living) -> dict[tuple[int, int, float], int]:
    """Give the readings that are in the journal more than once."""
    return {row: n for row, n in living.journalled().items() if n != 1}


def counted(living: Living) -> dict[str, int]:
    """Give the stream's counters, with all that it rejected."""
    pulse = living.pulse("stream")
    return {**pulse["counts"], "rejected": sum(pulse["rejected"].values())}


def posted(living: Living) -> httpx.Response:
    """Post one reading."""
    each = next(steady(living, "dwell", 2.0))
    row = {"thing": each.thing, "property": each.name, "time": each.time, "value": each.value}
    auth, body = ("gw-0001", living.token), {"observations": [row]}
    return httpx.post(f"{living.url}/api/v1/observations", json=body, auth=auth, timeout=30.0)


def has_more(sender: Sender, than: int) -> bool:
    """Say whether more was acknowledged than before."""
    return len(sender.ledger.acknowledged) > than


def silent(senders: tuple[Sender, Sender]) -> bool:
    """Say whether no door acknowledged anything for a while."""
    before = [len(each.ledger.acknowledged) for each in senders]
    senders[0].over.wait(3.0)
    return [len(each.ledger.acknowledged) for each in senders] == before
