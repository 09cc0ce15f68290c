"""The supervisor: starts the roles of a district in order, watches them, and leaves no orphan."""

import ctypes
import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import IO

from borough.app import pulse
from borough.core.errors import BadSetting, BusDown

DEATH_SIGNAL = 1
"""``PR_SET_PDEATHSIG`` of prctl(2): the kernel kills a child when its parent is gone."""
FIRST_WAIT_S, LONGEST_WAIT_S = 0.2, 10.0
MOST_PRINTED, KEPT_PRINTED = 16 << 20, 1 << 20
"""Bytes of what a role has printed: with more, only the end is kept when it is started anew, so
that one that fails again and again does not fill the disk."""
STOP_S = 8.0
TEND_S, UNWELL_S = 1.0, 10.0
START_S = 120.0
"""How long a role may take to its first sign of life: a busy machine loads programs slowly, and
a bus that was killed reads its store again."""


CLAIM = Path("run") / "supervisor"
"""Locked by who keeps a data folder running; the kernel unlocks it when that one is gone."""
TIMER_SLACK = 29
"""``PR_SET_TIMERSLACK`` of prctl(2): how late the kernel may wake a sleeper; inherited."""
LIBRARY = ctypes.CDLL(None)


@dataclass(slots=True)
class Role:
    """One process that must run: how to start it and how to tell that it is well.

    ``ready`` is asked after a start, every tenth of a second; ``pulsing`` roles must also
    write a pulse, and are restarted when they stop doing so.  ``tend`` is asked about a
    running role once a second, and may look after it; if it says no for long, the role is stuck.
    Its timers may be ``slack_us`` late, so that it wakes less often; 0 is the kernel's own.
    """

    name: str
    command: Sequence[str]
    ready: Callable[[], bool]
    pulsing: bool = True
    tend: Callable[[], bool] | None = None
    environment: Mapping[str, str] | None = None
    slack_us: int = 0
    process: subprocess.Popen[bytes] | None = None
    starts: int = 0
    next_start: float = 0.0
    since: float = 0.0
    tended: float = 0.0
    well: float = 0.0
    beat_ns: int = 0
    beaten: float = 0.0
    wait_s: float = FIRST_WAIT_S


