"""A scene has its turn, and loses it: too long, too much, or the death of the process."""

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.contract.test_runner import SCENE, Warm
from tests.contract.test_tuning import registry

from borough.app.turns import Allowed, Turns, culprit
from borough.core.observations import Batch
from borough.core.scenes import Scene
from borough.engine.catalog import Found
from borough.engine.pipeline import Pipeline

QUICK = Allowed(cpu_s=0.2, wall_s=1.5, grows_mb=64, deaths=2)
OTHER = Scene(
    **{name: getattr(SCENE, name) for name in Scene.__dataclass_fields__} | {"id": "other"}
)
HOT = Batch.of([(0, 0, 0, 1000, 99.0)])


class Loops(Warm):
    """Never returns, and takes every error for its own."""

    def step(self, tick: Any, rows: Any) -> None:  # noqa: ARG002 - it never looks
        """Go round."""
        while True:
            try:
                np.zeros(10).sum()
            except Exception:  # noqa: BLE001, S112 - the worst that an author may write
                continue


class Waits(Warm):
    """Waits for somebody."""

    def step(self, tick: Any, rows: Any) -> None:
        """Wait."""
        signal.pause()
        self.step(tick, rows)


class Grows(Warm):
    """Keeps what it is given, and more."""

    def step(self, tick: Any, rows: Any) -> None:
        """Take 100 MB and keep it."""
        HOARD.append(np.ones(13_000_000))
        super().step(tick, rows)


HOARD: list[Any] = []


def pipeline(rule: type[Warm], guard: Turns) -> Pipeline:
    """Set a scene to work beside a sound one."""
    pair = [Found(SCENE, rule, {}, [], Path()), Found(OTHER, Warm, {}, [], Path())]
    return Pipeline(pair, registry(), "UTC", guard=guard)


@pytest.mark.parametrize("rule", [Loops, Waits])
def test_a_scene_that_does_not_return_is_interrupted(rule: type[Warm]) -> None:
    """It is set aside with the reason, those after it have their turn, and we breathe meanwhile."""
    breaths: list[int] = []
    guard = Turns(allowed=QUICK, alive=lambda: breaths.append(1))
    work = pipeline(rule, guard)
    said = work.read(HOT)
    guard.close()

    assert [each.scene for each in said.edges] == ["other"]
    assert "did not return" in work.broken["warm"]
    assert breaths
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_a_scene_that_makes_the_process_grow_is_named() -> None:
    """Not the one that happens to have its turn when memory runs out."""
    guard = Turns(allowed=replace(QUICK, cpu_s=60, wall_s=60))
    work = pipeline(Grows, guard)
    before = guard.glutton()
    work.read(HOT)
    after = guard.glutton()
    HOARD.clear()
    guard.close()

    assert before == ""
    assert after == "warm"


def died(folder: Path, scene: str, position: int) -> None:
    """Die as a detector would that takes the process with it."""
    code = (
        "import os, sys; from pathlib import Path; from borough.app.turns import Turns; "
        "turns = Turns(Path(sys.argv[1])); turns.begin(sys.argv[2], int(sys.argv[3])); "
        "os.kill(os.getpid(), 9)"
    )
    words = [sys.executable, "-c", code, str(folder), scene, str(position)]
    done = subprocess.run(words, check=False)  # noqa: S603 - our own program
    assert done.returncode == -signal.SIGKILL


def test_whose_turn_it_was_at_two_deaths_at_one_place_is_set_aside(tmp_path: Path) -> None:
    """Once may be anybody's kill; elsewhere, or with another rule, counting starts afresh."""
    codes = {"gas": "abc", "slope": "def"}
    told = []
    for scene, position in (("gas", 5), ("gas", 6), ("slope", 6), ("slope", 6)):
        died(tmp_path, scene, position)
        told.append(culprit(tmp_path, codes, 2))

    assert told == [("", -1)] * 3 + [("slope", 6)]
    assert culprit(tmp_path, codes, 2) == ("slope", 6)
    assert culprit(tmp_path, codes | {"slope": "mended"}, 2) == ("", -1)


def test_a_kill_between_turns_accuses_nobody(tmp_path: Path) -> None:
    """The file is empty while no scene has its turn."""
    for _ in range(3):
        guard = Turns(tmp_path)
        guard.begin("gas", 5)
        guard.end()
        os.close(guard._mark)  # noqa: SLF001 - as the death of the process would

        assert culprit(tmp_path, {"gas": ""}, 2) == ("", -1)
