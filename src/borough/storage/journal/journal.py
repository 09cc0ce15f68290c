"""The journal: an order of frames that never changes, kept by the bus on disk.

Writing a frame takes 0.1 to 0.2 ms of our processor time, by what is in it
(docs/why/hot-path.md).
"""

import json
import secrets
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from borough.core.errors import BusDown
from borough.core.frames import ROWS, Frame, decode, encode
from borough.core.partitions import WHOLE, Part
from borough.storage.journal.ports import Link, Message
from borough.storage.journal.streams import JOURNAL, Receipts, confirm_to

SUBJECT = "journal.0"

Then = Callable[[int, Frame], None]
"""Hears of a frame, and where it stands."""

_LAST, _LAST_OF_SUBJECT = b"Nats-Expected-Last-Sequence", b"Nats-Expected-Last-Subject-Sequence"
_SID = b"9"
_SILENT = 2.0
"""So many times as long as a link waits for an answer the rest of the journal is waited for."""
_PORTION = 16
_ACK = b"$JS.ACK."
_NOBODY = b"NATS/1.0 503"
_ASK_AGAIN_S = 0.02
_IDLE_NS = 300 * 10**9


class Entry(NamedTuple):
    """A frame and its place in the journal."""

    sequence: int
    frame: Frame


class Journal:
    """The writing end.  One process writes; ``Stale`` tells it if another one does, too.

    Several partitions share the stream, each with a subject of its own and one writer.  The link
    must serve nothing else.  ``written`` is how many bytes were written here.
    """

    def __init__(self, link: Link, part: Part = WHOLE) -> None:
        self._link = link
        self._part = part
        self._subject = part.journal.encode()
        self._expected = _LAST if part.single else _LAST_OF_SUBJECT
        self._ahead = 1 if part.single else 0  # nobody knows where another partition writes next
        self.written = 0
        if part.single:
            self.sequence = int(link.call(f"$JS.API.STREAM.INFO.{JOURNAL}")["state"]["last_seq"])
        else:
            self.sequence = _last_of(link, part.journal)

    def append(self, frame: Frame) -> int:
        """Write a frame and give its sequence number once it is stored."""
        return self.extend([frame])[0]

    def extend(self, frames: Iterable[Frame], then: Then | None = None) -> list[int]:
        """Write frames and give their sequence numbers once all are stored.

        *then* hears of each as soon as it is stored.  Where one partition is all there is the next
        frame is on its way by then, so that neither the bus nor who hears waits for the other.
        """
        receipts, sent, stored = Receipts(self._link), deque[Frame](), list[int]()

        def settle() -> None:
            frame = sent.popleft()
            self.sequence = receipts.of(len(stored))
            stored.append(self.sequence)
            if then:
                then(self.sequence, frame)

        for frame in frames:
            self._send(frame, len(stored) + len(sent), self.sequence + len(sent))
            sent.append(frame)
            if len(sent) > self._ahead:
                settle()
        while sent:
            settle()
        return stored

    def claim(self, wall: int) -> None:
        """Write a frame that says nothing, so that whoever wrote here before us can no longer.

        *wall* is the time by the wall clock, in ms.  `Stale` if they wrote at this very moment.
        """
        if last := self.last():
            told = last.frame
            self.append(Frame(ROWS, told.now, wall, told.mqtt, told.http, tuned=told.tuned))

    def _send(self, frame: Frame, number: int, last: int) -> None:
        """Put a frame on its way, to stand right behind *last*; of several, of this partition."""
        body, head = encode(frame), b"%s: %d\r\n" % (self._expected, last)
        self._link.publish(self._subject, body, confirm_to(self._link, number), head)
        self.written += len(body)

    def first(self) -> Entry | None:
        """Give the oldest frame that is still there, None if the journal is empty."""
        return first_entry(self._link, self._part)

    def last(self) -> Entry | None:
        """Give the last frame; it says how far the doors are taken in.  None if empty.

        A server that keeps a copy may answer, and be a little behind: then it is asked again.
        """
        until = time.monotonic() + self._link.wait_s
        while (entry := last_entry(self._link, self._part)) and entry.sequence < self.sequence:
            if time.monotonic() > until:
                msg = f"the bus shows the journal up to {entry.sequence} of {self.sequence}"
                raise BusDown(msg)
        return entry


def first_entry(link: Link, part: Part = WHOLE, since: datetime | None = None) -> Entry | None:
    """Give the oldest frame that the journal still holds, or holds *since*; None if there is none.

    A moment is one of the bus's own clock.
    """
    first = {"seq": 1} if since is None else {"start_time": since.isoformat()}
    wanted = json.dumps({**first, "next_by_subj": part.journal}).encode()
    return _entry(link.ask(f"$JS.API.DIRECT.GET.{JOURNAL}", wanted))


