"""The demo: a whole district with a past, a simulated fleet, and an account of what was seen."""

import hashlib
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil

import borough
from borough.adapters.bus.config import command, is_ready
from borough.app import pulse
from borough.app.bus import bus_of, prepared
from borough.app.clocks import wall_ms
from borough.app.district import Ground, ground
from borough.app.district_run import begun, pss_mb, with_free_ports
from borough.app.people import shown_round
from borough.app.requests.practice import practised
from borough.app.settings import Settings
from borough.app.setup import CREDENTIALS, Progress, folder_of, set_up
from borough.app.supervisor import Role, Supervisor, die_with_parent, is_kept
from borough.core.errors import BadSetting
from borough.core.happenings import told
from borough.engine.catalog import BUILT_IN, find_sound, happenings_of
from borough.engine.district import read
from borough.storage.sql import SqlCases, connect

BASE, LIVE, STAMP = "base", "live", "made-from"
CITIZENS = "citizens.json"
QUIET_S, LONG_S = 1.5, 30.0
"""Once the fleet has stopped speaking: nothing arrives any more where nothing has come for so long;
the longest that what is under way is waited for."""
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What kind of demo: which district, how much of its fleet, how fast, from which seed."""

    district: str = "yubei"
    share: float = 1.0
    seed: int = 1
    speed: float = 30.0
    days: float = 21.0
    scenes: tuple[str, ...] = ()

    @property
    def happenings(self) -> list[dict[str, Any]]:
        """What the built-in scenes and those of its folders let happen, as plain data."""
        return happenings_of(find_sound(BUILT_IN, *map(Path, self.scenes))[0])


def stamp(wanted: Wanted) -> str:
    """Name what a prepared past was made from: another code or another district, another past."""
    digest = hashlib.sha256(
        repr((wanted.district, wanted.share, wanted.seed, wanted.days, wanted.scenes)).encode()
    )
    package = Path(borough.__file__).parent
    for folder in (package, folder_of(wanted.district), *map(Path, wanted.scenes)):
        for path in sorted(folder.rglob("*")):
            if path.suffix in {".py", ".toml", ".csv", ".geojson", ".npz", ".gz"}:
                digest.update(f"{path.relative_to(folder)} {path.stat().st_size}".encode())
                digest.update(str(path.stat().st_mtime_ns).encode())
    return digest.hexdigest()[:16]


def refuse_second(folder: Path) -> None:
    """Raise `BadSetting` where another demo runs in a folder: what it lives on would be removed."""
    if is_kept(folder / BASE) or is_kept(folder / LIVE):
        msg = f"another demo runs in {folder}; end that one first, or name another folder"
        raise BadSetting(msg)


def make_base(folder: Path, wanted: Wanted, progress: Progress) -> None:
    """Make the data folder of a district with a past, unless it is there already."""
    refuse_second(folder)
    base, made_from = folder / BASE, stamp(wanted)
    if (base / STAMP).exists() and (base / STAMP).read_text("utf-8") == made_from:
        return
    shutil.rmtree(base, ignore_errors=True)
    base.mkdir(parents=True)
    district = folder_of(wanted.district)
    start = read(district).start_ms
    settings = with_free_ports(
        Settings(
            data=str(base.resolve()),
            district=str(district),
            scenes=wanted.scenes,
            clock_start_ms=start,
            clock_origin_ms=wall_ms(),
            clock_rate=wanted.speed,
        )
    )
    registry = set_up(settings, seed=wanted.seed, share=wanted.share, progress=progress)
    settings.write()
    held = Ground(read(district), registry)
    practice = practised(base, held.district)  # beside the past, so that no demo waits for it
    remember(settings, held, wanted, progress)
    if practice:
        practice.join()
    (base / STAMP).write_text(made_from, "utf-8")


def remember(settings: Settings, held: Ground, wanted: Wanted, progress: Progress) -> None:
    """Journal the past, so that scenes with days of warm-up can speak from the first minute."""
    # Only the first demo needs these, and they take a second to load.
    from borough.app.stream import Stream  # noqa: PLC0415 - see above
    from borough.edge.fleet.history import prepare  # noqa: PLC0415 - see above

    prepared(settings)
    bus = bus_of(settings)
    role = Role("bus", command(bus), lambda: is_ready(bus), pulsing=False)
    keeper = Supervisor(settings.folder, [role], lambda _: None)
    keeper.start()
    stream = Stream(replace(settings, archive_s=3600.0, archive_rows=10_000_000), held)
    try:
        until = settings.clock_start_ms
        happenings = told(wanted.happenings)
        span = round(wanted.days * 24)

        def past() -> Any:
            for chunk in prepare(
                held.registry, until, wanted.days, seed=wanted.seed, happenings=happenings
            ):
                progress("history", span - (until - chunk[0]) // 3_600_000, span)
                yield chunk

        stream.prepare(past())
    finally:
        stream.close()
        keeper.stop()


@dataclass(slots=True)
class Demo:
    """A demo that runs: the district's supervisor and, beside it, the fleet."""

    settings: Settings
    keeper: Supervisor
    fleet: subprocess.Popen[bytes]
    citizens: subprocess.Popen[bytes]
    report: Path
    url: str
    """Where a person looks, signed in as the administrator of the demonstration."""

    @classmethod
    def begin(cls, folder: Path, wanted: Wanted, exit_after_s: float | None, say: Say) -> "Demo":
        """Start every role on a fresh copy of the prepared past, then let the fleet speak."""
        refuse_second(folder)
        live = folder / LIVE
        shutil.rmtree(live, ignore_errors=True)
        shutil.copytree(folder / BASE, live)
        settings = with_free_ports(
            replace(
                Settings.read(live),
                clock_origin_ms=wall_ms(),
                clock_rate=wanted.speed,
            )
        )
        settings.write()
        settings, keeper = begun(settings, say)
        try:
            url = shown_round(settings)
            fleet = start_fleet(settings, wanted, exit_after_s)
            citizens = start_citizens(settings, wanted)
        except BaseException:
            keeper.stop()
            raise
        return cls(settings, keeper, fleet, citizens, live / "fleet.json", url)

    @property
    def log(self) -> Path:
        """Where what the fleet prints is kept."""
        return self.settings.folder / "logs" / "fleet.log"

    def watch(self) -> bool:
        """Look once; false when the fleet has ended."""
        self.keeper.watch()
        return self.fleet.poll() is None

    def account(self) -> dict[str, Any]:
        """Say in numbers what was sent, stored, noticed and followed up."""
        told, asked = written(self.report), written(self.settings.folder / CITIZENS)
        stream = self.settled()
        counts, rejected = stream.get("counts", {}), stream.get("rejected", {})
        cases = SqlCases(connect(self.settings.store)).stats().values()
        held = ground(self.settings)
        return {
            "synthetic": True,
            "things": len(held.registry.id),
            "device_classes": sum(kind.role == "device" for kind in held.registry.kinds),
            "series": len(held.registry.row_of_series),
            "messages": told.get("messages", 0),
            "observations": counts.get("stored", 0),
            "received": counts.get("received", 0),
            "lost": told.get("messages", 0) - counts.get("messages", 0),
            "rejected": sum(rejected.values()),
            "rejected_by_reason": rejected,
            "detections": counts.get("edges", 0),
            **{name: told.get(name) for name in FROM_FLEET},
            "requests": asked,
            "cases_opened": sum(each["cases"] for each in cases),
            "cases_closed": sum(each["cases"] - each["open"] for each in cases),
            "backlog_s": stream.get("backlog_s"),
            "broken": stream.get("broken", {}),
            "pss_mb": pss_mb([psutil.Process().pid, *self.keeper.pids().values()]),
            "fleet": told,
        }

    def settled(self) -> dict[str, Any]:
        """Give the pulse of the stream once it has read what was still under way."""
        until, before = time.monotonic() + LONG_S, -1
        while True:
            time.sleep(QUIET_S)
            stream = pulse.read(self.settings.folder, "stream")
            read = stream.get("counts", {}).get("messages", 0)
            if (read == before and not stream.get("backlog_s")) or time.monotonic() > until:
                return stream
            before = read

    def end(self) -> None:
        """Stop fleet and citizens, then every role."""
        for each in (self.citizens, self.fleet):
            each.terminate()
        for each in (self.citizens, self.fleet):
            try:
                each.wait(10.0)
            except subprocess.TimeoutExpired:
                each.kill()
        self.keeper.stop()


