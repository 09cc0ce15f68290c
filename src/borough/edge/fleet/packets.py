"""MQTT 3.1.1 packets: written for a device that speaks and obeys, read for what a broker says.

Source: OASIS MQTT Version 3.1.1, sections 2 and 3.
"""

from dataclasses import dataclass

from borough.core.errors import BadFrame

CONNECT, CONNACK, PUBLISH, PUBACK, SUBSCRIBE, SUBACK, PINGREQ, DISCONNECT = 1, 2, 3, 4, 8, 9, 12, 14
LONGEST = 268_435_455
"""The largest remaining length that four bytes can say."""
CLEAN, PASSWORD, USERNAME = 0x02, 0x40, 0x80
PING = bytes((PINGREQ << 4, 0))
GOODBYE = bytes((DISCONNECT << 4, 0))
ID_BYTES = 2
SEVEN_BITS, MORE = 0x7F, 0x80
LENGTH_BYTES = 4
QOS = 0x06


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


def text(words: str) -> bytes:
    """Write a string as MQTT does: two bytes of length, then UTF-8."""
    written = words.encode()
    return len(written).to_bytes(2, "big") + written


def connect(
    client: str, username: str, password: str, *, keepalive_s: int, kept: bool = False
) -> bytes:
    """Ask for a session under a name and a secret: a clean one, or one *kept* while away."""
    flags = USERNAME | PASSWORD | (0 if kept else CLEAN)
    body = text("MQTT") + bytes((4, flags)) + keepalive_s.to_bytes(2, "big")
    return framed(CONNECT << 4, body + text(client) + text(username) + text(password))


def publish(topic: str, payload: bytes) -> bytes:
    """Publish at most once (QoS 0)."""
    return framed(PUBLISH << 4, text(topic) + payload)


def publish_surely(topic: str, payload: bytes, packet_id: int, *, again: bool = False) -> bytes:
    """Publish at least once (QoS 1); *again* marks a copy of one that nobody acknowledged."""
    first = PUBLISH << 4 | 0x02 | (0x08 if again else 0)
    return framed(first, text(topic) + packet_id.to_bytes(2, "big") + payload)


def subscribe(pattern: str, packet_id: int, *, qos: int = 0) -> bytes:
    """Ask for what is published under a pattern, at most once or (QoS 1) at least once."""
    body = packet_id.to_bytes(2, "big") + text(pattern) + bytes((qos,))
    return framed(SUBSCRIBE << 4 | 0x02, body)


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
