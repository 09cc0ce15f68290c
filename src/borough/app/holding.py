"""Which partition a stream works for: one that no other holds, as long as it holds it.

With one partition there is nothing to hold.  With several, each stream process takes one that is
free; those that find none stand by until a lease runs out.
"""

import logging
import os
import socket
import threading
from typing import Self

from borough.adapters.bus.link import Link
from borough.app.bus import await_bus, bus_of
from borough.app.logs import event
from borough.app.pulse import Pulse
from borough.app.settings import Settings
from borough.core.errors import BusDown
from borough.core.partitions import Part
from borough.storage.journal.leases import BusLease, make_leases

log = logging.getLogger(__name__)
ASKS = 5
"""How often a lease is renewed, or asked for, while it would hold once."""


class Holding(threading.Thread):
    """A partition that this process holds; ``over`` is set when it is lost."""

    def __init__(self, link: Link, lease: BusLease, part: Part, every_s: float) -> None:
        super().__init__(name="holding", daemon=True)
        self.part = part
        self.over = threading.Event()
        self._link, self._lease, self._every_s = link, lease, every_s

    @classmethod
    def awaited(cls, settings: Settings, stop: threading.Event) -> Self | None:
        """Stand by until a partition is ours; None if told to stop before."""
        await_bus(settings)
        who = f"{socket.gethostname()} {os.getpid()}"
        every_s = settings.lease_s / ASKS
        pulse = Pulse(settings.folder, "stream")
        link = Link(bus_of(settings).login("borough"), "holding")
        make_leases(link, settings.lease_s)
        while not stop.wait(every_s):
            for number in range(settings.partitions):
                lease = BusLease(link, f"stream.{number}", who)
                if lease.take():
                    log.warning("partition %d is ours", number, extra=event("duty"))
                    part = Part(number, settings.partitions)
                    return cls(link, lease, part, every_s)
            pulse.beat(standby=True)
        link.close()
        return None

    def run(self) -> None:
        """Renew the lease until closed or lost."""
        try:
            while not self.over.wait(self._every_s):
                if not self._lease.renew():
                    log.warning("partition %d is lost", self.part.number, extra=event("lease-lost"))
                    break
        except BusDown as error:
            log.warning("the lease cannot be renewed: %s", error, extra=event(error.code))
        self.over.set()

    def close(self) -> None:
        """Let the next one have it at once, if the bus is there to be told."""
        self.over.set()
        self.join()
        try:
            self._lease.give_up()
        except BusDown as error:
            log.warning("the lease runs out by itself: %s", error, extra=event(error.code))
        self._link.close()
