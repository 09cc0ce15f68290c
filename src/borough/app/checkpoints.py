"""Checkpoints: what the stream has worked out so far, in one file that is whole or not there.

One of 356,000 things, 87 MB, takes 0.15 to 0.4 s of a processor, by the machine
(docs/why/hot-path.md).
"""

import contextlib
import errno
import logging
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from borough.core.errors import BoroughError, DiskFull

log = logging.getLogger(__name__)
Arrays = Mapping[str, NDArray[Any]]
Clock = Callable[[], float]
KEPT = 2
"""The newest, and the one before it in case the newest cannot be read."""
WORTH, SELDOM = 10.0, 6.0
"""A checkpoint is worth taking once so many times its cost would have to be worked off again, or
so many times as long as usual has passed."""
BYTE_S = 5e-9
"""What one takes of a processor for a byte, before the first has told: 0.3 to 0.6 s for 87 MB."""
FULL = {errno.ENOSPC, errno.EDQUOT}
SPOILT = {errno.EINVAL, None}
"""With which an `OSError` says that a file leads nowhere; with others it could not be read now."""
ANCHORS = "anchors"
ANCHOR_S = 6 * 3600
"""How far apart checkpoints are, on the wall clock, that are kept for replays to begin at."""


class Rhythm:
    """Says when it is time for another checkpoint: every *every_s*, unless that is a waste.

    One of 356,000 things is 87 MB and takes 0.4 s of a processor; what came in 20 s of the fleet's
    own pace is read again in less than a second.  So they take at most a tenth of all work.
    *clock* and *work* say how much time has passed, and how much of a processor this thread took.
    """

    def __init__(
        self, every_s: float, clock: Clock = time.monotonic, work: Clock = time.thread_time
    ) -> None:
        self.every_s = every_s
        self._clock, self._work = clock, work
        self.taken()

    def due(self, cost_s: float) -> bool:
        """Say whether it is time, where the last one took *cost_s* of a processor."""
        passed, worked = self._clock() - self._last, self._work() - self._worked
        if passed < self.every_s:
            return False
        return worked >= WORTH * cost_s or passed >= SELDOM * self.every_s

    def taken(self) -> None:
        """Count from here."""
        self._last, self._worked = self._clock(), self._work()


def write(folder: Path, arrays: Arrays) -> None:
    """Keep *arrays* as the newest checkpoint; ``position`` among them names it.

    `DiskFull`, or another `BoroughError`, where it cannot be kept; those before it stay.
    """
    path = folder / f"{max(int(arrays['position']), 0):020d}.npz"
    fresh = folder / f"fresh.{os.getpid()}.tmp"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        sweep(folder)
        with fresh.open("wb") as file:
            np.savez(file, allow_pickle=False, **dict(arrays))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
        for old in sorted(folder.glob("*.npz"))[:-KEPT]:
            old.unlink()
        anchor(folder, path)
    except OSError as error:
        fresh.unlink(missing_ok=True)
        msg = f"the checkpoint cannot be kept: {error}"
        raise (DiskFull if error.errno in FULL else BoroughError)(msg) from error


def sweep(folder: Path) -> None:
    """Remove what writers that are gone have left unfinished; it may be large."""
    for each in folder.glob("fresh.*.tmp"):
        try:
            os.kill(int(each.name.split(".")[1]), 0)
        except ProcessLookupError:
            each.unlink(missing_ok=True)
        except PermissionError:  # somebody else's, and there
            continue


def anchor(folder: Path, path: Path) -> None:
    """Keep a checkpoint as long as the journal behind it, if the last one kept is old enough."""
    anchors = folder / ANCHORS
    anchors.mkdir(exist_ok=True)
    newest = max((each.stat().st_mtime for each in anchors.glob("*.npz")), default=0.0)
    if path.stat().st_mtime - newest >= ANCHOR_S:
        with contextlib.suppress(OSError):  # there already, or a disk that knows no links
            (anchors / path.name).hardlink_to(path)


def anchored(folder: Path) -> list[Path]:
    """List the checkpoints that replays may begin at, oldest first; positions are their names."""
    return sorted((folder / ANCHORS).glob("*.npz"))


def drop_anchors(folder: Path, oldest: int) -> None:
    """Drop checkpoints behind which the journal no longer reaches: *oldest* is its first place."""
    for each in anchored(folder):
        if int(each.stem) < oldest:
            each.unlink(missing_ok=True)


def oldest(folder: Path) -> int:
    """Give the position of the oldest checkpoint that may be needed yet; -1 if there is none."""
    return min((int(each.stem) for each in folder.glob("*.npz")), default=-1)


def latest(folder: Path) -> int:
    """Give the position of the newest checkpoint; -1 if there is none."""
    return max((int(each.stem) for each in folder.glob("*.npz")), default=-1)


def newest(folder: Path, *, own: bool = False) -> dict[str, NDArray[Any]] | None:
    """Read the newest checkpoint that can be read; nothing if there is none.

    Damaged ones are laid aside by who writes here, to whom they are their *own*.  `OSError` where
    none could be read at this moment: to begin without would lose what they hold.
    """
    wrong: OSError | None = None
    for path in sorted(folder.glob("*.npz"), reverse=True):
        try:
            arrays = read(path, own=own)
        except OSError as error:
            log.warning("a checkpoint is passed over: %s", error)
            wrong = error
            continue
        if arrays is not None:
            return arrays
    if wrong is not None:
        raise wrong
    return None


def read(path: Path, *, own: bool = False) -> dict[str, NDArray[Any]] | None:
    """Read one checkpoint; nothing if it is gone or damaged, `OSError` if it cannot be read now."""
    try:
        with path.open("rb") as file, np.load(file) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except FileNotFoundError:  # its writer has meanwhile replaced it by a newer one
        return None
    except (OSError, ValueError, EOFError, KeyError, BadZipFile, RuntimeError) as error:
        if isinstance(error, OSError) and error.errno not in SPOILT:
            raise
        if own:
            with contextlib.suppress(FileNotFoundError):
                path.rename(path.with_suffix(".damaged"))
        return None
