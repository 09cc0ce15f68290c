"""The bus's log, read as it grows: what the bus turned away without a word, in counters."""

import os
import time
from collections import Counter
from pathlib import Path

from borough.adapters.bus.reasons import reason_of
from borough.app import pulse

MOST_BYTES = 64 << 20
"""A log that has grown so long is begun anew: a device that errs must not fill the disk."""
AT_ONCE = 4 << 20
FULL = "disk-full"


class BusLog:
    """Reads the new lines of the bus's log and writes the role's pulse for it.

    ``rejected`` counts by reason, and goes on counting where the supervisor before stopped;
    ``full`` is when, by the steady clock, the bus last had no room to write.
    """

    def __init__(self, data: Path) -> None:
        self.path = data / "logs" / "bus.log"
        self.place = self.path.stat().st_size if self.path.exists() else 0
        known = pulse.read(data, "bus") or pulse.last(data, "bus")
        self.rejected: Counter[str] = Counter(known.get("rejected", {}))
        self.pulse = pulse.Pulse(data, "bus", every_s=0.0)
        self.full = 0.0
        self._rest = b""

    def look(self) -> None:
        """Take in what was written since the last look."""
        try:
            with self.path.open("rb") as file:
                file.seek(self.place)
                data = file.read(AT_ONCE)
                self.place += len(data)
                if self.place > MOST_BYTES:
                    self._begin_anew()
        except FileNotFoundError:
            data = b""
        *lines, self._rest = (self._rest + data).split(b"\n")
        found = [reason_of(line.decode(errors="replace")) for line in lines]
        self.rejected.update(reason for reason in found if reason is not None)
        if FULL in found:
            self.full = time.monotonic()
        self.pulse.beat(rejected=dict(self.rejected))

    def _begin_anew(self) -> None:
        """Cut the log; the bus appends, so it goes on at the new end."""
        os.truncate(self.path, 0)
        self.place = 0
