"""Says how close to exploding the air at a gas monitor is."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from borough.core.detections import Detector, Rows
from borough.core.observations import Floats, Mask, Tick, Values

FULL = 100.0  # percent
NEVER = np.inf  # no share of the explosive limit is as high


@dataclass(frozen=True, slots=True)
class Gas(Detector):
    """Compares methane with three limits, in percent of the lower explosive limit (LEL).

    Detectors in homes report in %LEL; monitors under ground in percent by volume, of which
    `lel_vol` is the explosive limit, and say nothing while they are under water.  A limit that
    is exceeded for `home_hold_s` or `space_hold_s` raises the level, and time may pass without
    a word meanwhile.  A level ends when the share has stayed below `fall` times its limit for
    `clear_s`.  ``over`` and ``under`` are since when, for each limit; NaN is "not so".
    """

    memory: ClassVar = {"lel": 1, "space": 1, "over": 3, "under": 3}

    lel_vol: Values
    home_orange: Values
    home_red: Values
    home_hold_s: Values
    space_yellow: Values
    space_orange: Values
    space_red: Values
    space_hold_s: Values
    fall: Values
    clear_s: Values

    def step(self, tick: Tick, rows: Rows) -> None:
        """Let time pass up to the report, set the clocks by it, and look again."""
        self.compare(tick.time, rows)
        home, dry = tick["ch4_lel"], ~(tick["immersed"] > 0)
        lel = np.where(np.isnan(home), tick["ch4_vol"] / self.lel_vol * FULL, home)
        said = dry & ~np.isnan(lel)
        rows["lel"] = np.where(said, lel, rows["lel"])
        rows["space"] = np.where(said, np.isnan(home), rows["space"])
        rows["known"] = dry & ~np.isnan(rows["lel"])

        limits, when, share = self._limits(rows), tick.time[:, None], rows["lel"][:, None]
        for name, holds in (
            ("over", share >= limits),
            ("under", share < np.reshape(self.fall, (-1, 1)) * limits),
        ):
            since = np.where(holds, np.fmin(rows[name], when), np.nan)
            rows[name] = np.where(said[:, None], since, rows[name])
        self.compare(tick.time, rows)

    def stirs(self, rows: Rows) -> Mask:
        """Those that smell something or did: the others stay quiet."""
        return np.asarray((rows["level"] > 0) | ~np.isnan(rows["over"]).all(axis=1))

    def pass_time(self, now: Values, rows: Rows) -> None:
        """Compare the clocks with the moment it is now."""
        self.compare(now, rows)

    def compare(self, now: Values, rows: Rows) -> None:
        """Compare the clocks with what must be held before a level begins or ends."""
        hold = np.where(rows["space"] > 0, self.space_hold_s, self.home_hold_s)[:, None]
        clear, late = np.reshape(self.clear_s, (-1, 1)), np.reshape(now, (-1, 1))
        held = np.arange(1, 4) <= rows["level"][:, None]
        held &= ~(late - rows["under"] >= clear)
        held |= late - rows["over"] >= hold
        rows["level"] = np.select([held[:, 2], held[:, 1], held[:, 0]], [3, 2, 1])

    def _limits(self, rows: Rows) -> Floats:
        """Give the three limits of each row, by where its monitor hangs."""
        home = np.broadcast_arrays(NEVER, self.home_orange, self.home_red, rows["lel"])[:3]
        space = np.broadcast_arrays(
            self.space_yellow, self.space_orange, self.space_red, rows["lel"]
        )[:3]
        under_ground = (rows["space"] > 0)[:, None]
        return np.where(under_ground, np.stack(space, axis=1), np.stack(home, axis=1))
