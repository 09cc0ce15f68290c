"""Says when a device has fallen silent, and when it is back."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from borough.core.detections import Detector, Rows
from borough.core.observations import Floats, Index, Tick, Values


@dataclass(frozen=True, slots=True)
class LostDevice(Detector):
    """A device is lost after `silence_s` in which it could have been heard and was not.

    Not every second of silence counts.  Between two time records no more than `gap_s` does: a
    longer pause was ours.  Each gateway has a clock, ``clock_s``, that runs up to the last word
    which came through it, whoever sent it, and leaves out stretches at whose last look it had
    said nothing for `alive_s`; its devices are silent by that clock, since their ``mark``.  So a
    dark gateway is one alarm, and when it returns its devices start afresh.

    ``quiet_s`` is the silence of a gateway, or of a thing without one, up to ``until``.  A
    ``mark`` of NaN says that the thing spoke since time last passed.
    """

    memory: ClassVar = {"mark": 1, "quiet_s": 1, "clock_s": 1, "until": 1}

    silence_s: Values
    gap_s: Values
    alive_s: Values

    def step(self, tick: Tick, rows: Rows) -> None:  # noqa: ARG002 - that it spoke is all
        """Whoever speaks is there, whatever it says and whatever time it gives."""
        rows["mark"] = np.nan
        rows["level"] = 0

    def pass_time(self, now: Values, rows: Rows) -> None:
        """Move the clocks; a thing that was never heard raises nothing."""
        silence = np.broadcast_to(self.silence_s, len(rows))
        top = np.flatnonzero(rows["parent"] < 0)
        self._move(now, rows, top, silence[top])

        lost = top[rows["quiet_s"][top] >= silence[top]]
        late = np.flatnonzero(now - rows["heard"] >= silence)
        late = late[rows["parent"][late] >= 0]
        silent = rows["clock_s"][rows["parent"][late]] - rows["mark"][late]
        rows["level"][lost] = 1
        rows["level"][late[silent >= silence[late]]] = 1

    def _move(self, now: Values, rows: Rows, top: Index, silence: Floats) -> None:
        """Move the clock of each gateway up to its last word, and mark who spoke."""
        fresh = np.flatnonzero(np.isnan(rows["mark"]))
        fresh = fresh[~np.isnan(rows["heard"][fresh])]
        via = rows["parent"][fresh]
        place = top.searchsorted(np.where(via < 0, fresh, via)).clip(max=max(len(top) - 1, 0))
        latest = np.full(len(top), -np.inf)
        np.maximum.at(latest, place, rows["heard"][fresh])

        passed = np.clip(now - rows["until"][top], 0, self.gap_s)
        passed = np.nan_to_num(passed, nan=float(np.max(self.gap_s)))
        was, spoke, age = rows["quiet_s"][top], latest > -np.inf, np.clip(now - latest, 0, passed)
        counts = spoke & (was <= self.alive_s)
        gained = np.where(counts, np.maximum(was + passed - age, 0), 0)
        rows["clock_s"][top] = np.nan_to_num(rows["clock_s"][top]) + gained
        rows["quiet_s"][top] = np.where(spoke, age, was + passed)
        rows["until"][top] = now
        rows["level"][top[spoke]] = 0

        back = top[spoke & (was >= silence)]
        if len(back):
            excused = np.flatnonzero(np.isin(rows["parent"], back))
            rows["mark"][excused] = rows["clock_s"][rows["parent"][excused]]
        before = np.clip(now - rows["heard"][fresh], 0, passed[place]) - age[place]
        rows["mark"][fresh] = rows["clock_s"][top[place]] - before
