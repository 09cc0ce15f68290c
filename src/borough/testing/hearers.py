"""Gateways that hear commands, over real MQTT: what they heard, and what they do about it."""

import contextlib
import json
import socket
import threading
import time
from dataclasses import dataclass, field
from typing import Any, Self

from borough.core import packets
from borough.core.errors import BusDown

WAIT_S = 60.0
KEEPALIVE_S = 0


@dataclass
class Hearer:
    """A gateway that listens for its commands with QoS 1, in a thread of its own.

    ``heard`` holds what came, in order; where ``obeys`` is set it reports the new value at once,
    and where ``answers`` is, it says first that it has heard.  Its session is kept, so that it
    gets later what it missed, if that is still in time.
    """

    where: tuple[str, int]
    key: str
    token: str
    obeys: bool = True
    answers: bool = True
    heard: list[dict[str, Any]] = field(default_factory=list)
    allowed: bool = False
    line: socket.socket | None = None
    thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self.line = socket.create_connection(self.where, WAIT_S)
        self.line.settimeout(None)
        self.line.sendall(
            packets.connect(
                f"{self.key}-hears", self.key, self.token, keepalive_s=KEEPALIVE_S, kept=True
            )
            + packets.subscribe(f"c/{self.key}/#", 1, qos=1)
        )
        self.thread = threading.Thread(target=self._listen, args=(self.line,), daemon=True)
        self.thread.start()
        until = time.monotonic() + WAIT_S
        while not self.allowed:
            if time.monotonic() > until or not self.thread.is_alive():
                msg = f"{self.key} may not listen"
                raise BusDown(msg)
            time.sleep(0.01)
        return self

    def __exit__(self, *_: object) -> None:
        if self.line is not None:
            with contextlib.suppress(OSError):
                self.line.shutdown(socket.SHUT_RDWR)
            self.line.close()
        if self.thread is not None:
            self.thread.join(WAIT_S)
        self.allowed = False

    def _listen(self, line: socket.socket) -> None:
        buffer, number = bytearray(), 1
        with contextlib.suppress(OSError):
            while data := line.recv(65_536):
                buffer += data
                for packet in packets.split(buffer):
                    if packet.type == packets.SUBACK:
                        self.allowed = packet.body[-1] <= 1
                    if packet.type == packets.PUBLISH:
                        number += 2
                        line.sendall(self._take(packet, number))

    def _take(self, packet: packets.Packet, number: int) -> bytes:
        """Keep a command, and write what a gateway says to it."""
        topic, payload, given = packets.message(packet)
        told = {"topic": topic, **json.loads(payload)}
        self.heard.append(told)
        said = packets.acknowledge(given) if given else b""
        device = topic.split("/")[2]
        if self.answers:
            word = json.dumps({"id": told["id"]}).encode()
            said += packets.publish(f"a/{self.key}/{device}", word, number)
        if self.obeys:
            value = json.dumps({"v": told["value"]}).encode()
            where = f"d/{self.key}/{device}/{told['property']}"
            said += packets.publish(where, value, number + 1)
        return said
