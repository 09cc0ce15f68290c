"""Pulses: each role writes once a second how it is, and whoever watches over it reads that."""

import json
import os
import time
from pathlib import Path
from typing import Any

STALE_S = 20.0
"""A role that has not written for so long is stuck; longer than any checkpoint takes."""


class Pulse:
    """The pulse of one role: a small file, replaced in one move, at most once in *every_s*."""

    def __init__(self, data: Path, role: str, every_s: float = 0.5) -> None:
        self.path = data / "run" / f"{role}.json"
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.every_s = every_s
        self._beat = 0.0

    def beat(self, *, force: bool = False, **facts: Any) -> None:
        """Say that we are alive, and how we are."""
        now = time.monotonic()
        if not force and now - self._beat < self.every_s:
            return
        self._beat = now
        fresh = self.path.with_suffix(".new")
        fresh.write_text(json.dumps({"pid": os.getpid(), "at": time.time(), **facts}), "utf-8")
        fresh.replace(self.path)


def read(data: Path, role: str) -> dict[str, Any]:
    """Give the last pulse of a role, with ``age_s``; empty if there is none."""
    try:
        pulse = json.loads((data / "run" / f"{role}.json").read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return {**pulse, "age_s": time.time() - pulse["at"]}


def forget(data: Path, role: str) -> None:
    """Remove the pulse of a role that is gone."""
    (data / "run" / f"{role}.json").unlink(missing_ok=True)
