"""How cost grows from 1,000 devices to the whole fleet, and what more would need.

``borough bench scale [--sizes 1000 10000 100000 356000] [--json]`` measures each size, keeps the
figures in ``docs/why/scale.json``, and writes the tables of ``docs/why/scale.md`` and the plots
beside it.  ``--page`` only writes them again from the figures that are kept.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import detect
import history
from _plots import plot
from all import machine
from borough.core.registry import Registry
from borough.edge.placement import place
from borough.engine.district.read import read

HERE = Path(__file__).parent
WHY = HERE.parent / "docs" / "why"
BEGIN, END = "<!-- figures of scale.json -->", "<!-- end of figures -->"
ROLES = ("bus", "stream", "desk", "api")
SIZES = (1_000, 10_000, 100_000, 356_000)
WANTED = (1_000, 10_000, 100_000, 356_000, 1_000_000, 3_000_000, 10_000_000)
SECONDS = 20
FASTER = (1, 10, 100)
"""How many times as often as they do the devices of the largest size report: its usual mix so
stands for that of larger districts."""
MINUTES, OF_A_DAY = 60, 10_000
"""Questions are put to an hour of all series; bytes are those of a day, of so many at most."""
BUSY = 0.7
"""Of a core, before another is counted: the rest is for bursts and recovery."""
DAY_S = 86_400


def bench(name: str, *words: str) -> Any:
    """Run one of the other benches, and give its figures."""
    done = subprocess.run(  # noqa: S603 - our own benches
        [sys.executable, str(HERE / f"{name}.py"), "--json", *words],
        check=True, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    return json.loads(done.stdout.splitlines()[-1])


def said_per_s(registry: Registry) -> tuple[float, float]:
    """Say how many reports and how many readings a second the registry's devices make."""
    speaks = [each.role in {"device", "gateway"} and each.interval_s > 0 for each in registry.kinds]
    rate = np.array(
        [1 / k.interval_s if s else 0.0 for k, s in zip(registry.kinds, speaks, strict=True)]
    )
    wide = np.array([len(kind.properties) for kind in registry.kinds])
    return float(rate[registry.kind].sum()), float((rate * wide)[registry.kind].sum())


def measured(size: int, times: Sequence[float]) -> dict[str, Any]:
    """Measure one size; its usual mix of reports at so many times its rate."""
    print(f"{size:,} devices", file=sys.stderr, flush=True)
    share = min(size / history.FLEET, 1.0)
    registry = place(read(detect.YUBEI), 1, share=share)
    reports, readings = said_per_s(registry)
    ticks = detect.measure(registry, 3)
    weight = bench("memory", "--share", str(share), "--quiet", "5", "--busy", "10")
    words = ("--devices", str(size), "--seconds", str(SECONDS))
    each = bench("ingest", *words, "--rate", str(size), "--reader-seconds", "0")
    usual = bench("ingest", *words, "--profile", "fleet", "--times", *map(str, times))
    with tempfile.TemporaryDirectory(prefix="borough-scale-") as folder:
        stored = history.measure(Path(folder) / "hour", size, MINUTES, min(size, 1000), 20)
        some = min(size, OF_A_DAY)
        day = history.measure(Path(folder) / "day", some, 24 * MINUTES, some, 3)
    cost = each["cpu_s_per_million"]
    return {
        "devices": size, "series": len(registry.numbers),
        "reports_per_s": round(reports, 2), "readings_per_s": round(readings, 2),
        "quiet_mb": round(sum(weight["quiet_mb"].values())),
        "busy_mb": round(sum(weight["busy_mb"].values())), "roles_mb": weight["busy_mb"],
        "tick_ms": ticks["tick_ms"], "pass_time_ms": ticks["pass_time_ms"],
        "bus_s_per_million": cost["bus"], "stream_s_per_million": cost["stream"],
        "each_cores": cores(each),
        "lost": each["lost"], "p99_ms": each["p99_ms"],
        "usual": [[run["sent"] / SECONDS, cores(run)] for run in usual["runs"]],
        "usual_cores": cores(usual["runs"][0]),
        "bytes_per_row": day["bytes_per_row"], "series_cpu_ms": stored["series_day_cpu_ms"],
        "latest_cpu_ms": stored["latest_cpu_ms"], "aggregate_cpu_ms": stored["aggregate_cpu_ms"],
    }  # fmt: skip


def cores(run: Mapping[str, Any]) -> float:
    """Say how many cores our processes need for what a run sent, also where they had fewer."""
    cost = sum(run["cpu_s_per_million"][name] for name in ROLES)
    return round(run["sent"] / SECONDS * cost / 1e6, 4)


COLUMNS = {
    "devices": "devices", "series": "series", "quiet_mb": "memory quiet, MB",
    "busy_mb": "memory busy, MB", "usual_cores": "cores, usual mix",
    "each_cores": "cores, one message a second each", "bus_s_per_million": "of it bus, s a million",
    "stream_s_per_million": "stream, s a million", "tick_ms": "a tick of all, ms",
    "pass_time_ms": "a look at the clock, ms", "bytes_per_row": "bytes a row",
    "series_cpu_ms": "one series, ms", "latest_cpu_ms": "latest of all, ms",
    "aggregate_cpu_ms": "aggregate, ms",
}  # fmt: skip


def table(heads: list[str], rows: list[list[Any]]) -> list[str]:
    """Write a table."""

    def shown(each: Any) -> str:
        return each if isinstance(each, str) else f"{each:,.3g}" if each < 100 else f"{each:,.0f}"  # noqa: PLR2004 - three digits below

    lines = [f"| {' | '.join(heads)} |", f"|{' --- |' * len(heads)}"]
    return [*lines, *(f"| {' | '.join(map(shown, row))} |" for row in rows)]


