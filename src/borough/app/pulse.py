"""Pulses: each role writes once a second how it is, and whoever watches over it reads that."""

import contextlib
import json
import os
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

LAST = ".last"
RELEASE = version("borough")
"""Of the program that writes a pulse; roles that were started before an update have another."""
STALE_S = 20.0
"""A role that has not written for so long is stuck; longer than any checkpoint takes."""


class Pulse:
    """The pulse of one role: a small file, replaced in one move, at most once in *every_s*."""

    def __init__(self, data: Path, role: str, every_s: float = 0.5) -> None:
        self.path = data / "run" / f"{role}.json"
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.every_s = every_s
        self._beat = 0.0

    @property
    def due(self) -> bool:
        """Say whether it is time to beat again."""
        return time.monotonic() - self._beat >= self.every_s

    def beat(self, *, force: bool = False, **facts: Any) -> None:
        """Say that we are alive, and how we are."""
        now = time.monotonic()
        if not force and now - self._beat < self.every_s:
            return
        self._beat = now
        fresh = self.path.with_suffix(".new")
        told = json.dumps({"pid": os.getpid(), "at": time.time(), "release": RELEASE, **facts})
        try:
            fresh.write_text(told, "utf-8")
            fresh.replace(self.path)
        except OSError:  # a full disk: what we say is old then, but we are alive
            touch(self.path.parent.parent, self.path.stem)


def touch(data: Path, role: str) -> None:
    """Say only that a role is alive; what it last said of itself stays."""
    with contextlib.suppress(FileNotFoundError):
        os.utime(data / "run" / f"{role}.json")


def read(data: Path, role: str) -> dict[str, Any]:
    """Give the last pulse of a role, with ``age_s``; empty if there is none."""
    path = data / "run" / f"{role}.json"
    try:
        pulse = json.loads(path.read_text("utf-8"))
        return {**pulse, "age_s": time.time() - path.stat().st_mtime}
    except (FileNotFoundError, ValueError):
        return {}


class Heard:
    """The pulse of another role, for who asks often: the file is read when it is another one."""

    def __init__(self, data: Path, role: str) -> None:
        self.data, self.role = data, role
        self._seen = (0, 0)
        self._told: dict[str, Any] = {}

    def now(self) -> dict[str, Any]:
        """Give what `read` gives."""
        try:
            state = (self.data / "run" / f"{self.role}.json").stat()
        except FileNotFoundError:
            return {}
        seen = state.st_ino, state.st_mtime_ns  # two beats of one moment lie in different files
        if self._seen != seen:
            self._seen, self._told = seen, read(self.data, self.role)
        return {**self._told, "age_s": time.time() - state.st_mtime} if self._told else {}


def beat_ns(data: Path, role: str) -> int:
    """Give when a role last beat, by the clock on the wall: another number each time; 0 if never.

    Whoever watches over a role notes when this changes, by a clock that nobody sets: ``age_s``
    of `read` is right only for as long as the clock on the wall is.
    """
    try:
        return (data / "run" / f"{role}.json").stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def forget(data: Path, role: str) -> None:
    """Lay the pulse of a role that is gone aside."""
    path = data / "run" / f"{role}.json"
    with contextlib.suppress(FileNotFoundError):
        path.replace(path.with_suffix(LAST))


def last(data: Path, role: str) -> dict[str, Any]:
    """Give the pulse that a role had before it started anew; empty if there is none."""
    try:
        return dict(json.loads((data / "run" / f"{role}{LAST}").read_text("utf-8")))
    except (FileNotFoundError, ValueError):
        return {}
