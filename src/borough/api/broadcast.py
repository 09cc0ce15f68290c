"""Tell many listeners what just happened, and let those who lost the line catch up."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Mapping
from typing import Any

import msgspec

from borough.api.ground import standing
from borough.api.limits import LIMITS, Limits
from borough.core.clock import DistrictClock
from borough.core.registry import Registry

PASSING = {"counts"}
"""Kinds of which only the newest matters: they have no id, and are not kept for latecomers."""
Told = tuple[int, bytes]
"""The number of an event and its frame."""


def wall_ms() -> int:
    """Read the wall clock, in ms."""
    return time.time_ns() // 1_000_000


class Broadcast:
    """One stream of events for everyone who listens; it belongs to one event loop.

    Ids are ``{start}-{number}``: *start* is when this stream began, so that a listener who
    comes back after a restart is told to begin anew and does not miss what it cannot know.
    """

    def __init__(
        self,
        clock: DistrictClock,
        registry: Registry,
        limits: Limits = LIMITS,
    ) -> None:
        self.clock = clock
        self.registry = registry
        self.start = wall_ms()
        self.number = 0
        self.dropped = 0
        self.limits = limits
        self._kept: deque[Told] = deque(maxlen=limits.kept_events)
        self._listeners: set[asyncio.Queue[bytes | None]] = set()

    @property
    def listeners(self) -> int:
        """How many listen now."""
        return len(self._listeners)

    def publish(self, kind: str, data: Mapping[str, Any]) -> None:
        """Tell everyone; who cannot keep up is let go, so that nobody waits for them.

        To data about a ``thing`` is added where it stands.  Call it on the loop that serves.
        """
        if isinstance(data.get("thing"), int):
            data = {**data, "stands": standing(self.registry, data["thing"])}
        if kind in PASSING:
            frame = self._frame(kind, "", data)
        else:
            self.number += 1
            frame = self._frame(kind, f"{self.start}-{self.number}", data)
            self._kept.append((self.number, frame))
        for queue in list(self._listeners):
            if queue.qsize() >= self.limits.lag_events:
                self.dropped += 1
                self._let_go(queue)
            else:
                queue.put_nowait(frame)

    def close(self) -> None:
        """End every stream, so that the server can stop."""
        for queue in list(self._listeners):
            self._let_go(queue)

    async def listen(self, seen: str = "") -> AsyncIterator[bytes]:
        """Give the frames after the event *seen*, then what happens, until closed or let go."""
        queue: asyncio.Queue[bytes | None] = asyncio.Queue()
        missed = self._missed(seen)
        # Even who hears nothing but this knows by its id where to go on.
        here = seen if seen and missed is not None else f"{self.start}-{self.number}"
        self._listeners.add(queue)
        try:
            yield b"retry: 2000\n\n" + self._frame("hello", here, {"complete": missed is not None})
            for frame in missed or ():
                yield frame
            while (said := await self._next(queue)) is not None:
                yield said
        finally:
            self._listeners.discard(queue)

    def _frame(self, kind: str, name: str, data: Mapping[str, Any]) -> bytes:
        wall = wall_ms()
        body = msgspec.json.encode({"time": self.clock.now(wall), "wall": wall, "data": data})
        head = f"id: {name}\n" if name else ""
        return f"{head}event: {kind}\ndata: ".encode() + body + b"\n\n"

    def _missed(self, seen: str) -> list[bytes] | None:
        """Find what came after *seen*; None if that is no longer known."""
        if not seen:
            return []
        start, _, number = seen.partition("-")
        oldest = self._kept[0][0] if self._kept else self.number + 1
        known = start == str(self.start) and number.isdecimal() and len(number) < len("9" * 18)
        if not known or not oldest - 1 <= int(number) <= self.number:
            return None
        return [frame for at, frame in self._kept if at > int(number)]

    def _let_go(self, queue: asyncio.Queue[bytes | None]) -> None:
        self._listeners.discard(queue)
        while not queue.empty():
            queue.get_nowait()
        queue.put_nowait(None)

    async def _next(self, queue: asyncio.Queue[bytes | None]) -> bytes | None:
        try:
            return await asyncio.wait_for(queue.get(), self.limits.heartbeat_s)
        except TimeoutError:
            return b": still here\n\n"
