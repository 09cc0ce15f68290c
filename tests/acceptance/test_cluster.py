"""A bus of three servers: one dies, and nothing that was acknowledged goes with it."""

import signal
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from borough.adapters.bus.config import config_text
from borough.adapters.bus.lanes import MQTT_STREAM
from borough.adapters.bus.link import Link
from borough.adapters.limits import Limits
from borough.app.bus import bus_of, cluster_of, serves
from borough.core.errors import BadSetting, BusDown
from borough.testing.living import Living, Rows, eventually
from borough.testing.machines import Machine, closing, one_bus
from borough.testing.senders import MqttSender, lanes, mixed, steady

WORK = ("stream", "desk")


@dataclass
class Three:
    """Three machines with a server of the bus each; the first does the work as well."""

    machines: list[Machine]
    living: Living

    @property
    def elsewhere(self) -> Living:
        """The district as a device sees it that is connected to the second server."""
        port = self.machines[1].settings.mqtt_port
        made = Living(replace(self.living.settings, mqtt_port=port))
        made.held = self.living.held
        return made


@pytest.fixture
def three(tmp_path: Path) -> Iterator[Three]:
    """Start three servers, and stream and desk beside the first."""
    living = Living.made(tmp_path / "machine-1")
    machines = one_bus(living.settings, tmp_path)
    living.settings = machines[0].settings
    with closing(*machines):
        for each in machines:
            each.start("bus")
        eventually(lambda: serves(living.settings), "a bus of three servers")
        for role in WORK:
            machines[0].start(role)
        for role in WORK:
            machines[0].await_pulse(role)
        yield Three(machines, living)


def sender_of(three: Three) -> MqttSender:
    """Give a device that talks through the second server."""
    living = three.living
    return MqttSender(three.elsewhere, mixed(lanes(living), steady(living, "battery", 20.0)))


def more(sender: MqttSender, than: int) -> bool:
    """Say whether so many more were acknowledged."""
    return len(sender.ledger.acknowledged) > than + 40


def journalled(living: Living) -> Rows:
    """Count the readings in the journal, as soon as the servers have agreed who leads it."""
    found: list[Rows] = []

    def read() -> bool:
        with suppress(BusDown):
            found.append(living.journalled())
        return bool(found)

    eventually(read, "a journal that can be read")
    return found[-1]


def test_a_killed_server_costs_nothing_that_was_acknowledged(three: Three) -> None:
    """SIGKILL of the server that we work through: devices elsewhere are heard on, each once."""
    living, first = three.living, three.machines[0]
    with sender_of(three) as sender:
        eventually(partial(more, sender, 0), "word before it")
        first.signal("bus", signal.SIGKILL)
        eventually(partial(more, sender, len(sender.ledger.acknowledged)), "word after it")
        first.start("bus")
        eventually(partial(more, sender, len(sender.ledger.acknowledged)), "word with all of them")
        sender.hush()
        said, acknowledged = sender.ledger.said, sender.ledger.acknowledged

    eventually(lambda: not acknowledged - set(journalled(living)), "all that was acknowledged")
    twice = {row: n for row, n in journalled(living).items() if row in said and n != 1}
    assert twice == {}
    assert [first.processes[role].poll() for role in WORK] == [None, None]


def stored(living: Living) -> dict[str, Any]:
    """Give what the bus tells of its own stream of acknowledged messages."""
    with Link(living.bus.login("doors"), "test") as link:
        return link.call(f"$JS.API.STREAM.INFO.{MQTT_STREAM}")


def test_words_of_which_no_server_knows_a_reader_are_kept(three: Three) -> None:
    """A server that has just come back knows of no reader: what it acknowledges it keeps."""
    living, first = three.living, three.machines[0]
    with sender_of(three) as sender:
        eventually(partial(more, sender, 0), "word that is read")
        first.signal("stream", signal.SIGKILL)
        first.ended("stream")
        with Link(living.bus.login("doors"), "test") as link:
            for name in link.call(f"$JS.API.CONSUMER.NAMES.{MQTT_STREAM}")["consumers"]:
                link.call(f"$JS.API.CONSUMER.DELETE.{MQTT_STREAM}.{name}")
        eventually(partial(more, sender, len(sender.ledger.acknowledged)), "word that nobody reads")
        first.start("stream")
        first.await_pulse("stream")
        eventually(partial(more, sender, len(sender.ledger.acknowledged)), "word that is read")
        sender.hush()
        acknowledged = sender.ledger.acknowledged

    eventually(lambda: not acknowledged - set(journalled(living)), "all that was acknowledged")
    assert stored(living)["config"]["retention"] == "limits"
    eventually(lambda: stored(living)["state"]["messages"] < len(acknowledged), "a purged stream")


def test_the_settings_of_a_bus_of_several_servers_name_each_other(tmp_path: Path) -> None:
    """Each server listens for the others and knows where; one that is no address is refused."""
    living = Living.made(tmp_path / "machine-1")
    one, two, _ = one_bus(living.settings, tmp_path)
    text = config_text(bus_of(two.settings), Limits.load())

    assert "server_name: bus-2" in text
    assert all(each in text for each in one.settings.bus_routes)
    assert bus_of(one.settings).secrets == bus_of(two.settings).secrets
    assert str(bus_of(two.settings).servers[0]) == two.settings.bus_servers[1]
    with pytest.raises(BadSetting, match="bus_servers"):
        cluster_of(replace(one.settings, bus_servers=("nowhere",)))
