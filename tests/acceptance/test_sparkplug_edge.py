"""A public Sparkplug client speaks to a real bus, and is understood."""

import json
import multiprocessing
import threading
import time
from collections.abc import Iterator
from typing import Any

import paho.mqtt.client as mqtt
import pysparkplug as public
import pytest

from borough.adapters.bus.config import Bus
from borough.adapters.bus.tokens import Knock
from borough.adapters.limits import Limits
from borough.adapters.mqtt import Decoder
from borough.adapters.reader import Marks, Reader
from borough.adapters.sparkplug.state import USER, Presence
from borough.core.errors import BadSetting
from borough.core.registry import Registry
from borough.testing.living import eventually

GROUP, HOST = "plant", "the-host"
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


def stay(bus: Bus) -> None:
    """Be there as a host until somebody ends the process."""
    with Presence(bus, HOST):
        threading.Event().wait()


class Waiting:
    """An edge node that waits for its primary host, and hears who is there."""

    def __init__(self, ground: Any, name: str = "gw-1", word: str = WORD) -> None:
        self.words: list[tuple[bool, int]] = []
        self.is_heeded = False
        eventually(lambda: ground.gate.open, "an open gate")
        self.client = mqtt.Client(name)
        self.client.username_pw_set(name, word)
        self.client.on_connect = lambda client, *_: client.subscribe(f"spBv1.0/STATE/{HOST}", 1)
        self.client.on_subscribe = lambda *_: self.heed()
        self.client.on_message = lambda _, __, told: self.hear(json.loads(told.payload))
        self.client.connect(ground.bus.host, ground.bus.mqtt_port)
        self.client.loop_start()

    def heed(self) -> None:
        """Know that the bus will tell it what is said from now on."""
        self.is_heeded = True

    def hear(self, told: dict[str, Any]) -> None:
        """Take in a word of the host; it says two things and no more."""
        assert told.keys() == {"online", "timestamp"}
        self.words.append((told["online"], told["timestamp"]))

    def end(self) -> None:
        """Hang up."""
        self.client.disconnect()
        self.client.loop_stop()


@pytest.fixture
def waiting(ground: Any, reader: Reader) -> Iterator[Waiting]:  # noqa: ARG001 - it must be there first
    """Give an edge node that waits for its host."""
    made = Waiting(ground)
    yield made
    made.end()


def test_a_host_that_dies_is_told_as_gone_and_one_that_comes_as_there(
    ground: Any, waiting: Waiting
) -> None:
    """The word is kept for who comes later; death and birth of a session have one timestamp."""
    host = multiprocessing.get_context("fork").Process(target=stay, args=(ground.bus,))
    host.start()
    try:
        eventually(lambda: any(online for online, _ in waiting.words), "a host that is there")
        later = Waiting(ground, "gw-2", "two")
        eventually(lambda: later.words, "the word that was kept")
        later.end()
        host.kill()
        eventually(lambda: not waiting.words[-1][0], "a host that is gone")
    finally:
        host.kill()
        host.join()
    assert later.words[0] == waiting.words[0]
    assert waiting.words[-1] == (False, waiting.words[0][1])

    with Presence(ground.bus, HOST):
        eventually(lambda: waiting.words[-1][0], "another host")
        born = waiting.words[-1][1]
    eventually(lambda: waiting.words[-1] == (False, born), "its goodbye")
    assert born > waiting.words[0][1]


def test_a_host_contradicts_who_says_that_it_is_gone(ground: Any, waiting: Waiting) -> None:
    """An old will may be kept from before, or come late."""
    with Presence(ground.bus, HOST):
        eventually(lambda: waiting.words and waiting.words[-1][0], "a host that is there")
        with ground.link("doors") as link:
            link.publish(f"spBv1//0.STATE.{HOST}".encode(), b'{"online": false, "timestamp": 1}')
            link.settle()
        eventually(lambda: (False, 1) in waiting.words, "the wrong word")
        eventually(lambda: waiting.words[-1][0], "the right one")


def test_a_host_says_each_word_twice(ground: Any, waiting: Waiting) -> None:
    """Who comes in the moment of the first may get it neither as kept nor as new."""
    eventually(lambda: waiting.is_heeded, "a subscription")
    with Presence(ground.bus, HOST):
        eventually(lambda: len(waiting.words) > 1, "the word once more")
        assert len(set(waiting.words)) == 1
        with ground.link("doors") as link:
            link.publish(f"spBv1//0.STATE.{HOST}".encode(), b'{"online": false, "timestamp": 1}')
            link.settle()
        after = [(False, 1), *waiting.words[:1] * 2]
        eventually(lambda: waiting.words[-3:] == after, "what it answered to that, twice")


def test_no_device_speaks_for_the_host(ground: Any, waiting: Waiting) -> None:
    """Its topic is closed to them, and its name at the gate needs a password nobody is given."""
    waiting.client.publish(f"spBv1.0/STATE/{HOST}", b'{"online": true, "timestamp": 1}', 1)
    knocks = [(USER, WORD, USER), ("gw-1", WORD, USER), ("gw-1", WORD, "x")]
    reasons = [ground.gate.reason(Knock("s", "u", *each, "mqtt")) for each in knocks]
    assert reasons == ["wrong-credential", "foreign-client-id", ""]
    with Presence(ground.bus, HOST):
        eventually(lambda: waiting.words, "a host")
    assert waiting.words[0][1] != 1


@pytest.mark.parametrize("name", ["", "a/b", "#", "a+"])
def test_an_id_that_no_topic_can_hold_is_refused(ground: Any, name: str) -> None:
    """It is named with its setting."""
    with pytest.raises(BadSetting, match="sparkplug_host"):
        Presence(ground.bus, name)
