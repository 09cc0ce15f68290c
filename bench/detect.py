"""Measure what each scene costs over a whole district: full ticks, small ones, and the clock.

``bench/detect.py [--district FOLDER] [--rounds 7] [--scenes ...] [--json]``

Times are milliseconds of processor time, the median of some rounds.  In a full tick each thing of
the scene reports once, with all that the scene watches; in a small tick a thousand of them do.
"""

import argparse
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import median
from time import process_time
from typing import Any

import numpy as np

from borough.core.observations import REPORT_BITS, Batch, Now
from borough.core.registry import Registry
from borough.edge.placement.fleet import place
from borough.engine.catalog import BUILT_IN, find_all
from borough.engine.district.read import read
from borough.engine.runner import Runner

YUBEI = BUILT_IN.parent / "districts" / "yubei"
START_MS, STEP_MS = 1_720_569_600_000, 60_000
FEW = 1000
SECONDS_TO_MS = 1000.0


def main() -> None:
    """Place the district, measure, and print."""
    asks = argparse.ArgumentParser(description="what each scene costs over a whole district")
    asks.add_argument("--district", type=Path, default=YUBEI)
    asks.add_argument("--rounds", type=int, default=7)
    asks.add_argument("--scenes", nargs="*", default=[], help="only these; all if none is named")
    asks.add_argument("--json", action="store_true")
    given = asks.parse_args()
    figures = measure(place(read(given.district)), given.rounds, given.scenes)
    if given.json:
        print(json.dumps(figures))
        return
    print(f"{figures['things']:,} things, {figures['series']:,} series; milliseconds")
    print(f"{'':<14}{'things':>9}{'full tick':>11}{'small tick':>11}{'pass_time':>11}")
    for name, each in figures["scenes"].items():
        print(
            f"{name:<14}{each['things']:>9,}{each['tick_ms']:>11.2f}"
            f"{each['small_tick_ms']:>11.2f}{each['pass_time_ms']:>11.2f}"
        )
    print(f"{'all':<23}{figures['tick_ms']:>11.2f}{'':>11}{figures['pass_time_ms']:>11.2f}")


def measure(registry: Registry, rounds: int = 7, only: Sequence[str] = ()) -> dict[str, Any]:
    """Set the built-in scenes, or *only* some, to work on *registry* and time them."""
    found = {each.scene.id: each for each in find_all(BUILT_IN) if each.senses}
    names = only or found
    scenes = {name: timed(found[name].at_work(registry), rounds) for name in names}
    return {
        "things": len(registry.id),
        "series": len(registry.row_of_series),
        "scenes": scenes,
        "tick_ms": round(sum(each["tick_ms"] for each in scenes.values()), 3),
        "pass_time_ms": round(sum(each["pass_time_ms"] for each in scenes.values()), 3),
    }


def timed(runner: Runner, rounds: int) -> dict[str, Any]:
    """Time one scene: full ticks, then small ones, then time records."""
    every = np.arange(len(runner.watch.things))
    some = np.unique(np.random.default_rng(1).integers(0, max(len(every), 1), FEW))
    frames = Frames(runner)
    tick = timing(frames.reports(every), runner.read, rounds)
    small = timing(frames.reports(some[: len(every)]), runner.read, rounds)
    clock = timing(frames.clocks(), runner.read, rounds)
    return {
        "things": len(every),
        "readings": len(runner.watch.series),
        "tick_ms": tick,
        "small_tick_ms": small,
        "pass_time_ms": clock,
    }


class Frames:
    """Records for one scene, each a minute after the one before."""

    def __init__(self, runner: Runner) -> None:
        self.runner = runner
        self.sequence = 0

    def reports(self, things: Any) -> Iterator[Batch]:
        """Let *things* report a zero for all that the scene watches of them."""
        watch = self.runner.watch
        row = watch.row[watch.own[watch.series]]
        mine = np.isin(row, things)
        series, report = watch.series[mine], row[mine]
        while True:
            self.sequence += 1
            at = np.full(len(series), START_MS + self.sequence * STEP_MS)
            position = (np.int64(self.sequence) << REPORT_BITS) + report
            yield Batch(position, at, series, at, np.zeros(len(series)))

    def clocks(self) -> Iterator[Now]:
        """Let only time pass."""
        while True:
            self.sequence += 1
            yield Now(self.sequence << REPORT_BITS, START_MS + self.sequence * STEP_MS)


def timing(records: Iterator[Any], work: Callable[[Any], object], rounds: int) -> float:
    """Give the median time of one record, in ms; the first is not counted."""
    times = []
    for record, _ in zip(records, range(rounds + 1), strict=False):
        start = process_time()
        work(record)
        times.append(process_time() - start)
    return round(median(times[1:]) * SECONDS_TO_MS, 3)


if __name__ == "__main__":
    main()
