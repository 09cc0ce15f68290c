"""Room in the journal: what nobody needs any more is dropped here, and nothing else ever is.

The bus by itself would drop the oldest frames, whether the history has them or not.  So the
journal refuses when it is full, and whoever writes a partition drops of it what he can spare, once
it is older than a district keeps, or once room gets short.  Three questions to the bus a look,
about a millisecond; one look while a hundredth of the journal is written, or each minute.
"""

import math
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from borough.core.frames import MOST_BYTES
from borough.core.partitions import WHOLE, Part
from borough.storage.journal.journal import Journal, first_entry
from borough.storage.journal.ports import Link
from borough.storage.journal.streams import JOURNAL

SHORT, GOAL, FULL = 0.85, 0.83, 0.95
"""Which share of the journal is taken when room gets short, how much is then aimed at, and when it
is too little for whoever takes in more: he waits then, and so do those who send to him."""
LEAST, AMPLE = 4 * MOST_BYTES, 8 * MOST_BYTES
"""However small the journal, it is full with less room than the first, and the second is aimed at:
so many bytes are a few frames of the greatest length."""
OFTEN, SELDOM_S = 0.01, 60.0
LOOK_S = 0.5
"""How soon a full journal is looked at again."""
Info = dict[str, Any]


class Taken(NamedTuple):
    """How much of the journal is taken: bytes, of how many, and by which frames."""

    bytes: int
    most: int
    first: int
    last: int

    @classmethod
    def of(cls, info: Info) -> "Taken":
        """Read what the bus says of the stream."""
        state = info["state"]
        return cls(
            int(state["bytes"]),
            int(info["config"]["max_bytes"]),
            int(state["first_seq"]),
            int(state["last_seq"]),
        )

    @property
    def full(self) -> bool:
        """Say whether there is too little room for what may come next."""
        return self.bytes > min(FULL * self.most, self.most - LEAST)

    @property
    def too_many(self) -> int:
        """Give the last of the oldest frames that are too many, as if all were of one size."""
        if self.bytes <= SHORT * self.most and not self.full:
            return 0
        goal = min(GOAL * self.most, self.most - AMPLE)
        frames = self.last - self.first + 1
        return self.first + math.ceil((1 - goal / self.bytes) * frames) - 1


class Room:
    """Keeps room for one partition's frames; the link must serve nothing else meanwhile.

    *days* of the journal are kept where there is room for them.  Every method may raise `BusDown`.
    """

    def __init__(self, link: Link, journal: Journal, days: float, part: Part = WHOLE) -> None:
        self._link, self._journal, self._part = link, journal, part
        self._days = timedelta(days=days)
        self._looked, self._written, self._step = -math.inf, 0, 0
        self.enough = True

    def made(self, spare: Callable[[], int]) -> bool:
        """Drop what is too old or too much, of the frames up to *spare*; false if all is taken.

        The newest frame always stays: it says how far the doors are taken in.
        """
        if self._due():
            self._look(min(spare(), self._journal.sequence - 1))
        return self.enough

    def _due(self) -> bool:
        waited_s = time.monotonic() - self._looked
        if not self.enough:
            return waited_s >= LOOK_S
        return waited_s >= SELDOM_S or self._journal.written - self._written > self._step

    def _look(self, spare: int) -> None:
        self._looked, self._written = time.monotonic(), self._journal.written
        info = self._link.call(f"$JS.API.STREAM.INFO.{JOURNAL}")
        taken = Taken.of(info)
        self._step = round(taken.most * OFTEN)
        until = min(max(taken.too_many, self._too_old(info)), spare)
        if until >= taken.first:
            only = {} if self._part.single else {"filter": self._part.journal}
            self._link.call(f"$JS.API.STREAM.PURGE.{JOURNAL}", {"seq": until + 1, **only})
            taken = Taken.of(self._link.call(f"$JS.API.STREAM.INFO.{JOURNAL}"))
        self.enough = not taken.full

    def _too_old(self, info: Info) -> int:
        """Give the last frame that need not be kept any longer; 0 if there is none."""
        state, limit = info["state"], datetime.fromisoformat(info["ts"]) - self._days
        if not state["messages"] or datetime.fromisoformat(state["first_ts"]) >= limit:
            return 0
        kept = first_entry(self._link, self._part, since=limit)
        return kept.sequence - 1 if kept else int(state["last_seq"])
