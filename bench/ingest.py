"""How many messages a second a district takes in from real MQTT, and what each costs.

``borough bench ingest --devices 356000 --rate 50000 --seconds 20`` sets a synthetic district
up in a folder of its own, starts all its roles, and lets a process of its own send
single-reading messages over 200 gateway connections.  The last line is one JSON object.

``lost`` is sent less received: with QoS 0 what the bus or the reader dropped.  Latency is
from sending to evaluated, for every reading: as the stream works frame by frame, a frame is
evaluated at the latest when the next one begins, and that is the moment taken.
``reader_only_rate`` is what a reader on the same bus manages that decodes and does nothing
else.  A first round over the devices is not counted: it fills tables once.
"""

import argparse
import contextlib
import csv
import json
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from borough.adapters.bare import read_only
from borough.adapters.bus.link import Link
from borough.adapters.limits import Limits
from borough.adapters.mqtt import Decoder
from borough.app import pulse
from borough.app.bus import bus_of
from borough.app.clocks import wall_ms
from borough.app.district_run import pss_mb, supervisor
from borough.app.settings import Settings
from borough.app.setup import folder_of
from borough.app.supervisor import Supervisor
from borough.core.frames import ROWS
from borough.core.observations import Index
from borough.core.registry import Registry
from borough.edge.placement import place
from borough.engine.district import read
from borough.storage.journal.journal import JournalTail, last_entry
from borough.storage.sql import SqlCredentials, SqlRegistry, connect, upgrade

SEED = 1
FLEET = 356_000
QUIET_S = 3.0
DRAIN_S = 120.0
PERCENT = (50, 99)


def say(text: str) -> None:
    """Tell whoever waits how far it is."""
    print(text, file=sys.stderr, flush=True)


def free_ports(count: int) -> list[int]:
    """Find ports that nobody uses, so that benches do not meet."""
    with contextlib.ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]


def set_up(folder: Path, devices: int, gateways: int, targets: Path) -> tuple[Settings, Registry]:
    """Make a district whose devices all report through so many gateways, and its targets."""
    now = wall_ms()
    bus, mqtt, http = free_ports(3)
    settings = Settings(
        str(folder), str(folder_of("yubei")), clock_start_ms=now, clock_origin_ms=now,
        bus_port=bus, mqtt_port=mqtt, http_port=http,
    )  # fmt: skip
    engine = connect(settings.store)
    upgrade(engine)
    placed = place(read(Path(settings.district)), SEED, share=min(devices / FLEET, 1.0))
    roles = np.array([kind.role for kind in placed.kinds])[placed.kind]
    used, senders = np.flatnonzero(roles == "gateway")[:gateways], np.flatnonzero(roles == "device")
    via = placed.via.copy()
    via[senders] = used[np.arange(len(senders)) % len(used)]
    registry = replace(placed, via=via)
    SqlRegistry(engine).save_all(registry, meta={"district": "yubei", "name": {"en": "Bench"}})
    tokens = SqlCredentials(engine).issue([registry.key[row] for row in used.tolist()], at_ms=now)
    with targets.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["credential", "token", "device", "property", "value"])
        for row in senders[:devices].tolist():
            first = registry.kinds[registry.kind[row]].properties[0]
            value = min(max(sum(first.normal) / 2, first.low), first.high)
            key = registry.key[via[row]]
            writer.writerow([key, tokens[key], registry.key[row], first.code, value])
    settings.write()
    return settings, registry


def send(settings: Settings, targets: Path, rate: float, seconds: float, qos: int) -> Any:
    """Start the generator in a process of its own."""
    clock = (settings.clock_start_ms, settings.clock_rate, settings.clock_origin_ms)
    asked: dict[str, Any] = {
        "targets": targets, "port": settings.mqtt_port, "rate": rate, "seconds": seconds, "qos": qos
    }  # fmt: skip
    given = [text for name, value in asked.items() for text in (f"--{name}", str(value))]
    return subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, "-m", "borough.edge.load", *given, "--clock", *map(str, clock)],
        stdout=subprocess.PIPE,
    )


def account_of(generator: Any) -> dict[str, Any]:
    """Wait for the generator and read its account."""
    printed, _ = generator.communicate()
    account: dict[str, Any] = json.loads(printed)
    return account


def counts(settings: Settings) -> dict[str, int]:
    """Ask the stream's pulse what it has taken in."""
    told = pulse.read(settings.folder, "stream")
    rejected = {"rejected": sum(told.get("rejected", {}).values())}
    return {"received": 0, **told.get("counts", {}), **rejected}


def drained(settings: Settings, received: int) -> dict[str, int]:
    """Wait until the stream has received so much, or nothing more for a while."""
    until, quiet, last = time.monotonic() + DRAIN_S, time.monotonic(), -1
    while time.monotonic() < until:
        now = counts(settings)
        if now["received"] >= received or time.monotonic() > quiet + QUIET_S:
            return now
        if now["received"] != last:
            quiet, last = time.monotonic(), now["received"]
        time.sleep(0.1)
    return counts(settings)


