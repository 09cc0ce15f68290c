"""Checkpoints: what the stream has worked out so far, in one file that is whole or not there."""

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

Arrays = Mapping[str, NDArray[Any]]
KEPT = 2
"""The newest, and the one before it in case the newest cannot be read."""
ANCHORS = "anchors"
ANCHOR_S = 6 * 3600
"""How far apart checkpoints are, on the wall clock, that are kept for replays to begin at."""


def write(folder: Path, arrays: Arrays) -> None:
    """Keep *arrays* as the newest checkpoint; ``position`` among them names it."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{max(int(arrays['position']), 0):020d}.npz"
    fresh = folder / f"fresh.{os.getpid()}.tmp"
    with fresh.open("wb") as file:
        np.savez(file, allow_pickle=False, **dict(arrays))
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    for old in sorted(folder.glob("*.npz"))[:-KEPT]:
        old.unlink()
    anchor(folder, path)


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


def newest(folder: Path) -> dict[str, NDArray[Any]] | None:
    """Read the newest checkpoint that can be read; nothing if there is none."""
    for path in sorted(folder.glob("*.npz"), reverse=True):
        arrays = read(path)
        if arrays is not None:
            return arrays
    return None


def read(path: Path) -> dict[str, NDArray[Any]] | None:
    """Read one checkpoint; nothing if it is gone or damaged, and then it is laid aside."""
    try:
        with path.open("rb") as file, np.load(file) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except FileNotFoundError:  # its writer has meanwhile replaced it by a newer one
        return None
    except (OSError, ValueError, EOFError, KeyError, BadZipFile):
        with contextlib.suppress(FileNotFoundError):
            path.rename(path.with_suffix(".damaged"))
        return None
