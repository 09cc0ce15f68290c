"""Whether memory stays flat while a district runs for an hour.

``borough bench soak [--minutes 60] [--share 0.2] [--speed 10] [--data FOLDER] [--json]``

Runs the demonstration as it ships, with its synthetic fleet, planted events and simulated
workers, and weighs every role every ten seconds: what it holds that is no page of a file
(anonymous memory) and its proportional memory (PSS).  ``growth_mb_h`` is the slope of a straight
line (least squares) through the anonymous memory after the first quarter, in which caches fill;
``quarters_mb`` is what was held in the mean of each quarter.
The account of the demonstration stands beside it: what was lost, found, false and missed.
The last line is one JSON object.
"""

import argparse
import contextlib
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from _ground import say, weight_mb
from _told import tell

LOOK_S = 10.0
MINUTE_S, HOUR_S = 60.0, 3600.0
ROLES = ("supervisor", "bus", "stream", "desk", "api")
TOLD = (
    "messages", "observations", "lost", "rejected", "detections", "detections_expected",
    "detections_found", "detections_false", "latency_p50_ms", "latency_p99_ms", "cases_opened",
    "cases_closed",
)  # fmt: skip
Weights = dict[str, tuple[float, float]]
"""Of each role: anonymous memory and PSS, in MB."""


def role_of(process: psutil.Process) -> str | None:
    """Name the role that a process below the demonstration plays; none for the fleet."""
    words = process.cmdline()
    if "--role" in words:
        return words[words.index("--role") + 1]
    return "bus" if words and "nats-server" in words[0] else None


def weighed(demo: psutil.Process) -> Weights:
    """Weigh the demonstration's own process, and each role below it."""
    found: Weights = {}
    for each in (demo, *demo.children(recursive=True)):
        with contextlib.suppress(psutil.Error, OSError):
            role = "supervisor" if each == demo else role_of(each)
            if role:
                told = weight_mb(each.pid)
                before = found.get(role, (0.0, 0.0))
                found[role] = (before[0] + told["Anonymous"], before[1] + told["Pss"])
    return found


def watched(process: subprocess.Popen[str], minutes: float) -> list[tuple[float, Weights]]:
    """Weigh all roles, again and again, from the moment all are there until the first is gone."""
    demo, found = psutil.Process(process.pid), []
    begun = None
    while process.poll() is None:
        weights = weighed(demo)
        if set(weights) >= set(ROLES):
            begun = begun or time.monotonic()
            found.append((time.monotonic() - begun, weights))
            if len(found) % 6 == 1:
                held = round(sum(each[0] for each in weights.values()))
                say(f"{found[-1][0] / MINUTE_S:.0f} of {minutes:.0f} min: {held} MB anonymous")
        elif begun is not None:
            break
        time.sleep(LOOK_S)
    return found


def growth(looks: list[tuple[float, Weights]]) -> dict[str, float]:
    """Give by how many MB an hour each role grows, its first quarter left aside."""
    late = [each for each in looks if each[0] >= looks[-1][0] / 4]
    hours = np.array([at for at, _ in late]) / HOUR_S
    by_role = {name: np.array([weights[name][0] for _, weights in late]) for name in ROLES}
    by_role["all"] = np.sum(list(by_role.values()), axis=0)
    return {name: round(float(np.polyfit(hours, held, 1)[0]), 1) for name, held in by_role.items()}


def quarters(looks: list[tuple[float, Weights]]) -> list[int]:
    """Give the MB that all roles held in the mean in each quarter of the time."""
    at = np.array([each[0] for each in looks]) / looks[-1][0]
    held = np.array([sum(each[0] for each in weights.values()) for _, weights in looks])
    return [
        round(float(part.mean()))
        for part in np.split(held, np.searchsorted(at, (1 / 4, 1 / 2, 3 / 4)))
    ]


def measure(asked: argparse.Namespace, data: Path) -> dict[str, Any]:
    """Let the demonstration live, and look at it."""
    words = {
        "--data": data, "--share": asked.share, "--speed": asked.speed,
        "--exit-after": asked.minutes * MINUTE_S,
    }  # fmt: skip
    given = [f"{name}={value}" for name, value in words.items()]
    process = subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-m", "borough", "demo", *given, "--json"],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        looks = watched(process, asked.minutes)
        printed, _ = process.communicate()
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait()
    account = json.loads(printed.splitlines()[-1])
    middle, last = looks[len(looks) // 2][1], looks[-1][1]
    return {
        "synthetic": True,
        "minutes": round(looks[-1][0] / MINUTE_S, 1),
        "things": account["things"],
        "growth_mb_h": growth(looks),
        "quarters_mb": quarters(looks),
        "anonymous_mb": {name: round(last[name][0], 1) for name in ROLES},
        "anonymous_middle_mb": {name: round(middle[name][0], 1) for name in ROLES},
        "pss_mb": round(sum(pss for _, pss in last.values()), 1),
        "pss_most_mb": round(max(sum(p for _, p in each.values()) for _, each in looks), 1),
        **{name: account[name] for name in TOLD},
        "missed": account["fleet"].get("missed", []),
    }


def main() -> None:
    """Read the arguments, print the figures."""
    parser = argparse.ArgumentParser(prog="borough bench soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--share", type=float, default=0.2, help="of the fleet's devices")
    parser.add_argument("--speed", type=float, default=10.0, help="district seconds in a second")
    parser.add_argument(
        "--data", type=Path, help="where the demo lives; a temporary folder if not given"
    )
    parser.add_argument("--json", action="store_true", help="print only the JSON object")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="borough-soak-") as name:
        figures = measure(asked, asked.data or Path(name))
    tell(figures, plain=asked.json)


if __name__ == "__main__":
    main()
