"""How many messages a second a district takes in from real MQTT, and what each costs.

``borough bench ingest --devices 356000 --rate 356000 --seconds 60 --idle 20000`` sets a synthetic
district up in a folder of its own, starts all its roles, and lets a process of its own send
single-reading messages over 200 gateway connections, beside others that say nothing.
``--profile fleet`` sends what the classes send, as often as they do, at ``--times`` 1, 10 and 100
times that.
``--door http`` posts batches instead: all other arguments are then those of ``bench batches``.
The last line is one JSON object.

``lost`` is what was sent and neither stored nor rejected: messages that never arrived (with QoS 0
what the bus or the reader dropped), and readings that did.  ``twice`` are readings of a series and
time that the journal held already: none, but for ``--profile fleet``, where a device may report
twice within a millisecond.  ``archived`` are those that the history holds once it has taken in the
journal, and ``not_archived`` those that it lacks.  Latency is from sending to evaluated, for every
reading: as the stream works frame by frame, a frame is evaluated at the latest when the next one
begins, and that is the moment taken.  ``reader_only_rate`` is what a reader on the same bus manages
that decodes and does nothing else, ``reader_only_cpu_s_per_million`` what that costs, and
``to_bare`` how many times as much our processes (stream, desk, api) take.  A first round over the
devices is not counted: it fills tables once.
"""

import argparse
import gc
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import batches
from _ground import (
    FLEET,
    Idle,
    Steps,
    account_of,
    counts,
    devices_of,
    drained,
    end_of_journal,
    latency,
    mixed_of,
    per_second,
    processor_s,
    say,
    send,
    set_up,
    targets_of,
)
from _held import in_history, told
from _told import tell
from borough.adapters.bare import Pace, read_only
from borough.adapters.limits import Limits
from borough.adapters.mqtt import Decoder
from borough.app.bus import bus_of
from borough.app.clocks import wall_ms
from borough.app.district_run import pss_mb, supervisor
from borough.app.settings import Settings
from borough.app.supervisor import Supervisor
from borough.core.registry import Registry

OURS = ("stream", "desk", "api")
COUNTED = ("lost", "rejected", "not_archived")
TIMES = (1, 10, 100)
CYCLE = 200_000
"""Reports of a fleet that are sent round and round."""


class Bed(NamedTuple):
    """A district set up to be measured, and who keeps it running."""

    settings: Settings
    registry: Registry
    watch: Supervisor


def measure(bed: Bed, targets: Path, steps: Steps, qos: int) -> dict[str, Any]:
    """Send, wait until it has arrived, and say what came of it."""
    settings, registry, watch = bed
    before, place, used = counts(settings), end_of_journal(settings), processor_s(watch.pids())
    rate, seconds = steps[0]
    say(f"sending {rate:.0f} messages/s for {seconds:.0f} s with QoS {qos}")
    begun, since_ms = time.monotonic(), settings.clock.now(wall_ms())
    account = account_of(send(settings, targets, steps, qos))
    after = drained(settings, before["messages"] + account["sent"])
    spent, took = processor_s(watch.pids()), time.monotonic() - begun
    weights = {name: pss_mb([pid]) for name, pid in watch.pids().items()}
    time.sleep(2 * settings.tick_ms / 1000)
    stored, waits = latency(settings, place)
    twice, last = told(settings, place)
    archived = in_history(settings, registry, last, since_ms)
    come = {name: after[name] - before[name] for name in ("messages", "received", "rejected")}
    millions = max(come["messages"], 1) / 1e6
    cost = {name: spent[name] - used[name] for name in spent}
    per_million = {name: round(each / millions, 3) for name, each in cost.items()}
    return {
        "qos": qos, "rate": round(account["rate"]),
        "sent": account["sent"], "acked": account["acked"], "messages": come["messages"],
        "stored": stored, "rejected": come["rejected"], "lost": lost(account["sent"], come, stored),
        "twice": twice, "archived": archived, "not_archived": stored - twice - archived, **waits,
        "cpu_s_per_million": per_million | {"generator": round(account["cpu_s"] / millions, 3)},
        "cores": {name: round(each / took, 4) for name, each in cost.items()},
        "pss_mb": weights,
    }  # fmt: skip


def lost(sent: int, come: Mapping[str, int], stored: int) -> int:
    """Count messages that never arrived and readings that are neither stored nor rejected."""
    return sent - come["messages"] + come["received"] - stored - come["rejected"]


