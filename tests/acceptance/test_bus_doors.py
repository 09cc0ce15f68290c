"""What an acknowledgement of the bus covers, and what the bus does to those it turns away."""

import contextlib
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from borough.adapters.bus.lanes import DOORS_STREAM, MQTT_STREAM
from borough.adapters.bus.reasons import reason_of
from borough.adapters.mqtt import Decoder
from borough.adapters.reader import Chunk, Marks, Reader
from borough.core import packets
from borough.core.errors import BusDown
from borough.core.frames import ROWS, Frame, encode
from borough.core.registry import Registry
from borough.storage.journal.journal import Journal, JournalTail
from borough.storage.journal.streams import Deposit, store
from borough.testing.living import eventually

WAIT_S = 60.0


class Intake:
    """The way in, from the reader to the journal, that may be cut off anywhere."""

    def __init__(self, ground: Any, registry: Registry) -> None:
        self.ground = ground
        self.decoder = Decoder(registry, ground.limits)
        self.link = ground.link()
        self.journal = Journal(self.link)
        last = self.journal.last()
        marks = Marks(last.frame.mqtt, last.frame.http) if last else Marks()
        self.reader = Reader(ground.bus, marks, ground.limits)

    def take(self, wait_s: float = 0.3) -> Chunk:
        """Take a chunk and write it, without acknowledging."""
        chunk = self.reader.take(wait_s)
        readings = self.decoder.decode(chunk.subjects, chunk.payloads, 10)
        self.journal.extend(chunk.frames(readings, 10, 10))
        return chunk

    def run(self, live: int = 0) -> None:
        """Take in all that the bus keeps for us, and *live* messages that only pass."""
        kept = stored(self.ground)
        while self.reader.marks != kept or self.reader.counts["live"] < live:
            chunk = self.take(WAIT_S)
            assert chunk, f"at {self.reader.marks} of {kept} nothing more came"
            self.reader.ack(chunk)
        while chunk := self.take():
            self.reader.ack(chunk)

    def close(self) -> None:
        """Go away, as a killed process does."""
        self.reader.__exit__()
        self.link.close()


@pytest.fixture
def intakes(ground: Any, registry: Registry) -> Iterator[Any]:
    """Give a way to make intakes; they are closed at the end."""
    made: list[Intake] = []

    def make() -> Intake:
        made.append(Intake(ground, registry))
        return made[-1]

    yield make
    for intake in made:
        intake.close()


def stored(ground: Any) -> Marks:
    """Say how many messages the bus has stored for its two doors so far."""
    with ground.link("doors") as theirs, ground.link() as ours:
        asked = ((theirs, MQTT_STREAM), (ours, DOORS_STREAM))
        info = [link.call(f"$JS.API.STREAM.INFO.{name}") for link, name in asked]
    return Marks(*(each["state"]["last_seq"] for each in info))


def journalled(ground: Any) -> list[float]:
    """Give all values in the journal, in its order."""
    with ground.link() as link:
        frames = [entry.frame.value for entry in JournalTail(link).rest()]
    values: list[float] = np.concatenate([np.zeros(0), *frames]).tolist()
    return values


def test_nothing_acknowledged_is_lost_when_the_bus_is_killed(ground: Any, intakes: Any) -> None:
    """The sender's ledger is contained in the journal, and nothing is in it twice."""
    first = intakes()
    device = ground.device()
    for number in range(1, 3001):
        device.say("d/gw-1/m-1/flow", b"%.4f" % (number / 1000), number)
        if number == 1000:
            device.listen(300)
            first.reader.ack(first.take())
    device.listen(2000)
    ground.kill()
    device.listen(3001)
    device.close()
    ground.start()
    intakes().run()
    values = journalled(ground)

    assert len(values) == len(set(values))
    assert {number / 1000 for number in device.acknowledged} <= set(values)
    assert len(device.acknowledged) >= 2000


def test_a_reader_that_dies_anywhere_takes_each_message_once(ground: Any, intakes: Any) -> None:
    """Before the journal, after it and before the acknowledgement, after both."""
    intake = intakes()
    device = ground.device()
    for number in range(1, 91):
        device.say("d/gw-1/m-1/flow", b"%d" % number, number)
        if number % 30 == 0:
            device.listen(number)
            if number == 30:
                intake.reader.take(0.5)
            elif number == 60:
                intake.take()
            else:
                intake.reader.ack(intake.take())
            intake.close()
            intake = intakes()
    intake.run()

    assert journalled(ground) == list(range(1, 91))


def test_messages_sent_while_nobody_reads_are_kept(ground: Any, intakes: Any) -> None:
    """The bus acknowledges only what it holds for the reader that will come back."""
    intake = intakes()
    device = ground.device()
    intake.close()
    for number in range(1, 11):
        device.say("d/gw-1/m-1/flow", b"%d" % number, number)
    device.listen(10)
    ground.kill()
    ground.start()
    intakes().run()

    assert journalled(ground) == list(range(1, 11))


