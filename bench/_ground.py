"""A synthetic district under load: its devices and gateways, who sends, and what came of it."""

import csv
import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from borough.adapters.bus.link import Link
from borough.app import pulse
from borough.app.bus import bus_of
from borough.app.clocks import wall_ms
from borough.app.settings import Settings
from borough.app.setup import folder_of
from borough.core.frames import ROWS
from borough.core.observations import Index, Mask
from borough.core.registry import Property, Registry
from borough.edge.placement import place
from borough.engine.district import read
from borough.storage.journal.journal import JournalTail, last_entry
from borough.storage.sql import SqlCredentials, SqlRegistry, connect, upgrade
from borough.testing.living import free_ports

SEED = 1
FLEET = 356_000
SPARE = 1_000
"""Files that the bus needs for other things than connections that sit there."""
QUIET_S = 15.0
DRAIN_S = 120.0
PERCENT = (50, 99)


def say(text: str) -> None:
    """Tell whoever waits how far it is."""
    print(text, file=sys.stderr, flush=True)


def settings_in(folder: Path) -> Settings:
    """Make the settings of a district of its own: free ports, and the wall's clock."""
    now = wall_ms()
    bus, mqtt, http = free_ports(3)
    return Settings(
        str(folder), str(folder_of("yubei")), clock_start_ms=now, clock_origin_ms=now,
        bus_port=bus, mqtt_port=mqtt, http_port=http,
    )  # fmt: skip


def set_up(folder: Path, devices: int, gateways: int) -> tuple[Settings, Registry, dict[str, str]]:
    """Make a district whose devices all report through so many gateways, and their tokens."""
    folder.mkdir()
    settings = settings_in(folder)
    engine = connect(settings.store)
    upgrade(engine)
    placed = place(read(Path(settings.district)), SEED, share=min(devices / FLEET, 1.0))
    roles = np.array([kind.role for kind in placed.kinds])[placed.kind]
    used, senders = np.flatnonzero(roles == "gateway")[:gateways], np.flatnonzero(roles == "device")
    via = placed.via.copy()
    via[senders] = used[np.arange(len(senders)) % len(used)]
    registry = replace(placed, via=via)
    SqlRegistry(engine).save_all(registry, meta={"district": "yubei", "name": {"en": "Bench"}})
    tokens = SqlCredentials(engine).issue(
        [registry.key[row] for row in used.tolist()], at_ms=settings.clock_start_ms
    )
    settings.write()
    return settings, registry, tokens


def devices_of(registry: Registry) -> Index:
    """Give the rows of the devices that report."""
    roles = np.array([kind.role for kind in registry.kinds])[registry.kind]
    return np.flatnonzero(roles == "device")


def targets_of(path: Path, registry: Registry, tokens: dict[str, str], rows: Index) -> Path:
    """Write what is to be sent: of each device the first of its properties."""
    kinds = [kind.properties[0] if kind.properties else None for kind in registry.kinds]
    named = ((row, kinds[registry.kind[row]]) for row in rows.tolist())
    lines = ((row, each.code, fine(each), "") for row, each in named if each)
    return written(path, registry, tokens, lines)


def mixed_of(path: Path, registry: Registry, tokens: dict[str, str], many: int) -> Path:
    """Write what is to be sent: reports as the classes send them, each as often as its interval.

    Devices are drawn at random in proportion to how often they report.
    """
    rows = devices_of(registry)
    said = [
        ",".join(f'"{each.code}":{fine(each):.6g}' for each in kind.properties)
        for kind in registry.kinds
    ]
    often = per_second(registry, rows)
    drawn = np.random.default_rng(SEED).choice(rows, many, p=often / often.sum())
    lines = ((row, "", 0.0, said[registry.kind[row]]) for row in drawn.tolist())
    return written(path, registry, tokens, lines)


def per_second(registry: Registry, rows: Index) -> Any:
    """Say how many reports a second each device sends."""
    interval = np.array([kind.interval_s or np.inf for kind in registry.kinds])
    return 1 / interval[registry.kind[rows]]


def fine(said: Property) -> float:
    """Give a value at which nothing is wrong."""
    return float(min(max(sum(said.normal) / 2, said.low), said.high))