@dataclass(slots=True)
class Supervisor:
    """Keeps roles running in a data folder; what they print goes to ``logs/``.

    The first role starts first and stops last; the others may start in any order.  ``say`` is
    told what happens, in a sentence.
    """

    data: Path
    roles: list[Role]
    say: Callable[[str], None]
    stopping: bool = field(default=False)
    claim: IO[bytes] | None = field(default=None)

    def start(self, within_s: float = START_S) -> None:
        """Start every role; `BusDown` with the end of its log if one is not ready in time.

        `BadSetting` if another process keeps this folder running: two would both write.
        All start side by side: what they load takes longer than the bus that they then wait for.
        """
        self._claim()
        for role in self.roles:
            self._launch(role)
        until = time.monotonic() + within_s
        for role in self.roles:
            self._await(role, until)

    def _claim(self) -> None:
        path = self.data / CLAIM
        path.parent.mkdir(parents=True, exist_ok=True)
        claim = path.open("ab")
        try:
            fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            claim.close()
            msg = f"{self.data} is kept running by another process; stop that one first"
            raise BadSetting(msg) from error
        self.claim = claim

    def _await(self, role: Role, until: float) -> None:
        """Wait for a role; one that somebody killed meanwhile had no fault of its own."""
        while not role.ready():
            code = role.process.poll() if role.process else None
            if time.monotonic() > until or (code is not None and code >= 0):
                msg = f"{role.name} did not start; its log ends:\n{self.log_end(role.name)}"
                raise BusDown(msg)
            if code is not None:
                self._launch(role)
            time.sleep(0.05)

    def watch(self) -> None:
        """Look once: restart what has died or stopped breathing, with a growing pause."""
        for role in self.roles:
            if role.process is None:
                if time.monotonic() >= role.next_start:
                    self._launch(role)
                continue
            code = role.process.poll()
            if code is None and self._stuck(role):
                self.say(f"{role.name} is stuck; it is killed and started anew")
                role.process.kill()
                code = role.process.wait()
            if code is not None:
                if not self.stopping:
                    self.say(f"{role.name} ended with {code}; it is started anew")
                role.wait_s = self._pause(role)
                role.next_start = time.monotonic() + role.wait_s
                role.process = None
            elif time.monotonic() - role.since > LONGEST_WAIT_S:
                role.wait_s = FIRST_WAIT_S

    def stop(self) -> None:
        """Stop every role, last first: asked, then told."""
        self.stopping = True
        for role in reversed(self.roles):
            if role.process is None:
                continue
            role.process.send_signal(signal.SIGTERM)
            try:
                role.process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                role.process.kill()
                role.process.wait()
            role.process = None
            pulse.forget(self.data, role.name)
        if self.claim is not None:
            self.claim.close()
            self.claim = None

    def pids(self) -> dict[str, int]:
        """Give the process number of every role that runs."""
        return {role.name: role.process.pid for role in self.roles if role.process}

    def log_end(self, name: str, most: int = 2000) -> str:
        """Give the end of what a role has printed."""
        path = printed(self.data, name)
        return path.read_text("utf-8", "replace")[-most:] if path.exists() else "(nothing)"

    def _launch(self, role: Role) -> None:
        path = printed(self.data, role.name)
        path.parent.mkdir(parents=True, exist_ok=True)
        if role.pulsing:  # what the others print is cut by whoever reads it
            cut(path)
        pulse.forget(self.data, role.name)
        with path.open("ab") as log:
            role.process = subprocess.Popen(  # noqa: S603 - commands are built by us alone
                list(role.command),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=dict(role.environment) if role.environment else None,
                start_new_session=True,
                preexec_fn=partial(die_with_parent, role.slack_us),  # noqa: PLW1509 - system calls only
            )
        role.starts += 1
        role.since = role.well = role.beaten = time.monotonic()
        role.beat_ns = 0

    def _stuck(self, role: Role) -> bool:
        return self._unwell(role) or self._silent(role)

    def _unwell(self, role: Role) -> bool:
        now = time.monotonic()
        if role.tend is not None and now - role.tended >= TEND_S:
            role.tended = now
            role.well = now if role.tend() else role.well
        patience = UNWELL_S if role.well > role.since else START_S
        return role.tend is not None and now - role.well > patience

    def _silent(self, role: Role) -> bool:
        if not role.pulsing:
            return False
        now, beat_ns = time.monotonic(), pulse.beat_ns(self.data, role.name)
        if beat_ns != role.beat_ns:
            role.beat_ns, role.beaten = beat_ns, now
        return now - role.beaten > (pulse.STALE_S if beat_ns else START_S)

    def _pause(self, role: Role) -> float:
        quick = time.monotonic() - role.since < LONGEST_WAIT_S
        return min(role.wait_s * 2, LONGEST_WAIT_S) if quick else FIRST_WAIT_S


def printed(data: Path, role: str) -> Path:
    """Say where what a role prints is kept; what it logs is beside it, in ``.log``."""
    return data / "logs" / f"{role}.out"


def cut(path: Path) -> None:
    """Keep only the end of what was printed, where it is too much; in place, for a full disk."""
    if path.exists() and path.stat().st_size > MOST_PRINTED:
        with path.open("r+b") as file:
            file.seek(-KEPT_PRINTED, os.SEEK_END)
            end = file.read()
            file.seek(0)
            file.truncate()
            file.write(end)


def is_kept(data: Path) -> bool:
    """Say whether a supervisor keeps a data folder running at this moment."""
    path = data / CLAIM
    if not path.exists():
        return False
    with path.open("ab") as claim:
        try:
            fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def die_with_parent(slack_us: int = 0) -> None:
    """Ask the kernel to kill this process when the one that started it is gone (Linux).

    With *slack_us* its timers, and those of all it starts, may be so late.
    """
    if sys.platform == "linux":
        LIBRARY.prctl(DEATH_SIGNAL, signal.SIGKILL)
        if slack_us:
            LIBRARY.prctl(TIMER_SLACK, ctypes.c_ulong(slack_us * 1000))
