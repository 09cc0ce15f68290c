"""Tells edge nodes that their host is there: a word that the bus keeps, and a will that undoes it.

An edge node that waits for its primary host sends nothing until it reads this word, keeps its
data while it says offline, and is born again when it says online (Sparkplug 3.0, chapter 5).
"""

import hmac
import json
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from types import TracebackType
from typing import Self

from borough.adapters.bus.config import Bus
from borough.core.errors import BadSetting

USER = "borough:host"
"""How the host enters the bus; no thing can be called so."""
FORBIDDEN = "+/#\0"
"""What an id of a host may not contain, as no level of a topic may."""
_GOOD = b"\x20\x02\x00\x00"
_PING, _BYE = b"\xc0\x00", b"\xe0\x00"
_PUBLISH, _KINDS = 0x30, 0xF0
_CLEAN_WITH_WILL = 0x80 | 0x40 | 0x20 | 0x08 | 0x04 | 0x02
"""User, password, and a will with QoS 1 that is kept; no session is."""
_KEEP_S, _WAIT_S, _AGAIN_S, _LOOK_S = 30, 10.0, 0.5, 0.25


def password(seed: str) -> str:
    """Give the password of the host, which only who knows the bus's seed can work out."""
    return hmac.digest(seed.encode(), b"host of sparkplug", "sha256").hex()


class Presence:
    """Says that we are there for as long as it lives, in a thread of its own, and comes back.

    When the process dies the bus says that we are gone.  `BadSetting` if *name*, the id by which
    edge nodes know their host, cannot be part of a topic.
    """

    def __init__(self, bus: Bus, name: str) -> None:
        if not name or any(each in name for each in FORBIDDEN):
            msg = f"sparkplug_host: {name!r} must be some text without + / #"
            raise BadSetting(msg)
        self._topic = f"spBv1.0/STATE/{name}".encode()
        self._where, self._password = (bus.host, bus.mqtt_port), password(bus.secrets.seed)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work, name="sparkplug-state", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        """Say that we go, if anybody still hears it."""
        self._over.set()
        self._thread.join(_WAIT_S)

    def _work(self) -> None:
        while not self._over.is_set():
            with suppress(OSError):  # the bus is away, or turns everybody away for now
                self._stay()
            self._over.wait(_AGAIN_S)

    def _stay(self) -> None:
        """Come in, say that we are there whenever somebody has said otherwise, and leave."""
        now = round(time.time() * 1000)
        here, gone = (self._word(online=each, at=now) for each in (True, False))
        with socket.create_connection(self._where, _WAIT_S) as line:
            line.sendall(self._knock(gone))
            if line.recv(len(_GOOD)) != _GOOD:
                return
            line.sendall(_packet(0x82, b"\0\1" + _text(self._topic) + b"\0") + self._say(here))
            for word in self._heard(line):
                if not word.get("online"):
                    line.sendall(self._say(here))
            line.sendall(self._say(gone) + _BYE)

    def _heard(self, line: socket.socket) -> Iterator[dict[str, object]]:
        """Give what is said of us, until it is over; `OSError` when the line breaks."""
        line.settimeout(_LOOK_S)
        rest, spoke = b"", time.monotonic()
        while not self._over.is_set():
            if time.monotonic() - spoke > _KEEP_S / 2:
                line.sendall(_PING)
                spoke = time.monotonic()
            try:
                data = line.recv(65_536)
            except TimeoutError:
                continue
            if not data:
                raise ConnectionResetError
            bodies, rest = published(rest + data)
            for body in bodies:
                try:
                    word = json.loads(body[2 + len(self._topic) :])
                except ValueError:
                    word = {}
                yield word if isinstance(word, dict) else {}

    def _word(self, *, online: bool, at: int) -> bytes:
        return json.dumps({"online": online, "timestamp": at}).encode()

    def _say(self, word: bytes) -> bytes:
        """Publish with QoS 1, to be kept."""
        return _packet(0x33, _text(self._topic) + b"\0\2" + word)

    def _knock(self, will: bytes) -> bytes:
        texts = (USER.encode(), self._topic, will, USER.encode(), self._password.encode())
        head = _text(b"MQTT") + bytes([4, _CLEAN_WITH_WILL]) + struct.pack(">H", _KEEP_S)
        return _packet(0x10, head + b"".join(map(_text, texts)))


def published(data: bytes) -> tuple[list[bytes], bytes]:
    r"""Cut packets of MQTT: the bodies of those that publish, and what is not there whole yet.

    >>> published(b"\x40\x02\x00\x02" + b"\x30\x05\x00\x01a{}" + b"\x30")
    ([b'\x00\x01a{}'], b'0')
    """
    bodies: list[bytes] = []
    at = 0
    while True:
        size, start = 0, at + 1
        while data[start : start + 1] and data[start] & 0x80:
            size |= (data[start] & 0x7F) << 7 * (start - at - 1)
            start += 1
        if not data[start : start + 1]:
            return bodies, data[at:]
        size |= data[start] << 7 * (start - at - 1)
        end = start + 1 + size
        if end > len(data):
            return bodies, data[at:]
        if data[at] & _KINDS == _PUBLISH:
            bodies.append(data[start + 1 : end])
        at = end


def _text(data: bytes) -> bytes:
    return struct.pack(">H", len(data)) + data


def _packet(kind: int, body: bytes) -> bytes:
    size, length = len(body), bytearray()
    while size > 0x7F:  # noqa: PLR2004 - seven bits in each byte of a length
        length.append(size & 0x7F | 0x80)
        size >>= 7
    return bytes([kind, *length, size]) + body
