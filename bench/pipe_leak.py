"""Score the pipe_leak scene on a network and leaks that its parameters were not chosen on.

``bench/pipe_leak.py [RECORDING ...] [--leaks] [--set NAME=VALUE ...] [--sample FILE]``

The recordings are those of the hydraulic twin (synthetic); ``heldout_*`` where none is named.
A leak counts as found when an alarm begins in its zone while it runs; an alarm that begins in a
zone without a running leak is false, also where a hydrant was flushed.  Intervals are 95 %:
Wilson's for shares, Poisson's (to the normal approximation) for rates.  Prints one JSON object.
"""

import argparse
import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from math import inf, isnan, nan, sqrt
from pathlib import Path
from typing import Any

import numpy as np

from borough.core.observations import Batch, Index, Series
from borough.edge.twin import Recording, Truth, load, names, truth
from borough.engine.catalog import BUILT_IN, Found, find

DAY_MS, HOUR_MS, MONTH_DAYS = 86_400_000, 3_600_000, 30
A_DAY = 96
NIGHT = slice(7, 15)
"""The quarters that end from 02:00 to before 04:00, of those of a day."""
NIGHT_ENDS = 15
WEEK_MS = 7 * DAY_MS
NORMAL_95 = 1.96
SHARES = ((0.0, 0.1), (0.1, 0.2), (0.2, inf))
KINDS = ("abrupt", "incipient")
SAMPLE_ZONES, SAMPLE_WINDOWS = (4, 13), (13 * A_DAY, 22 * A_DAY + 24)


@dataclass(frozen=True, slots=True)
class Alarm:
    """A detection: its zone, when it began (ms), and the level that it began with."""

    zone: int
    at_ms: int
    level: str


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a planted leak: hours until its zone's alarm began, or NaN."""

    leak: Truth
    delay_h: float = nan
    level: str = ""

    @property
    def found(self) -> bool:
        """Whether it was seen at all."""
        return not isnan(self.delay_h)


def main() -> None:
    """Score the recordings that the arguments name and print what came out."""
    asks = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    asks.add_argument("recording", nargs="*", help=", ".join(names()))
    asks.add_argument("--leaks", action="store_true", help="list every leak, too")
    asks.add_argument("--set", action="append", default=[], metavar="NAME=VALUE")
    asks.add_argument("--json", action="store_true", help="accepted, and always so")
    asks.add_argument("--sample", type=Path, help="only write the scene's recording.csv there")
    given = asks.parse_args()
    if given.sample:
        write_sample(given.sample)
        return
    chosen = given.recording or [name for name in names() if name.startswith("heldout")]
    tuned = {name: float(value) for name, value in (each.split("=") for each in given.set)}
    print(json.dumps(score(chosen, tuned, listed=given.leaks), indent=1))


def score(chosen: Sequence[str], tuned: dict[str, float], *, listed: bool) -> dict[str, Any]:
    """Run the scene over recordings and add up what it found, missed and made up."""
    scene = find(BUILT_IN / "pipe_leak")
    warm_up = tuned.get("warm_up", scene.scene.parameters["warm_up"].value)
    fates: list[Fate] = []
    by_recording: dict[str, Any] = {}
    months, false = 0.0, 0
    for name in chosen:
        recording, planted = load(name), [each for each in truth(name) if each.kind in KINDS]
        alarms = list(heard(scene, recording, tuned))
        mine = [fate(leak, alarms) for leak in planted]
        wrong = sum(not any(while_it_ran(leak, alarm) for leak in planted) for alarm in alarms)
        by_recording[name] = {"network": recording.network, **told(mine), "false": wrong}
        fates += mine
        months += recording.zones * (recording.steps / A_DAY - warm_up) / MONTH_DAYS
        false += wrong
    figures = {"scene": "pipe_leak", "synthetic": True, **told(fates), **rate(false, months)}
    figures["by_share_of_zone_mean"] = {
        f"{kind}, {low:g} to {high:g}": told(
            [each for each in fates if each.leak.kind == kind and low <= each.leak.share < high]
        )
        for low, high in SHARES
        for kind in KINDS
    }
    figures["by_recording"] = by_recording
    return figures | ({"leaks": [spelled(each) for each in fates]} if listed else {})


def heard(scene: Found, recording: Recording, tuned: dict[str, float]) -> Iterator[Alarm]:
    """Read a recording as the journal would hold it, day by day, and give each alarm's start."""
    zones = recording.zones
    series = Series(
        thing=np.repeat(np.arange(zones), 2),
        property=np.tile(np.arange(2), zones),
        source=np.zeros(2 * zones, np.int16),
        late_ms=np.zeros(2 * zones, np.int64),
        patience_ms=np.full(2 * zones, WEEK_MS),
        properties=("net_flow", "night_flow"),
        sources=("zone_balance",),
    )
    runner = scene.runner(series, **tuned)
    for batch in journal(recording):
        for edges in runner.read(batch):
            rose = np.flatnonzero(edges.before["level"] == 0)
            for i in rose.tolist():
                level = scene.scene.levels[edges.after["level"][i]]
                yield Alarm(int(edges.thing[i]), round(float(edges.time[i]) * 1000), level)