def factors(kept: Mapping[str, Any]) -> dict[str, float]:
    """Take what sizing multiplies from the smallest and the largest size measured."""
    small, large = kept["sizes"][0], kept["sizes"][-1]
    per_series = (large["busy_mb"] - small["busy_mb"]) / (large["series"] - small["series"])
    return {
        "series of a device": large["series"] / large["devices"],
        "reports a second of a device": large["reports_per_s"] / large["devices"],
        "readings a second of a device": large["readings_per_s"] / large["devices"],
        "KB of memory a series": per_series * 1024,
        "MB of memory before any series": large["busy_mb"] - per_series * large["series"],
        "bytes of history a row": large["bytes_per_row"],
        "seconds of stream a million messages": large["stream_s_per_million"],
    }


def sized(of: Mapping[str, float], kept: Mapping[str, Any], devices: int) -> list[Any]:
    """Work out what so many devices need."""
    (series, reports, readings, kb, base, row, stream) = of.values()
    usual = between(
        sorted(pair for each in kept["sizes"] for pair in each["usual"]), devices * reports
    )
    every_second = between([[each["devices"], each["each_cores"]] for each in kept["sizes"]],
                           devices)  # fmt: skip
    memory = (base + devices * series * kb / 1024) / 1024
    gb_a_day = devices * readings * DAY_S * row / 1e9
    workers = int(-(-devices * stream // (1e6 * BUSY)))
    return [devices, devices * series, devices * reports, usual, memory, gb_a_day,
            every_second, workers]  # fmt: skip


def between(pairs: Sequence[Sequence[float]], at: float) -> float:
    """Read a figure off measured ones, along lines between their logarithms.

    Beyond the last it grows in proportion.
    """
    across, up = np.log(np.array(pairs)).T
    beyond = max(at / pairs[-1][0], 1.0)
    return beyond * float(np.exp(np.interp(np.log(at), across, up)))


def page(kept: Mapping[str, Any]) -> str:
    """Write the part of the page that figures make."""
    of, rows = kept["machine"], kept["sizes"]
    multiply = factors(kept)
    lines = [
        BEGIN,
        "",
        (f"Measured {of['at']} on {of['cores']} cores of {of['cpu']}, {of['memory_gb']} GB, "
        f"{of['kernel']}, Python {of['python']}; load before it began: {of['load_before'][0]}."),
        "",
        *table(list(COLUMNS.values()), [[each[name] for name in COLUMNS] for each in rows]),
        "",
        "![memory](scale-memory.svg) ![detection](scale-detection.svg)",
        "",
        "![ingest](scale-ingest.svg) ![history](scale-history.svg)",
        "",
        "## Sizing 配置估算",
        "",
        *table(["factor, from the smallest and the largest size above", "value"],
               [[name, value] for name, value in multiply.items()]),
        "",
        *table(
            ["devices", "series", "reports/s, usual mix", "cores, usual mix", "memory, GB",
             "history a day, GB", "cores, one message a second each", "stream workers for that"],
            [sized(multiply, kept, each) for each in WANTED],
        ),
        "",
        END,
    ]  # fmt: skip
    return "\n".join(lines)


def plots(kept: Mapping[str, Any]) -> dict[str, str]:
    """Draw what the figures show."""
    rows = kept["sizes"]
    across = [each["devices"] for each in rows]

    def of(names: Mapping[str, str]) -> dict[str, list[float]]:
        return {told: [each[name] for each in rows] for name, told in names.items()}

    return {
        "memory": plot(
            "Memory of all processes", "MB", across, of({"quiet_mb": "quiet", "busy_mb": "busy"})
        ),
        "detection": plot(
            "All scenes, processor time", "ms", across,
            of({"tick_ms": "a tick", "pass_time_ms": "clock"}),
        ),
        "ingest": plot(
            "A million messages, one a second each", "processor s", across,
            of({"bus_s_per_million": "bus", "stream_s_per_million": "stream"}),
        ),
        "history": plot(
            "Questions to an hour of history", "processor ms", across,
            of({"series_cpu_ms": "one series", "latest_cpu_ms": "latest of all",
                "aggregate_cpu_ms": "aggregate"}),
        ),
    }  # fmt: skip


def written(kept: Mapping[str, Any], text: str) -> str:
    """Put the figures' part into the page's text, in place of the part that is there."""
    head, rest = text.split(BEGIN)
    return head + page(kept) + rest.split(END)[1]


def main() -> None:
    """Measure, keep, write."""
    parser = argparse.ArgumentParser(prog="borough bench scale", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--page", action="store_true", help="only write what figures make")
    parser.add_argument("--json", action="store_true", help="print only the JSON object")
    asked = parser.parse_args()
    path = WHY / "scale.json"
    if not asked.page:
        largest = max(asked.sizes)
        found = {
            "machine": machine(),
            "sizes": [
                measured(each, FASTER if each == largest else FASTER[:1]) for each in asked.sizes
            ],
        }
        path.write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    kept = json.loads(path.read_text("utf-8"))
    text = WHY / "scale.md"
    text.write_text(written(kept, text.read_text("utf-8")), "utf-8")
    for name, drawn in plots(kept).items():
        (WHY / f"scale-{name}.svg").write_text(drawn, "utf-8")
    if not asked.json:
        print(page(kept))
    print(json.dumps(kept))


if __name__ == "__main__":
    main()
