"""Changes of parameters on their way from the database, where people decide, into the journal."""

import logging
import queue
import threading

from borough.app.logs import event
from borough.app.settings import Settings
from borough.core.errors import BoroughError
from borough.core.tunings import Change
from borough.storage.journal.journal import Entry
from borough.storage.sql import SqlTunings, connect

log = logging.getLogger(__name__)
LOOK_S, LONG_S = 1.0, 2.0
"""How soon a change is in the journal, at most; several partitions together ask as often as one,
each up to this seldom."""


def standing_before(first: Entry | None, tunings: SqlTunings) -> int:
    """Say how many changes were settled before *first*, the oldest frame that there still is.

    Where there is no journal all are: the values hold, though nobody can tell since when.
    """
    if first is None:
        return tunings.last()
    change = first.frame.change
    return change.number - 1 if change is not None else first.frame.tuned


class Inbox:
    """Looks into the database for changes that the journal does not hold, in its own thread.

    It never writes.  A database that does not answer is asked again.
    """

    def __init__(self, settings: Settings, after: int) -> None:
        self._engine = connect(settings.store)
        self._tunings = SqlTunings(self._engine)
        self._after = after
        self._every_s = min(LOOK_S * settings.partitions, LONG_S)
        self._found: queue.SimpleQueue[Change] = queue.SimpleQueue()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look, name="tunings", daemon=True)
        self._thread.start()

    def _look(self) -> None:
        while not self._stop.wait(self._every_s):
            try:
                changes = self._tunings.after(self._after)
            except BoroughError as error:
                log.warning("changes of parameters wait: %s", error, extra=event(error.code))
                continue
            for each in changes:
                self._found.put(each)
                self._after = each.number

    def take(self) -> list[Change]:
        """Give what was found, oldest first; it never waits."""
        return [self._found.get_nowait() for _ in range(self._found.qsize())]

    def close(self) -> None:
        """Look no more."""
        self._stop.set()
        self._thread.join(2.0)
        self._engine.dispose()
