"""Cut what the bus sends into messages: one careful way, and a fast one that checks itself.

The protocol is text lines with counted bodies (docs.nats.io, "Client Protocol").  A body may
hold anything, a forged head included, so nothing is believed but the counts.  About 0.45 µs a
message the fast way and 1.75 the careful one (docs/why/hot-path.md).
"""

from collections.abc import Sequence
from typing import NamedTuple

from borough.core.errors import BusDown


class Message(NamedTuple):
    """One message: whose subscription, subject, where an answer goes, head lines and body."""

    sid: bytes
    subject: bytes
    reply: bytes
    head: bytes
    body: bytes


class Columns(NamedTuple):
    """Messages as columns: subjects, where answers go (or nothing), and bodies."""

    subjects: Sequence[bytes]
    replies: Sequence[bytes]
    bodies: Sequence[bytes]


PUBLISHER = b"Nmqtt-Pub:"
"""The head line by which the bus marks what came over MQTT; the QoS follows."""

_OPENING = b"NATS/1.0"
_HEAD_BYTES = b"%d" % len(_OPENING + b"\r\n" + PUBLISHER + b"0\r\n\r\n")
_CONTROL = (b"PING", b"PONG", b"INFO ", b"+OK", b"-ERR")
_SHORT = 1 << 13
_SIZES = [b"%d" % (int(_HEAD_BYTES) + n) for n in range(_SHORT)]
_PIECES = 5


def careful(data: bytes) -> tuple[list[Message], list[bytes], int]:
    """Cut *data* one message at a time: messages, control lines, and how many bytes they took.

    An unfinished message at the end is left.  ``BusDown`` if this is not the protocol.
    """
    messages: list[Message] = []
    control: list[bytes] = []
    at = 0
    while (end := data.find(b"\r\n", at)) >= 0:
        line = data[at:end]
        if line.startswith(_CONTROL):
            control.append(line)
            at = end + 2
            continue
        subject, sid, reply, head, size = _line_of(line)
        body = end + 2
        at_next = body + size + 2
        if at_next > len(data):
            break
        head += body
        messages.append(Message(sid, subject, reply, data[body:head], data[head : body + size]))
        at = at_next
    return messages, control, at


def _line_of(line: bytes) -> tuple[bytes, bytes, bytes, int, int]:
    """Read the line before a message: subject, sid, reply, bytes of head, and of all."""
    word, *names = line.split(b" ")
    numbers = 2 if word == b"HMSG" else 1
    counts = names[-numbers:]
    plain = all(count.isdigit() for count in counts)
    if word not in {b"MSG", b"HMSG"} or not plain or len(names) - numbers not in {2, 3}:
        msg = f"the bus sent a line that is not its protocol: {line[:200]!r}"
        raise BusDown(msg)
    subject, sid, *reply = names[:-numbers]
    head = int(counts[0]) if numbers > 1 else 0
    return subject, sid, b"".join(reply), head, int(counts[-1])


def fast(data: bytes, qos: bytes, words: int) -> tuple[Columns, int] | None:
    """Cut *data* all at once, if every message in it is an MQTT message of the plainest form.

    Each must be ``HMSG`` with *words* words and one head line, ``Nmqtt-Pub:``; those whose
    QoS is not *qos* are left out of the columns.  ``None`` if anything at all is otherwise:
    a body that holds a line end, a forged head, a control line.  A cut is right if every
    piece has the length that the line before it counted: then each line stands where the
    message before it ended, and was written by the bus and by nobody else.
    """
    end = data.rfind(b"\r\nHMSG ") + 2
    if end <= 2:  # noqa: PLR2004 - one message or less; 2 is the line end
        return None
    pieces = data[:end].split(b"\r\n")
    count, odd = divmod(len(pieces), _PIECES)
    bodies, marks = pieces[4::_PIECES], pieces[2::_PIECES]
    line = b" ".join(pieces[0:-1:_PIECES]).split(b" ")
    sizes = list(map(len, bodies))
    wanted = marks.count(PUBLISHER + qos)
    if (
        odd != 1
        or len(line) != words * count
        or max(sizes) >= _SHORT
        or line[words - 1 :: words] != [_SIZES[size] for size in sizes]
        or line[words - 2 :: words].count(_HEAD_BYTES) != count
        or line[0::words].count(b"HMSG") != count
        or pieces[1::_PIECES].count(_OPENING) != count
        or pieces[3::_PIECES].count(b"") != count
        or sum(map(len, marks)) != count * (len(PUBLISHER) + 1)
        or not all(mark.startswith(PUBLISHER) for mark in set(marks))
    ):
        return None
    subjects, replies = line[1::words], line[3::words] if words > _PIECES else []
    if wanted != count:
        keep = [i for i, mark in enumerate(marks) if mark == PUBLISHER + qos]
        subjects, bodies = [subjects[i] for i in keep], [bodies[i] for i in keep]
        replies = [replies[i] for i in keep] if replies else []
    return Columns(subjects, replies, bodies), end
