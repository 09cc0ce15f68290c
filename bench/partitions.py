"""What a message costs with one, two and four partitions, on the same input.

``borough bench partitions --devices 20000 --rates 8000 30000 100000`` sets one synthetic district
up for each number of partitions, starts a bus and as many streams, and sends the same single
readings over the same gateways, at each rate; one stream alone is well at work at the last.  Cost
is processor time of all streams together, over some seconds in the midst of it; long enough that
each commits to the history as often as it does all day.  What the bus takes stands beside it.

Of each number of partitions it tells

* ``rest_cores``: what the streams take when nobody says anything;
* ``plain``: all that they took at a rate, by the messages: CPU seconds a million;
* ``marginal``: the same without what rest would have taken over that time.

``to_one`` is each of them over that of one partition.  The same rate is dealt out to all, so with
four each has a quarter, and what a stream costs by itself weighs the more the less there is to do:
the mark, 1.2, is for a message more.  ``worst_marginal`` is the greatest of all and
``loaded_marginal`` that at the highest rate, which is what partitions are for;
``worst_bus_marginal`` and ``loaded_bus_marginal`` are the bus's.
"""

import argparse
import tempfile
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil

from _ground import account_of, devices_of, say, send, set_up, targets_of
from _told import tell
from borough.app.bus import prepared, serves
from borough.app.settings import Settings
from borough.app.stream import SELDOM_S
from borough.core.registry import Registry
from borough.testing.living import eventually
from borough.testing.machines import Machine, closing
from borough.testing.senders import Caller

COUNTS = (1, 2, 4)
RATES = (8_000.0, 30_000.0, 100_000.0)
REST_S = 10.0
LEAD_S, LAST_S = 4.0, 2.0
"""Before and after the seconds that count."""
MILLION = 1e6
WEIGHED = ("plain", "marginal", "bus_plain", "bus_marginal")


def taken(machines: list[Machine]) -> int:
    """Count the messages that all streams have taken in."""
    told = (each.pulse("stream").get("counts", {}) for each in machines)
    return sum(each.get("messages", 0) for each in told)


def spent(machines: list[Machine], role: str = "stream") -> float:
    """Say how much processor time all processes of a role have used."""
    found = [each.processes[role].pid for each in machines if role in each.processes]
    times = [psutil.Process(pid).cpu_times() for pid in found]
    return sum(each.user + each.system for each in times)


def laid_out(
    folder: Path, parts: int, asked: argparse.Namespace
) -> tuple[Settings, Registry, dict[str, str]]:
    """Set a district of so many partitions up, with its devices and the tokens of its gateways."""
    say(f"{parts} partitions: setting up {asked.devices} devices")
    settings, registry, tokens = set_up(folder / "data", asked.devices, asked.gateways)
    where = f"sqlite:///{folder / 'data' / 'registry.db'}"
    shared = str(folder / "shared")
    settings = replace(settings, partitions=parts, shared=shared, database=where)
    settings.write()
    prepared(settings)
    return settings, registry, tokens


def at_rest(machines: list[Machine], seconds: float) -> dict[str, float]:
    """Say how many cores streams and bus take while nobody says anything."""
    before = {role: spent(machines, role) for role in ("stream", "bus")}
    time.sleep(seconds)
    return {role: (spent(machines, role) - known) / seconds for role, known in before.items()}


def at_rate(
    settings: Settings,
    machines: list[Machine],
    targets: Path,
    step: tuple[float, float],
    rest: Mapping[str, float],
) -> dict[str, Any]:
    """Send at one rate and say what so many seconds in the midst of it cost."""
    rate, seconds = step
    known = taken(machines)
    sending = send(settings, targets, [(rate, LEAD_S + seconds + LAST_S)], 0)
    eventually(lambda: taken(machines) > known, "the first of it")
    time.sleep(LEAD_S)
    before, begun = {role: spent(machines, role) for role in rest}, time.monotonic()
    time.sleep(seconds)
    took = time.monotonic() - begun
    cost = {role: spent(machines, role) - each for role, each in before.items()}
    account = account_of(sending)
    eventually(lambda: taken(machines) >= known + account["sent"], "all that was sent")
    many = account["rate"] * took / MILLION
    marginal = {role: each - rest[role] * took for role, each in cost.items()}
    return {
        "rate": round(account["rate"]),
        "plain": round(cost["stream"] / many, 3),
        "marginal": round(marginal["stream"] / many, 3),
        "bus_plain": round(cost["bus"] / many, 3),
        "bus_marginal": round(marginal["bus"] / many, 3),
    }


