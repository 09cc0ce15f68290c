"""How many rows of history a second are replayed, in one process and in several.

``borough bench replay [--devices 1000] [--days 7] [--scene ID] [--processes 1 2] [--json]``
archives synthetic readings of a small district: each device reports at the interval of its class,
usual values but for an hour in fifty; merges the days; then runs ``borough scene replay
--history`` as a person would, each time from its start to its end.  The last line is one JSON
object: ``rows_s``, ``seconds`` and ``cpu_s``, of all processors together, by number of processes,
``same`` if all said the same, ``peak_mb`` the most that a single process held.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from contextlib import closing, suppress
from pathlib import Path
from time import perf_counter, sleep
from typing import Any, NamedTuple

import numpy as np
import psutil

from _ground import FLEET, SEED, fine, say, settings_in
from _told import tell
from borough.app.lake import lake_of
from borough.app.settings import Settings
from borough.core.registry import Registry
from borough.edge.placement import place
from borough.engine.district import read
from borough.storage.lake import Lake, Points
from borough.storage.sql import SqlRegistry, connect, upgrade

START = 1_720_540_800_000
"""2024-07-10 00:00 in Shanghai, in ms."""
LOOK_S = 0.1
HOUR, DAY = 3_600_000, 86_400_000
HOURS = 25
"""Hours that reports of a day may touch: the last one goes on behind midnight."""
ODD = 0.02
"""The share of hours in which a series stands at an end of what can be true (synthetic)."""
MOST = 1e3
"""An end that lies farther out is taken to be here."""


class Run(NamedTuple):
    """How long a replay took, of how many processors, the most that one held, what it said."""

    seconds: float
    cpu_s: float
    peak_mb: int
    said: dict[str, Any]


def main() -> None:
    """Read the arguments, print the figures."""
    told = argparse.ArgumentParser(prog="borough bench replay", description=__doc__)
    told.add_argument("--devices", type=int, default=1_000, help="synthetic devices")
    told.add_argument("--days", type=int, default=7, help="how long a history")
    told.add_argument("--scene", default="", help="one scene; all of them if not given")
    told.add_argument("--processes", type=int, nargs="+", default=[1, 2], help="one run for each")
    told.add_argument("--folder", type=Path, help="where to write; a temporary one if not given")
    told.add_argument("--json", action="store_true", help="print only the JSON object")
    given = told.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder, prefix="borough-replay-bench-") as folder:
        settings, registry = laid_out(Path(folder) / "data", given.devices)
        district = read(Path(settings.district))
        with closing(lake_of(settings, district.zone)) as lake:
            rows = fill(lake, registry, given.days)
        runs = {each: timed(settings, given.scene, each) for each in given.processes}
    first = next(iter(runs.values())).said
    figures = {
        "devices": given.devices,
        "days": given.days,
        "archived": rows,
        "rows": first["rows"],
        "changes": len(first["changes"]),
        "tick_s": first["tick_ms"] / 1000,
        "seconds": {each: round(run.seconds, 1) for each, run in runs.items()},
        "cpu_s": {each: round(run.cpu_s, 1) for each, run in runs.items()},
        "rows_s": {each: round(run.said["rows"] / run.seconds) for each, run in runs.items()},
        "same": all(run.said == first for run in runs.values()),
        "peak_mb": {each: run.peak_mb for each, run in runs.items()},
    }
    tell(figures, plain=given.json)


def laid_out(folder: Path, devices: int) -> tuple[Settings, Registry]:
    """Make the data folder of a district; nothing of it runs."""
    folder.mkdir()
    settings = settings_in(folder)
    engine = connect(settings.store)
    upgrade(engine)
    registry = place(read(Path(settings.district)), SEED, share=min(devices / FLEET, 1.0))
    SqlRegistry(engine).save_all(registry, meta={"district": "yubei", "name": {"en": "Bench"}})
    engine.dispose()
    settings.write()
    return settings, registry


def fill(lake: Lake, registry: Registry, days: int) -> int:
    """Archive what devices report, each at the interval of its class, and merge it day by day."""
    chance = np.random.default_rng(SEED)
    rows = 0
    for day in range(days):
        parts = [
            reported(registry, number, START + day * DAY, chance)
            for number, kind in enumerate(registry.kinds)
            if kind.role == "device" and kind.interval_s > 0
        ]
        told = Points.joined(parts)
        rows += lake.append(told.series, told.time, told.value, 0, day)
        say(f"{rows:,} rows")
        lake.compact(today="2100-01-01")
    return rows


def reported(registry: Registry, number: int, start: int, chance: np.random.Generator) -> Points:
    """Give what the devices of one class report in a day, each from a moment of its own on."""
    kind = registry.kinds[number]
    every = round(kind.interval_s * 1000)
    first = registry.first[registry.kind == number]
    times = np.arange(start, start + DAY, every)[:, None] + chance.integers(0, every, len(first))
    parts = []
    for place_, each in enumerate(kind.properties):
        ends = np.clip([each.low, each.high], -MOST, MOST)
        end = chance.choice(ends, len(first))
        odd = (chance.random((HOURS, len(first))) < ODD)[(times - start) // HOUR, range(len(first))]
        value = np.where(odd, end, fine(each))
        series = np.broadcast_to(first + place_, times.shape)
        parts.append(Points.of(series.ravel(), times.ravel(), value.ravel()))
    return Points.joined(parts)


def timed(settings: Settings, scene: str, processes: int) -> Run:
    """Replay by the command, and look ten times a second at what its processes hold."""
    words = ["scene", "replay", *([scene] if scene else []), "--history", "--json"]
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), perf_counter()
    with tempfile.TemporaryFile() as told:
        done = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-m", "borough", *words, "--processes", str(processes),
             "--data", settings.data],
            stdout=told,
        )  # fmt: skip
        most = 0
        while done.poll() is None:
            most = max(most, *(held(each) for each in (done.pid, *children(done.pid))))
            sleep(LOOK_S)
        taken, after = perf_counter() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
        told.seek(0)
        said: dict[str, Any] = json.loads(told.read())
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    say(f"{processes} processes: {taken:.1f} s for {said['rows']:,} rows, {most >> 20} MB")
    return Run(taken, cpu_s, most >> 20, said)


def children(pid: int) -> list[int]:
    """Say which processes a process has."""
    with suppress(psutil.Error):
        return [each.pid for each in psutil.Process(pid).children(recursive=True)]
    return []


def held(pid: int) -> int:
    """Say how many bytes of memory a process holds; 0 if it is gone."""
    with suppress(psutil.Error):
        return int(psutil.Process(pid).memory_info().rss)
    return 0


if __name__ == "__main__":
    main()
