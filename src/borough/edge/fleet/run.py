"""One run of the fleet: from the first connection to the last line of the report."""

import csv
import json
import os
import signal
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any, Self

import numpy as np

from borough.core.clock import DistrictClock
from borough.core.errors import BadFrame, BadScene, BadSetting, BusDown
from borough.core.happenings import Happening, told
from borough.core.registry import Registry
from borough.core.snapshot import unpack
from borough.edge.asking import ask
from borough.edge.fleet.devices import Devices, feeds
from borough.edge.fleet.fleet import Fleet
from borough.edge.fleet.line import UP, Address
from borough.edge.fleet.lines import Lines
from borough.edge.fleet.listen import Ear
from borough.edge.fleet.mischief import Mischief
from borough.edge.fleet.plan import Plan, Planner, read_orders
from borough.edge.fleet.reports import Desk
from borough.edge.fleet.score import Score
from borough.edge.fleet.workers import Workers
from borough.edge.twin import truth

STEP_S = 0.2
HASTE = 2
"""How many times faster than its clock the fleet may speak until it has caught up."""
ENOUGH = 0.98
"""The share of lines that must be up before the fleet begins."""
SETTLE_S = 2.0
"""At the end, how long to wait for the last acknowledgements."""
DETECTIONS = "/api/v1/detections"


@dataclass(frozen=True, slots=True)
class Settings:
    """What a run is told: where the district is, who may speak, and what time it is."""

    registry: Registry
    tokens: Mapping[str, str]
    mqtt: Address
    clock: DistrictClock
    seed: int = 1
    http: str = ""
    token: str = ""
    exit_after_s: float | None = None
    happenings: Sequence[Happening] = ()


def read_registry(path: Path) -> Registry:
    """Read a snapshot of the registry; ``BadSetting`` says what is wrong with the file."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return unpack(arrays)
    except (OSError, ValueError, BadFrame) as error:
        msg = f"{path}: {error}"
        raise BadSetting(msg) from error


def read_happenings(path: Path) -> list[Happening]:
    """Read what the scenes let happen; `core.happenings.told` says how it is written."""
    try:
        return told(json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, KeyError, TypeError, BadScene) as error:
        msg = f"{path}: {error!r}"
        raise BadSetting(msg) from error


def read_tokens(path: Path) -> dict[str, str]:
    """Read a table of credentials: ``key,token`` in each line, with or without a heading."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.reader(file) if row]
    if any(len(row) != 2 for row in rows):  # noqa: PLR2004 - a key and a token
        msg = f"{path}: each line must be key,token"
        raise BadSetting(msg)
    return {key: token for key, token in rows if (key, token) != ("key", "token")}


@dataclass(slots=True)
class Talk:
    """What exists once the fleet has begun to speak."""

    fleet: Fleet
    plan: Plan
    score: Score
    mischief: Mischief
    workers: Workers | None


