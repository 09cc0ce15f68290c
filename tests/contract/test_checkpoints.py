"""Checkpoints are whole, or they are passed over."""

from pathlib import Path

import numpy as np
import pytest

from borough.app import checkpoints


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

    found = checkpoints.newest(tmp_path)

    assert found is not None
    assert int(found["position"]) == 10
    assert newest.with_suffix(".damaged").exists()


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
