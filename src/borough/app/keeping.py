"""Keeping house: merge small files of the history, drop old days, free their bytes."""

import logging
import threading
from contextlib import closing
from typing import TYPE_CHECKING

from borough.app.clocks import wall_ms
from borough.app.logs import event
from borough.app.memory import give_back
from borough.app.settings import Settings
from borough.core.errors import BoroughError

if TYPE_CHECKING:
    from borough.storage.lake import Lake

log = logging.getLogger(__name__)
EVERY_S = 60.0
GRACE_S = 7200.0
"""Longer than any question or merge may take; only then are dropped files deleted."""
DAY_MS = 86_400_000
MB = 1 << 20
MEMORY_MB = 256
"""What DuckDB may hold for a merge, which goes slice by slice."""


class Housekeeper:
    """A thread beside the desk; one process does this, so it belongs to whoever writes cases.

    ``last`` says what the latest round did, ``trouble`` what kept it from doing it.
    """

    def __init__(self, settings: Settings, zone: str) -> None:
        self.settings = settings
        self.zone = zone
        self.stop = threading.Event()
        self.last = ""
        self.trouble = ""
        self.thread = threading.Thread(target=self._keep, name="housekeeper", daemon=True)
        self.thread.start()

    def _keep(self) -> None:
        while not self.stop.wait(EVERY_S):
            from borough.app.lake import lake_of  # noqa: PLC0415 - the desk is long at work by now

            try:
                with closing(
                    lake_of(self.settings, self.zone, memory_mb=MEMORY_MB, threads=1)
                ) as lake:
                    self.last, self.trouble = self.round(lake), ""
            except BoroughError as error:
                self.trouble = str(error)
                log.warning("keeping house: %s", error, extra=event(error.code))
            give_back()

    def round(self, lake: "Lake") -> str:
        """Do one round; the newest day always stays, and the journal's own limits are the bus's."""
        old = self.settings.clock.now(wall_ms()) - round(self.settings.history_days * DAY_MS)
        merged = lake.compact(stop=self.stop.is_set)
        gone = lake.expire(old, self.settings.history_mb * MB)
        freed = lake.vacuum(GRACE_S)
        return f"{merged}; days dropped {gone}; files freed {freed}"

    def close(self) -> None:
        """Stop after what is under way."""
        self.stop.set()
        self.thread.join(5.0)
