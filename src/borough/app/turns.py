"""Turns: a scene works while it is its turn, and loses it if it takes too long or too much.

A detector may be anybody's code.  What raises is caught by the pipeline; here is the rest: one
that never returns is interrupted, one that grows is found out, and one that takes the whole
process with it is known by the place in the journal at which the process died.
"""

import contextlib
import json
import os
import resource
import signal
import threading
import time
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from importlib.resources import files
from pathlib import Path
from types import FrameType
from typing import Any, Self

from borough.engine.pipeline import TurnOver

AGAIN_S = 1.0
"""How often a turn is looked at again, once it has been long."""
MARK_BYTES = 128
STATM = "/proc/self/statm"
"""Where Linux tells how much memory a process holds; elsewhere growth goes unseen."""
MB = 1 << 20


@dataclass(frozen=True, slots=True)
class Allowed:
    """What a scene may take; see ``turns.toml`` for unit and reason."""

    cpu_s: float
    wall_s: float
    grows_mb: float
    deaths: int

    @classmethod
    def declared(cls) -> Self:
        """Read it from the table."""
        table = tomllib.loads((files("borough.app") / "turns.toml").read_text("utf-8"))
        return cls(**{field.name: table[field.name]["value"] for field in fields(cls)})


class Turns:
    """Gives each scene its turn, in the main thread, and takes it away again.

    ``alive`` is called while a turn is long, so that nobody takes the process for stuck.  With a
    folder, the scene whose turn it is stands in a file there, which outlives the process.
    """

    def __init__(
        self,
        folder: Path | None = None,
        allowed: Allowed | None = None,
        alive: Callable[[], object] = lambda: None,
    ) -> None:
        self.allowed = allowed or Allowed.declared()
        self.alive = alive
        self.scene = ""
        self.cpu = self.wall = 0.0
        self.grown: dict[str, int] = {}
        self.page = resource.getpagesize()
        self._before = self.start = 0
        self._size = os.open(STATM, os.O_RDONLY) if Path(STATM).exists() else -1
        self._whose, self._mark = "", -1
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            self._mark = os.open(folder / "turn", os.O_RDWR | os.O_CREAT, 0o600)
        self._alone = threading.current_thread() is threading.main_thread()
        if self._alone:
            signal.signal(signal.SIGALRM, self._look)

    def begin(self, scene: str, position: int) -> None:
        """Give a scene its turn at a place of the journal."""
        self._whose = scene
        self.mark(f"{scene} {position}")
        self._before = self.size()
        self.cpu, self.wall = time.thread_time(), time.monotonic()
        self.scene = scene
        if self._alone:
            signal.setitimer(signal.ITIMER_REAL, self.allowed.cpu_s, AGAIN_S)

    def end(self) -> None:
        """Take the turn back."""
        self.scene = ""
        if self._alone:
            signal.setitimer(signal.ITIMER_REAL, 0.0)
        self.grown[self._whose] = self.grown.get(self._whose, 0) + self.size() - self._before
        self.mark("")

    def _look(self, _signal: int, _frame: FrameType | None) -> None:
        """Interrupt a turn that has been too long; one that waits may wait longer."""
        if not self.scene:
            return
        self.alive()
        cpu, wall = time.thread_time() - self.cpu, time.monotonic() - self.wall
        if cpu >= self.allowed.cpu_s or wall >= self.allowed.wall_s:
            self.scene = ""  # one that keeps even this from coming out is known by its death
            msg = f"it did not return within {cpu:.0f} s of processor time, {wall:.0f} s in all"
            raise TurnOver(msg)

    def size(self) -> int:
        """Say how much memory the process holds, in bytes."""
        if self._size < 0:
            return 0
        return int(os.pread(self._size, MARK_BYTES, 0).split()[1]) * self.page

    def mark(self, text: str) -> None:
        """Write down whose turn it is; the file outlives a kill."""
        if self._mark >= 0:
            os.pwrite(self._mark, text.encode()[:MARK_BYTES].ljust(MARK_BYTES), 0)

    def glutton(self) -> str:
        """Name the scene that made the process grow beyond what is allowed; empty if none did."""
        self.start = self.start or self.size()
        most = self.allowed.grows_mb * MB
        if self.size() - self.start <= most or not self.grown:
            return ""
        scene = max(self.grown, key=lambda each: self.grown[each])
        return scene if self.grown[scene] > most / 2 else ""

    def close(self) -> None:
        """Let go of the files."""
        for each in (self._mark, self._size):
            if each >= 0:
                os.close(each)


def culprit(folder: Path, codes: Mapping[str, str], deaths: int) -> tuple[str, int]:
    """Name the scene in whose turn the process died, again and again at one place.

    Gives it with that place; an empty name if there is none.  *codes* are the digests of the
    rules: one that was mended since starts afresh.  Call it once at each start.
    """
    known = strikes(folder)
    with contextlib.suppress(FileNotFoundError):
        scene, _, position = (folder / "turn").read_text("utf-8").strip().partition(" ")
        (folder / "turn").unlink()
        if scene:
            died = {"scene": scene, "position": int(position), "code": codes.get(scene, "")}
            again = all(known.get(name) == value for name, value in died.items())
            known = {**died, "deaths": known["deaths"] + 1 if again else 1}
            (folder / "deaths.json").write_text(json.dumps(known), "utf-8")
    same = bool(known) and codes.get(known["scene"]) == known["code"]
    if same and known["deaths"] >= deaths:
        return known["scene"], known["position"]
    return "", -1


def strikes(folder: Path) -> dict[str, Any]:
    """Read in whose turn the process died last, where, and how often there."""
    with contextlib.suppress(FileNotFoundError, ValueError):
        return dict(json.loads((folder / "deaths.json").read_text("utf-8")))
    return {}
