"""When each device reports: its class's interval, from a moment of its own."""

from dataclasses import dataclass

import numpy as np

from borough.core.observations import Index, Mask
from borough.core.registry import Registry
from borough.edge.fleet.noise import keys, share

PHASE = 1001
NEVER = np.iinfo(np.int64).max // 2
SPEAKS = ("device", "gateway")


@dataclass(slots=True)
class Schedule:
    """Each row's next moment and its intervals, now and usually (ms); NEVER where it is mute."""

    due: Index
    interval: Index
    usual: Index

    @classmethod
    def of(cls, registry: Registry, seed: int, start_ms: int) -> "Schedule":
        """Spread the reports of each class evenly over its interval."""
        roles = np.array([kind.role in SPEAKS for kind in registry.kinds])
        seconds = np.array([kind.interval_s for kind in registry.kinds])
        interval = np.where(roles, np.round(seconds * 1000), 0).astype(np.int64)[registry.kind]
        part = share(keys(seed, registry.id, PHASE, 0))
        offset = (part * interval).astype(np.int64)
        step = np.maximum(interval, 1)
        due = start_ms + (offset - start_ms) % step
        return cls(np.where(interval > 0, due, NEVER), interval, interval.copy())

    def take(self, until_ms: int, quiet: Mask) -> tuple[Index, Index]:
        """Give the rows due before *until_ms* and their moments, in order of time.

        Rows marked *quiet* let their turn pass without a word.  A row whose interval is shorter
        than the stretch asked for comes more than once.
        """
        rows_taken, moments = [], []
        while len(rows := np.flatnonzero(self.due < until_ms)):
            speaks = ~quiet[rows]
            rows_taken.append(rows[speaks])
            moments.append(self.due[rows[speaks]])
            self.due[rows] += self.interval[rows]
        if not rows_taken:
            return np.empty(0, np.int64), np.empty(0, np.int64)
        rows, when = np.concatenate(rows_taken), np.concatenate(moments)
        order = np.argsort(when, kind="stable")
        return rows[order], when[order]

    def skip(self, until_ms: int, but: Mask) -> None:
        """Let the turns before *until_ms* pass, except those of the rows marked in *but*."""
        late = (self.due < until_ms) & ~but
        step = np.maximum(self.interval[late], 1)
        self.due[late] += -(-(until_ms - self.due[late]) // step) * step

    def hurry(self, row: int, interval_ms: int, now_ms: int) -> None:
        """Let one device report faster from now on, as it does in alarm."""
        self.interval[row] = interval_ms
        self.due[row] = min(self.due[row], now_ms + interval_ms)

    def calm(self, row: int) -> None:
        """Let one device report as often as usual again."""
        self.interval[row] = self.usual[row]
