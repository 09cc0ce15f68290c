"""The log of a SQLite file is put away beside the work, so that no commit waits for it.

SQLite does it in whichever commit makes the log too long, which then waits until thousands of
pages are on the disk: in a burst of detections an eighth of the time.  A connection of its own
may do it while others read and write.  What was committed is safe in the log before and after.
"""

import logging
import sqlite3
from contextlib import closing
from pathlib import Path
from threading import Lock, Thread
from typing import Any

from sqlalchemy import Engine, event

log = logging.getLogger(__name__)
ROWS = 4_000
"""Changed rows between two times, for SQLite does not tell how long the log is: 16 to 50 MB."""
SEEN = "rows"


class _Beside:
    """Counts the rows that connections have changed, and puts the log away after many."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = Lock()
        self._rows = 0
        self._thread: Thread | None = None

    def returned(self, connection: Any, record: Any) -> None:
        """Look at a connection that goes back to the pool."""
        if connection is None:  # it was given up
            return
        rows = connection.total_changes
        with self._lock:
            self._rows += rows - record.info.get(SEEN, 0)
            record.info[SEEN] = rows
            if self._rows < ROWS or (self._thread and self._thread.is_alive()):
                return
            self._rows = 0
            self._thread = Thread(target=put_away, args=(self._file,), name="sqlite-log")
            self._thread.start()

    def settled(self, _engine: Engine) -> None:
        """Wait until nobody of ours is at work on the file any more: it may be copied then."""
        if self._thread:
            self._thread.join()


def put_away(file: Path) -> None:
    """Put what the log of a file holds in its place, as far as nobody reads what was before."""
    try:
        where = f"{file.resolve().as_uri()}?mode=rw"
        with closing(sqlite3.connect(where, uri=True, timeout=0)) as connection:
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
    except sqlite3.Error as error:  # a commit will do it when there are 64 MB
        log.warning("the log of %s was not put away: %s", file.name, error)


def beside(engine: Engine, file: Path) -> None:
    """Put the log of a SQLite file away beside what an engine does."""
    log_of = _Beside(file)
    event.listen(engine, "checkin", log_of.returned)
    event.listen(engine, "engine_disposed", log_of.settled)
