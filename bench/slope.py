"""Score the slope scene: false reds on a slope that never failed, warning time on simulated ones.

``bench/slope.py [--data FOLDER] [--slopes 300] [--seed 20240710] [--json] [--sample FILE]``

FOLDER holds ``baishuihe_displacement_monthly.csv`` (point, month, df_mm) and
``baishuihe_rainfall_daily.csv`` (date, value): eleven GNSS points of the Baishuihe landslide,
2006 to 2012, which moved in steps and did not fail.  They are not ours to ship.

Simulated failures follow Voight (1988, alpha = 2): over its last days the pace of a slope grows
as 1 / (time left), on top of a steady creep.  Three stations report hourly, each with 3 mm of
noise, and all with a daily cycle of 1 mm.
"""

import argparse
import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np

from borough.core.observations import Batch, Floats, Index, Series
from borough.engine.catalog import BUILT_IN, Found, find
from borough.engine.runner import Runner

HOUR_MS, DAY_S = 3_600_000, 86_400
ALLOW_MS = 900_000
STATIONS, NOISE_MM, CYCLE_MM = 3, 3.0, 1.0
LEAD_H = 6.0
CHINA = timezone(timedelta(hours=8))
MONTHLY = {"window_s": 190 * DAY_S, "stale_s": 45 * DAY_S, "rain_s": 2 * DAY_S, "least": 4.0}
"""What a monthly record needs: half a year of readings, and rain by the day."""
FIT_MONTHS = 24
FLOOR_MM_D = 0.05


