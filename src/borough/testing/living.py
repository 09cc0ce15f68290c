"""A whole district that lives for a test: its processes, their deaths, and what they kept."""

import base64
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from shutil import copytree
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import numpy as np
import psutil
from sqlalchemy import Engine

from borough.adapters.bus.config import Bus, is_ready
from borough.adapters.bus.link import Link
from borough.app.bus import bus_of
from borough.app.clocks import wall_ms
from borough.app.district import Ground, ground
from borough.app.district_run import answers
from borough.app.lake import lake_of
from borough.app.pulse import read as read_pulse
from borough.app.settings import Settings
from borough.app.setup import CREDENTIALS, folder_of, set_up
from borough.core.errors import BoroughError, BusDown
from borough.core.frames import ROWS
from borough.core.observations import REPORT_BITS
from borough.storage.journal.journal import JournalTail
from borough.storage.lake import Lake
from borough.storage.sql import SqlDetections, connect

PATIENCE_S = 90.0
PAUSE_S, LONGEST_PAUSE_S = 0.05, 1.0
SHOWN = 10
"""How many readings a failure tells of."""
ROLES = ("bus", "stream", "desk", "api")
Rows = Counter[tuple[int, int, float]]
"""How often each reading is there: series, time in ms, value."""
LAID_OUT: dict[tuple[object, ...], TemporaryDirectory[str]] = {}
"""New data folders, empty of readings, by what they were made from; gone when the process ends."""


def eventually(true: Callable[[], object], what: str, within_s: float = PATIENCE_S) -> None:
    """Wait until something is so; `AssertionError` with its name if it never is."""
    until = time.monotonic() + within_s
    asked = time.monotonic()
    while not true():
        answered = time.monotonic()
        if answered > until:
            msg = f"{what} did not happen within {within_s:.0f} s"
            raise AssertionError(msg)
        # A question that costs much is asked less often: what it waits for needs the processor.
        time.sleep(min(max(PAUSE_S, 2 * (answered - asked)), LONGEST_PAUSE_S))
        asked = time.monotonic()


def free_ports(count: int) -> list[int]:
    """Find ports that nobody listens on, and that nobody else is given while this process lives.

    A server that reuses addresses, as all of ours do, may listen there, go, and come back.
    """
    found = [socket.socket() for _ in range(count)]
    for each in found:
        each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        each.bind(("127.0.0.1", 0))
    ports = [int(each.getsockname()[1]) for each in found]
    for each in found:
        each.detach()  # held on to, without listening, until the process ends
    return ports


def laid_out(settings: Settings, share: float) -> None:
    """Fill a data folder like any other of this district: set up once, copied for each later one.

    So all small districts of one process know their gateways by the same tokens.
    """
    folder = Path(settings.district)
    tables = [(each.name, each.stat().st_mtime_ns) for each in sorted(folder.iterdir())]
    key = (settings.district, share, settings.clock_start_ms, *tables)
    if key not in LAID_OUT:
        kept = TemporaryDirectory(prefix="borough-laid-out-")
        set_up(replace(settings, data=kept.name), seed=1, share=share)
        LAID_OUT[key] = kept
    copytree(LAID_OUT[key].name, settings.folder, dirs_exist_ok=True)


