"""Tells edge nodes that their host is there: a word that the bus keeps, and a will that undoes it.

An edge node that waits for its primary host sends nothing until it reads this word, keeps its
data while it says offline, and is born again when it says online (Sparkplug 3.0, chapter 5).
"""

import hmac
import json
import math
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from types import TracebackType
from typing import Self

from borough.adapters.bus.config import Bus, is_guarded
from borough.core import packets
from borough.core.errors import BadFrame, BadSetting, BusDown

USER = "borough:host"
"""How the host enters the bus; no thing can be called so."""
FORBIDDEN = "+/#\0"
"""What an id of a host may not contain, as no level of a topic may."""
_KEEP_S, _WAIT_S, _AGAIN_S, _LOOK_S = 30, 10.0, 0.5, 0.25
_TWICE_S = 2.0
"""After so long a word is said once more: who subscribes in the very moment in which the bus takes
it in may get it neither as the one that is kept nor as a new one, and would wait for ever."""


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
        self._topic = f"spBv1.0/STATE/{name}"
        self._bus, self._password = bus, password(bus.secrets.seed)
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
            # The bus is away, or turns everybody away for now.
            with suppress(OSError, BadFrame, BusDown):
                if is_guarded(self._bus):
                    self._stay()
            self._over.wait(_AGAIN_S)

    def _stay(self) -> None:
        """Come in, say twice that we are there whenever somebody has said otherwise, and leave."""
        now = round(time.time() * 1000)
        here, gone = (self._word(online=each, at=now) for each in (True, False))
        where = (self._bus.host, self._bus.mqtt_port)
        with socket.create_connection(where, _WAIT_S) as line:
            line.sendall(self._knock(gone))
            if line.recv(len(packets.GOOD_CONNACK)) != packets.GOOD_CONNACK:
                return
            line.sendall(packets.subscribe(self._topic, 1) + self._say(here))
            repeat = time.monotonic() + _TWICE_S
            for words in self._heard(line):
                is_wrong = not all(word.get("online") for word in words)
                if is_wrong or time.monotonic() > repeat:
                    line.sendall(self._say(here))
                    repeat = time.monotonic() + _TWICE_S if is_wrong else math.inf
            line.sendall(self._say(gone) + packets.GOODBYE)

    def _heard(self, line: socket.socket) -> Iterator[list[dict[str, object]]]:
        """Give what was said of us at each look, if only nothing, until it is over.

        `OSError` when the line breaks.
        """
        line.settimeout(_LOOK_S)
        came, spoke = bytearray(), time.monotonic()
        while not self._over.is_set():
            if time.monotonic() - spoke > _KEEP_S / 2:
                line.sendall(packets.PING)
                spoke = time.monotonic()
            with suppress(TimeoutError):
                data = line.recv(65_536)
                if not data:
                    raise ConnectionResetError
                came += data
            said = [each for each in packets.split(came) if each.type == packets.PUBLISH]
            yield [self._read(each) for each in said]

    def _read(self, packet: packets.Packet) -> dict[str, object]:
        """Read what is said of us; nothing where it is no word that we could have said."""
        try:
            word = json.loads(packets.message(packet)[1])
        except ValueError:
            return {}
        return word if isinstance(word, dict) else {}

    def _word(self, *, online: bool, at: int) -> bytes:
        return json.dumps({"online": online, "timestamp": at}).encode()

    def _say(self, word: bytes) -> bytes:
        """Publish with QoS 1, to be kept."""
        return packets.publish(self._topic, word, 2, kept=True)

    def _knock(self, gone: bytes) -> bytes:
        will = packets.Will(self._topic, gone, qos=1, kept=True)
        return packets.connect(USER, USER, self._password, _KEEP_S, will=will)
