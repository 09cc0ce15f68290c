"""The reader: takes what the doors received off the bus, each message exactly once.

Three lanes.  ``d.>`` as the bus hears it gives the QoS 0 messages; those of QoS 1 and 2 pass
there too, but are taken only from the bus's own stream of acknowledged messages; and the
stream DOORS gives what the HTTP door took in.  How far the two streams were taken is written
into each frame of the journal, and only then does the bus forget it.  About 0.04 µs a message at
356,000 a second (docs/why/hot-path.md).
"""

import selectors
import time
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np

from borough.adapters.bus import lanes
from borough.adapters.bus.config import Bus
from borough.adapters.bus.lanes import Lane, sequence_of
from borough.adapters.bus.link import Link
from borough.adapters.limits import Limits
from borough.adapters.mqtt import Readings
from borough.core.errors import BadFrame
from borough.core.frames import LENT, MOST_ROWS, ROWS, Frame, decode, joined
from borough.core.partitions import WHOLE, Part

_SHARE, _HASTY = 100, 20
SHORT_S, LONG_S, CALM_S = 0.02, 0.25, 0.5
"""Messages are gathered so many times as long as the last chunk took to work off, from the first
bound to the last: little is dealt with at once, and much in larger pieces, of which each costs
less.  Where there are ``_ENOUGH`` the second bound is the last.  What a piece costs however
little is in it is so a hundredth of a core, or two to four times a second.  Who is in haste gathers
a fifth as long, and never longer than the second bound."""
_ENOUGH = 2_500
"""A piece of so many costs several times what an empty one does: no need to wait longer."""
_PAUSE_S, _FEW = 0.01, 7_500
"""While it gathers so few it pauses between two looks at the sockets, each time twice as long
unless some of it is sent in portions: a look that finds one message costs as much as one that finds
a thousand."""
_ROWS = 10
"""So many rows of a batch are as much work as one message."""
_WAITED_S = 0.001
"""Who waited for so long in all was not behind."""
_NAMED_S = 125.0
"""How long what the HTTP door stored stays after it is journalled: the bus knows a batch that is
sent again by its name for two minutes, and after a crash only if the batch is still there.  It goes
sooner where such batches fill ``_SPARE`` of the door's room: who is to send waits for that."""
_SPARE = 0.5


@dataclass(frozen=True, slots=True)
class Marks:
    """How far the doors' streams are in the journal: the last sequence number of each."""

    mqtt: int = 0
    http: int = 0


@dataclass(frozen=True, slots=True)
class Kept:
    """Batches that the journal holds and the bus still does: since when, up to where, bytes."""

    since: float
    sequence: int
    bytes: int


@dataclass(slots=True)
class Chunk:
    """What was taken at one go: MQTT messages, and frames that the HTTP door wrote.

    The acknowledged messages are the last ones; ``acks`` says where each lies in the bus's stream.
    ``before`` and ``after`` are the marks around it, and ``weight`` is how much work it is, in
    messages.  It is ``behind`` where it was cut short and nothing of it had to be waited for.
    An empty frame stands for each of the HTTP door's that was ``damaged``.
    """

    subjects: list[bytes] = field(default_factory=list)
    payloads: list[bytes] = field(default_factory=list)
    acks: list[bytes] = field(default_factory=list)
    doors: list[tuple[int, Frame]] = field(default_factory=list)
    before: Marks = field(default_factory=Marks)
    after: Marks = field(default_factory=Marks)
    weight: int = 0
    damaged: int = 0
    behind: bool = False

    def __len__(self) -> int:
        return len(self.subjects) + len(self.doors)

    @property
    def batched(self) -> int:
        """How many readings came in by HTTP; a damaged frame counts as one."""
        return sum(len(each) for _, each in self.doors if each.kind == ROWS) + self.damaged

    def frames(self, readings: Readings, now: int, wall: int) -> Iterator[Frame]:
        """Give the frames to journal, in order: usually one, more if it would be too long.

        The marks of each say exactly what the journal holds once it holds the frame.
        """
        message, start, mqtt = readings.message, 0, self.before.mqtt
        columns = {name: getattr(readings, name) for name in ("report", "series", "time", "value")}
        live = len(self.subjects) - len(self.acks)
        while len(message) - start > MOST_ROWS:
            end = int(np.searchsorted(message, message[start + MOST_ROWS]))
            acked = int(message[end]) - live
            mqtt = sequence_of(self.acks[acked - 1]) if acked > 0 else mqtt
            cut = {name: column[start:end] for name, column in columns.items()}
            yield Frame(ROWS, now, wall, mqtt, self.before.http, **cut)
            start = end
        rest = {name: column[start:] for name, column in columns.items()}
        last = Frame(ROWS, now, wall, self.after.mqtt, self.before.http, **rest)
        yield from self._with_doors(last)

    def _with_doors(self, last: Frame) -> Iterator[Frame]:
        """Add what came by HTTP to the last frame, or put it into frames of its own."""
        frames = [last, *(frame for _, frame in self.doors)]
        lent = any(frame.kind == LENT for frame in frames)
        if not lent and sum(map(len, frames)) <= MOST_ROWS:
            if any(map(len, frames)) or self.after != self.before:
                yield _joined(frames, self.after)
            return
        yield last
        for sequence, frame in self.doors:
            yield _joined(
                [Frame(frame.kind, last.now, last.wall), frame], Marks(last.mqtt, sequence)
            )


