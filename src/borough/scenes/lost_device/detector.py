"""Says when a device has fallen silent, and when it is back."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from borough.core.detections import Detector, Rows
from borough.core.observations import Tick, Values


@dataclass(frozen=True, slots=True)
class LostDevice(Detector):
    """A device is lost after `silence_s` in which it could have been heard and was not.

    Not every second of silence counts.  Between two time records no more counts than `gap_s`,
    or the part `gap_share` of the device's own patience: a longer pause was ours.  Behind a gateway
    a second counts once the gateway has spoken after it, and not at all where the gateway had
    said nothing for `alive_s`; a gateway speaks whenever anything comes through it.  A lost
    gateway is one alarm, and when it returns its devices start afresh.

    ``quiet_s`` is the plain silence of a thing up to the last time record, ``silent_s`` the
    silence that counts behind a gateway, ``until`` that record, or NaN if it spoke since.
    """

    memory: ClassVar = {"quiet_s": 1, "silent_s": 1, "until": 1}

    silence_s: Values
    gap_s: Values
    gap_share: Values
    alive_s: Values

    def step(self, tick: Tick, rows: Rows) -> None:  # noqa: ARG002 - that it spoke is all
        """Whoever speaks is there, whatever it says and whatever time it gives."""
        rows["until"] = np.nan
        rows["level"] = 0

    def pass_time(self, now: Values, rows: Rows) -> None:
        """Add up what counts; a thing that was never heard stays NaN, and raises nothing."""
        fresh = np.isnan(rows["until"]) & ~np.isnan(rows["heard"])
        most = np.minimum(self.gap_s, self.gap_share * np.asarray(self.silence_s))
        passed = np.clip(now - np.where(fresh, rows["heard"], rows["until"]), 0, most)
        was = rows["quiet_s"].copy()
        quiet = np.where(fresh, passed, was + passed)

        child = np.flatnonzero(rows["parent"] >= 0)
        gateway = rows["parent"][child]
        spoke = fresh.copy()
        said = fresh[child]
        spoke[gateway[said]] = True
        np.fmin.at(quiet, gateway[said], quiet[child[said]])

        heard_after = (spoke & (was <= self.alive_s))[gateway]
        counted = np.where(heard_after, was[gateway] + passed[child] - quiet[gateway], 0.0)
        silent = rows["silent_s"][child] + np.maximum(counted, 0.0)
        dark = (quiet >= self.silence_s)[gateway]
        since_word = np.maximum(passed[child] - quiet[gateway], 0.0)
        silent = np.where(said, since_word, np.where(dark, 0.0, silent))
        silent[np.isnan(quiet[child])] = np.nan
        judged = quiet.copy()
        judged[child] = silent
        rows["level"] = ((rows["level"] > 0) | (judged >= self.silence_s)) & ~spoke
        rows["silent_s"], rows["quiet_s"], rows["until"] = judged, quiet, now