def begin(machines: list[Machine]) -> None:
    """Start a bus and a desk, which keeps the gate at the doors, on the first; on all a stream."""
    machines[0].start("bus")
    eventually(lambda: serves(machines[0].settings), "a bus")
    for each in machines:
        each.start("stream")
    machines[0].start("desk")


def measure(folder: Path, parts: int, asked: argparse.Namespace) -> dict[str, Any]:
    """Set a district of so many partitions up, send, and say what it cost."""
    settings, registry, tokens = laid_out(folder, parts, asked)
    targets = targets_of(folder / "targets.csv", registry, tokens, devices_of(registry))
    key, token = next(iter(tokens.items()))
    machines = [Machine(settings)]
    machines += [Machine.beside(settings, folder / f"more-{n}") for n in range(1, parts)]
    with closing(*machines):
        begin(machines)
        for each in machines:
            eventually(lambda at=each: "counts" in at.pulse("stream"), "a stream at work")
        eventually(lambda: Caller(machines[0], key, token).welcome, "an open gate")
        first = account_of(send(settings, targets, [(min(asked.rates), LEAD_S)], 0))
        eventually(lambda: taken(machines) >= first["sent"], "the first round")
        time.sleep(SELDOM_S)  # until it is in the history
        rest = at_rest(machines, asked.rest)
        steps = [(rate, asked.seconds) for rate in sorted(asked.rates)]
        rates = [at_rate(settings, machines, targets, step, rest) for step in steps]
    return {
        "partitions": parts,
        "rest_cores": round(rest["stream"], 4),
        "bus_rest_cores": round(rest["bus"], 4),
        "rates": rates,
    }


def compared(runs: list[dict[str, Any]]) -> None:
    """Add to each run what it costs by what one partition costs."""
    first = runs[0]
    for run in runs:
        for here, there in zip(run["rates"], first["rates"], strict=True):
            for name in WEIGHED:
                here[f"{name}_to_one"] = round(here[name] / there[name], 3)


def main() -> None:
    """Measure each number of partitions, print."""
    parser = argparse.ArgumentParser(prog="borough bench partitions", description=__doc__)
    parser.add_argument("--devices", type=int, default=20_000)
    parser.add_argument("--gateways", type=int, default=64)
    parser.add_argument("--rates", type=float, nargs="+", default=RATES, help="messages a second")
    parser.add_argument("--rest", type=float, default=REST_S, help="seconds without a message")
    parser.add_argument("--seconds", type=float, default=20.0, help="that count, at each rate")
    parser.add_argument("--counts", type=int, nargs="*", default=COUNTS, help="of partitions")
    parser.add_argument("--json", action="store_true", help="print only the JSON object")
    asked = parser.parse_args()
    runs = []
    for parts in asked.counts:
        with tempfile.TemporaryDirectory(prefix="borough-partitions-") as name:
            runs.append(measure(Path(name), parts, asked))
    compared(runs)
    told: dict[str, Any] = {"devices": asked.devices, "runs": runs}
    for name in WEIGHED:
        told[f"worst_{name}"] = max(each[f"{name}_to_one"] for run in runs for each in run["rates"])
    for name in ("marginal", "bus_marginal"):
        told[f"loaded_{name}"] = max(run["rates"][-1][f"{name}_to_one"] for run in runs)
    tell(told, plain=asked.json)


if __name__ == "__main__":
    main()