def main() -> None:
    """Run what the arguments ask for and print it."""
    asks = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    asks.add_argument("--data", type=Path, help="folder with the Baishuihe tables")
    asks.add_argument("--slopes", type=int, default=200)
    asks.add_argument("--seed", type=int, default=20240710)
    asks.add_argument("--json", action="store_true")
    asks.add_argument("--sample", type=Path, help="only write the scene's recording.csv there")
    given = asks.parse_args()
    if given.sample:
        given.sample.write_text("".join(recorded(given.seed)), "utf-8")
        return
    scene = find(BUILT_IN / "slope")
    scores: dict[str, Any] = {"simulated": failures(scene, given.slopes, given.seed)}
    scores["creeping"] = creeping(scene, given.slopes // 4, given.seed)
    if given.data:
        for rule in ("careful", "median"):
            scores[f"baishuihe, {rule} v0"] = baishuihe(scene, given.data, rule)
    if given.json:
        print(json.dumps(scores))
        return
    for part, figures in scores.items():
        print(part)
        for name, figure in figures.items():
            print(f"  {name:<34} {figure}")


@dataclass(frozen=True, slots=True)
class Slopes:
    """Slopes that creep at ``v0`` mm/d and fail at an hour after a run-up of some days.

    ``scale_mm`` is how far a slope moves each time that the time left shrinks by e.
    """

    v0: Floats
    run_up_d: Floats
    scale_mm: Floats
    fails_h: Floats

    def sampled(self, dice: np.random.Generator, hours: int) -> Iterator[tuple[int, Floats]]:
        """Give the mean displacement of the stations of each slope, hour by hour."""
        phase = dice.uniform(0, 1, (STATIONS, len(self.v0)))
        for hour in range(1, hours):
            at = hour - phase
            left_d = np.maximum((self.fails_h - at) / 24, 1e-6)
            gained = self.scale_mm * np.log(np.maximum(self.run_up_d / left_d, 1.0))
            d = self.v0 * at / 24 + gained + dice.normal(0, NOISE_MM, at.shape)
            yield hour, d.mean(axis=0) + CYCLE_MM * np.sin(hour * np.pi / 12)


def between(dice: np.random.Generator, low: float, high: float, many: int) -> Floats:
    """Draw numbers evenly on a logarithmic scale."""
    return np.exp(dice.uniform(np.log(low), np.log(high), many))


def failures(scene: Found, many: int, seed: int) -> dict[str, Any]:
    """Let *many* slopes fail, and see how long before that each reached each level."""
    dice = np.random.default_rng(seed)
    v0, run_up_d = between(dice, 0.05, 0.6, many), between(dice, 2, 30, many)
    fails_h = 24 * 38.0 + dice.uniform(0, 24, many)
    slopes = Slopes(v0, run_up_d, between(dice, 20, 500, many), fails_h)
    runner = set_up(scene, many, v0=v0)
    reached = np.full((len(scene.scene.levels), many), np.nan)
    for hour, d in slopes.sampled(dice, 24 * 40):
        alive = np.flatnonzero(hour < fails_h)
        for edges in runner.read(heard(hour, alive, d[alive])):
            for level in range(1, len(reached)):
                risen = edges.after["level"] >= level
                there, told = edges.thing[risen], edges.now[risen] / 3600
                reached[level, there] = np.fmin(reached[level, there], told)
    lead = fails_h - reached
    figures: dict[str, Any] = {"slopes": many, "seed": seed}
    for number, name in enumerate(scene.scene.levels[1:], start=1):
        figures[f"{name}: share with >= {LEAD_H:.0f} h"] = share(lead[number] >= LEAD_H)
        figures[f"{name}: median lead, h"] = round(float(np.nanmedian(lead[number])), 1)
    figures["red before the run-up began"] = int((lead[-1] > run_up_d * 24).sum())
    return figures


def creeping(scene: Found, many: int, seed: int, days: int = 120) -> dict[str, Any]:
    """Let slopes creep at their steady pace, and count the alarms that this raises."""
    dice = np.random.default_rng(seed + 1)
    v0, still = between(dice, 0.05, 0.6, many), np.zeros(many)
    slopes = Slopes(v0, still + 1, still, still + np.inf)
    runner = set_up(scene, many, v0=v0)
    counts = np.zeros(len(scene.scene.levels), int)
    for hour, d in slopes.sampled(dice, days * 24):
        for edges in runner.read(heard(hour, np.arange(many), d)):
            risen = edges.after["level"] > edges.before["level"]
            counts += np.bincount(edges.after["level"][risen], minlength=len(counts))
    years = many * days / 365.25
    figures: dict[str, Any] = {"slope_years": round(years, 1)}
    for name, count in zip(scene.scene.levels[1:], counts[1:], strict=True):
        figures[f"{name} a slope-year"] = round(float(count) / years, 3)
    return figures


def baishuihe(scene: Found, folder: Path, rule: str) -> dict[str, Any]:
    """Read six years of the points, with `v0` from their first two years, and count reds."""
    points, times, d = monthly(folder / "baishuihe_displacement_monthly.csv")
    runner = set_up(scene, len(points), v0=steady_pace(times, d, rule), **MONTHLY)
    rain = daily(folder / "baishuihe_rainfall_daily.csv")
    held = np.zeros(len(scene.scene.levels), int)
    worst = np.zeros(len(points), int)
    position, total = 0, 0
    for month, time in enumerate(times):
        there = np.flatnonzero(~np.isnan(d[month]))
        mine = there.tolist()
        readings = [(time, n * 2, float(d[month, n])) for n in mine]
        until = times[month + 1] if month + 1 < len(times) else time + 1
        showers = [(when, n * 2 + 1, mm) for when, mm in rain if time < when < until for n in mine]
        top = np.zeros(len(points), int)
        for when, series, value in [*readings, *showers]:
            position += 1
            runner.read(Batch.of([(position, when, series, when, value)]))
            top = np.maximum(top, runner.rows["level"])
        if month >= FIT_MONTHS:
            judged = there[runner.rows["known"][there]]
            held += np.bincount(top[judged], minlength=len(held))
            total += len(judged)
            worst = np.maximum(worst, top)
    names = scene.scene.levels
    figures: dict[str, Any] = {"points": len(points), "point_months": total}
    figures |= {f"{name} point-months": int(held[n]) for n, name in enumerate(names)}
    figures["red per 500 point-months"] = round(500 * float(held[-1]) / max(total, 1), 2)
    figures["worst by point"] = {p: names[w] for p, w in zip(points, worst, strict=True)}
    return figures


def steady_pace(times: list[int], d: Floats, rule: str) -> Floats:
    """Read `v0` off the monthly paces of the first two years; NaN where these are too few.

    ``careful`` takes the larger of 1.5 V and V + 2 sigma, ``median`` the median of those above 0.
    """
    days = np.diff(np.array(times[: FIT_MONTHS + 1])) / (DAY_S * 1000)
    paces = np.diff(d[: FIT_MONTHS + 1], axis=0) / days[:, None]
    v0 = np.full(d.shape[1], np.nan)
    for point, column in enumerate(paces.T):
        said = column[~np.isnan(column)]
        if len(said) >= FIT_MONTHS // 2 and rule == "careful":
            mean, spread = said.mean(), said.std()
            v0[point] = max(1.5 * mean, mean + 2 * spread, FLOOR_MM_D)
        elif len(said) >= FIT_MONTHS // 2:
            v0[point] = max(np.median(said[said > 0]), FLOOR_MM_D)
    return v0


def monthly(path: Path) -> tuple[list[str], list[int], Floats]:
    """Read (point, month) displacements as a table; a month counts as its 15th day."""
    with path.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    points = sorted({row["point"] for row in rows})
    months = sorted({row["month"] for row in rows})
    d = np.full((len(months), len(points)), np.nan)
    for row in rows:
        if row["df_mm"]:
            d[months.index(row["month"]), points.index(row["point"])] = float(row["df_mm"])
    return points, [millis(f"{month}-15") for month in months], d


def daily(path: Path) -> list[tuple[int, float]]:
    """Read the rain of each day, known at the end of it."""
    with path.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return [(millis(row["date"]) + DAY_S * 1000, float(row["value"] or 0)) for row in rows]


def millis(date: str) -> int:
    """Read a day of China as its first moment, ms UTC."""
    return round(datetime.fromisoformat(date).replace(tzinfo=CHINA).timestamp() * 1000)


def recorded(seed: int, hours: int = 90) -> Iterator[str]:
    """Write four days of two slopes: one fails at hour 86, the other creeps on through rain."""
    dice = np.random.default_rng(seed)
    start = datetime(2024, 7, 9, 8, tzinfo=CHINA)
    yield f"# Synthetic: drawn by bench/slope.py --sample, seed {seed}. slope-1 fails at hour 86.\n"
    yield "thing,property,time,value\n"
    v0, run_up_d, scale_mm = np.array([0.3, 0.2]), np.array([2.5, 1.0]), np.array([150.0, 0.0])
    fails_h, zero = np.array([86.0, np.inf]), dice.uniform(0, 20, (2, 2))
    for hour in range(hours):
        for slope, station in np.ndindex(2, 2):
            at = hour + 0.25 + 0.3 * station
            left_d = max((fails_h[slope] - at) / 24, 1e-6)
            gained = scale_mm[slope] * np.log(max(run_up_d[slope] / left_d, 1.0))
            d = zero[slope, station] + v0[slope] * at / 24 + gained + dice.normal(0, NOISE_MM)
            if at < fails_h[slope]:
                when = (start + timedelta(hours=at)).isoformat(timespec="seconds")
                yield f"gnss-{slope + 1}{station + 1},d_h,{when},{max(d, 0.0):.1f}\n"
        when = (start + timedelta(hours=hour, minutes=50)).isoformat()
        yield f"rain-1,rain_24h,{when},{max(0.0, min(hour - 40, 30, 94 - hour)) * 2.5:.1f}\n"


def set_up(scene: Found, many: int, **tuned: Any) -> Runner:
    """Set the scene to work on *many* slopes with two series each: d, then rain_24h."""
    day = np.full(many * 2, 400 * DAY_S * 1000, np.int64)
    series = Series(
        thing=np.repeat(np.arange(many), 2),
        property=np.tile(np.arange(2), many),
        source=np.zeros(many * 2, np.int16),
        late_ms=day,
        patience_ms=day,
        properties=("d", "rain_24h"),
        sources=("slope",),
    )
    return scene.runner(series, **tuned)


def heard(hour: int, slope: Index, d: Floats) -> Batch:
    """Journal the displacements of one hour, when its window has closed."""
    time = np.full(len(slope), hour * HOUR_MS)
    position = hour * 100_000 + np.arange(len(slope))
    return Batch(position, time + ALLOW_MS, slope * 2, time, d)


def share(mask: Any) -> float:
    """Give the share of truths, to a thousandth."""
    return round(float(np.mean(mask)), 3)


if __name__ == "__main__":
    main()