def test_the_numbers_of_the_bus_never_run_backwards(ground: Any, intakes: Any) -> None:
    """A bus that is killed when all is read and forgotten goes on counting where it was."""
    for life in range(3):
        intake = intakes()
        device = ground.device()
        for number in range(1, 6):
            device.say("d/gw-1/m-1/flow", b"%d" % (life * 5 + number), number)
        device.listen(5)
        device.close()
        intake.run()
        assert intake.reader.marks.mqtt == (life + 1) * 5
        intake.close()
        ground.kill()
        ground.start()

    assert journalled(ground) == list(range(1, 16))


def test_who_knocks_early_comes_in_when_the_gate_opens(ground: Any, intakes: Any) -> None:
    """A device that is faster than the reader waits a moment, and is not turned away."""
    eventually(lambda: ground.gate.listens, "a gate that listens")
    with socket.create_connection((ground.bus.host, ground.bus.mqtt_port), 20.0) as early:
        early.sendall(packets.connect("gw-1", "gw-1", "one"))
        assert not ground.gate.open
        intakes()
        assert early.recv(4) == packets.GOOD_CONNACK


def test_the_gate_stays_shut_until_somebody_reads(ground: Any, intakes: Any) -> None:
    """Without a reader of this run of the bus nobody would hear what is said with QoS 0."""
    assert not ground.gate.open
    intake = intakes()
    assert ground.device().welcome
    intake.close()
    ground.kill()
    ground.start()

    assert not ground.gate.open
    intakes()
    assert ground.device().welcome


def test_both_doors_and_both_qualities_arrive_once(ground: Any, intakes: Any) -> None:
    """QoS 0, QoS 1, QoS 2 and what came by HTTP, each once, through restarts."""
    intake = intakes()
    device = ground.device()
    column, value = np.arange(3), np.array([7.0, 8.0, 9.0])
    posted = encode(Frame(ROWS, 1, 1, report=column, series=column, time=column, value=value))
    with ground.link() as link:
        for life in range(3):
            device.say("d/gw-1/m-1/flow", b"0")
            device.say("d/gw-1/m-1/flow", b"1", life * 2 + 1)
            device.listen(life + 1)
            store(link, [Deposit("door.http", posted)])
            intake.run(live=1)
            intake.close()
            intake = intakes()
        intake.run()

    assert sorted(journalled(ground)) == sorted([0.0, 1.0, 7.0, 8.0, 9.0] * 3)


def test_a_batch_sent_again_after_a_crash_is_known_by_its_name(ground: Any, intakes: Any) -> None:
    """The bus knows a batch again although it was journalled, and although it was killed."""
    intake = intakes()
    batches = [
        Deposit("door.http", encode(Frame(ROWS, 1, 1, 0, 0, -1, *rows(value))), f"batch-{value}")
        for value in (1.0, 2.0, 3.0)
    ]
    with ground.link() as link:
        for each in batches:
            store(link, [each])
            time.sleep(1.1)  # long enough for what is journalled to be forgotten
            intake.run()
    intake.close()
    ground.kill()
    ground.start()
    with ground.link() as link:
        store(link, batches)
    intakes().run()

    assert journalled(ground) == [1.0, 2.0, 3.0]


def rows(value: float) -> tuple[Any, ...]:
    """Give the columns of one reading."""
    return np.zeros(1, np.uint32), np.zeros(1, np.int32), np.ones(1, np.int64), np.array([value])


def test_a_damaged_frame_of_the_http_door_is_counted_and_passed(ground: Any, intakes: Any) -> None:
    """One bad record does not stop the others."""
    intake = intakes()
    column, value = np.arange(1), np.array([5.0])
    good = encode(Frame(ROWS, 1, 1, report=column, series=column, time=column, value=value))
    with ground.link() as link:
        store(link, [Deposit("door.http", good[:-1]), Deposit("door.http", good)])
    intake.run()

    assert intake.reader.counts["damaged"] == 1
    assert journalled(ground) == [5.0]


def test_long_messages_are_taken_in_portions(ground: Any, intakes: Any) -> None:
    """More than one portion of bytes waits, and all of it is read."""
    intake = intakes()
    intake.close()
    device = ground.device()
    count = 3 * ground.limits.batch_bytes // 1_000_000
    for number in range(1, count + 1):
        device.say("d/gw-1/m-1/flow", b" " * 1_000_000 + b"1", number)
        device.listen(number)
    intake = intakes()
    taken = []
    while len(taken) < count and (chunk := intake.reader.take(WAIT_S)):
        taken += chunk.payloads
        intake.reader.ack(chunk)

    assert len(taken) == count
    assert not intake.reader.take(0.5)


