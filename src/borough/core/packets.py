"""MQTT 3.1.1 packets: written for who speaks to a broker, read for what a broker says.

Source: OASIS MQTT Version 3.1.1, sections 2 and 3.
"""

from dataclasses import dataclass
from typing import NamedTuple

from borough.core.errors import BadFrame

CONNECT, CONNACK, PUBLISH, PUBACK, SUBSCRIBE, SUBACK, PINGREQ, DISCONNECT = 1, 2, 3, 4, 8, 9, 12, 14
LONGEST = 268_435_455
"""The largest remaining length that four bytes can say."""
CLEAN, WILL, WILL_KEPT, PASSWORD, USERNAME = 0x02, 0x04, 0x20, 0x40, 0x80
PING = bytes((PINGREQ << 4, 0))
GOODBYE = bytes((DISCONNECT << 4, 0))
ID_BYTES = 2
SEVEN_BITS, MORE = 0x7F, 0x80
LENGTH_BYTES = 4
QOS = 0x06
RETAIN, SURE, AGAIN = 0x01, 0x02, 0x08
"""Of a message: the broker is to keep it; it is to be acknowledged (QoS 1); it is a copy."""
GOOD_CONNACK = bytes((CONNACK << 4, 2, 0, 0))
PUBACK_BYTES = 4


class Will(NamedTuple):
    """What a broker publishes in our name if the line breaks."""

    topic: str | bytes
    payload: bytes
    qos: int = 0
    kept: bool = False


@dataclass(frozen=True, slots=True)
class Packet:
    """One packet as it came: its type, the low four bits of its first byte, what follows."""

    type: int
    flags: int
    body: bytes

    @property
    def id(self) -> int:
        """The packet identifier that an acknowledgement carries first."""
        return int.from_bytes(self.body[:ID_BYTES], "big")


def length(remaining: int) -> bytes:
    """Write a remaining length: seven bits a byte, the lowest first.

    >>> length(321).hex()
    'c102'
    """
    if not 0 <= remaining <= LONGEST:
        msg = f"a packet cannot hold {remaining} bytes"
        raise BadFrame(msg)
    said = bytearray()
    while remaining > SEVEN_BITS:
        said.append(remaining & SEVEN_BITS | MORE)
        remaining >>= 7
    said.append(remaining)
    return bytes(said)


def text(words: str | bytes) -> bytes:
    """Write a string as MQTT does: two bytes of length, then UTF-8."""
    written = words.encode() if isinstance(words, str) else words
    return len(written).to_bytes(2, "big") + written


def connect(
    client: str,
    username: str,
    password: str,
    keepalive_s: int = 0,
    *,
    kept: bool = False,
    will: Will | None = None,
) -> bytes:
    """Ask for a session under a name and a secret: a clean one, or one *kept* while away."""
    flags = USERNAME | PASSWORD | (0 if kept else CLEAN)
    last = b""
    if will:
        flags |= WILL | will.qos << 3 | (WILL_KEPT if will.kept else 0)
        last = text(will.topic) + text(will.payload)
    body = text("MQTT") + bytes((4, flags)) + keepalive_s.to_bytes(2, "big")
    return framed(CONNECT << 4, body + text(client) + last + text(username) + text(password))


def publish(
    topic: str | bytes, payload: bytes, number: int = 0, *, again: bool = False, kept: bool = False
) -> bytes:
    """Publish at least once (QoS 1) if it has a *number* (1 to 65,535), else at most once.

    *again* marks a copy of one that nobody acknowledged; one that is *kept* is told to everybody
    who asks for the topic later.
    """
    first = PUBLISH << 4 | (RETAIN if kept else 0)
    if not number:
        return framed(first, text(topic) + payload)
    first |= SURE | (AGAIN if again else 0)
    return framed(first, text(topic) + number.to_bytes(2, "big") + payload)


def subscribe(pattern: str | bytes, packet_id: int, *, qos: int = 0) -> bytes:
    """Ask for what is published under a pattern, at most once or (QoS 1) at least once."""
    body = packet_id.to_bytes(2, "big") + text(pattern) + bytes((qos,))
    return framed(SUBSCRIBE << 4 | SURE, body)


def acknowledge(packet_id: int) -> bytes:
    """Say that a message with QoS 1 has arrived."""
    return framed(PUBACK << 4, packet_id.to_bytes(2, "big"))


def framed(first: int, body: bytes) -> bytes:
    """Put the fixed header before a body."""
    return bytes((first,)) + length(len(body)) + body


def split(buffer: bytearray) -> list[Packet]:
    """Take all whole packets off the front of *buffer*; what has not fully come stays.

    Raises `BadFrame` where the stream cannot be MQTT: a length of more than four bytes.
    """
    packets, at = [], 0
    while (head := header(buffer, at)) is not None:
        start, remaining = head
        if len(buffer) < start + remaining:
            break
        body = bytes(buffer[start : start + remaining])
        packets.append(Packet(buffer[at] >> 4, buffer[at] & 0x0F, body))
        at = start + remaining
    del buffer[:at]
    return packets


def header(buffer: bytearray, at: int) -> tuple[int, int] | None:
    """Say where the body of the packet at *at* starts and how long it is; None if unsaid yet."""
    remaining = 0
    for place, byte in enumerate(buffer[at + 1 : at + 1 + LENGTH_BYTES]):
        remaining |= (byte & SEVEN_BITS) << 7 * place
        if not byte & MORE:
            return at + 2 + place, remaining
    if len(buffer) - at > LENGTH_BYTES:
        msg = "a remaining length of more than four bytes"
        raise BadFrame(msg)
    return None


def message(packet: Packet) -> tuple[str, bytes, int]:
    """Read what a broker publishes to a subscriber: topic, payload, and what to acknowledge.

    The last is 0 where nothing is to be acknowledged (QoS 0).
    """
    end = ID_BYTES + packet.id
    sure = packet.flags & QOS
    start = end + (ID_BYTES if sure else 0)
    number = int.from_bytes(packet.body[end:start], "big")
    return packet.body[ID_BYTES:end].decode(), packet.body[start:], number


def acknowledged(data: bytes) -> tuple[list[int], bytes]:
    """Read the numbers that PUBACK packets acknowledge, and what is left of *data*.

    Other packets are passed over.
    """
    numbers, at = [], 0
    while len(data) - at >= PUBACK_BYTES:
        size = data[at + 1]
        if data[at] >> 4 == PUBACK:
            numbers.append(data[at + 2] << 8 | data[at + 3])
        at += 2 + size
    return numbers, data[at:]


def count_acknowledged(data: bytes) -> tuple[int, bytes]:
    """Say how many packets `acknowledged` would read; at once where there is nothing else.

    >>> count_acknowledged(acknowledge(7) + acknowledge(8) + b"@")
    (2, b'@')
    """
    whole = len(data) // PUBACK_BYTES
    kinds = data[: whole * PUBACK_BYTES : PUBACK_BYTES].count(PUBACK << 4)
    sizes = data[1 : whole * PUBACK_BYTES : PUBACK_BYTES].count(PUBACK_BYTES - 2)
    if kinds == sizes == whole:
        return whole, data[whole * PUBACK_BYTES :]
    numbers, rest = acknowledged(data)
    return len(numbers), rest
