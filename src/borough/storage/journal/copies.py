"""Copies of streams: read out as they are, and laid down again under the same numbers.

Positions and offsets are sequence numbers of streams, so a stream that is laid down elsewhere
must go on counting where the first one was.
"""

import secrets
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from borough.core.errors import BusDown
from borough.storage.journal.ports import Link
from borough.storage.journal.streams import Deposit, begin_stream, store

_SID = b"8"
_PORTION = 64
_IDLE_NS = 300 * 10**9
_ACK = b"$JS.ACK."
MANY_BYTES = 8 << 20
"""So much is laid down before the bus is asked whether it has it."""


class Kept(NamedTuple):
    """A message of a stream and its place there."""

    sequence: int
    subject: str
    body: bytes


class Stretch(NamedTuple):
    """The first and the last sequence number of a stream; an empty one ends before it begins."""

    first: int
    last: int


def stretch_of(link: Link, stream: str) -> Stretch:
    """Say what a stream holds now; a stream that is not there holds nothing."""
    info = link.call(f"$JS.API.STREAM.INFO.{stream}", missing=True)
    if not info:
        return Stretch(1, 0)
    last = int(info["state"]["last_seq"])
    return Stretch(min(int(info["state"]["first_seq"]) or 1, last + 1), last)


def copied(link: Link, stream: str, wanted: Stretch) -> Iterator[Kept]:
    """Give the messages of a stretch, in order; those that are gone are left out.

    The link must serve nothing else.  `BusDown` where the bus stops answering.
    """
    if wanted.last < wanted.first:
        return
    name = f"copy-{secrets.token_hex(4)}"
    box = link.inbox.replace(b"_INBOX", b"_COPY")
    config = {
        "name": name, "deliver_policy": "by_start_sequence", "opt_start_seq": wanted.first,
        "replay_policy": "instant", "ack_policy": "none", "mem_storage": True,
        "inactive_threshold": _IDLE_NS,
    }  # fmt: skip
    asked = {"stream_name": stream, "config": config}
    made = link.call(f"$JS.API.CONSUMER.CREATE.{stream}.{name}", asked)
    more = f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{name}".encode()
    link.subscribe(box, _SID)
    due, behind = 0, int(made["num_pending"])
    while behind:
        while due <= _PORTION:
            link.publish(more, b'{"batch":%d}' % _PORTION, box)
            due += _PORTION
        arrived = [each for each in link.messages(link.wait_s) if each.sid == _SID]
        if not arrived:
            msg = f"the bus does not go on with {stream}"
            raise BusDown(msg)
        due -= len(arrived)
        for each in arrived:
            if not each.reply.startswith(_ACK):
                raise BusDown(each.head.decode(errors="replace").strip())
            place = each.reply.split(b".")
            sequence, behind = int(place[5]), int(place[8])
            if sequence > wanted.last:
                return
            yield Kept(sequence, each.subject.decode(), each.body)
    return


def lay_down(link: Link, stream: str, wanted: Stretch, entries: Iterable[Kept]) -> None:
    """Make a stream that is not there yet, and fill it so that every message keeps its number.

    The stream goes on counting behind *wanted*, even where it holds nothing.  A number whose
    message was gone stays empty.  The link must serve nothing else.
    """
    begin_stream(link, stream, wanted.first)
    waiting: list[Deposit] = []
    holes: list[int] = []
    size, due = 0, wanted.first
    for each in entries:
        while due < each.sequence:  # only a message can move the counter on
            waiting.append(Deposit(each.subject, b""))
            holes.append(due)
            due += 1
        waiting.append(Deposit(each.subject, each.body))
        size, due = size + len(each.body), due + 1
        if size >= MANY_BYTES:
            _placed(link, waiting, due)
            waiting, size = [], 0
    _placed(link, waiting, due)
    for number in holes:
        link.call(f"$JS.API.STREAM.MSG.DELETE.{stream}", {"seq": number})


def _placed(link: Link, waiting: list[Deposit], due: int) -> None:
    if waiting and store(link, waiting)[-1] != due - 1:
        msg = f"the bus has put {waiting[-1].subject} elsewhere than at {due - 1}"
        raise BusDown(msg)