def written(
    path: Path,
    registry: Registry,
    tokens: dict[str, str],
    lines: Iterable[tuple[int, str, float, str]],
) -> Path:
    """Write a table of targets: device, property, value, or what is said instead."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["credential", "token", "device", "property", "value", "said"])
        for row, code, value, said in lines:
            key = registry.key[registry.via[row]]
            writer.writerow([key, tokens[key], registry.key[row], code, value, said])
    return path


Steps = list[tuple[float, float]]
"""Messages a second, and for how many seconds."""


def send(settings: Settings, targets: Path, steps: Steps, qos: int) -> Any:
    """Start the generator in a process of its own."""
    clock = (settings.clock_start_ms, settings.clock_rate, settings.clock_origin_ms)
    asked: dict[str, Any] = {"targets": targets, "port": settings.mqtt_port, "qos": qos}
    given = [text for name, value in asked.items() for text in (f"--{name}", str(value))]
    rates, seconds = ([str(each) for each in column] for column in zip(*steps, strict=True))
    return subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, "-m", "borough.edge.load", *given, "--rate", *rates,
         "--seconds", *seconds, "--clock", *map(str, clock)],
        stdout=subprocess.PIPE,
    )  # fmt: skip


class Idle:
    """Connections that only sit there, held by a process of their own.

    Where a process may not have so many files, some are left for those that have something to say.
    """

    def __init__(self, settings: Settings, targets: Path, many: int) -> None:
        room = resource.getrlimit(resource.RLIMIT_NOFILE)[1] - SPARE
        if many > room:
            say(f"{room} idle connections in place of {many}: more files a process may not have")
            many = room
        self.process = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", "borough.edge.load.idle", "--targets", str(targets),
             "--port", str(settings.mqtt_port), "--many", str(many)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def held(self) -> dict[str, Any]:
        """Wait until they are in, and say how many, and how long it took."""
        told: dict[str, Any] = json.loads(self.process.stdout.readline())  # type: ignore[union-attr] # it is a pipe
        return told

    def again(self) -> dict[str, Any]:
        """Send all of them away and in again."""
        self.process.stdin.write("again\n")  # type: ignore[union-attr] # it is a pipe
        self.process.stdin.flush()  # type: ignore[union-attr] # it is a pipe
        return self.held()

    def close(self) -> None:
        """Let them go."""
        self.process.communicate()


def account_of(generator: Any) -> dict[str, Any]:
    """Wait for the generator and read its account."""
    printed, _ = generator.communicate()
    account: dict[str, Any] = json.loads(printed)
    return account


def counts(settings: Settings) -> dict[str, int]:
    """Ask the stream's pulse what it has taken in."""
    told = pulse.read(settings.folder, "stream")
    rejected = {"rejected": sum(told.get("rejected", {}).values())}
    outlived = {"outlived": told.get("sparkplug", {}).get("outlived", 0)}
    return {"received": 0, "messages": 0, **told.get("counts", {}), **rejected, **outlived}


def drained(settings: Settings, messages: int) -> dict[str, int]:
    """Wait until the stream has taken so many messages, or no more for a while."""
    until, quiet, last = time.monotonic() + DRAIN_S, time.monotonic(), -1
    while time.monotonic() < until:
        now = counts(settings)
        if now["messages"] >= messages or time.monotonic() > quiet + QUIET_S:
            return now
        if now["messages"] != last:
            quiet, last = time.monotonic(), now["messages"]
        time.sleep(0.1)
    return counts(settings)


def latency(
    settings: Settings, after: int, watched: Mask | None = None
) -> tuple[int, dict[str, float]]:
    """Read the journal behind *after*: rows stored, and district ms from sent to evaluated.

    Of *watched* series only, where they are given.
    """
    stored = 0
    late: list[Index] = []
    ended: Index | None = None
    with Link(bus_of(settings).login("borough"), "bench") as link:
        for _, frame in JournalTail(link, after).rest():
            if ended is not None:
                late.append(frame.now - ended)
            mine = frame.kind == ROWS and len(frame) > 0
            time_ = frame.time if watched is None or not mine else frame.time[watched[frame.series]]
            ended = time_ if mine else None
            stored += len(time_) if mine else 0
    if not sum(map(len, late)):
        return stored, {}
    values = np.percentile(np.concatenate(late), PERCENT).tolist()
    return stored, {f"p{n}_ms": round(v) for n, v in zip(PERCENT, values, strict=True)}


def weight_mb(pid: int) -> dict[str, float]:
    """Weigh a process, in MB: all that the kernel sums up of it, ``Anonymous`` and ``Pss`` too."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text("utf-8").splitlines()
    told = dict(line.split(":", 1) for line in lines if line.endswith("kB"))
    return {name: int(size.split()[0]) / 1024 for name, size in told.items()}


def processor_s(pids: dict[str, int]) -> dict[str, float]:
    """Say how much processor time each role has used."""
    times = {name: psutil.Process(pid).cpu_times() for name, pid in pids.items()}
    return {name: each.user + each.system for name, each in times.items()}


def end_of_journal(settings: Settings) -> int:
    """Say where the journal ends."""
    with Link(bus_of(settings).login("borough"), "bench") as link:
        last = last_entry(link)
    return last.sequence if last else 0
