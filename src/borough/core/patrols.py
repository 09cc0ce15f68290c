"""Patrols: rounds over the grids of an area that come again in a rhythm, or when called for."""

import re
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from borough.core.deadlines import moment
from borough.core.errors import BadRequest
from borough.core.rosters import DAY_MIN, day_at

ON_CALL = "call"
WRITTEN = re.compile(r"([1-9]\d?)/(day|week)")
DAYS = {"day": 1, "week": 7}


@dataclass(frozen=True, slots=True)
class Rhythm:
    """So many rounds in so many days; none by itself where it is made on call.

    >>> Rhythm.read("2/week")
    Rhythm(times=2, days=7)
    """

    times: int
    days: int

    @classmethod
    def read(cls, text: str) -> "Rhythm":
        """Read ``2/week``, ``1/day`` or ``call``; `BadRequest` where it is none of these."""
        if text == ON_CALL:
            return cls(0, 0)
        match = WRITTEN.fullmatch(text)
        if match is None:
            msg = f"rhythm: must be like 2/week, 1/day or call, not {text!r}"
            raise BadRequest(msg)
        return cls(int(match[1]), DAYS[match[2]])

    def slot(self, at_ms: int, zone: ZoneInfo) -> tuple[int, int] | None:
        """Give the stretch, ms UTC, in which a round is to be made at a moment; None on call.

        Weeks begin on Monday, and the stretches of a period are alike.
        """
        if not self.times:
            return None
        day = day_at(at_ms, zone)
        first = day - timedelta(days=day.weekday() if self.days > 1 else 0)
        edges = [
            moment(first, round(self.days * DAY_MIN * number / self.times), zone)
            for number in range(self.times + 1)
        ]
        return next((start, end) for start, end in pairwise(edges) if at_ms < end)
