"""Refusals and other small things that the audit log is told of, a second's worth at a time."""

import threading
from collections.abc import Iterable, Mapping
from typing import Any

MOST = 500
"""Kinds of entries that wait; more within a second are counted as one."""
OTHERS = ("", "refused", "others")


class Notices:
    """What waits to be written into the audit log; the same thing twice is written once, counted.

    A flood of refusals thus becomes a few entries.  Any thread may add to it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[tuple[str, str, str], dict[str, Any]] = {}

    def add(self, actor: str, verb: str, subject: str, **data: Any) -> None:
        """Have something written soon; *data* is that of the first of its kind."""
        self._count((actor, verb, subject), data, 1)

    def put_back(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Let rows that `take` gave wait on, where nobody has written them."""
        for row in rows:
            key = (row["actor"], row["verb"], row["subject"])
            self._count(key, row["data"], row["data"]["times"])

    def _count(self, key: tuple[str, str, str], data: Mapping[str, Any], times: int) -> None:
        with self._lock:
            if len(self._waiting) >= MOST and key not in self._waiting:
                key = OTHERS
            held = self._waiting.setdefault(key, {**data, "times": 0})
            held["times"] += times

    def take(self) -> list[Mapping[str, Any]]:
        """Give what waits, as rows of the audit log, and wait for more."""
        with self._lock:
            waiting, self._waiting = self._waiting, {}
        return [
            {"actor": actor, "verb": verb, "subject": subject, "data": data}
            for (actor, verb, subject), data in waiting.items()
        ]
