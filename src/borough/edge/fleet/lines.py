"""All connections of the fleet, served by one thread."""

import selectors
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from borough.core.errors import BusDown
from borough.core.packets import GOODBYE
from borough.edge.fleet.line import CALLING, DOWN, UP, Address, Line, Tally

LOOK_AFTER_S = 1.0


@dataclass(slots=True)
class Lines:
    """The gateways' connections by their row in the registry; nothing here ever blocks.

    ``heard`` holds the commands that came over any of them: topic and payload.
    """

    by_row: dict[int, Line]
    tally: Tally
    selector: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)
    looked: float = 0.0
    busy: set[int] = field(default_factory=set)
    heard: deque[tuple[str, bytes]] = field(default_factory=deque)

    @classmethod
    def to(cls, address: Address, tokens: Mapping[int, tuple[str, str]]) -> "Lines":
        """Prepare one line for each (key, token), by row."""
        tally = Tally()
        heard: deque[tuple[str, bytes]] = deque()
        made = {
            row: Line(key, token, address, tally, heard=heard)
            for row, (key, token) in tokens.items()
        }
        return cls(made, tally, heard=heard)

    @property
    def up(self) -> int:
        """How many may publish now."""
        return sum(line.state == UP for line in self.by_row.values())

    @property
    def waiting(self) -> int:
        """How many of those may still be acknowledged: dark gateways are left aside."""
        return sum(len(line.ledger) for line in self.by_row.values() if not line.dark)

    @property
    def unacknowledged(self) -> int:
        """How many sure messages nobody has acknowledged."""
        return sum(len(line.ledger) for line in self.by_row.values())

    @property
    def unsaid(self) -> int:
        """How many bytes still wait for the system to take them."""
        return sum(len(line.outgoing) for line in self.by_row.values() if line.state == UP)

    def say(self, row: int, framed: bytes, messages: int) -> None:
        """Queue plain messages on the line of a gateway; `flush` sends them."""
        line = self.by_row.get(row)
        if line is None or line.dark:
            return
        line.say(framed, messages)
        self.busy.add(row)

    def insist(self, row: int, topic: str, payload: bytes, now: float) -> None:
        """Queue a message that must arrive on the line of a gateway."""
        line = self.by_row.get(row)
        if line is not None:
            line.insist(topic, payload, now)
            self.busy.add(row)

    def darken(self, row: int, now: float) -> None:
        """Cut a gateway off without a goodbye."""
        line = self.by_row.get(row)
        if line is not None:
            line.dark = True
            self.push(row, now)
            line.hush()
            self.lose(row, line, now)

    def light(self, row: int) -> None:
        """Let a dark gateway come back."""
        line = self.by_row.get(row)
        if line is not None:
            line.dark, line.after = False, 0.0

    def flush(self, now: float) -> None:
        """Send what is queued, each line in one go."""
        for row in list(self.busy):
            self.push(row, now)

    def turn(self, now: float, timeout_s: float) -> None:
        """Wait at most that long for something to happen on the wire, and deal with it."""
        if now - self.looked >= LOOK_AFTER_S or not self.selector.get_map():
            self.looked = now
            self.look_after(now)
        for key, events in self.selector.select(max(timeout_s, 0.0)):
            line = self.by_row[key.data]
            try:
                if events & selectors.EVENT_READ:
                    line.take(now)
            except BusDown:
                self.lose(key.data, line, now)
                continue
            self.push(key.data, now)

    def look_after(self, now: float) -> None:
        """Call where a line is down, ping where it is quiet."""
        for row, line in self.by_row.items():
            try:
                if line.state == DOWN and not line.dark and now >= line.after:
                    line.call(now)
                    if line.socket is not None:
                        events = selectors.EVENT_READ | selectors.EVENT_WRITE
                        self.selector.register(line.socket, events, row)
                line.look_after(now)
            except BusDown:
                self.lose(row, line, now)
                continue
            if line.outgoing and line.state == UP:
                self.push(row, now)

    def push(self, row: int, now: float) -> None:
        """Send what one line has; ask to be told when it can take more, only if need be."""
        line = self.by_row[row]
        try:
            left = line.flush(now)
        except BusDown:
            self.lose(row, line, now)
            return
        if line.socket is not None:
            more = left or line.state == CALLING
            wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if more else 0)
            if self.selector.get_key(line.socket).events != wanted:
                self.selector.modify(line.socket, wanted, row)
        self.busy.discard(row)

    def lose(self, row: int, line: Line, now: float) -> None:
        """Forget a dead socket; the line calls again later."""
        if line.socket is not None:
            self.selector.unregister(line.socket)
        line.drop(now)
        self.busy.discard(row)

    def close(self) -> None:
        """Say goodbye everywhere and hang up."""
        for row, line in self.by_row.items():
            if line.state == UP:
                line.outgoing += GOODBYE
                self.push(row, line.spoke)
            line.hush()
            if line.socket is not None:
                self.selector.unregister(line.socket)
                line.socket.close()
                line.socket, line.state = None, DOWN
        self.selector.close()
