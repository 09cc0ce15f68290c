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


def write(folder: Path, arrays: Arrays) -> None:
    """Keep *arrays* as the newest checkpoint; ``position`` among them names it."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{max(int(arrays['position']), 0):020d}.npz"
    fresh = folder / "fresh.tmp"
    with fresh.open("wb") as file:
        np.savez(file, allow_pickle=False, **dict(arrays))
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    for old in sorted(folder.glob("*.npz"))[:-KEPT]:
        old.unlink()


def newest(folder: Path) -> dict[str, NDArray[Any]] | None:
    """Read the newest checkpoint that can be read; nothing if there is none."""
    for path in sorted(folder.glob("*.npz"), reverse=True):
        try:
            with path.open("rb") as file, np.load(file) as arrays:
                return {name: arrays[name] for name in arrays.files}
        except FileNotFoundError:  # its writer has meanwhile replaced it by a newer one
            continue
        except (OSError, ValueError, EOFError, KeyError, BadZipFile):
            with contextlib.suppress(FileNotFoundError):
                path.rename(path.with_suffix(".damaged"))
    return None