@dataclass(slots=True)
class Run:
    """Holds everything that runs together, and the report of it."""

    settings: Settings
    devices: Devices
    desk: Desk
    lines: Lines
    ear: Ear | None
    stopped: threading.Event = field(default_factory=threading.Event)

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Bring up devices and lines; nothing is sent yet."""
        registry = settings.registry
        known = registry.rows
        rows = {known[key]: (key, token) for key, token in settings.tokens.items() if key in known}
        ear = Ear(settings.http) if settings.http else None
        devices = Devices.of(registry, settings.seed)
        return cls(settings, devices, Desk.of(registry), Lines.to(settings.mqtt, rows), ear)

    def go(self) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """Run until told to stop, then give the report of it and what was planted."""
        if self.ear is not None:
            self.ear.start()
        self.connect()
        talk, began, cpu = self.begin(), time.time(), time.process_time()
        if talk.workers is not None:
            talk.workers.start()
        self.speak(talk, began)
        self.settle(talk)
        report = self.report(talk, time.time() - began, time.process_time() - cpu)
        for each in (self.ear, talk.workers):
            if each is not None:
                each.stop()
        self.lines.close()
        return report, talk.plan.truth(self.settings.registry)

    def connect(self) -> None:
        """Call until most lines are up and somebody listens to the live stream."""
        enough = len(self.lines.by_row) * ENOUGH
        while not self.stopped.is_set():
            self.lines.turn(time.time(), STEP_S)
            if self.lines.up >= enough and (self.ear is None or self.ear.open.is_set()):
                return

    def begin(self) -> Talk:
        """Plan from this moment on, and bring the fleet to life."""
        settings, registry = self.settings, self.settings.registry
        clock, seed, given = settings.clock, settings.seed, feeds()
        begin = max(clock.start_ms, clock.now(time.time() * 1000))
        leaks = truth(given["water"]["recording"])
        planner = Planner.of(registry, settings.happenings, seed, clock.start_ms, begin)
        plan = planner.draw(self.devices.water, self.devices.ground, leaks)
        devices = self.devices.moved_by(plan.slides, plan.bursts)
        score = Score.of(registry, clock, settings.happenings, plan.planted, self.excused)
        fleet = Fleet.of(
            registry, devices, plan, self.lines,
            lambda planted, at, moment: score.decided(planted, at * 1000, moment),
            desk=self.desk, seed=seed, start_ms=clock.start_ms, begin_ms=begin,
            batch=given["batch"],
        )  # fmt: skip
        mischief = Mischief.of(devices, read_orders()["mischief"], seed, time.time())
        busy = bool(settings.http and settings.token)
        workers = Workers(settings.http, settings.token, score.true, seed) if busy else None
        return Talk(fleet, plan, score, mischief, workers)

    def excused(self, row: int, since_ms: float) -> bool:
        """Tell whether a device may have been silent because its gateway had lost the broker."""
        line = self.lines.by_row.get(int(self.desk.carrier[row]))
        return line is not None and (line.state != UP or line.lost * 1000 >= since_ms)

    def speak(self, talk: Talk, began: float) -> None:
        """Take turns: say what is due, hear what the district says, wait for the next turn."""
        clock, until = self.settings.clock, talk.fleet.begun_ms
        leap = round(HASTE * STEP_S * 1000 * clock.rate)
        while not self.over(began):
            turn = time.time()
            now = clock.now(turn * 1000)
            until = min(now, until + leap)
            talk.fleet.step(until, turn)
            talk.mischief.step(talk.fleet, until, turn)
            self.lines.flush(turn)
            self.hear(talk)
            while (left := turn + STEP_S - time.time()) > 0 and not self.stopped.is_set():
                self.lines.turn(time.time(), left)

    def hear(self, talk: Talk) -> None:
        """Judge what came over the live stream."""
        if self.ear is None:
            return
        for name, came, said in self.ear.take():
            if name == "detection":
                talk.score.seen(said, came)

    def settle(self, talk: Talk) -> None:
        """Wait a moment for acknowledgements, then ask what was known all along."""
        until = time.time() + SETTLE_S
        while time.time() < until and (self.lines.waiting or self.lines.unsaid):
            self.lines.turn(time.time(), STEP_S)
        self.hear(talk)
        if self.ear is None:
            return
        with suppress(BusDown):
            for scene in sorted(talk.score.untimed):
                _, said = ask(self.settings.http, f"{DETECTIONS}?limit=1000&scene={scene}")
                for each in said.get("detections", []):
                    talk.score.listed(each, time.time() * 1000)

    def over(self, began: float) -> bool:
        """Tell whether it is time to stop."""
        after = self.settings.exit_after_s
        return self.stopped.is_set() or (after is not None and time.time() - began >= after)

    def report(self, talk: Talk, wall_s: float, cpu_s: float) -> dict[str, Any]:
        """Put the numbers of a run together."""
        tally = self.lines.tally
        no_readings = talk.mischief.sent["foreign"] + talk.fleet.counts["answers"]
        messages = tally.plain + tally.sure - no_readings
        return {
            "things": len(self.settings.registry.id),
            "lines": len(self.lines.by_row),
            "messages": messages,
            "observations": talk.fleet.counts["observations"],
            "qos0": tally.plain,
            "qos1": tally.sure,
            "acked": tally.acked,
            "unacknowledged": self.lines.unacknowledged,
            "sent_again": tally.again,
            "unsent": tally.dropped,
            "connects": tally.connects,
            "losses": tally.losses,
            "mischief": talk.mischief.sent,
            **talk.score.result(time.time() * 1000),
            "planted": len(talk.plan.planted),
            "workers": talk.workers.counts if talk.workers else {},
            "commands": talk.fleet.devices.obeying.counts,
            "wall_s": round(wall_s, 3),
            "cpu_s": round(cpu_s, 3),
            "cpu_s_per_million": round(cpu_s * 1e6 / messages, 3) if messages else None,
        }


def obey(run: Run) -> None:
    """Stop on Ctrl-C or SIGTERM, and when whoever started this process is gone."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        run.stopped.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    parent = os.getppid()

    def watch() -> None:
        while not run.stopped.wait(1.0):
            if os.getppid() != parent:
                run.stopped.set()

    threading.Thread(target=watch, name="parent", daemon=True).start()
