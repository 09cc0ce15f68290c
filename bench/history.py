"""How many bytes history takes a row, and how long its questions take.

``borough bench history [--series 40000 | --series 356000] [--json]`` writes synthetic readings,
a row a minute from each series with up to half a second of jitter, hour by hour as a journal
would bring them; merges the day; then asks.  The last line is one JSON object.  A class is
neighbouring series, as the things of a class are numbered: as many as a class of the demo's
district has in the mean, or ``--class-series``; ``largest_aggregate_p95_ms`` is of its largest
class, asked a few times.  Of fewer series classes have their shares.  Memory stays that of an
hour's rows and of an answer, however many series there are.

``beside`` holds the same figures of 14.4 million rows and classes of 1,000, here and in
VictoriaMetrics from the system's packages, where they can be had; ``--beside 0`` leaves that out.
``beside_bytes_ratio`` and the like are ours over theirs (of bytes its data alone, without its
index), ``beside_series_day_p95_ms`` is ours; null where there is nothing beside.
"""

import argparse
import resource
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import numpy as np

import _victoria
from _told import tell
from borough.app.setup import folder_of
from borough.engine.district.read import read
from borough.storage.lake import Lake, Points

START = 1_720_540_800_000
"""2024-07-10 00:00 in Shanghai, in ms."""
MINUTE, DAY = 60_000, 86_400_000
YUBEI = folder_of("yubei")
ZONE = "Asia/Shanghai"
SOME, FLEET = 40_000, 356_000
BESIDE_CLASS = 1_000
RATIOS = {
    "beside_bytes_ratio": "bytes_per_row",
    "beside_latest_ratio": "latest_p95_ms",
    "beside_aggregate_ratio": "aggregate_p95_ms",
}
"""Which of our figures is told as a share of theirs."""
BESIDE_DAY = "beside_series_day_p95_ms"
FEWEST = 3
"""So often what takes long is asked."""
HOUR_ROWS = 4_000_000
"""Of a larger fleet, an hour comes in pieces of about so many rows."""
JITTER_MS = 500
STEPS = (0.01, 0.1, 1.0)
"""What sensors resolve, in their units; each series has one of these (synthetic)."""
MEMORY, NOISE = 0.95, 1.5
"""A reading keeps 95 % of how far the one before was off, plus noise of 1.5 steps (synthetic)."""
SWING = 20
"""How many steps a reading goes up and down in a day (synthetic)."""


