"""Send at a given rate over many connections, and keep account of what was acknowledged."""

import selectors
import socket
import struct
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field

from borough.core import packets
from borough.core.errors import BusDown
from borough.edge.load.targets import Ring

WINDOW = 2_000
"""Unacknowledged messages of a connection, beyond which it waits; far below 65,535."""
_WAIT_S = 30


@dataclass(frozen=True, slots=True)
class Plan:
    """Where to send and how: steps of so many messages a second in all for so long, in bursts."""

    host: str
    port: int
    steps: tuple[tuple[float, float], ...]
    qos: int = 0
    burst_s: float = 0.1


@dataclass(slots=True)
class Sent:
    """What came of it: messages, acknowledgements, seconds of wall and of processor.

    ``rates`` are the messages a second that were reached in each step.
    """

    sent: int = 0
    acked: int = 0
    seconds: float = 0.0
    connect_s: float = 0.0
    cpu_s: float = 0.0
    rate: float = 0.0
    rates: list[int] = field(default_factory=list)


class Gateway:
    """One connection, with its packets."""

    def __init__(self, plan: Plan, ring: Ring) -> None:
        self.ring = ring
        self.sent = self.acked = 0
        self._rest = b""
        self.socket = socket.create_connection((plan.host, plan.port), _WAIT_S)
        self.socket.settimeout(None)  # the kernel minds the time: Python would wait to look
        for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            self.socket.setsockopt(socket.SOL_SOCKET, option, struct.pack("ll", _WAIT_S, 0))
        self.socket.sendall(packets.connect(ring.credential, ring.credential, ring.token))

    def enter(self) -> None:
        """Wait until the bus lets us in; ``BusDown`` if it does not."""
        try:
            welcome = self.socket.recv(len(packets.GOOD_CONNACK))
        except OSError as problem:
            raise BusDown(str(problem)) from problem
        if welcome != packets.GOOD_CONNACK:
            msg = f"the bus does not let {self.ring.credential} in"
            raise BusDown(msg)

    def send(self, count: int, now: int) -> None:
        """Send the next packets; with QoS 1, wait first while too many are unacknowledged."""
        for stretch in self.ring.next(count, now):
            self.socket.sendall(stretch)
        self.sent += count

    def hear(self, *, wait: bool = False) -> None:
        """Count acknowledgements that have arrived; *wait* for some if there are none."""
        try:
            data = self.socket.recv(1 << 18, 0 if wait else socket.MSG_DONTWAIT)
        except (TimeoutError, BlockingIOError):
            return
        if not data:
            msg = f"the bus closed the connection of {self.ring.credential}"
            raise BusDown(msg)
        acked, self._rest = packets.count_acknowledged(self._rest + data)
        self.acked += acked


def run(plan: Plan, rings: list[Ring], now: Callable[[], int]) -> Sent:
    """Send as planned and give the account; *now* is what the packets are stamped with.

    Connections take turns, a burst each.  When the bus is slower than the plan, they wait for
    it, and the rate in the account is what was reached.
    """
    account = Sent()
    with ExitStack() as stack:
        begun = time.monotonic()
        gateways = [Gateway(plan, ring) for ring in rings]
        for gateway in gateways:
            stack.enter_context(gateway.socket)
            gateway.enter()
        account.connect_s = time.monotonic() - begun
        cpu, begun = time.process_time(), time.monotonic()
        for rate, seconds in plan.steps:
            start, many = time.monotonic(), round(rate * seconds)
            _send(plan, gateways, now, rate, many)
            account.rates.append(round(many / max(time.monotonic() - start, 1e-9)))
        account.seconds = time.monotonic() - begun
        if plan.qos:
            _wait_for_all(gateways)
        account.cpu_s = time.process_time() - cpu
        account.sent = sum(gateway.sent for gateway in gateways)
        account.acked = sum(gateway.acked for gateway in gateways)
        account.rate = account.sent / account.seconds if account.seconds else 0.0
    return account


def _send(
    plan: Plan, gateways: list[Gateway], now: Callable[[], int], rate: float, total: int
) -> None:
    """Let the gateways take turns until all is sent that a step of the plan asks for."""
    begun, sent, turn = time.monotonic(), 0, 0
    burst = max(1, round(rate * plan.burst_s / len(gateways)))
    while sent < total:
        count = min(burst, total - sent)
        ahead = (sent + count) / rate - (time.monotonic() - begun)
        if ahead > 0:
            time.sleep(ahead)
        gateway = gateways[turn % len(gateways)]
        if plan.qos:
            gateway.hear()
            while gateway.sent - gateway.acked + count > WINDOW:
                gateway.hear(wait=True)
        gateway.send(count, now())
        sent, turn = sent + count, turn + 1


def _wait_for_all(gateways: list[Gateway], wait_s: float = 30.0) -> None:
    """Wait for the last acknowledgements; what has not come then never will."""
    with selectors.DefaultSelector() as waiting:
        for gateway in gateways:
            waiting.register(gateway.socket, selectors.EVENT_READ, gateway)
        until = time.monotonic() + wait_s
        while time.monotonic() < until and any(each.acked < each.sent for each in gateways):
            for key, _ in waiting.select(0.2):
                key.data.hear()
