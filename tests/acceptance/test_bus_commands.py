"""Who hears a command, who may say one, and for how long the bus keeps it."""

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from borough.adapters.bus.courier import Courier
from borough.adapters.bus.lanes import MQTT_STREAM
from borough.adapters.reader import Marks, Reader
from borough.core import packets
from borough.testing.hearers import Hearer
from borough.testing.living import eventually

WAIT_S = 60.0
WHERE, BODY = "gw-1/m-1/valve", b'{"id": "T-1.2", "property": "valve", "value": 0}'


@pytest.fixture
def courier(ground: Any) -> Iterator[Courier]:
    """Give a courier on a bus whose gate is open."""
    with Reader(ground.bus, Marks(), ground.limits), Courier(ground.link("doors")) as made:
        eventually(lambda: ground.gate.open, "an open gate")
        yield made


def hearer(ground: Any, key: str = "gw-1", **given: bool) -> Hearer:
    """Make a gateway that listens."""
    secret = "one" if key == "gw-1" else "two"
    return Hearer((ground.bus.host, ground.bus.mqtt_port), key, secret, **given)


def kept(ground: Any) -> int:
    """Count the commands that the bus keeps for whoever comes back."""
    with ground.link("doors") as link:
        return int(link.call(f"$JS.API.STREAM.INFO.{MQTT_STREAM}")["state"]["messages"])


def raw(ground: Any, key: str) -> socket.socket:
    """Connect as a gateway that tries what it should not."""
    line = socket.create_connection((ground.bus.host, ground.bus.mqtt_port), WAIT_S)
    secret = "one" if key == "gw-1" else "two"
    line.sendall(packets.connect(f"{key}-raw", key, secret, keepalive_s=30))
    assert line.recv(4)[-1] == 0
    return line


def test_a_command_comes_once_and_is_answered(ground: Any, courier: Courier) -> None:
    """To the gateway it is for; handed over again, as after a kill, it is stored once."""
    with hearer(ground, obeys=False) as mine, hearer(ground, "gw-2", obeys=False) as other:
        courier.send(WHERE, "T-1.2", BODY, 60)
        courier.send(WHERE, "T-1.2", BODY, 60)
        eventually(lambda: mine.heard, "a command")
        (answer,) = courier.heard(WAIT_S)
        assert answer == ("gw-1", "m-1", "T-1.2", True, "")
        courier.send(WHERE, "T-1.3", BODY, 60)
        eventually(lambda: len(mine.heard) > 1, "another command")

    assert [each["topic"] for each in mine.heard] == ["c/gw-1/m-1/valve"] * 2
    assert other.heard == []
    assert courier.counts == {"sent": 2, "repeated": 1}


def test_who_was_away_gets_it_only_while_there_is_time(ground: Any, courier: Courier) -> None:
    """A session is kept; what is too late by then is gone, and nobody acts on it."""
    with hearer(ground, obeys=False):
        pass
    courier.send(WHERE, "T-1.2", BODY, 1)
    courier.send(WHERE, "T-1.3", BODY.replace(b"1.2", b"1.3"), 60)
    eventually(lambda: kept(ground) == 1, "the end of the time of one")
    with hearer(ground, obeys=False) as back:
        eventually(lambda: back.heard, "the command that still counts")

    assert [each["id"] for each in back.heard] == ["T-1.3"]


def test_who_listens_with_qos_0_hears_it_too(ground: Any, courier: Courier) -> None:
    """If he is there; nothing is kept for him."""
    line = raw(ground, "gw-1")
    line.sendall(packets.subscribe("c/gw-1/#", 1))
    assert line.recv(16)[-1] == 0
    courier.send(WHERE, "T-1.2", BODY, 60)
    (packet,) = packets.split(bytearray(line.recv(4096)))
    line.close()

    assert packets.message(packet) == ("c/gw-1/m-1/valve", BODY, 0)


@pytest.mark.parametrize("pattern", ["c/gw-1/#", "c/#", "#", "c/+/m-1/valve"])
def test_nobody_hears_the_commands_of_others(ground: Any, courier: Courier, pattern: str) -> None:
    """The subscription is refused, and nothing comes."""
    line = raw(ground, "gw-2")
    line.sendall(packets.subscribe(pattern, 1, qos=1))
    assert line.recv(16)[-1] == 0x80
    courier.send(WHERE, "T-1.2", BODY, 60)
    line.settimeout(0.5)
    with pytest.raises(TimeoutError):
        line.recv(4096)
    line.close()


@pytest.mark.parametrize("key", ["gw-1", "gw-2"])
@pytest.mark.parametrize("qos", [0, 1])
def test_no_device_may_command(ground: Any, courier: Courier, key: str, qos: int) -> None:
    """Neither a foreign one nor the gateway itself, with any quality of service."""
    line = raw(ground, key)
    with hearer(ground, obeys=False) as mine:
        for topic in ("c/gw-1/m-1/valve", "c/gw-2/m-2/valve"):
            line.sendall(packets.publish(topic, BODY, 7) if qos else packets.publish(topic, BODY))
        courier.send(WHERE, "T-1.9", BODY.replace(b"1.2", b"1.9"), 60)
        eventually(lambda: mine.heard, "the desk's own command")
    line.close()

    assert [each["id"] for each in mine.heard] == ["T-1.9"]


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        ("a/gw-1/m-1", b'{"id": "T-1.2"}'),
        ("a/gw-2/m-1/more", b'{"id": "T-1.2"}'),
        ("a/gw-2/m-1", b"yes"),
        ("a/gw-2/m-1", b'{"ok": true}'),
    ],
)
def test_an_answer_that_is_none_is_passed_over(
    ground: Any, courier: Courier, topic: str, payload: bytes
) -> None:
    """One in another's name does not arrive at all; noise is counted."""
    line = raw(ground, "gw-2")
    line.sendall(packets.publish(topic, payload, 7))
    line.sendall(packets.publish("a/gw-2/m-2", b'{"id": "T-1.5", "ok": false}', 8))
    heard: list[Any] = []
    eventually(lambda: heard.extend(courier.heard(0.2)) or heard, "the answer that is one")
    line.close()

    assert heard == [("gw-2", "m-2", "T-1.5", False, "")]
