"""What a message costs the stream role with one, two and four partitions, on the same input.

``borough bench partitions --devices 20000 --rate 20000 --seconds 20`` sets one synthetic district
up for each number of partitions, starts a bus and as many streams, and sends the same single
readings over the same gateways.  Cost is processor time of all streams together, from the first
message to the last one that is journalled; a first round over the devices is not counted.
``to_one`` is that cost over the cost with one partition; the mark is 1.2.

The same rate is dealt out to all, so with four each has a quarter: what a stream costs by itself,
a look of each scene at the clock four times a second, weighs more the less there is to do.
``idle_cores`` is what all of them take when nothing is said.
"""

import argparse
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil

from _ground import account_of, devices_of, say, send, set_up, targets_of
from _told import tell
from borough.app.bus import prepared, serves
from borough.testing.living import eventually
from borough.testing.machines import Machine, closing
from borough.testing.senders import Caller

COUNTS = (1, 2, 4)
IDLE_S = 5.0


def taken(machines: list[Machine]) -> int:
    """Count the messages that all streams have taken in."""
    told = (each.pulse("stream").get("counts", {}) for each in machines)
    return sum(each.get("messages", 0) for each in told)


def spent(machines: list[Machine]) -> float:
    """Say how much processor time all streams have used."""
    times = [psutil.Process(each.processes["stream"].pid).cpu_times() for each in machines]
    return sum(each.user + each.system for each in times)


def measure(folder: Path, parts: int, asked: argparse.Namespace) -> dict[str, Any]:
    """Set a district of so many partitions up, send, and say what it cost."""
    say(f"{parts} partitions: setting up {asked.devices} devices")
    settings, registry, tokens = set_up(folder / "data", asked.devices, asked.gateways)
    where = f"sqlite:///{folder / 'data' / 'registry.db'}"
    shared = str(folder / "shared")
    settings = replace(settings, partitions=parts, shared=shared, database=where)
    settings.write()
    prepared(settings)
    targets = targets_of(folder / "targets.csv", registry, tokens, devices_of(registry))
    machines = [Machine(settings)]
    machines += [Machine.beside(settings, folder / f"more-{n}") for n in range(1, parts)]
    with closing(*machines):
        machines[0].start("bus")
        eventually(lambda: serves(settings), "a bus")
        for each in machines:
            each.start("stream")
        machines[0].start("desk")  # it keeps the gate at the doors
        key, token = next(iter(tokens.items()))
        for each in machines:
            eventually(lambda at=each: "counts" in at.pulse("stream"), "a stream at work")
        eventually(lambda: Caller(machines[0], key, token).welcome, "an open gate")
        first = account_of(send(settings, targets, [(asked.rate, asked.warm)], 0))
        eventually(lambda: taken(machines) >= first["sent"], "the first round")
        before, known, begun = spent(machines), taken(machines), time.monotonic()
        account = account_of(send(settings, targets, [(asked.rate, asked.seconds)], 0))
        eventually(lambda: taken(machines) >= known + account["sent"], "all that was sent")
        cost, took = spent(machines) - before, time.monotonic() - begun
        quiet = spent(machines)
        time.sleep(IDLE_S)
        idle = (spent(machines) - quiet) / IDLE_S
    return {
        "partitions": parts,
        "messages": account["sent"],
        "rate": round(account["rate"]),
        "took_s": round(took, 1),
        "stream_cpu_s_per_million": round(cost / account["sent"] * 1e6, 3),
        "idle_cores": round(idle, 4),
    }


def main() -> None:
    """Measure each number of partitions, print."""
    parser = argparse.ArgumentParser(prog="borough bench partitions", description=__doc__)
    parser.add_argument("--devices", type=int, default=20_000)
    parser.add_argument("--gateways", type=int, default=64)
    parser.add_argument("--rate", type=float, default=20_000, help="messages a second")
    parser.add_argument("--warm", type=float, default=3.0, help="seconds that do not count")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--counts", type=int, nargs="*", default=COUNTS, help="of partitions")
    parser.add_argument("--json", action="store_true", help="print only the JSON object")
    asked = parser.parse_args()
    runs = []
    for parts in asked.counts:
        with tempfile.TemporaryDirectory(prefix="borough-partitions-") as name:
            runs.append(measure(Path(name), parts, asked))
    one = runs[0]["stream_cpu_s_per_million"]
    for each in runs:
        each["to_one"] = round(each["stream_cpu_s_per_million"] / one, 3)
    tell({"devices": asked.devices, "runs": runs, "worst": max(r["to_one"] for r in runs)},
         plain=asked.json)  # fmt: skip


if __name__ == "__main__":
    main()
