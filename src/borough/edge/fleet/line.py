"""One gateway's connection: what it still has to say, and what nobody has acknowledged."""

import socket as sockets
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field

from borough.core import packets
from borough.core.errors import BusDown

Address = tuple[str, int]
CHUNK = 65_536
DOWN, CALLING, ASKING, UP = "down", "calling", "asking", "up"
"""No connection; a connect under way; CONNECT sent and no answer yet; may publish."""
KEEPALIVE_S = 60
FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 15.0
PATIENCE_S = 60.0
"""How long the broker may leave a connect or a sure message unanswered."""
FULL = 4_194_304
"""Bytes that may wait for a slow broker; beyond that, plain messages are dropped and counted."""
IDS, HEARING = 65_536, 65_535
"""Numbers of sure messages go up to before the last, which the subscription has.

It is one of QoS 0: a thousand gateways that kept a session each would have the bus look at all of
them at every message with QoS 1."""


@dataclass(slots=True)
class Sure:
    """A message that must be acknowledged: where it goes, when it was first sent (s)."""

    topic: str
    payload: bytes
    since: float
    sent: bool = False


@dataclass(slots=True)
class Tally:
    """What happened on the wire: messages by fate."""

    plain: int = 0
    sure: int = 0
    again: int = 0
    acked: int = 0
    dropped: int = 0
    connects: int = 0
    losses: int = 0


@dataclass(slots=True)
class Line:
    """A connection that finds its way back by itself; times are seconds of one steady clock.

    It never blocks.  Sure messages stay in ``ledger`` until the broker acknowledges them and go
    out again, marked as a copy, after each reconnect.
    """

    key: str
    token: str
    address: Address
    tally: Tally
    state: str = DOWN
    socket: sockets.socket | None = None
    outgoing: bytearray = field(default_factory=bytearray)
    incoming: bytearray = field(default_factory=bytearray)
    ledger: dict[int, Sure] = field(default_factory=dict)
    last_id: int = 0
    wait_s: float = FIRST_WAIT_S
    after: float = 0.0
    spoke: float = 0.0
    dark: bool = False
    """Switched off on purpose: it stays down until somebody switches it on."""
    lost: float = float("-inf")
    """When a connection that should have held was last lost."""
    heard: deque[tuple[str, bytes]] = field(default_factory=deque)
    """Commands that came and that nobody has looked at: topic and payload."""

    def call(self, now: float) -> None:
        """Start a connection; the answer comes through `take`."""
        self.socket = sockets.socket(sockets.AF_INET, sockets.SOCK_STREAM)
        self.socket.settimeout(0)
        self.socket.setsockopt(sockets.IPPROTO_TCP, sockets.TCP_NODELAY, 1)
        self.socket.connect_ex(self.address)
        self.state, self.spoke = CALLING, now
        self.outgoing += packets.connect(
            f"fleet-{self.key}", self.key, self.token, keepalive_s=KEEPALIVE_S
        )

    def drop(self, now: float) -> None:
        """Lose the connection at once, as a power cut would; wait longer before each new try."""
        if self.socket is not None:
            self.socket.close()
            if not self.dark:
                self.tally.losses += 1
                self.lost = now
        self.socket, self.state = None, DOWN
        self.outgoing.clear()
        self.incoming.clear()
        self.after = now + self.wait_s
        self.wait_s = min(self.wait_s * 2, LONGEST_WAIT_S)

    def hush(self) -> None:
        """Stop speaking in such a way that what was said still arrives.

        A socket closed with unread bytes resets the connection, and takes with it what is on
        its way: so they are read first.
        """
        with suppress(OSError):
            if self.socket is not None:
                while self.socket.recv(CHUNK):
                    pass
        with suppress(OSError):
            if self.socket is not None:
                self.socket.shutdown(sockets.SHUT_WR)

    def say(self, framed: bytes, messages: int) -> None:
        """Queue plain messages, already framed; without a connection they are lost, as in life."""
        if self.state != UP or len(self.outgoing) > FULL:
            self.tally.dropped += messages
            return
        self.outgoing += framed
        self.tally.plain += messages

    def insist(self, topic: str, payload: bytes, now: float) -> None:
        """Queue a message that must arrive; it waits for a connection if there is none."""
        given = self.last_id
        while True:
            given = given % (IDS - 1) + 1
            if given not in self.ledger:
                break
        self.last_id = given
        self.ledger[given] = Sure(topic, payload, now)
        self.tally.sure += 1
        if self.state == UP:
            self.send_sure(given, now)

    def send_sure(self, given: int, now: float) -> None:
        """Write a sure message out, marked as a copy where it went out before."""
        one = self.ledger[given]
        self.outgoing += packets.publish(one.topic, one.payload, given, again=one.sent)
        self.tally.again += one.sent
        one.sent, one.since = True, now

    def flush(self, now: float) -> bool:
        """Hand the system what it takes now; true where something is left over."""
        if self.socket is None or self.state == DOWN or not self.outgoing:
            return False
        try:
            taken = self.socket.send(self.outgoing)
        except (BlockingIOError, InterruptedError):
            return True
        except OSError as error:
            raise BusDown(str(error)) from error
        if self.state == CALLING:
            self.state = ASKING
        del self.outgoing[:taken]
        self.spoke = now
        return bool(self.outgoing)

    def take(self, now: float) -> None:
        """Read what has come and act on it; raises `BusDown` where the connection is over."""
        if self.socket is None:
            return
        try:
            came = self.socket.recv(CHUNK)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            raise BusDown(str(error)) from error
        if not came:
            msg = "the broker closed the connection"
            raise BusDown(msg)
        self.incoming += came
        for packet in packets.split(self.incoming):
            if packet.type == packets.CONNACK:
                self.welcome(packet, now)
            elif packet.type == packets.PUBACK and packet.id in self.ledger:
                del self.ledger[packet.id]
                self.tally.acked += 1
            elif packet.type == packets.PUBLISH:
                self.hear(packet)

    def hear(self, packet: packets.Packet) -> None:
        """Keep a command for the fleet to look at."""
        topic, payload, number = packets.message(packet)
        self.heard.append((topic, payload))
        if number:
            self.outgoing += packets.acknowledge(number)

    def welcome(self, packet: packets.Packet, now: float) -> None:
        """Listen for commands, and begin to publish, first what was never acknowledged."""
        if packet.body[1]:
            msg = f"the broker refused {self.key} with code {packet.body[1]}"
            raise BusDown(msg)
        self.state, self.wait_s = UP, FIRST_WAIT_S
        self.tally.connects += 1
        self.outgoing += packets.subscribe(f"c/{self.key}/#", HEARING)
        for given in self.ledger:
            self.send_sure(given, now)

    def look_after(self, now: float) -> None:
        """Ping where nothing was said for a while; `BusDown` where an answer is overdue."""
        if self.state == UP and now - self.spoke > KEEPALIVE_S / 2:
            self.outgoing += packets.PING
        waiting = self.state in {CALLING, ASKING} and now - self.spoke > PATIENCE_S
        oldest = min((one.since for one in self.ledger.values() if one.sent), default=now)
        if waiting or (self.state == UP and now - oldest > PATIENCE_S):
            msg = "the broker does not answer"
            raise BusDown(msg)
