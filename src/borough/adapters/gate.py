"""The gate: decides which devices may connect, and to what.

The bus asks at each CONNECT (its "auth callout").  Several gates may serve: the bus gives
each question to one of them.
"""

import hashlib
import hmac
import re
import secrets
import threading
from collections import Counter
from collections.abc import Mapping
from typing import Any

from borough.adapters.bus.config import LET_IN, Bus
from borough.adapters.bus.lanes import MQTT_STREAM
from borough.adapters.bus.link import Link, publication
from borough.adapters.bus.tokens import Knock, Signer, read_knock
from borough.adapters.bus.wire import Message
from borough.adapters.limits import Limits
from borough.adapters.sparkplug.host import PREFIX, STATE
from borough.adapters.sparkplug.state import USER as HOST, password
from borough.core.errors import BadRequest, BadSetting
from borough.core.partitions import dealt

KEY = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""What a key of a thing, and so a credential, may look like."""

_QUESTIONS, _ASKED = b"$SYS.REQ.USER.AUTH", b"1"
_LOOK_S = 0.2
_AGES_S = 10 * 365 * 86_400


def token() -> str:
    """Make a token for a credential; it is shown once and never kept."""
    return secrets.token_urlsafe(24)


def digest(secret: str) -> bytes:
    """Give what is kept of a token.

    One round of SHA-256 is enough because a token is random and long: nobody can guess
    through 192 bits, and thousands of devices connect in a second.
    """
    return hashlib.sha256(secret.encode()).digest()


class Gate:
    """Answers the bus's questions.  ``credentials`` may be replaced while it serves.

    It ``listens`` once questions reach it, and is ``open`` once it answers them.

    It says nothing, so that nobody gets in, until the stream of acknowledged messages has a
    reader that began under this very run of the bus: the bus acknowledges a message without
    keeping it when nobody has asked for it.
    """

    def __init__(self, bus: Bus, credentials: Mapping[str, bytes], limits: Limits) -> None:
        wrong = [key for key in credentials if not KEY.fullmatch(key)]
        if wrong:
            msg = f"{wrong[0]!r} cannot be a credential: letters, digits, _ and - only"
            raise BadSetting(msg)
        self.credentials = credentials
        self.counts: Counter[str] = Counter()
        self.open = self.listens = False
        self._bus, self.limits = bus, limits
        self._signer = Signer(bus.secrets.seed)
        self._host = digest(password(bus.secrets.seed))

    def serve(self, stop: threading.Event) -> None:
        """Answer until *stop* is set; ``BusDown`` when the bus goes away: then serve again."""
        with Link(self._bus.login("gate"), "gate") as link:
            try:
                link.subscribe(_QUESTIONS, _ASKED, b"gate")  # a question nobody hears costs its
                link.subscribe(LET_IN, b"2")  # device ten seconds: so who asks here is told later,
                link.settle()  # and those that come early wait in the line
                self.listens = True
                self.open = self._wait_for_reader(stop)
                while not stop.is_set():
                    answers = [part for m in link.messages(_LOOK_S) for part in self._reply(m)]
                    if answers:
                        link.send(*answers)
            finally:
                self.open = self.listens = False

    def _wait_for_reader(self, stop: threading.Event) -> bool:
        """Wait until a reader of this run of the bus is there; false if told to stop first."""
        with Link(self._bus.login("doors"), "gate looks for the reader") as link:
            while not stop.is_set():
                if reader_is_there(link, self._bus.partitions):
                    return True
                stop.wait(_LOOK_S)
        return False

    def _reply(self, message: Message) -> list[bytes]:
        """Write the protocol that answers a question."""
        if message.sid != _ASKED:
            return []
        try:
            knock = read_knock(message.body)
        except BadRequest:
            self.counts["unreadable"] += 1
            return []
        return publication(message.reply, self.answer(knock))

    def answer(self, knock: Knock) -> bytes:
        """Decide, count and sign."""
        reason = self.reason(knock)
        self.counts[reason or "welcome"] += 1
        if reason:
            return self._signer.refuse(knock, reason)
        if knock.name == HOST:
            states = {"allow": [f"{PREFIX.decode()}{STATE}.>"]}
            return self._signer.welcome(knock, "DEVICES", {
                "pub": states, "sub": states, "subs": 1, "data": -1, "payload": -1,
                "allowed_connection_types": ["MQTT"],
            }, _AGES_S)  # fmt: skip
        most = self.limits.session_s
        for_s = most - secrets.randbelow(most // 2 + 1)  # not all at once, where all came at once
        return self._signer.welcome(knock, "DEVICES", self._permissions(knock.name), for_s)

    def reason(self, knock: Knock) -> str:
        """Say why a connection may not come in; empty if it may.

        A client id that is somebody else's credential is refused, because the bus closes the
        older of two connections with one id: a device could push another one out.
        """
        kept = self._host if knock.name == HOST else self.credentials.get(knock.name, b"")
        if not hmac.compare_digest(digest(knock.password), kept):
            return "wrong-credential"
        if knock.client != knock.name and self._is_ours(knock.client):
            return "foreign-client-id"
        return "" if knock.kind == "mqtt" else "not-mqtt"

    def _is_ours(self, name: str) -> bool:
        return name == HOST or name in self.credentials

    def _dealt(self, key: str) -> list[str]:
        """Say where the bus puts what a credential says, where it deals it out to partitions."""
        count = self._bus.partitions
        return [] if count == 1 else [f"q.{dealt([key], count)[0]}.d.{key}.>"]

    def _permissions(self, key: str) -> dict[str, Any]:
        """Say what a credential may do: report for itself, hear its own commands, answer them."""
        hears = [f"c.{key}", f"c.{key}.>", "$MQTT.sub.>", "$MQTT.deliver.pubrel.>"]
        plug = PREFIX.decode()
        hears += [f"{plug}*.NCMD.{key}", f"{plug}*.DCMD.{key}.*", f"{plug}STATE.*"]
        return {
            "pub": {
                "allow": [
                    f"d.{key}.>",
                    *self._dealt(key),
                    f"a.{key}.>",
                    f"{plug}*.*.{key}",
                    f"{plug}*.*.{key}.*",
                ],
            },
            "sub": {"allow": hears},
            "subs": self.limits.subscriptions,
            "data": -1,
            "payload": -1,
            "allowed_connection_types": ["MQTT"],
        }


def reader_is_there(link: Link, partitions: int = 1) -> bool:
    """Say whether a reader that began under this run of the bus holds the QoS 1 stream.

    Where other servers keep copies of it, a reader outlives the run of any one.  Of several
    partitions each must have its reader.
    """
    listed = link.call(f"$JS.API.CONSUMER.LIST.{MQTT_STREAM}", missing=True)
    began = [each["config"].get("metadata", {}) for each in listed.get("consumers", [])]
    alive = [
        each.get("partition", "0")
        for each in began
        if each.get("bus") == link.server or (link.copies > 1 and "bus" in each)
    ]
    return len(set(alive)) >= partitions
