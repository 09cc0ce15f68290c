"""Replay: hand a stretch of the journal or of history to the scenes, and hear what they say."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import numpy as np

from borough.core.errors import BadRequest
from borough.core.frames import Frame
from borough.core.observations import REPORT_BITS, Batch, Floats, Index, Now, Record
from borough.engine.pipeline import Pipeline

ORDER = itemgetter("position", "scene", "thing")
"""How changes are ordered; no two are alike in all of it."""
MOST_MS = 1 << 63 - REPORT_BITS
"""Places of a longer stretch, 17 years, would not fit into 63 bits."""


@dataclass(frozen=True, slots=True)
class Past:
    """A stretch of history as records: each row taken to have arrived when it was measured.

    That is the difference to the journal, which knows what came late, in another order, or not
    until an outage was over: what depends on arrival may come out otherwise than it did live.
    ``row_of_series`` names the thing of each series.  The clock is told every ``tick_ms``,
    counted from 1970.  A place is the ms since ``start_ms``, then the thing that spoke, so it
    follows from the row alone, however history is sliced and things are shared out.
    """

    row_of_series: Index
    start_ms: int
    end_ms: int
    tick_ms: int

    def __post_init__(self) -> None:
        if self.end_ms - self.start_ms >= MOST_MS:
            msg = "a replay cannot be longer than 17 years"
            raise BadRequest(msg)

    def records(
        self, series: Index, time: Index, value: Floats, stretch: tuple[int, int]
    ) -> Iterator[Record]:
        """Turn the rows of ``[start, end)`` into records, with the ticks after start up to end.

        Columns are in order of time (ms), those of one moment series by series.
        """
        start, end = stretch
        report = self.row_of_series[series] + np.int64(1)  # 0 is the clock, before all of a moment
        columns: tuple[Any, ...] = (self._place(time) + report, time, series, time, value)
        first = (start // self.tick_ms + 1) * self.tick_ms
        ticks = range(first, end + 1, self.tick_ms)
        begin = 0
        for now, cut in zip(ticks, time.searchsorted(np.array(ticks)).tolist(), strict=True):
            if cut > begin:
                yield Batch(*(each[begin:cut] for each in columns))
            yield Now(int(self._place(np.int64(now))), now)
            begin = cut
        if begin < len(time):
            yield Batch(*(each[begin:] for each in columns))

    def _place(self, time: Any) -> Any:
        """Give the first place of a moment, or of many; there is one before the stretch begins."""
        return (time - self.start_ms + 1) << REPORT_BITS


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two tellings of one stretch: what both say, and what only one of them does.

    A change is known by the name of its detection, its position and its level.
    """

    same: int
    missing: list[dict[str, Any]]
    extra: list[dict[str, Any]]

    @property
    def equal(self) -> bool:
        """Say whether the two tellings are one."""
        return not self.missing and not self.extra


def replay(pipeline: Pipeline, frames: Iterable[tuple[int, Frame]]) -> Iterator[dict[str, Any]]:
    """Give every change of level, spelled out, in the order of the journal.

    *frames* are ``(sequence, frame)`` in rising order, from where the pipeline stands.
    Results of derivations are read from the journal, as the live run left them there.
    """
    for sequence, frame in frames:
        for edges in pipeline.read(frame.record(sequence), frame.cause).edges:
            yield from edges.spelled()


def recount(pipeline: Pipeline, records: Iterable[Record]) -> Iterator[dict[str, Any]]:
    """Give every change of level that records of the past lead to, in order of their places.

    Of one place the order is that of scenes, then of things.
    """
    for record in records:
        said = [each for edges in pipeline.read(record).edges for each in edges.spelled()]
        yield from sorted(said, key=ORDER)


def compare(live: Iterable[dict[str, Any]], again: Iterable[dict[str, Any]]) -> Comparison:
    """Compare what a live run said with what a replay says."""
    first = {(each["id"], each["position"], each["level"]): each for each in live}
    second = {(each["id"], each["position"], each["level"]): each for each in again}
    return Comparison(
        same=len(first.keys() & second.keys()),
        missing=[first[key] for key in sorted(first.keys() - second.keys())],
        extra=[second[key] for key in sorted(second.keys() - first.keys())],
    )