def _joined(frames: list[Frame], marks: Marks) -> Frame:
    """Put frames into one, with the kind and the time of the first; their reports stay apart."""
    first = frames[0]
    whole = replace(joined(frames), kind=first.kind, now=first.now, wall=first.wall)
    return replace(whole, mqtt=marks.mqtt, http=marks.http)


class Reader:
    """Takes messages off the bus.  Any ``BusDown`` ends it: make another from the journal.

    ``counts`` has what was taken by lane and ``damaged`` frames of the HTTP door.  In *haste* it
    gathers for less long: where the district's clock runs faster than the wall's, what is a moment
    here is long there, and others wait for what we lend.
    """

    def __init__(
        self,
        bus: Bus,
        marks: Marks,
        limits: Limits,
        part: Part = WHOLE,
        *,
        haste: bool = False,
    ) -> None:
        self._part = part
        self._share, self._calm_s = (_HASTY, LONG_S) if haste else (_SHARE, CALM_S)
        self._lent: dict[bytes, int] = {}
        self.counts: Counter[str] = Counter()
        self._stack = ExitStack()
        self._selector = self._stack.enter_context(selectors.DefaultSelector())
        self._purged = self._gave = time.monotonic()
        self._kept: deque[Kept] = deque()
        self._journalled = self._bytes = 0
        with ExitStack() as undo:
            undo.enter_context(self._stack)
            live, plugs, acknowledged = (self._link(bus, "doors") for _ in range(3))
            doors = self._link(bus, "borough")
            info = doors.call(f"$JS.API.STREAM.INFO.{lanes.DOORS_STREAM}")
            self._acknowledged, mqtt = lanes.open_acknowledged(
                acknowledged, marks.mqtt, limits, part
            )
            self._doors, http = lanes.open_doors(doors, marks.http, limits, part)
            self._live = lanes.LiveLane(live, before=lanes.dealt_to(part))
            # Machines of Sparkplug are heard by the first partition, which lends what they say.
            nobody = [b"q.none"] if part.number else []
            self._plugs = lanes.LiveLane(plugs, *nobody or [lanes.SPARKPLUG])
            undo.pop_all()
        self.marks = Marks(mqtt, http)
        self._spare = int(info["config"]["max_bytes"] * _SPARE / part.of)
        if http:  # what another reader has left there
            self._kept.append(Kept(self._gave, http, int(info["state"]["bytes"])))
        for lane in (self._live, self._plugs, self._acknowledged, self._doors):
            self._selector.register(lane.link, selectors.EVENT_READ, lane)

    def _link(self, bus: Bus, user: str) -> Link:
        return self._stack.enter_context(Link(bus.login(user), "reader"))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def take(self, wait_s: float, gather_s: float | None = None, most: int = 30_000) -> Chunk:
        """Give what arrives: wait up to *wait_s* for the first, then gather a little more.

        Gathering ends after *gather_s*, where it is not given after a time that suits the work,
        or with about *most* messages, or rows of batches that are as much work; the chunk is empty
        when nothing came.
        """
        worked_s = time.monotonic() - self._gave
        self._forget()
        if gather_s is None:
            gather_s = min(max(self._share * worked_s, SHORT_S), self._calm_s)
        enough_s = gather_s - min(gather_s, LONG_S)
        chunk = Chunk(before=self.marks, after=self.marks)
        acked: tuple[list[bytes], list[bytes]] = ([], [])
        until, pause_s, waited_s, count = time.monotonic() + wait_s, _PAUSE_S, 0.0, 0
        while True:
            begun = time.monotonic()
            left = until - begun
            ready = self._selector.select(max(left, 0.0))
            waited_s += time.monotonic() - begun if left > 0 else 0.0
            fresh = not count
            for key, _ in ready:
                self._read(key.data, chunk, acked)
            count = chunk.weight
            if fresh and count:
                until = time.monotonic() + gather_s
            if (left <= 0 and not (fresh and count)) or count >= most:
                break
            asked = bool(chunk.acks or chunk.doors)  # who waits to be asked for more waits for us
            if (asked or count >= _ENOUGH) and until - time.monotonic() <= enough_s:
                break
            if 0 < count < _FEW:
                rest_s = until - time.monotonic()
                look_s = rest_s - enough_s if rest_s > enough_s else rest_s
                time.sleep(nap_s := max(min(pause_s, look_s), 0.0))
                waited_s += nap_s
                pause_s = _PAUSE_S if asked else 2 * pause_s
        chunk.subjects += acked[0]
        chunk.payloads += acked[1]
        mqtt = sequence_of(chunk.acks[-1]) if chunk.acks else self.marks.mqtt
        http = chunk.doors[-1][0] if chunk.doors else self.marks.http
        chunk.after = self.marks = Marks(mqtt, http)
        chunk.behind = count >= most and waited_s < _WAITED_S
        self._gave = time.monotonic()
        return chunk

    def _read(self, lane: Lane, chunk: Chunk, acked: tuple[list[bytes], list[bytes]]) -> None:
        """Take what one lane has into the chunk."""
        subjects, replies, bodies = lane.read()
        chunk.weight += len(subjects)
        if lane is self._live or lane is self._plugs:
            self.counts["live"] += len(subjects)
            chunk.subjects += subjects
            chunk.payloads += bodies
        elif lane is self._acknowledged:
            self.counts["acknowledged"] += len(subjects)
            acked[0].extend(subjects)
            acked[1].extend(bodies)
            chunk.acks += replies
        else:
            self.counts["doors"] += len(bodies)
            self._bytes += sum(map(len, bodies))
            if not self._part.single:
                lent = zip(subjects, replies, strict=True)
                self._lent |= {name: sequence_of(at) for name, at in lent if b".lent." in name}
            for reply, body in zip(replies, bodies, strict=True):
                try:
                    frame = decode(body)
                except BadFrame:
                    self.counts["damaged"] += 1
                    chunk.damaged += 1
                    frame = Frame(ROWS, 0, 0)
                chunk.weight += len(frame) // _ROWS
                chunk.doors.append((sequence_of(reply), frame))

    def tell(self, wishes: Iterable[tuple[bytes, bytes]]) -> None:
        """Publish commands to devices: the subject and the payload of each."""
        for subject, payload in wishes:
            self._plugs.link.publish(subject, payload)

    def ack(self, chunk: Chunk) -> None:
        """Let the bus forget a chunk, once the journal holds it; chunks go in order."""
        if chunk.acks:
            self._acknowledged.forget(chunk.acks[-1])
        if chunk.doors:
            self._journalled = chunk.after.http

    def _forget(self) -> None:
        """Let the bus forget batches that the journal has held for long, or whose room is needed.

        It is seen to at each take, for a door that is full gives nothing to acknowledge.
        """
        now, link = time.monotonic(), self._doors.link
        if self._journalled and now > self._purged + lanes.PURGE_S:
            self._purged = now
            self._kept.append(Kept(now, self._journalled, self._bytes))
            self._journalled = self._bytes = 0
            for name, last in self._lent.items():  # the last one stays: it tells how far we are
                lanes.purge(link, lanes.DOORS_STREAM, {"seq": last, "filter": name.decode()})
        wanted: dict[str, object] = {} if self._part.single else {"filter": self._part.door}
        while self._kept and (
            now > self._kept[0].since + _NAMED_S
            or sum(each.bytes for each in self._kept) > self._spare
        ):
            wanted["seq"] = self._kept.popleft().sequence
        if "seq" in wanted:
            lanes.purge(link, lanes.DOORS_STREAM, wanted)
