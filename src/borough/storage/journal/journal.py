"""The journal: an order of frames that never changes, kept by the bus on disk."""

import secrets
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from borough.core.errors import BusDown
from borough.core.frames import Frame, decode, encode
from borough.storage.journal.ports import Link, Message
from borough.storage.journal.streams import JOURNAL, await_stored, confirm_to

SUBJECT = "journal.0"

_SID = b"9"
_PORTION = 16
_ACK = b"$JS.ACK."
_IDLE_NS = 300 * 10**9


class Entry(NamedTuple):
    """A frame and its place in the journal."""

    sequence: int
    frame: Frame


class Journal:
    """The writing end.  One process writes; ``Stale`` tells it if another one does, too.

    The link must serve nothing else.
    """

    def __init__(self, link: Link) -> None:
        self._link = link
        self.sequence = int(link.call(f"$JS.API.STREAM.INFO.{JOURNAL}")["state"]["last_seq"])

    def append(self, frame: Frame) -> int:
        """Write a frame and give its sequence number once it is stored."""
        return self.extend([frame])[0]

    def extend(self, frames: Iterable[Frame]) -> list[int]:
        """Write frames and give their sequence numbers once all are stored."""
        sent = 0
        for frame in frames:
            head = b"Nats-Expected-Last-Sequence: %d\r\n" % (self.sequence + sent)
            box = confirm_to(self._link, sent)
            self._link.publish(SUBJECT.encode(), encode(frame), box, head)
            sent += 1
        sequences = await_stored(self._link, sent)
        self.sequence += sent
        return sequences

    def first(self) -> Entry | None:
        """Give the oldest frame that is still there, None if the journal is empty."""
        return first_entry(self._link)

    def last(self) -> Entry | None:
        """Give the last frame; it says how far the doors are taken in.  None if empty.

        A server that keeps a copy may answer, and be a little behind: then it is asked again.
        """
        until = time.monotonic() + self._link.wait_s
        while (entry := last_entry(self._link)) and entry.sequence < self.sequence:
            if time.monotonic() > until:
                msg = f"the bus shows the journal up to {entry.sequence} of {self.sequence}"
                raise BusDown(msg)
        return entry


def first_entry(link: Link) -> Entry | None:
    """Give the oldest frame that the journal still holds, None if it holds none."""
    wanted = b'{"seq":1,"next_by_subj":"%s"}' % SUBJECT.encode()
    return _entry(link.ask(f"$JS.API.DIRECT.GET.{JOURNAL}", wanted))


def last_entry(link: Link) -> Entry | None:
    """Give the last frame of the journal, None if there is none."""
    return _entry(link.ask(f"$JS.API.DIRECT.GET.{JOURNAL}.{SUBJECT}"))


def _entry(answer: Message) -> Entry | None:
    lines = dict(line.split(b": ", 1) for line in answer.head.split(b"\r\n") if b": " in line)
    if b"Nats-Sequence" not in lines:
        return None
    return Entry(int(lines[b"Nats-Sequence"]), decode(answer.body))


class JournalTail:
    """The reading end: all frames behind a sequence number, then those that follow.

    With *since_ms* it begins with what was written at that moment of the wall clock instead.
    ``behind`` is how many frames there still were when the last one was taken, and
    ``missed`` how many were no longer there to be read.  The link must serve nothing else.
    """

    def __init__(self, link: Link, after: int = 0, *, since_ms: int | None = None) -> None:
        self._link = link
        self._box = link.inbox.replace(b"_INBOX", b"_TAIL")
        self._due = 0
        self.sequence, self.behind, self.missed = after, 0, 0
        name = f"tail-{secrets.token_hex(4)}"
        self._began = since_ms is None
        config = {
            "name": name, **(_from(after) if since_ms is None else _at(since_ms)),
            "replay_policy": "instant", "ack_policy": "none", "mem_storage": True,
            "inactive_threshold": _IDLE_NS,
        }  # fmt: skip
        made = link.call(
            f"$JS.API.CONSUMER.CREATE.{JOURNAL}.{name}", {"stream_name": JOURNAL, "config": config}
        )
        self.behind = int(made["num_pending"])
        self._next = f"$JS.API.CONSUMER.MSG.NEXT.{JOURNAL}.{name}".encode()
        link.subscribe(self._box, _SID)

    def take(self, wait_s: float) -> list[Entry]:
        """Give what is there, or what arrives within *wait_s*."""
        while self._due <= _PORTION:
            self._link.publish(self._next, b'{"batch":%d}' % _PORTION, self._box)
            self._due += _PORTION
        entries = [self._entry(m) for m in self._link.messages(wait_s) if m.sid == _SID]
        self._due -= len(entries)
        return entries

    def rest(self) -> Iterator[Entry]:
        """Give everything up to where the journal ends now."""
        while self.behind:
            yield from self.take(self._link.wait_s)

    def _entry(self, message: Message) -> Entry:
        """Read a message of the journal; ``BusDown`` if the bus says there will be no more."""
        if not message.reply.startswith(_ACK):
            raise BusDown(message.head.decode(errors="replace").strip())
        place = message.reply.split(b".")
        sequence, self.behind = int(place[5]), int(place[8])
        self.missed += sequence - self.sequence - 1 if self._began else 0
        self.sequence, self._began = sequence, True
        return Entry(sequence, decode(message.body))


def _from(after: int) -> dict[str, object]:
    return {"deliver_policy": "by_start_sequence", "opt_start_seq": after + 1}


def _at(wall_ms: int) -> dict[str, object]:
    moment = datetime.fromtimestamp(wall_ms / 1000, UTC)
    return {"deliver_policy": "by_start_time", "opt_start_time": moment.isoformat()}
