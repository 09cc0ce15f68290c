"""Machines over Sparkplug B: how many values a second are taken in, and what births cost.

``borough bench sparkplug [--machines 12000] [--metrics 20] [--nodes 200] [--seconds 20]
[--drop 20] [--json]`` sets up a synthetic plant in a folder of its own and starts all roles.
Every machine reports all its metrics once a second through its edge node; half way, ``--drop``
edge nodes lose their connection and are born again; then the stream is killed with SIGKILL, and
has to ask everybody for their birth before it understands anything.

``lost`` is values sent less received and rejected, before that kill; ``unborn_after_kill`` are
rejected values after it, until the births were there.  The last line is one JSON object.
"""

import argparse
import csv
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from _ground import counts, drained, end_of_journal, latency, processor_s, say, settings_in
from _told import tell
from borough.app.district_run import supervisor
from borough.app.settings import Settings
from borough.app.supervisor import Supervisor
from borough.core.registry import Kind, Property, Registry
from borough.storage.sql import SqlCredentials, SqlRegistry, connect, upgrade

HEARTBEAT_S = 60


def plant(machines: int, metrics: int, nodes: int) -> Registry:
    """Make a registry of edge nodes and of machines behind them."""
    measures = tuple(
        Property(f"m{place:02d}", {"zh": "指标", "en": "metric"}, "1", -1e6, 1e6, (10, 90))
        for place in range(metrics)
    )
    online = Property("online", {"zh": "在线", "en": "online"}, "1", 0, 1, (1, 1))
    named = {"zh": "合成", "en": "synthetic"}
    kinds = (
        Kind("edge", named, "gateway", (online,), HEARTBEAT_S, HEARTBEAT_S, 0),
        Kind("machine", named, "device", (*measures, online), 1, HEARTBEAT_S, 0),
    )
    count = nodes + machines
    kind = np.repeat([0, 1], [nodes, machines])
    widths = np.where(kind == 0, 1, metrics + 1)
    keys = [f"edge-{each}" for each in range(nodes)] + [f"cnc-{each}" for each in range(machines)]
    via = np.concatenate([np.full(nodes, -1), np.arange(machines) % nodes])
    return Registry(
        kinds, np.arange(1, count + 1), tuple(keys), kind, np.cumsum(widths) - widths,
        np.full(count, 106.5), np.full(count, 29.7), np.zeros(count, np.int64), via,
    )  # fmt: skip


def set_up(folder: Path, targets: Path, asked: argparse.Namespace) -> Settings:
    """Lay the plant down as a district of its own."""
    settings = settings_in(folder)
    engine = connect(settings.store)
    upgrade(engine)
    registry = plant(asked.machines, asked.metrics, asked.nodes)
    SqlRegistry(engine).save_all(registry, meta={"district": "yubei", "name": {"en": "Bench"}})
    tokens = SqlCredentials(engine).issue(
        list(registry.key[: asked.nodes]), at_ms=settings.clock_start_ms
    )
    with targets.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["credential", "token", "device"])
        for row in range(asked.nodes, len(registry.key)):
            key = registry.key[registry.via[row]]
            writer.writerow([key, tokens[key], registry.key[row]])
    settings.write()
    return settings


def run(settings: Settings, targets: Path, asked: argparse.Namespace, **more: int) -> Any:
    """Start the plant in a process of its own."""
    given: dict[str, Any] = {
        "targets": targets, "port": settings.mqtt_port, "metrics": asked.metrics, **more
    }  # fmt: skip
    words = [text for name, value in given.items() for text in (f"--{name}", str(value))]
    return subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, "-m", "borough.edge.load.plant", *words], stdout=subprocess.PIPE
    )


def steady(
    settings: Settings, targets: Path, watch: Supervisor, asked: argparse.Namespace
) -> dict[str, Any]:
    """Let the plant work, with some connections lost half way."""
    before, place, used = counts(settings), end_of_journal(settings), processor_s(watch.pids())
    say(f"{asked.machines} machines, {asked.machines * asked.metrics} values/s")
    printed, _ = run(settings, targets, asked, seconds=asked.seconds, drop=asked.drop).communicate()
    account = json.loads(printed)
    sent = account["data"] + account["born_values"]
    messages = account["births"] + account["deaths"] + account["data"] // asked.metrics
    drained(settings, before["messages"] + messages)
    time.sleep(2 * settings.tick_ms / 1000)
    after, spent = counts(settings), processor_s(watch.pids())
    _, waits = latency(settings, place)
    rejected = after["rejected"] - before["rejected"]
    # Births and deaths are readings of `online` as well: as many as were told, but for deaths
    # that the bus told when the node was back already.
    outlived = after["outlived"] - before["outlived"]
    told = account["deaths"] - outlived
    said = account["births"] + told * (1 + asked.machines // asked.nodes)
    received = after["received"] - before["received"]
    millions = max(received, 1) / 1e6
    return {
        "values_s": round(account["data"] / account["seconds"]), "sent": sent,
        "received": received, "online_told": said, "rejected": rejected,
        "lost": sent + said - received, "births": account["births"], "deaths": account["deaths"],
        "outlived": outlived,
        "rebirths": account["rebirths"], **waits,
        "cpu_s_per_million": {
            **{name: round((spent[name] - used[name]) / millions, 2) for name in spent},
            "plant": round(account["cpu_s"] / millions, 2),
        },
    }  # fmt: skip


def killed(
    settings: Settings, targets: Path, watch: Supervisor, asked: argparse.Namespace
) -> dict[str, Any]:
    """Kill the stream under load, and see when it understands what it hears again."""
    say("the same, and the stream is killed")
    generator = run(settings, targets, asked, seconds=asked.seconds)
    time.sleep(asked.seconds / 2)
    before, began = counts(settings), time.monotonic()
    os.kill(watch.pids()["stream"], signal.SIGKILL)
    back = None
    while generator.poll() is None:
        watch.watch()
        stored = counts(settings).get("stored", 0)
        if back is None and stored > before["stored"] + asked.machines * asked.metrics:
            back = round(time.monotonic() - began, 1)
        time.sleep(0.1)
    account = json.loads(generator.communicate()[0])
    rejected = counts(settings)["rejected"] - before["rejected"]
    return {
        "rebirths_after_kill": account["rebirths"], "unborn_after_kill": rejected,
        "understood_again_s": back,
    }  # fmt: skip


def main() -> None:
    """Set up, measure, print."""
    parser = argparse.ArgumentParser(prog="borough bench sparkplug", description=__doc__)
    parser.add_argument("--machines", type=int, default=12_000)
    parser.add_argument("--metrics", type=int, default=20)
    parser.add_argument("--nodes", type=int, default=200)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--drop", type=int, default=20, help="edge nodes lost half way")
    parser.add_argument("--json", action="store_true", help="print only the JSON object")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="borough-sparkplug-") as name:
        folder, targets = Path(name) / "data", Path(name) / "targets.csv"
        folder.mkdir()
        settings = set_up(folder, targets, asked)
        watch = supervisor(settings, say)
        try:
            watch.start()
            result = {"machines": asked.machines, "metrics": asked.metrics}
            result |= steady(settings, targets, watch, asked)
            result |= killed(settings, targets, watch, asked)
        finally:
            watch.stop()
    tell(result, plain=asked.json)


if __name__ == "__main__":
    main()
