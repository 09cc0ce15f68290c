"""A bare reader: takes messages off the bus, decodes them, and does nothing else.

It shows how fast the way in could be if nothing came behind it.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from borough.adapters.bus.config import Bus
from borough.adapters.bus.lanes import LiveLane
from borough.adapters.bus.link import Link
from borough.adapters.mqtt import Decoder

_GATHER_S = 0.02


@dataclass(frozen=True, slots=True)
class Pace:
    """What a bare reader managed: readings, seconds from first to last, processor seconds."""

    readings: int
    seconds: float
    cpu_s: float

    @property
    def rate(self) -> float:
        """Readings a second."""
        return self.readings / self.seconds if self.seconds else 0.0


def read_only(bus: Bus, decoder: Decoder, now: Callable[[], int], idle_s: float = 2.0) -> Pace:
    """Read QoS 0 messages until none has come for *idle_s*, and say how fast that went."""
    readings, first, last, cpu = 0, 0.0, time.monotonic(), time.process_time()
    with Link(bus.login("doors"), "bare reader") as link:
        lane = LiveLane(link)
        while not readings or time.monotonic() < last + idle_s:
            columns = lane.read()
            if not columns.subjects:
                time.sleep(_GATHER_S)
                continue
            last = time.monotonic()
            first = first or last
            readings += decoder.decode(columns.subjects, columns.bodies, now()).received
    return Pace(readings, last - first, time.process_time() - cpu)