FROM_FLEET = (
    "detections_expected",
    "detections_found",
    "detections_false",
    "latency_p50_ms",
    "latency_p99_ms",
)


def start_fleet(
    settings: Settings, wanted: Wanted, exit_after_s: float | None
) -> subprocess.Popen[bytes]:
    """Start the simulated fleet; it knows the district only through its public doors."""
    data = settings.folder
    happenings = data / "run" / "happenings.json"
    happenings.write_text(json.dumps(wanted.happenings, ensure_ascii=False), "utf-8")
    clock = f"{settings.clock_start_ms},{settings.clock_rate},{settings.clock_origin_ms}"
    arguments = {
        "--registry": next((data / "run").glob("registry-*.npz")),
        "--seed": wanted.seed,
        "--mqtt": f"{settings.host}:{settings.mqtt_port}",
        "--http": f"http://{settings.host}:{settings.http_port}",
        "--credentials": data / CREDENTIALS,
        "--clock": clock,
        "--happenings": happenings,
        "--token": settings.operator,
        "--report": data / "fleet.json",
    }
    if exit_after_s is not None:
        arguments["--exit-after"] = exit_after_s
    return beside(data, "fleet", arguments)


def start_citizens(settings: Settings, wanted: Wanted) -> subprocess.Popen[bytes]:
    """Start simulated citizens and clerks; they know the public doors and nothing else."""
    arguments = {
        "--http": f"http://{settings.host}:{settings.http_port}",
        "--token": settings.operator,
        "--speed": settings.clock_rate,
        "--seed": wanted.seed,
        "--report": settings.folder / CITIZENS,
    }
    return beside(settings.folder, "citizens", arguments)


def written(report: Path) -> dict[str, Any]:
    """Read what a simulated part of the demo says of itself; empty as long as it says nothing."""
    return json.loads(report.read_text("utf-8")) if report.exists() else {}


def beside(data: Path, name: str, arguments: dict[str, Any]) -> subprocess.Popen[bytes]:
    """Start a program of the edge that ends with us; what it prints is kept."""
    # In one word each: a random token may begin with a dash.
    words = [f"{option}={value}" for option, value in arguments.items()]
    with (data / "logs" / f"{name}.log").open("ab") as log:
        return subprocess.Popen(  # noqa: S603 - our own program with our own arguments
            [sys.executable, "-m", f"borough.edge.{name}", *words],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            preexec_fn=die_with_parent,  # noqa: PLW1509 - it only makes one system call
        )