def test_a_full_backlog_is_not_acknowledged(ground: Any, intakes: Any) -> None:
    """What the bus cannot keep it does not answer for, and what it answered for it kept."""
    ground.limits = replace(ground.limits, backlog_bytes=20_000, side_bytes=20_000)
    intakes().close()
    device = ground.device()
    with contextlib.suppress(ConnectionError):  # the bus hangs up when it is full
        for number in range(1, 301):
            device.say("d/gw-1/m-1/flow", b"%d" % (number % 100), number)
    assert not device.listen(300)
    intakes().run()

    assert 0 < len(device.acknowledged) < 300
    assert len(journalled(ground)) == len(device.acknowledged)
    assert "backlog-full" in {reason_of(line) for line in ground.log.read_text().splitlines()}


def test_retained_messages_cannot_fill_the_disk(ground: Any, intakes: Any) -> None:
    """Beyond their limit they are only passed on."""
    ground.limits = replace(ground.limits, side_bytes=20_000)
    intake = intakes()
    device = ground.device()
    for number in range(300):
        retained = bytearray(packets.publish(b"d/gw-1/m-1/x%d" % number, b"1" * 200))
        retained[0] |= 1
        device.socket.sendall(retained)
    device.say("d/gw-1/m-1/flow", b"5", 1)
    device.listen(1)
    intake.run(live=300)

    assert intake.reader.counts["live"] == 300
    assert journalled(ground) == [5.0]
    with ground.link("doors") as link:
        kept = link.call("$JS.API.STREAM.INFO.$MQTT_rmsgs")["state"]["bytes"]
    assert 0 < kept <= 20_000


def test_a_bus_that_goes_away_is_said_so(ground: Any, intakes: Any) -> None:
    """Reader and journal raise BusDown and hang on nothing."""
    intake = intakes()
    ground.kill()

    with pytest.raises(BusDown):
        intake.take()
    with pytest.raises(BusDown):
        intake.journal.append(Frame(ROWS, 1, 1))
    ground.start()


@pytest.mark.parametrize(
    ("topic", "payload", "reason"),
    [
        ("d/gw-2/m-2/flow", b"1", "forbidden-topic"),
        ("$MQTT/msgs/d/gw-1/m-1/flow", b"1", "forbidden-topic"),
        ("d/gw-1/m-1/fl ow", b"1", "bad-topic"),
        ("d/gw-1/m-1/fl\r\now", b"1", "bad-topic"),
        ("d/gw-1/m-1/+", b"1", "bad-topic"),
        ("d/gw-1/m-1/flow", b"1" * 1_500_000, "too-large"),
    ],
)
def test_what_the_bus_drops_is_named_in_its_log(
    ground: Any, intakes: Any, topic: str, payload: bytes, reason: str
) -> None:
    """Nothing of it reaches the reader, and the others go on."""
    intake = intakes()
    device, other = ground.device(), ground.device("gw-2", "gw-2")
    with contextlib.suppress(ConnectionError):  # the bus need not hear all of it to hang up
        device.say(topic, payload, 1)
    device.listen(1)
    other.say("d/gw-2/m-2/flow", b"5", 1)
    other.listen(1)
    intake.run()

    assert reason in {reason_of(line) for line in ground.log.read_text().splitlines()}
    assert journalled(ground) == [5.0]


@pytest.mark.parametrize(
    "topic", ["d/gw-1/m\x0b1/flow", "d/gw-1//flow", "d/gw-1/水/\u00a0", "d/gw-1/a.b"]
)
def test_odd_topics_reach_the_dead_letters_and_break_nothing(
    ground: Any, intakes: Any, topic: str
) -> None:
    """What the bus lets through is cut as it was sent."""
    intake = intakes()
    device = ground.device()
    device.say(topic, b"1", 1)
    device.listen(1)
    chunk = intake.take(WAIT_S)
    readings = intake.decoder.decode(chunk.subjects, chunk.payloads, 10)

    assert len(chunk) == readings.rejected.total() == 1


def test_devices_that_may_not_come_in_are_turned_away(ground: Any, intakes: Any) -> None:
    """A wrong token and the client id of another device."""
    intakes()

    assert not ground.device(secret="wrong").welcome  # noqa: S106 - made up
    assert not ground.device("gw-2", "gw-1").welcome
    assert ground.gate.counts == {"wrong-credential": 1, "foreign-client-id": 1}


def test_a_revoked_credential_ends_with_its_session(ground: Any, intakes: Any) -> None:
    """The bus closes each connection after a while; who was revoked does not come back."""
    intakes()
    ground.gate.limits = replace(ground.limits, session_s=1)
    device = ground.device()
    assert device.welcome

    ground.gate.credentials = {}

    assert not device.listen(1)
    assert not ground.device(client="again").welcome


def test_a_second_reader_ends_the_first(intakes: Any) -> None:
    """Two never take turns in the same messages."""
    first = intakes()
    intakes()

    with pytest.raises(BusDown):
        eventually(lambda: first.take() and False, "word that another one reads")
