"""What the bus prints, read as it grows: what it turned away without a word, in counters."""

import contextlib
import logging
import os
import re
import time
from collections import Counter

from borough.adapters.bus.reasons import reason_of
from borough.app import pulse
from borough.app.logs import event, file_of
from borough.app.settings import Settings
from borough.app.supervisor import printed

MOST_BYTES = 64 << 20
"""What it prints is begun anew when so long: a device that errs must not fill the disk."""
AT_ONCE = 4 << 20
MOST_LINES = 200
"""So many lines of a look go to the log, and the number of the others."""
FULL = "disk-full"
KIND = re.compile(r"\[(INF|WRN|ERR|FTL|DBG|TRC)\]\s*(.*)")
LEVELS = {"WRN": logging.WARNING, "ERR": logging.ERROR, "FTL": logging.CRITICAL}


class BusLog:
    """Reads the new lines of the bus, logs them, and writes the role's pulse for it.

    ``rejected`` counts by reason, and goes on counting where the supervisor before stopped;
    ``full`` is when, by the steady clock, the bus last had no room to write.
    """

    def __init__(self, settings: Settings) -> None:
        data = settings.folder
        self.path = printed(data, "bus")
        self.place = self.path.stat().st_size if self.path.exists() else 0
        known = pulse.read(data, "bus") or pulse.last(data, "bus")
        self.rejected: Counter[str] = Counter(known.get("rejected", {}))
        self.pulse = pulse.Pulse(data, "bus", every_s=0.0)
        self.full = 0.0
        self._rest = b""
        self._log = logging.Logger("borough.bus")  # noqa: LOG001 - one for each district's bus
        self._log.addHandler(file_of(settings, "bus"))

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
        *raw, self._rest = (self._rest + data).split(b"\n")
        lines = [each.decode(errors="replace") for each in raw]
        found = [reason_of(line) for line in lines]
        self.rejected.update(reason for reason in found if reason is not None)
        if FULL in found:
            self.full = time.monotonic()
        if lines:
            self._pass_on(lines, found)
        self.pulse.beat(rejected=dict(self.rejected))

    def _pass_on(self, lines: list[str], reasons: list[str | None]) -> None:
        """Log lines of the bus, each with its reason for a code; the file is closed in between."""
        for line, reason in zip(lines[:MOST_LINES], reasons, strict=False):
            kind = KIND.search(line)
            level = LEVELS.get(kind[1], logging.INFO) if kind else logging.INFO
            said = kind[2] if kind else line
            if said:
                self._log.log(level, "%s", said, extra=event(reason or "bus"))
        if len(lines) > MOST_LINES:
            left = len(lines) - MOST_LINES
            self._log.warning("%d more lines", left, extra=event("bus", left_out=left))
        for each in self._log.handlers:
            with contextlib.suppress(OSError):  # a full disk must not stop who looks after the bus
                each.close()

    def _begin_anew(self) -> None:
        """Cut what was printed; the bus appends, so it goes on at the new end."""
        os.truncate(self.path, 0)
        self.place = 0