def reader_only(bed: Bed, targets: Path, seconds: float) -> Pace:
    """Let the bus serve a bare reader and nobody else, as fast as it can."""
    settings, registry, watch = bed
    say(f"a bare reader on the same bus, {seconds:.0f} s")
    for role in watch.roles:
        if role.name in {"stream", "desk"} and role.process:
            role.process.terminate()
            role.process.wait()
    generator = send(settings, targets, [(2 * FLEET, seconds)], 0)
    decoder = Decoder(registry, Limits.load())
    gc.freeze()  # as the stream does, so that both are measured alike
    gc.disable()
    try:
        pace = read_only(bus_of(settings), decoder, lambda: settings.clock.now(wall_ms()))
    finally:
        gc.enable()
        gc.unfreeze()
    account_of(generator)
    return pace


def every_second(bed: Bed, targets: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """Let each device report once a second, or so often that the rate is kept."""
    warm_s = min(asked.devices / asked.rate, asked.seconds)
    say(f"first round over the devices, {warm_s:.0f} s, not counted")
    known = counts(bed.settings)["messages"]
    first = account_of(send(bed.settings, targets, [(asked.rate, warm_s)], asked.qos))
    drained(bed.settings, known + first["sent"])
    result = measure(bed, targets, [(asked.rate, asked.seconds)], asked.qos)
    result["devices"] = asked.devices
    if asked.reader_seconds:
        pace = reader_only(bed, targets, asked.reader_seconds)
        bare = pace.cpu_s / max(pace.readings, 1) * 1e6
        ours = sum(result["cpu_s_per_million"][name] for name in OURS)
        result |= {
            "reader_only_rate": round(pace.rate),
            "reader_only_cpu_s_per_million": round(bare, 3),
            "to_bare": round(ours / bare, 2) if bare else None,
        }
    return result


def as_the_fleet_does(bed: Bed, targets: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """Send the fleet's own mix of reports at so many times its rate."""
    rows = devices_of(bed.registry)
    once = float(per_second(bed.registry, rows).sum())
    runs = [
        {"times": times, **measure(bed, targets, [(once * times, asked.seconds)], 0)}
        for times in asked.times
    ]
    return {
        "devices": len(rows), "profile": "fleet", "reports_per_s": round(once, 1), "runs": runs,
        **together(runs),
    }  # fmt: skip


def together(runs: list[dict[str, Any]]) -> dict[str, float]:
    """Say of all runs what has a goal, and what each took in all.

    Bus, stream, desk and api together: per cent of a core, and memory (PSS) in MB.
    """
    figures = {name: sum(run[name] for run in runs) for name in COUNTED}
    figures["p99_ms"] = max((run["p99_ms"] for run in runs if "p99_ms" in run), default=None)
    for run in runs:
        figures[f"core_pct_{run['times']:g}x"] = round(100 * sum(run["cores"].values()), 1)
        figures[f"pss_mb_{run['times']:g}x"] = round(sum(run["pss_mb"].values()), 1)
    return figures


def main() -> None:
    """Set up, measure, print."""
    door = argparse.ArgumentParser(add_help=False)
    door.add_argument("--door", choices=("mqtt", "http"), default="mqtt", help="http: batches")
    through, rest = door.parse_known_args()
    if through.door == "http":
        batches.main(rest)
        return
    parser = argparse.ArgumentParser(
        prog="borough bench ingest", description=__doc__, parents=[door]
    )
    parser.add_argument("--profile", choices=("single", "fleet"), default="single")
    parser.add_argument("--times", type=float, nargs="*", default=TIMES, help="of the fleet's rate")
    parser.add_argument("--devices", type=int, default=FLEET)
    parser.add_argument("--rate", type=float, default=50_000, help="messages a second")
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--qos", type=int, choices=(0, 1), default=0)
    parser.add_argument("--gateways", type=int, default=200)
    parser.add_argument("--idle", type=int, default=0, help="connections that say nothing")
    parser.add_argument("--reader-seconds", type=float, default=5, help="0: no bare reader")
    parser.add_argument("--json", action="store_true", help="print only the JSON object")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="borough-ingest-") as name:
        say(f"setting up {asked.devices} devices")
        folder = Path(name)
        settings, registry, tokens = set_up(folder / "data", asked.devices, asked.gateways)
        rows = devices_of(registry)[: asked.devices]
        single = targets_of(folder / "targets.csv", registry, tokens, rows)
        watch = supervisor(settings, say)
        idle = None
        try:
            watch.start()
            bed = Bed(settings, registry, watch)
            if asked.idle:
                idle = Idle(settings, single, asked.idle)
                held = idle.held()
            if asked.profile == "fleet":
                mixed = mixed_of(folder / "mixed.csv", registry, tokens, CYCLE)
                result = as_the_fleet_does(bed, mixed, asked)
            else:
                result = every_second(bed, single, asked)
            result["idle"] = held if idle else {}
        finally:
            if idle:
                idle.close()
            watch.stop()
    tell(result, plain=asked.json)


if __name__ == "__main__":
    main()
