"""The HTTP door's line to the streams: what it has taken in waits for them on the bus."""

from collections.abc import Iterator

import nats
import numpy as np
from nats.aio.client import Client
from nats.js.errors import APIError

from borough.api.ports import Rows
from borough.app.bus import bus_of, has_room
from borough.app.clocks import wall_ms
from borough.app.desk_line import ASK_S
from borough.app.settings import Settings
from borough.core import frames
from borough.core.errors import BacklogFull, BusDown, DiskFull
from borough.core.partitions import Part, home_of_series
from borough.core.registry import Registry

FULL = "the disk that keeps readings is full; nothing was taken: make room, then send it again"
BEHIND = "as much waits to be looked at as may wait; send the rows again later"
NO_ROOM = 10077
"""What the bus says to who stores in a stream that has as many bytes as it may."""


class DoorLine:
    """Hands rows to the stream of the HTTP door; what it has confirmed survives any kill.

    Each goes to the partition that it belongs to; what is not known yet, to the first.
    """

    def __init__(self, bus: Client, settings: Settings, registry: Registry) -> None:
        self.bus, self.servers = bus, bus_of(settings)
        self.parts = [Part(number, settings.partitions) for number in range(settings.partitions)]
        single = len(self.parts) == 1
        none = np.zeros(0, np.int64)
        self.home = none if single else home_of_series(registry, settings.partitions).clip(min=0)
        self.stream = bus.jetstream(timeout=ASK_S)
        self.clock = settings.clock

    async def take(self, rows: Rows, key: str | None) -> bool:
        """Keep the rows durably; False if rows under this key were kept before.

        Nothing waits here: `BacklogFull` while the stream is as far behind as it may be, `DiskFull`
        without room on the disk, `BusDown` where the bus does not answer.
        """
        if not has_room(self.servers):
            raise DiskFull(FULL)
        if not self.bus.is_connected:  # else the client would keep them, and send them later
            msg = "the bus is away; send the rows again"
            raise BusDown(msg)
        wall = wall_ms()
        frame = frames.Frame(
            frames.ROWS,
            self.clock.now(wall),
            wall,
            report=rows.report,
            series=rows.series,
            time=rows.time,
            value=rows.value,
        )
        fresh = False
        for number, (door, part) in enumerate(self._dealt(frame)):
            headers = {"Nats-Msg-Id": f"{key}-{number}"} if key else None
            try:
                kept = await self.stream.publish(door, frames.encode(part), headers=headers)
            except (nats.errors.Error, TimeoutError) as error:
                if isinstance(error, APIError) and error.err_code == NO_ROOM:
                    raise BacklogFull(BEHIND) from error
                msg = "the rows could not be kept; send them again"
                raise BusDown(msg) from error
            fresh |= not kept.duplicate
        return fresh

    def _dealt(self, frame: frames.Frame) -> Iterator[tuple[str, frames.Frame]]:
        """Cut a frame into such as the bus carries, each with the subject it goes to."""
        if len(self.parts) == 1:
            yield from ((self.parts[0].door, each) for each in frame.parts())
            return
        known = frame.series < len(self.home)
        home = np.where(known, self.home[np.where(known, frame.series, 0)], 0)
        for part in self.parts:
            for each in frame.only(home == part.number).parts():
                if len(each):
                    yield part.door, each
