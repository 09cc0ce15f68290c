"""The three ways on which what the doors received comes off the bus.

About 0.03 µs a message of QoS 0 and 0.4 of QoS 1, besides the socket and `wire`
(docs/why/hot-path.md).
"""

import json
import re
import secrets
import time
from collections.abc import Mapping
from typing import Any

from borough.adapters.bus import wire
from borough.adapters.bus.link import Link
from borough.adapters.bus.wire import PUBLISHER, Columns, Message
from borough.adapters.limits import Limits
from borough.core.errors import BusDown
from borough.core.partitions import WHOLE, Part

MQTT_STREAM = "$MQTT_msgs"
"""Where the bus keeps the MQTT messages that it acknowledged; the name is its own."""

DOORS_STREAM = "DOORS"
"""Where the HTTP door keeps what it answered for."""

_PLUGS = "spBv1//0."
SPARKPLUG = f"{_PLUGS}*.*.>".encode()
"""What edge nodes say, as the bus writes the topics of Sparkplug; a host's word of itself, which
we say ourselves, is shorter."""
_STORED = "$MQTT.msgs."
_SUBJECTS = {
    MQTT_STREAM: f"{_STORED}>",
    "$MQTT_rmsgs": "$MQTT.rmsgs.>",
    "$MQTT_qos2in": "$MQTT.qos2.in.>",
}
_SID = b"1"
_NONE = Columns([], [], [])
_LIVE_WORDS, _ACKNOWLEDGED_WORDS = 5, 6
_ACK = b"$JS.ACK."
_SEQUENCE = -4
_UNUSED = re.compile(rb"Nats-Pending-Messages: *(\d+)")
_NOBODY = b"NATS/1.0 503"
_ASK_AGAIN_S = 0.02
_IDLE_NS = 300 * 10**9
_AGES_NS = 10**9 * 86400 * 365
_ACKED = {"ack_policy": "all", "ack_wait": _AGES_NS, "max_ack_pending": -1}
_PURGED = {"ack_policy": "none", "mem_storage": True, "inactive_threshold": _IDLE_NS}
"""Two kinds of reader: one that the bus keeps, and forgets what it acknowledges; and one that ends
with us, of a stream that is purged, at most every ``PURGE_S``."""
PURGE_S = 1.0


def sequence_of(ack: bytes) -> int:
    """Read the stream's sequence number out of where a message is to be acknowledged."""
    return int(ack.split(b".")[_SEQUENCE])


class Lane:
    """Takes messages of one subscription off a link, many at a time."""

    def __init__(self, link: Link, subject: bytes, qos: bytes, words: int) -> None:
        self.link = link
        self._qos, self._words = qos, words
        link.subscribe(subject, _SID)
        link.settle()
        self._early, self._rest = link.hand_over()

    def read(self) -> Columns:
        """Give what has arrived, without waiting."""
        data = self._rest + self.link.receive(0)
        cut = wire.fast(data, self._qos, self._words)
        columns, taken = cut or (_NONE, 0)
        rest = data[taken:]
        messages, control, used = wire.careful(rest)
        self._rest = rest[used:]
        self.link.heed(control)
        early, self._early = self._early, []
        mine = [each for each in early + messages if each.sid == _SID and self.wants(each)]
        if not mine:
            return columns
        return Columns(
            [*columns.subjects, *(message.subject for message in mine)],
            [*columns.replies, *(message.reply for message in mine)],
            [*columns.bodies, *(message.body for message in mine)],
        )

    def wants(self, message: Message) -> bool:
        """Say whether a message that was cut with care is to be taken."""
        raise NotImplementedError


class LiveLane(Lane):
    """Messages of QoS 0, as they pass; who is not there misses them.

    Where the bus deals messages out to partitions, it puts *before* in front of their subjects.
    """

    def __init__(self, link: Link, subject: bytes = b"d.>", before: bytes = b"") -> None:
        self._before = len(before)
        super().__init__(link, before + subject, b"0", _LIVE_WORDS)

    def read(self) -> Columns:
        """Give what has arrived, its subjects as the device published it."""
        columns = super().read()
        if not self._before:
            return columns
        start = self._before
        return columns._replace(subjects=[each[start:] for each in columns.subjects])

    def wants(self, message: Message) -> bool:
        """Take only what was published with QoS 0."""
        return PUBLISHER + b"0\r\n" in message.head