def latency(settings: Settings, after: int) -> tuple[int, dict[str, float]]:
    """Read the journal behind *after*: rows stored, and ms from sending to evaluated."""
    stored = 0
    late: list[Index] = []
    ended: Index | None = None
    with Link(bus_of(settings).login("borough"), "bench") as link:
        for _, frame in JournalTail(link, after).rest():
            if ended is not None:
                late.append(frame.wall - ended)
            ended = frame.time if frame.kind == ROWS and len(frame) else None
            stored += len(frame) if frame.kind == ROWS else 0
    if not late:
        return stored, {}
    values = np.percentile(np.concatenate(late), PERCENT).tolist()
    return stored, {f"p{n}_ms": round(v) for n, v in zip(PERCENT, values, strict=True)}


def processor_s(pids: dict[str, int]) -> dict[str, float]:
    """Say how much processor time each role has used."""
    times = {name: psutil.Process(pid).cpu_times() for name, pid in pids.items()}
    return {name: each.user + each.system for name, each in times.items()}


def end_of_journal(settings: Settings) -> int:
    """Say where the journal ends."""
    with Link(bus_of(settings).login("borough"), "bench") as link:
        last = last_entry(link)
    return last.sequence if last else 0


def measure(
    settings: Settings, targets: Path, watch: Supervisor, asked: argparse.Namespace
) -> dict[str, Any]:
    """Send, wait until it has arrived, and say what came of it."""
    warm_s = min(asked.devices / asked.rate, asked.seconds)
    say(f"first round over the devices, {warm_s:.0f} s, not counted")
    first = account_of(send(settings, targets, asked.rate, warm_s, asked.qos))
    before = drained(settings, counts(settings)["received"] + first["sent"])
    place, used = end_of_journal(settings), processor_s(watch.pids())
    say(f"sending {asked.rate:.0f} messages/s for {asked.seconds:.0f} s with QoS {asked.qos}")
    account = account_of(send(settings, targets, asked.rate, asked.seconds, asked.qos))
    after = drained(settings, before["received"] + account["sent"])
    spent = processor_s(watch.pids())
    time.sleep(2 * settings.tick_ms / 1000)
    stored, waits = latency(settings, place)
    received = after["received"] - before["received"]
    millions = max(received, 1) / 1e6
    cost = {name: round((spent[name] - used[name]) / millions, 3) for name in spent}
    return {
        "devices": asked.devices, "qos": asked.qos, "rate": round(account["rate"]),
        "sent": account["sent"], "acked": account["acked"], "received": received,
        "stored": stored, "lost": account["sent"] - received,
        "rejected": after["rejected"] - before["rejected"], **waits,
        "cpu_s_per_million": cost | {"generator": round(account["cpu_s"] / millions, 3)},
        "pss_mb": pss_mb([psutil.Process().pid, *watch.pids().values()]),
    }  # fmt: skip


def reader_only(
    settings: Settings, registry: Registry, targets: Path, watch: Supervisor, seconds: float
) -> float:
    """Let the bus serve a bare reader and nobody else, and say how many a second it took."""
    say(f"a bare reader on the same bus, {seconds:.0f} s")
    for role in watch.roles:
        if role.name in {"stream", "desk"} and role.process:
            role.process.terminate()
            role.process.wait()
    generator = send(settings, targets, 2 * FLEET, seconds, 0)
    decoder = Decoder(registry, Limits.load())
    pace = read_only(bus_of(settings), decoder, lambda: settings.clock.now(wall_ms()))
    account_of(generator)
    return pace.rate


def main() -> None:
    """Set up, measure, print."""
    parser = argparse.ArgumentParser(prog="borough bench ingest", description=__doc__)
    parser.add_argument("--devices", type=int, default=FLEET)
    parser.add_argument("--rate", type=float, default=50_000, help="messages a second")
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--qos", type=int, choices=(0, 1), default=0)
    parser.add_argument("--gateways", type=int, default=200)
    parser.add_argument("--reader-seconds", type=float, default=5, help="0: no bare reader")
    parser.add_argument("--json", action="store_true", help="print only the JSON object")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="borough-ingest-") as name:
        folder, targets = Path(name) / "data", Path(name) / "targets.csv"
        folder.mkdir()
        say(f"setting up {asked.devices} devices")
        settings, registry = set_up(folder, asked.devices, asked.gateways, targets)
        watch = supervisor(settings, say)
        try:
            watch.start()
            result = measure(settings, targets, watch, asked)
            if asked.reader_seconds:
                rate = reader_only(settings, registry, targets, watch, asked.reader_seconds)
                result["reader_only_rate"] = round(rate)
        finally:
            watch.stop()
    if not asked.json:
        for key, value in result.items():
            print(f"{key:<20} {value}")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