def last_entry(link: Link, part: Part = WHOLE) -> Entry | None:
    """Give the last frame of the journal, None if there is none."""
    return _entry(link.ask(f"$JS.API.DIRECT.GET.{JOURNAL}.{part.journal}"))


def _last_of(link: Link, subject: str) -> int:
    """Ask whoever leads the stream for the last number of one subject; 0 if it has none."""
    wanted = {"last_by_subj": subject}
    found = link.call(f"$JS.API.STREAM.MSG.GET.{JOURNAL}", wanted, missing=True)
    return int(found["message"]["seq"]) if found else 0


def _entry(answer: Message) -> Entry | None:
    lines = dict(line.split(b": ", 1) for line in answer.head.split(b"\r\n") if b": " in line)
    if b"Nats-Sequence" not in lines:
        return None
    return Entry(int(lines[b"Nats-Sequence"]), decode(answer.body))


class JournalTail:
    """The reading end: all frames behind a sequence number, then those that follow.

    With *since_ms* it begins with what was written at that moment of the wall clock instead.
    ``behind`` is how many frames there still were when the last one was taken, and
    ``missed`` how many were no longer there to be read, where all partitions are read; it reads
    one if it is given a *part*.  The link must serve nothing else.
    """

    def __init__(
        self, link: Link, after: int = 0, *, since_ms: int | None = None, part: Part | None = None
    ) -> None:
        self._link = link
        self._box = link.inbox.replace(b"_INBOX", b"_TAIL")
        self._due = 0
        self.sequence, self.behind, self.missed = after, 0, 0
        name = f"tail-{secrets.token_hex(4)}"
        self._began = since_ms is None
        self._gaps = part is not None and not part.single
        only = {"filter_subject": part.journal} if part and self._gaps else {}
        config = {
            "name": name, **(_from(after) if since_ms is None else _at(since_ms)),
            "replay_policy": "instant", "ack_policy": "none", "mem_storage": True,
            "inactive_threshold": _IDLE_NS, **only,
        }  # fmt: skip
        made = link.call(
            f"$JS.API.CONSUMER.CREATE.{JOURNAL}.{name}", {"stream_name": JOURNAL, "config": config}
        )
        self.behind = int(made["num_pending"])
        self._next = f"$JS.API.CONSUMER.MSG.NEXT.{JOURNAL}.{name}".encode()
        self._known_by = time.monotonic() + link.wait_s
        link.subscribe(self._box, _SID)

    def take(self, wait_s: float) -> list[Entry]:
        """Give what is there, or what arrives within *wait_s*."""
        while self._due <= _PORTION:
            self._link.publish(self._next, b'{"batch":%d}' % _PORTION, self._box)
            self._due += _PORTION
        arrived = [each for each in self._link.messages(wait_s) if each.sid == _SID]
        entries = [self._entry(each) for each in arrived if not self._unheard(each)]
        self._due -= len(entries)
        return entries

    def _unheard(self, message: Message) -> bool:
        """Say whether a wish found nobody, as some server has not heard of us so soon."""
        if not message.head.startswith(_NOBODY) or time.monotonic() > self._known_by:
            return False
        self._due -= _PORTION
        time.sleep(_ASK_AGAIN_S)
        return True

    def rest(self) -> Iterator[Entry]:
        """Give everything up to where the journal ends now; ``BusDown`` if the bus falls silent.

        What we wished for may die with the server that kept the wish.
        """
        silent_s = 0.0
        while self.behind:
            asked = time.monotonic()
            entries = self.take(self._link.wait_s)
            silent_s = 0.0 if entries else silent_s + time.monotonic() - asked
            if silent_s > _SILENT * self._link.wait_s:
                msg = f"the bus has {self.behind} more frames of the journal and shows none"
                raise BusDown(msg)
            yield from entries

    def _entry(self, message: Message) -> Entry:
        """Read a message of the journal; ``BusDown`` if the bus says there will be no more."""
        if not message.reply.startswith(_ACK):
            raise BusDown(message.head.decode(errors="replace").strip())
        place = message.reply.split(b".")
        sequence, self.behind = int(place[5]), int(place[8])
        self.missed += sequence - self.sequence - 1 if self._began and not self._gaps else 0
        self.sequence, self._began = sequence, True
        return Entry(sequence, decode(message.body))


def _from(after: int) -> dict[str, object]:
    return {"deliver_policy": "by_start_sequence", "opt_start_seq": after + 1}


def _at(wall_ms: int) -> dict[str, object]:
    moment = datetime.fromtimestamp(wall_ms / 1000, UTC)
    return {"deliver_policy": "by_start_time", "opt_start_time": moment.isoformat()}