@dataclass
class Living:
    """A district's data folder, and the process tree that `borough up` makes of it.

    It is small, its fleet is silent, and its clock runs *rate* times as fast as the wall's.
    """

    settings: Settings
    process: subprocess.Popen[bytes] | None = None
    held: Ground = field(init=False)

    def __post_init__(self) -> None:
        self.held = ground(self.settings)

    @classmethod
    def made(
        cls,
        data: Path,
        district: str = "yubei",
        share: float = 0.001,
        rate: float = 60.0,
        **given: Any,
    ) -> "Living":
        """Make a new data folder; *given* are settings."""
        data.mkdir(parents=True, exist_ok=True)
        bus, mqtt, http = free_ports(3)
        settings = Settings(
            data=str(data.resolve()),
            district=str(folder_of(district)),
            clock_start_ms=1_720_569_600_000,
            clock_rate=rate,
            clock_origin_ms=wall_ms(),
            bus_port=bus,
            mqtt_port=mqtt,
            http_port=http,
            **{"archive_s": 1.0, "checkpoint_s": 2.0, **given},
        )
        if settings.database:
            set_up(settings, seed=1, share=share)
        else:
            laid_out(settings, share)
        settings.write()
        return cls(settings)

    @property
    def now(self) -> int:
        """The district's time, in ms."""
        return self.settings.clock.now(wall_ms())

    @property
    def bus(self) -> Bus:
        """Where the bus is."""
        return bus_of(self.settings)

    @property
    def url(self) -> str:
        """Where the api answers."""
        return f"http://{self.settings.host}:{self.settings.http_port}"

    @property
    def token(self) -> str:
        """The token of the first gateway."""
        lines = (self.settings.folder / CREDENTIALS).read_text("utf-8").splitlines()
        return lines[1].partition(",")[2]

    def start(self) -> None:
        """Start the whole tree and wait until it serves."""
        with (self.settings.folder / "up.log").open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603 - our own program
                [sys.executable, "-m", "borough", "up", "--data", self.settings.data],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        self.await_all()

    def await_all(self) -> None:
        """Wait until every role serves and devices may connect."""
        try:
            eventually(self.serves, "a district that serves")
        except AssertionError as error:
            error.add_note(self.log())
            raise

    def serves(self) -> bool:
        """Say whether every role runs and the api calls itself ready."""
        if self.process is None or self.process.poll() is not None:
            msg = f"the district has ended\n{self.log()}"
            raise AssertionError(msg)
        return answers(self.settings) and len(self.pids()) == len(ROLES)

    def log(self) -> str:
        """Give the end of what the tree has printed."""
        logs = [self.settings.folder / "up.log", *self.settings.folder.glob("logs/*")]
        return "\n".join(
            f"--- {each.name}\n{each.read_text('utf-8', 'replace')[-800:]}"
            for each in logs
            if each.exists()
        )

    def log_of_starts(self) -> int:
        """Count how often the tree has told where it serves."""
        return (self.settings.folder / "up.log").read_text("utf-8").count("http://")

    def tree(self) -> dict[int, list[str]]:
        """Give each process below the supervisor with its command."""
        if self.process is None:
            return {}
        found: dict[int, list[str]] = {}
        with suppress(psutil.Error):
            for each in psutil.Process(self.process.pid).children(recursive=True):
                with suppress(psutil.Error):  # it has just ended, which says nothing of the others
                    found[each.pid] = each.cmdline()
        return found

    def pids(self) -> dict[str, int]:
        """Give the process number of each role that runs."""
        found: dict[str, int] = {}
        for pid, words in self.tree().items():
            if "--role" in words:
                found[words[words.index("--role") + 1]] = pid
            elif words and "nats-server" in words[0]:
                found["bus"] = pid
        return found

    def kill(self, *roles: str) -> None:
        """End roles as a power cut would, and wait until others have taken their places."""
        before = self.pids()
        for role in roles:
            os.kill(before[role], signal.SIGKILL)
        eventually(
            lambda: all(self.pids().get(role, before[role]) != before[role] for role in roles),
            f"another {roles}",
        )

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Send the supervisor a signal and wait until it is gone."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(how)
        self.process.wait(PATIENCE_S)
        self.process = None

    def left_over(self) -> list[int]:
        """Give all processes of the tree that still run, the supervisor left aside."""
        keeper = self.process.pid if self.process else 0
        return [pid for pid in psutil.pids() if pid != keeper and mine(pid, self.settings.data)]

    def journal(self) -> list[tuple[int, Any]]:
        """Read the whole journal: sequence numbers and frames."""
        with Link(self.bus.login("borough"), "test") as link:
            return [(each.sequence, each.frame) for each in JournalTail(link).rest()]

    def journalled(self) -> Rows:
        """Count the readings in the journal that came through the doors."""
        rows: Rows = Counter()
        for _, frame in self.journal():
            if frame.kind == ROWS:
                rows.update(
                    zip(
                        frame.series.tolist(),
                        frame.time.tolist(),
                        frame.value.tolist(),
                        strict=True,
                    )
                )
        return rows

    def lake(self) -> Lake:
        """Open the history."""
        return lake_of(self.settings, self.held.district.zone)

    def archived(self) -> Rows:
        """Count the readings in the history, results of derivations left aside."""
        lake = self.lake()
        derived = [kind.role == "derived" for kind in self.held.registry.kinds]
        of = self.held.registry.row_of_series
        mine = np.array([not derived[self.held.registry.kind[row]] for row in of.tolist()])
        points = lake.many(np.flatnonzero(mine).astype(np.int32), 0, 1 << 52)
        lake.close()
        return Counter(
            zip(points.series.tolist(), points.time.tolist(), points.value.tolist(), strict=True)
        )

    def await_history(self) -> None:
        """Wait until the history holds all the journal held just now."""
        rows = [sequence for sequence, frame in self.journal() if len(frame)]
        if rows:
            lake = self.lake()
            eventually(
                lambda: lake.committed(0) >> REPORT_BITS >= rows[-1], "history up to the journal"
            )
            lake.close()

    def unlike(self) -> dict[tuple[int, int, float], tuple[int, int]]:
        """Give the readings of the journal that the history has not just once, and its others.

        With each: how often it is in the history, and how often in the journal.
        """
        archived, journalled = self.archived(), self.journalled()
        return {
            row: (archived[row], journalled[row])
            for row in {*archived, *journalled}
            if archived[row] != (row in journalled)
        }

    def await_same(self) -> None:
        """Wait until the history holds each reading of the journal once.

        Devices must have fallen silent; what one of them said last may still be on its way.
        """
        self.await_history()
        try:
            eventually(lambda: not self.unlike(), "a history like the journal")
        except AssertionError as error:
            error.add_note(f"history, journal: {dict(list(self.unlike().items())[:SHOWN])}")
            raise

    @contextmanager
    def kept(self) -> Iterator[Engine]:
        """Open its database, and let go of it afterwards."""
        engine = connect(self.settings.store)
        try:
            yield engine
        finally:
            engine.dispose()

    def edges(self) -> list[dict[str, Any]]:
        """Give every change of level that the live run kept."""
        with self.kept() as engine:
            return SqlDetections(engine).edges()

    def await_desk(self) -> None:
        """Wait until the desk has taken every detection that is on the bus."""
        with self.kept() as engine:
            taken = SqlDetections(engine)
            eventually(lambda: taken.offset() >= self.stored("DETECTIONS"), "a desk up to date")

    def settled(self) -> int:
        """Wait until the desk has heard all that was said of the time up to now; give that time.

        What comes later may be in the journal, and its detections still on their way.
        """
        until = self.now
        eventually(lambda: self.journal()[-1][1].now > until, "time in the journal")
        then = self.stored("JOURNAL")  # who writes more has told what came of it
        eventually(lambda: self.stored("JOURNAL") > then + 1, "a journal that goes on")
        self.await_desk()
        return until

    def stored(self, stream: str) -> int:
        """Give the last sequence number of a stream of the bus."""
        with Link(self.bus.login("borough"), "test") as link:
            return int(link.call(f"$JS.API.STREAM.INFO.{stream}")["state"]["last_seq"])

    def letters(self) -> list[dict[str, Any]]:
        """Read all dead letters."""
        with Link(self.bus.login("borough"), "test") as link:
            last = int(link.call("$JS.API.STREAM.INFO.DEAD")["state"]["last_seq"])
            found = [
                link.call("$JS.API.STREAM.MSG.GET.DEAD", {"seq": number})["message"]["data"]
                for number in range(1, last + 1)
            ]
        return [json.loads(base64.b64decode(each)) for each in found]

    def pulse(self, role: str) -> dict[str, Any]:
        """Give the last pulse of a role."""
        return read_pulse(self.settings.folder, role)

    def series(self, key: str, name: str) -> int:
        """Give the number of a thing's series."""
        registry = self.held.registry
        row = registry.rows[key]
        codes = [each.code for each in registry.kinds[int(registry.kind[row])].properties]
        return int(registry.first[row]) + codes.index(name)

    def counts(self) -> dict[str, Any]:
        """Ask the api what it counts."""
        answer: dict[str, Any] = httpx.get(f"{self.url}/api/v1/counts", timeout=PATIENCE_S).json()
        return answer

    def bus_is_ready(self) -> bool:
        """Say whether the bus answers."""
        try:
            return is_ready(self.bus)
        except (BusDown, BoroughError):
            return False


def mine(pid: int, data: str) -> bool:
    """Say whether a process runs that was started for a data folder."""
    try:
        process = psutil.Process(pid)
        return process.status() != psutil.STATUS_ZOMBIE and data in " ".join(process.cmdline())
    except psutil.Error:
        return False
