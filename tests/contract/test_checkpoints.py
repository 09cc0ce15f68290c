"""Checkpoints are whole, or they are passed over."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from borough.app import checkpoints
from borough.core.errors import BoroughError, DiskFull


def kept(folder: Path, position: int) -> Path:
    """Write a checkpoint; gives its file."""
    checkpoints.write(folder, {"position": np.array(position), "rows": np.arange(10)})
    return max(folder.glob("*.npz"))


def test_the_newest_counts_and_the_one_before_it_stays(tmp_path: Path) -> None:
    """Of many checkpoints two are kept, and the newest is read."""
    for position in (10, 20, 30):
        kept(tmp_path, position)
    found = checkpoints.newest(tmp_path)

    assert found is not None
    assert int(found["position"]) == 30
    assert found["rows"].tolist() == list(range(10))
    assert len(list(tmp_path.glob("*.npz"))) == 2


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 0.99])
def test_a_damaged_one_is_passed_over_and_laid_aside(tmp_path: Path, share: float) -> None:
    """A file cut off anywhere is not read as if it were whole; the one before it counts."""
    kept(tmp_path, 10)
    newest = kept(tmp_path, 20)
    whole = newest.read_bytes()
    newest.write_bytes(whole[: int(len(whole) * share)])

    for own in (False, True):  # a reader leaves it where it is
        found = checkpoints.newest(tmp_path, own=own)
        assert found is not None
        assert int(found["position"]) == 10
        assert newest.with_suffix(".damaged").exists() is own


def test_one_that_cannot_be_read_now_is_not_laid_aside(tmp_path: Path) -> None:
    """It may be whole, and readable at the next start; nobody begins as if there were none."""
    newest = tmp_path / f"{20:020d}.npz"
    newest.mkdir()  # to read it is an error of the system, not of what is in it

    with pytest.raises(IsADirectoryError):
        checkpoints.newest(tmp_path, own=True)
    kept(tmp_path, 10)
    found = checkpoints.newest(tmp_path, own=True)

    assert found is not None
    assert int(found["position"]) == 10
    assert newest.exists()


@pytest.mark.parametrize("at", [8, 10])
def test_a_bit_that_fell_over_is_damage_whatever_it_makes_of_the_file(
    tmp_path: Path, at: int
) -> None:
    """Such as one that is said to be encrypted, or packed in a way that nobody knows."""
    kept(tmp_path, 10)
    newest = kept(tmp_path, 20)
    whole = bytearray(newest.read_bytes())
    whole[whole.index(b"PK\x01\x02") + at] ^= 0x55
    newest.write_bytes(whole)

    found = checkpoints.newest(tmp_path, own=True)

    assert found is not None
    assert int(found["position"]) == 10
    assert newest.with_suffix(".damaged").exists()


def test_one_that_cannot_be_written_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    """A full disk by its name; those before it stay."""
    kept(tmp_path, 10)
    fresh = tmp_path / f"fresh.{os.getpid()}.tmp"
    fresh.symlink_to("/dev/full")
    with pytest.raises(DiskFull, match="No space left"):
        kept(tmp_path, 20)
    assert sorted(each.name for each in tmp_path.iterdir()) == [f"{10:020d}.npz", "anchors"]

    fresh.symlink_to(tmp_path)
    with pytest.raises(BoroughError, match="cannot be kept") as told:
        kept(tmp_path, 20)
    assert not isinstance(told.value, DiskFull)


def test_what_killed_writers_left_is_removed(tmp_path: Path) -> None:
    """But not what another one is still writing."""
    over = subprocess.Popen([sys.executable, "-c", ""])
    over.wait()
    left, busy = (tmp_path / f"fresh.{pid}.tmp" for pid in (over.pid, os.getppid()))
    for each in (left, busy):
        each.touch()

    kept(tmp_path, 10)

    assert (left.exists(), busy.exists()) == (False, True)


def test_where_there_is_none_nothing_is_found(tmp_path: Path) -> None:
    """A new district has no checkpoint yet."""
    assert checkpoints.newest(tmp_path / "nowhere") is None


@pytest.mark.parametrize(
    ("passed", "worked", "cost", "due"),
    [
        (19.0, 19.0, 0.0, False),  # too soon, however much came
        (20.0, 0.0, 0.0, True),  # one that costs nothing is taken each time
        (20.0, 3.9, 0.4, False),  # what came is read again for less than ten times its cost
        (20.0, 4.1, 0.4, True),
        (119.0, 0.1, 0.4, False),
        (120.0, 0.1, 0.4, True),  # but none is older than six times as much
    ],
)
def test_a_checkpoint_is_taken_when_it_is_worth_its_cost(
    passed: float, worked: float, cost: float, *, due: bool
) -> None:
    """At each usual time, but later where little came since the last one."""
    told = {"clock": 1000.0, "work": 50.0}
    rhythm = checkpoints.Rhythm(20.0, lambda: told["clock"], lambda: told["work"])

    told["clock"] += passed
    told["work"] += worked

    assert rhythm.due(cost) is due
    rhythm.taken()
    assert not rhythm.due(0.0)