def readings(series: int, minutes: int, seed: int = 7) -> Iterator[Points]:
    """Synthetic readings of an hour at a time, minute by minute, series in a fixed order."""
    chance = np.random.default_rng(seed)
    step = chance.choice(STEPS, series)
    level = chance.uniform(10, 100, series) / step
    offset = np.zeros(series)
    numbers = np.arange(series, dtype=np.int32)
    length = max(1, min(60, HOUR_ROWS // series))
    for hour in range(0, minutes, length):
        some = range(hour, min(hour + length, minutes))
        time = np.empty((len(some), series), np.int64)
        value = np.empty((len(some), series))
        for row, minute in enumerate(some):
            offset = MEMORY * offset + chance.normal(0, NOISE, series)
            swing = SWING * np.sin(2 * np.pi * minute / 1440)
            value[row] = np.round(np.round(level + swing + offset) * step, 2)
            time[row] = START + minute * MINUTE + chance.integers(0, JITTER_MS + 1, series)
        yield Points(np.tile(numbers, len(some)), time.ravel(), value.ravel())


def p95_ms(ask: Callable[[int], object], times: int) -> tuple[float, float]:
    """How long a question takes at worst in 19 of 20 cases, and its usual processor time.

    After one to warm up; the processor time is the median, all threads together, and says
    what the machine would do with nothing else on it.
    """
    ask(times)
    taken = np.empty((times, 2))
    for number in range(times):
        begin = perf_counter(), process_time()
        ask(number)
        taken[number] = perf_counter() - begin[0], process_time() - begin[1]
    worst, usual = np.quantile(taken[:, 0], 0.95), np.median(taken[:, 1])
    return round(float(worst) * 1000, 2), round(float(usual) * 1000, 2)


def fill(lake: Lake, series: int, minutes: int) -> tuple[int, float]:
    """Append hour by hour; give the rows and the seconds that appending took."""
    rows, taken = 0, 0.0
    for position, hour in enumerate(readings(series, minutes)):
        begin = perf_counter()
        rows += lake.append(hour.series, hour.time, hour.value, 0, position)
        taken += perf_counter() - begin
        print(f"\r{rows:,} rows", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return rows, taken


def ask(lake: Lake, series: int, of_class: int, times: int) -> dict[str, float]:
    """Put each kind of question to a day of history."""
    chance = np.random.default_rng(3).integers(0, series, times + 1)
    first = chance % max(series - of_class, 1)
    end = START + DAY
    few = max(times // 10, FEWEST)
    questions: dict[str, tuple[Callable[[int], object], int]] = {
        "series_day": (lambda n: lake.one(int(chance[n]), START, end), times),
        "latest": (lambda _: lake.latest(), few),
        "aggregate": (
            lambda n: lake.buckets(np.arange(of_class) + first[n], START, end, "hour"),
            few,
        ),
        "together": (
            lambda n: lake.buckets(
                np.arange(of_class) + first[n], START, end, "hour", together=True
            ),
            few,
        ),
    }
    figures = {}
    for name, (question, often) in questions.items():
        figures[f"{name}_p95_ms"], figures[f"{name}_cpu_ms"] = p95_ms(question, often)
    return figures


def classes(folder: Path, series: int) -> tuple[int, int]:
    """Say how many series a class of a district's devices has in the mean, and the largest.

    That is of so many series in all, one of each device.
    """
    district = read(folder)
    count = district.fleet.count[[kind.role == "device" for kind in district.kinds]]
    mean, largest = count.mean() * series / count.sum(), count.max() * series / count.sum()
    return max(round(mean), 1), max(round(largest), 1)


def ask_largest(lake: Lake, series: int, of_class: int) -> dict[str, float]:
    """Put the question for hourly means to a class far larger than the others."""
    which = np.arange(of_class) + (series - of_class) // 2
    worst, usual = p95_ms(lambda _: lake.buckets(which, START, START + DAY, "hour"), FEWEST)
    return {
        "largest_class_series": of_class,
        "largest_aggregate_p95_ms": worst,
        "largest_aggregate_cpu_ms": usual,
    }


def measure(
    folder: Path, series: int, minutes: int, of_class: int, times: int, *, largest: int = 0
) -> dict[str, Any]:
    """Write, merge and ask, of a *largest* class too if it is given; figures by name."""
    lake = Lake(folder, ZONE)
    rows, appending = fill(lake, series, minutes)
    loose = sum(day.bytes for day in lake.days()) / rows
    open_day = p95_ms(lambda n: lake.one(n * 7 % series, START, START + DAY), 20)[0]
    begin = perf_counter()
    merged = lake.compact(today="2025-01-01")
    merging = perf_counter() - begin
    figures = {
        "rows": rows,
        "series": series,
        "class_series": of_class,
        "append_rows_per_s": round(rows / appending),
        "merge_rows_per_s": round(merged.rows / merging),
        "files": sum(day.files for day in lake.days()),
        "bytes_per_row": round(sum(day.bytes for day in lake.days()) / rows, 3),
        "bytes_per_row_before_merge": round(loose, 3),
        "series_day_before_merge_p95_ms": open_day,
        **ask(lake, series, of_class, times),
        **(ask_largest(lake, series, largest) if largest else {}),
        "peak_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }
    lake.close()
    return figures


def main() -> None:
    """Read the arguments, print the figures."""
    told = argparse.ArgumentParser(prog="borough bench history", description=__doc__)
    told.add_argument("--series", type=int, default=SOME, help=f"{FLEET} is the whole fleet")
    told.add_argument("--minutes", type=int, default=1_440)
    told.add_argument("--class-series", type=int, default=0, help="0: the mean of the district's")
    told.add_argument("--times", type=int, default=100, help="how often each question is put")
    told.add_argument("--folder", type=Path, help="where to write; a temporary one if not given")
    told.add_argument("--beside", type=int, default=10_000, help="series for VictoriaMetrics")
    told.add_argument("--json", action="store_true", help="print only the JSON object")
    given = told.parse_args()
    mean, largest = classes(YUBEI, given.series)
    of_class = min(given.class_series or mean, given.series)
    with tempfile.TemporaryDirectory(dir=given.folder, prefix="borough-history-") as folder:
        figures = measure(
            Path(folder) / "whole", given.series, given.minutes, of_class, given.times,
            largest=largest,
        )  # fmt: skip
        found = beside(Path(folder), given) if given.beside else {}
    figures |= {**ratios(found), **({"beside": found} if found else {})}
    tell(figures, plain=given.json)


def beside(folder: Path, given: argparse.Namespace) -> dict[str, Any]:
    """Put the same questions to the same rows, once here and once to VictoriaMetrics."""
    few = min(BESIDE_CLASS, given.beside)
    ours = measure(folder / "ours", given.beside, given.minutes, few, given.times)
    with _victoria.running(folder / "theirs") as theirs:
        if theirs is None:
            return {"victoria_metrics": "not to be had here", "borough": ours}
        found = asked_there(theirs, given, few)
    return {"victoria_metrics": found, "borough": ours}


def ratios(found: Mapping[str, Any]) -> dict[str, float | None]:
    """Say how much ours is of theirs, less being better; None of what there is nothing beside."""
    ours, theirs = found.get("borough"), found.get("victoria_metrics")
    if not isinstance(ours, dict) or not isinstance(theirs, dict):
        return dict.fromkeys((*RATIOS, BESIDE_DAY))
    told = {name: round(ours[each] / theirs[each], 3) for name, each in RATIOS.items()}
    return {**told, BESIDE_DAY: ours["series_day_p95_ms"]}


def asked_there(
    theirs: _victoria.Victoria, given: argparse.Namespace, few: int
) -> dict[str, float]:
    """Fill VictoriaMetrics with the same rows, and ask it."""
    rows, taken = _victoria.fill(theirs, readings(given.beside, given.minutes), few)
    figures = {
        "rows": rows,
        "append_rows_per_s": round(rows / taken),
        "bytes_per_row": round(_victoria.settled(theirs.data / "data") / rows, 3),
        "index_bytes_per_row": round(_victoria.size(theirs.data / "indexdb") / rows, 3),
    }
    stretch = (START, START + DAY)
    asks = _victoria.questions(theirs, stretch, given.beside, few, given.times)
    for name, ask in asks.items():
        often = given.times if name == "series_day" else max(given.times // 10, 3)
        figures[f"{name}_p95_ms"] = p95_ms(ask, often)[0]
    return figures


if __name__ == "__main__":
    main()