def journal(recording: Recording) -> Iterator[Batch]:
    """Lay each day out as rows: every zone's balance of a quarter, and its least of the night."""
    net, zone = recording.net_flow(), np.arange(recording.zones)
    for first in range(0, recording.steps, A_DAY):
        parts: list[tuple[Index, Index, Any]] = []
        for k in range(first, min(first + A_DAY, recording.steps)):
            end = np.full(recording.zones, recording.start_ms + (k + 1) * recording.step_ms)
            parts.append((zone * 2, end, net[:, k]))
            if k - first == NIGHT_ENDS:
                least = net[:, first + NIGHT.start : first + NIGHT.stop].min(axis=1)
                parts.append((zone * 2 + 1, end, least))
        numbers, times, values = (np.concatenate(column) for column in zip(*parts, strict=True))
        position = first * 10_000 + np.arange(len(numbers))
        yield Batch(position, times, numbers.astype(np.int32), times, values)


def while_it_ran(leak: Truth, alarm: Alarm) -> bool:
    """Say whether an alarm began in the zone of a leak while that ran."""
    return alarm.zone == leak.zone and leak.start_ms <= alarm.at_ms <= leak.end_ms


def fate(leak: Truth, alarms: Sequence[Alarm]) -> Fate:
    """Find the first alarm that can be this leak's."""
    for alarm in alarms:
        if while_it_ran(leak, alarm):
            return Fate(leak, (alarm.at_ms - leak.start_ms) / HOUR_MS, alarm.level)
    return Fate(leak)


def told(fates: Sequence[Fate]) -> dict[str, Any]:
    """Say how many of some leaks were found, and how soon."""
    delays = sorted(each.delay_h for each in fates if each.found)
    figures: dict[str, Any] = {"planted": len(fates), "found": len(delays)}
    if fates:
        figures["recall"] = round(len(delays) / len(fates), 3)
        figures["recall_95"] = wilson(len(delays), len(fates))
    if delays:
        figures["median_delay_h"] = round(float(np.median(delays)), 1)
        figures["slowest_h"] = round(delays[-1], 1)
    return figures


def wilson(hits: int, trials: int) -> list[float]:
    """Give Wilson's interval of a share."""
    z2 = NORMAL_95**2
    middle = (hits + z2 / 2) / (trials + z2)
    half = NORMAL_95 * sqrt(hits * (trials - hits) / trials + z2 / 4) / (trials + z2)
    return [round(middle - half, 3), round(middle + half, 3)]


def rate(false: int, months: float) -> dict[str, Any]:
    """Say how often a zone is accused without cause."""
    high = (sqrt(false + 1) + NORMAL_95 / 2) ** 2
    return {
        "false_alarms": false,
        "zone_months": round(months, 1),
        "false_per_zone_month": round(false / months, 3),
        "false_per_zone_month_at_most_95": round(high / months, 3),
    }


def write_sample(path: Path) -> None:
    """Cut nine days and two zones out of the demo's recording: a burst, and a flushing.

    The meters face inwards, so that what leaves a zone counts below zero.
    """
    recording, china = load("demo"), timezone(timedelta(hours=8))
    bundled = recording.bundled(inlets=2, outlets=1)
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(
            "# Synthetic: written by bench/pipe_leak.py --sample, the demo's zones 4 and 13.\n"
        )
        out = csv.writer(file, lineterminator="\n")
        out.writerow(("thing", "property", "time", "value"))
        for k in range(*SAMPLE_WINDOWS):
            at = datetime.fromtimestamp((recording.start_ms + k * recording.step_ms) / 1000, china)
            one, other = bundled[list(SAMPLE_ZONES), :, k].tolist()
            meters = {"4a": one[0], "4b": one[1] - one[2], "13": other[0] + other[1] - other[2]}
            for name, flow in meters.items():
                out.writerow((f"meter-{name}", "flow", at.isoformat(), f"{flow:.2f}"))


def spelled(each: Fate) -> dict[str, Any]:
    """Write one leak's fate out."""
    leak = each.leak
    return {
        "kind": leak.kind,
        "zone": leak.zone,
        "size_m3h": leak.size,
        "share": leak.share,
        "grows_h": round((leak.full_ms - leak.start_ms) / HOUR_MS, 1),
        "runs_h": round((leak.end_ms - leak.start_ms) / HOUR_MS, 1),
        "delay_h": round(each.delay_h, 1) if each.found else None,
        "level": each.level,
    }


if __name__ == "__main__":
    main()
