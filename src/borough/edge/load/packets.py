"""MQTT 3.1.1 packets as bytes (OASIS standard, 2014-10-29); only what a publisher needs."""

import struct

CONNACK, PUBACK = 0x20, 0x40
PUBACK_BYTES = 4
GOOD_CONNACK = b"\x20\x02\x00\x00"


def _text(data: bytes) -> bytes:
    """Put its length before a piece of text."""
    return struct.pack(">H", len(data)) + data


def _packet(kind: int, body: bytes) -> bytes:
    """Put kind and length before the body of a packet."""
    size, length = len(body), bytearray()
    while True:
        size, digit = size >> 7, size & 0x7F
        length.append(digit | (0x80 if size else 0))
        if not size:
            return bytes([kind]) + bytes(length) + body


def connect(
    client: str,
    user: str,
    password: str,
    keep_alive_s: int = 0,
    *,
    will: tuple[bytes, bytes] | None = None,
) -> bytes:
    """Ask to come in, with a clean session; *will* is what is published if the line breaks.

    It is a topic and a payload, published with QoS 0 and not kept.
    """
    head = _text(b"MQTT") + bytes([4, 0xC6 if will else 0xC2]) + struct.pack(">H", keep_alive_s)
    texts = [client.encode(), *(will or ()), user.encode(), password.encode()]
    return _packet(0x10, head + b"".join(map(_text, texts)))


def publish(topic: bytes, payload: bytes, number: int = 0) -> bytes:
    """Publish once: with QoS 1 if it has a *number* (1 to 65535), else with QoS 0."""
    if not number:
        return _packet(0x30, _text(topic) + payload)
    return _packet(0x32, _text(topic) + struct.pack(">H", number) + payload)


def subscribe(topic: bytes, number: int, qos: int = 0) -> bytes:
    """Ask to hear a topic."""
    return _packet(0x82, struct.pack(">H", number) + _text(topic) + bytes([qos]))


def disconnect() -> bytes:
    """Say goodbye."""
    return b"\xe0\x00"


def acknowledged(data: bytes) -> tuple[list[int], bytes]:
    """Read the numbers that PUBACK packets acknowledge, and what is left of *data*.

    Other packets are passed over.
    """
    numbers, at = [], 0
    while len(data) - at >= PUBACK_BYTES:
        size = data[at + 1]
        if data[at] & 0xF0 == PUBACK:
            numbers.append(data[at + 2] << 8 | data[at + 3])
        at += 2 + size
    return numbers, data[at:]


def count_acknowledged(data: bytes) -> tuple[int, bytes]:
    """Say how many packets `acknowledged` would read; at once where there is nothing else.

    >>> count_acknowledged(bytes([PUBACK, 2, 0, 7, PUBACK, 2, 0, 8, PUBACK]))
    (2, b'@')
    """
    whole = len(data) // PUBACK_BYTES
    kinds = data[: whole * PUBACK_BYTES : PUBACK_BYTES].count(PUBACK)
    sizes = data[1 : whole * PUBACK_BYTES : PUBACK_BYTES].count(PUBACK_BYTES - 2)
    if kinds == sizes == whole:
        return whole, data[whole * PUBACK_BYTES :]
    numbers, rest = acknowledged(data)
    return len(numbers), rest