class PulledLane(Lane):
    """Messages of a stream, asked for in portions so that the bus never sends too many."""

    def __init__(self, link: Link, stream: str, consumer: str, limits: Limits) -> None:
        self._box = link.inbox.replace(b"_INBOX", b"_PULL")
        super().__init__(link, self._box, b"1", _ACKNOWLEDGED_WORDS)
        self._next = f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{consumer}".encode()
        self._portion, self._due = limits.batch_messages, 0
        self._wish = b'{"batch":%d,"max_bytes":%d}' % (self._portion, limits.batch_bytes)
        self._known_by = time.monotonic() + link.wait_s
        self._ask()

    def read(self) -> Columns:
        """Give what has arrived, and ask for more before it runs out."""
        columns = super().read()
        self._due -= len(columns.subjects)
        self._ask()
        return columns

    def wants(self, message: Message) -> bool:
        """Take what comes from the stream; ``BusDown`` if the bus says there will be no more."""
        if message.reply.startswith(_ACK):
            return True
        if message.head.startswith(_NOBODY) and time.monotonic() < self._known_by:
            self._due -= self._portion  # some server has not heard of a reader made just now
            time.sleep(_ASK_AGAIN_S)
            return False
        unused = _UNUSED.search(message.head)
        if unused is None:
            raise BusDown(message.head.decode(errors="replace").strip())
        self._due -= int(unused.group(1))
        return False

    def _ask(self) -> None:
        while self._due <= self._portion:
            self.link.publish(self._next, self._wish, self._box)
            self._due += self._portion


class AcknowledgedLane(PulledLane):
    """Messages of QoS 1 and 2, from the bus's own stream of what it acknowledged."""

    before = b""
    keeps: tuple[str, ...] = ()
    """What of the stream only this reader takes, and has to be purged; none where the bus forgets
    it when we acknowledge it."""
    _purged = 0.0

    def forget(self, ack: bytes) -> None:
        """Let the bus forget what the journal holds: everything up to the message of an *ack*.

        Commands to devices lie in the same stream; they stay until their own time is up.
        """
        if not self.keeps:
            self.link.publish(ack, b"")
        elif time.monotonic() > self._purged + PURGE_S:
            self._purged = time.monotonic()
            for subject in self.keeps:
                wanted = {"seq": sequence_of(ack) + 1, "filter": subject}
                purge(self.link, MQTT_STREAM, wanted)

    def read(self) -> Columns:
        """Give what has arrived, its subjects as the device published it."""
        subjects, replies, bodies = super().read()
        start = len(_STORED)
        subjects = [subject[start:] for subject in subjects]
        if self.before:
            subjects = [subject.removeprefix(self.before) for subject in subjects]
        return Columns(subjects, replies, bodies)


def make_mqtt_streams(link: Link, limits: Limits) -> None:
    """Create the bus's own streams for MQTT before it does, so that they have limits.

    Beyond its limit the bus stops acknowledging, which is what a device must hear.  One server
    keeps a message for as long as a reader wants it.  Of several each would judge that by itself,
    and one that has just come back knows of no reader: they keep it until it is purged.
    """
    copies = {"num_replicas": link.copies}
    side = {"max_msgs_per_subject": 1, "max_bytes": limits.side_bytes, "allow_direct": True}
    wanted: dict[str, dict[str, Any]] = {
        MQTT_STREAM: {
            "retention": "limits" if link.copies > 1 else "interest",
            "max_bytes": limits.backlog_bytes,
            "allow_msg_ttl": True,  # a command is forgotten when its time is up
        },
        "$MQTT_rmsgs": side,
        "$MQTT_qos2in": {**side, "discard_new_per_subject": True},
    }
    for name, more in wanted.items():
        subjects = [_SUBJECTS[name]]
        config = {"name": name, "subjects": subjects, "storage": "file", "discard": "new"}
        config |= copies | more
        exists = link.call(f"$JS.API.STREAM.INFO.{name}", missing=True)
        link.call(f"$JS.API.STREAM.{'UPDATE' if exists else 'CREATE'}.{name}", config)


