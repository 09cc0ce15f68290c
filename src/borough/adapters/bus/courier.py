"""The way out: commands to devices over MQTT, and what devices say of them.

A command goes to ``c/{credential}/{device}/{property}`` with QoS 1.  The bus keeps it for a
device that listens with QoS 1 in a session of its own, and forgets it when its time is up, so that
nobody who comes back late acts on it.  Who listens with QoS 0 hears it if he is there.  A device
may say in ``a/{credential}/{device}`` that it has heard of it, or that it cannot do it.
"""

import json
from collections import Counter
from math import ceil
from typing import NamedTuple, Self

import msgspec

from borough.adapters.bus.lanes import MQTT_STREAM
from borough.adapters.bus.link import Link
from borough.core.errors import BusDown

COMMANDS, ANSWERS = "c", "a"
SAYS_CHARS = 200
"""How much of a device's own words is kept."""
_SID = b"7"
_WORDS = 3
_KEPT = "$MQTT.msgs."
_QOS = b"Nmqtt-Pub:1\r\n"
_HEAD = "Nmqtt-Pub:1\r\nNats-Msg-Id: {name}\r\nNats-TTL: {ttl}s\r\n"
"""The bus's own mark of QoS 1; a name that it stores once within two minutes; how long it keeps."""


class Heard(NamedTuple):
    """A device's own word about a command: whose credential said it, and whether it can do it."""

    credential: str
    device: str
    errand: str
    good: bool
    says: str


class _Answer(msgspec.Struct):
    id: str
    ok: bool = True
    says: str = ""


class Courier:
    """Takes commands to the bus and hears the answers; one connection, for one thread."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self.counts: Counter[str] = Counter()
        link.subscribe(f"{ANSWERS}.>".encode(), _SID)
        link.settle()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._link.close()

    def send(self, topic: str, errand: str, body: bytes, keep_s: float) -> None:
        """Hand a command over for *keep_s* seconds; the bus has it on disk when this returns.

        *topic* is ``{credential}/{device}/{property}``.  With the same *errand* again within two
        minutes the bus stores nothing.  ``BusDown`` if it cannot be stored.
        """
        subject = f"{COMMANDS}.{topic.replace('/', '.')}"
        head = _HEAD.format(name=errand, ttl=max(1, ceil(keep_s)))
        said = json.loads(self._link.ask(_KEPT + subject, body, head.encode()).body or b"{}")
        if said.get("stream") != MQTT_STREAM:
            why = said.get("error", {}).get("description", "nobody stores it")
            msg = f"the bus did not take the command {errand}: {why}"
            raise BusDown(msg)
        if said.get("duplicate"):
            self.counts["repeated"] += 1
            return
        self._link.publish(subject.encode(), body, head=_QOS)  # to those that listen with QoS 0
        self.counts["sent"] += 1

    def heard(self, wait_s: float) -> list[Heard]:
        """Give what devices said meanwhile, waiting up to *wait_s* for the first word."""
        answers = []
        for message in self._link.messages(wait_s):
            words = message.subject.decode(errors="replace").split(".")
            if message.sid != _SID or len(words) != _WORDS:
                continue
            try:
                said = msgspec.json.decode(message.body, type=_Answer)
            except msgspec.MsgspecError:
                self.counts["unreadable"] += 1
                continue
            answers.append(Heard(words[1], words[2], said.id, said.ok, said.says[:SAYS_CHARS]))
        return answers
