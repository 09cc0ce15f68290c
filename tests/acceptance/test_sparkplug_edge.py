"""A public Sparkplug client speaks to a real bus, and is understood."""

import time
from collections.abc import Iterator
from typing import Any

import pysparkplug as public
import pytest

from borough.adapters.limits import Limits
from borough.adapters.mqtt import Decoder
from borough.adapters.reader import Marks, Reader
from borough.core.registry import Registry
from borough.testing.living import eventually

GROUP = "plant"
WORD = "one"
"""With it the first gateway enters the bus of these tests."""


def metric(name: str, value: float) -> Any:
    """Make a metric as the public client knows it."""
    now = round(time.time() * 1000)
    return public.Metric(timestamp=now, name=name, datatype=public.DataType.DOUBLE, value=value)


class Plant:
    """An edge node with a meter behind it, in the words of the public client."""

    def __init__(self, ground: Any) -> None:
        self.asked: list[Any] = []
        eventually(lambda: ground.gate.open, "an open gate")
        client = public.Client(client_id="gw-1", username="gw-1", password=WORD)
        self.node = public.EdgeNode(
            GROUP, "gw-1", [metric("up", 1.0)], client, lambda _, told: self.asked.append(told)
        )
        self.node.register(public.Device("m-1", [metric("flow", 2.0)]))
        self.node.connect(ground.bus.host, port=ground.bus.mqtt_port)

    def say(self, value: float) -> None:
        """Report a flow."""
        self.node.update_device("m-1", [metric("flow", value)])

    def end(self) -> None:
        """Hang up in good order."""
        self.node.disconnect()


@pytest.fixture
def plant(ground: Any, reader: Reader) -> Iterator[Plant]:  # noqa: ARG001 - it must be there first
    """Give an edge node that is connected."""
    made = Plant(ground)
    yield made
    made.end()


@pytest.fixture
def reader(ground: Any) -> Iterator[Reader]:
    """Give a reader of the bus; the gate opens once it is there."""
    with Reader(ground.bus, Marks(), ground.limits) as made:
        yield made


class Hearing:
    """What the door understood so far."""

    def __init__(self, reader: Reader, registry: Registry) -> None:
        self.reader = reader
        self.decoder = Decoder(registry, Limits.load())
        self.said: list[tuple[int, float]] = []

    def until(self, wanted: tuple[int, float]) -> None:
        """Take messages until a reading has come: the series and the value."""
        end = time.monotonic() + 20
        while wanted not in self.said:
            assert time.monotonic() < end, self.said
            chunk = self.reader.take(0.2)
            now = round(time.time() * 1000)
            got = self.decoder.decode(chunk.subjects, chunk.payloads, now)
            self.said += zip(got.series.tolist(), got.value.tolist(), strict=True)
            self.reader.ack(chunk)
            self.reader.tell(self.decoder.host.wishes(now))


def test_an_edge_node_is_born_reports_and_is_heard(
    plant: Plant, reader: Reader, registry: Registry
) -> None:
    """Births give first values; what follows arrives as readings of its series."""
    hearing = Hearing(reader, registry)
    hearing.until((2, 2.0))
    assert (0, 1.0) in hearing.said
    plant.say(3.5)
    hearing.until((2, 3.5))
    assert hearing.decoder.host.counts == {"births": 2}


def test_a_host_that_missed_the_birth_asks_for_it(
    plant: Plant, reader: Reader, registry: Registry
) -> None:
    """Its command reaches the edge node; nothing is guessed meanwhile."""
    Hearing(reader, registry).until((2, 2.0))
    late = Hearing(reader, registry)
    end = time.monotonic() + 20
    while not plant.asked:
        assert time.monotonic() < end
        plant.say(4.5)
        chunk = reader.take(0.2)
        now = round(time.time() * 1000)
        got = late.decoder.decode(chunk.subjects, chunk.payloads, now)
        assert not len(got.series)
        reader.tell(late.decoder.host.wishes(now))
    assert plant.asked[0].topic.message_type == public.MessageType.NCMD