def open_acknowledged(
    link: Link, after: int, limits: Limits, part: Part = WHOLE
) -> tuple[AcknowledgedLane, int]:
    """Take up the stream of acknowledged messages behind *after*; also gives where that is.

    The new reader begins before the older ones end, for without any reader a bus of one server
    would acknowledge messages and forget them.  If the stream is younger than *after* it is not
    the one we read before, and is read from its start.
    """
    make_mqtt_streams(link, limits)
    info = link.call(f"$JS.API.STREAM.INFO.{MQTT_STREAM}")
    after = _known(after, info)
    older = _names(link, MQTT_STREAM, part)
    name = f"{_reader(part)}{secrets.token_hex(4)}"
    before = dealt_to(part)
    taken = [f"{_STORED}{before.decode()}d.>"]
    also = [] if part.number else [f"{_STORED}{SPARKPLUG.decode()}"]
    several = link.copies > 1
    kind = _PURGED if several else {**_ACKED, "durable_name": name}
    _consumer(
        link, MQTT_STREAM, name, after, filter_subjects=[*taken, *also], **kind,
        metadata={"bus": link.server, "partition": str(part.number)},
    )  # fmt: skip
    for each in older:
        link.call(f"$JS.API.CONSUMER.DELETE.{MQTT_STREAM}.{each}", missing=True)
    lane = AcknowledgedLane(link, MQTT_STREAM, name, limits)
    lane.before = before
    if several:
        rest = [] if part.number else [f"{_STORED}{each}>" for each in (_PLUGS, "a.")]
        lane.keeps = (*taken, *rest)
    return lane, after


def dealt_to(part: Part) -> bytes:
    """Say what the bus puts in front of the subjects that it deals out to a partition."""
    return b"" if part.single else b"q.%d." % part.number


def open_doors(
    link: Link, after: int, limits: Limits, part: Part = WHOLE
) -> tuple[PulledLane, int]:
    """Take up what the HTTP door stored behind *after*; also gives where that is."""
    info = link.call(f"$JS.API.STREAM.INFO.{DOORS_STREAM}")
    after = _known(after, info)
    name = f"reader-{secrets.token_hex(4)}"
    _consumer(
        link, DOORS_STREAM, name, after, **_PURGED,
        **({} if part.single else {"filter_subject": part.doors}),
    )  # fmt: skip
    return PulledLane(link, DOORS_STREAM, name, limits), after


def purge(link: Link, stream: str, wanted: Mapping[str, object]) -> None:
    """Let the bus forget messages of a stream, without waiting until it has."""
    asked = f"$JS.API.STREAM.PURGE.{stream}".encode()
    link.publish(asked, json.dumps(wanted).encode(), link.inbox + b".purged")


def _known(after: int, info: dict[str, Any]) -> int:
    """Give *after*, or the start of the stream if it never got that far."""
    return after if after <= info["state"]["last_seq"] else 0


def _reader(part: Part) -> str:
    """Give how the names of a partition's readers begin."""
    return "reader-" if part.single else f"reader-{part.number}-"


def _names(link: Link, stream: str, part: Part) -> list[str]:
    """List a partition's readers of a stream, and such as know no partitions."""
    listed = link.call(f"$JS.API.CONSUMER.NAMES.{stream}").get("consumers") or []
    ours = [name for name in listed if name.startswith("reader-")]
    beginning = _reader(part)
    return [name for name in ours if name.startswith(beginning) or name.count("-") == 1]


def _consumer(link: Link, stream: str, name: str, after: int, **more: Any) -> None:
    """Create a consumer that begins behind *after*."""
    config = {
        "name": name, "deliver_policy": "by_start_sequence", "opt_start_seq": after + 1,
        "replay_policy": "instant", **more,
    }  # fmt: skip
    asked = {"stream_name": stream, "config": config}
    link.call(f"$JS.API.CONSUMER.CREATE.{stream}.{name}", asked)
