"""A program elsewhere that hooks call: a process of its own, that can fail, hang and be killed."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from borough.testing.living import eventually, free_ports
from borough.testing.receiving import AWAY, FAIL, GONE, GOOD, HANG, HEARD, MODE

__all__ = ["AWAY", "FAIL", "GONE", "GOOD", "HANG", "Receiver"]

PROGRAM = Path(__file__).with_name("receiving.py")


class Receiver:
    """A receiver in a process of its own, at one port for as long as it lives."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_ports(1)[0]
        self.process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)
        self.be(GOOD)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}/hook"

    def be(self, mode: str) -> None:
        """Have it answer otherwise from now on."""
        fresh = self.folder / f"{MODE}.new"
        fresh.write_text(mode, "utf-8")
        fresh.replace(self.folder / MODE)

    def start(self) -> None:
        """Start it, and wait until it listens."""
        before = self.starts()
        words = [sys.executable, "-P", str(PROGRAM), str(self.port), str(self.folder)]
        self.process = subprocess.Popen(words)  # noqa: S603 - our own program
        eventually(lambda: self.starts() > before, "a receiver that listens")

    def kill(self) -> None:
        """End it as a power cut would."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def starts(self) -> int:
        """Count how often it began to listen."""
        path = self.folder / "starts"
        return len(path.read_text("utf-8")) if path.exists() else 0

    def heard(self) -> list[dict[str, Any]]:
        """Give what it was told, in order: ``id``, ``headers``, ``body``, and the ``mode`` then."""
        path = self.folder / HEARD
        lines = path.read_text("utf-8").splitlines() if path.exists() else []
        return [json.loads(line) for line in lines]

    def took(self) -> list[dict[str, Any]]:
        """Give what it took and answered well, each id once, in the order of the first time."""
        first = {each["id"]: each for each in reversed(self.heard()) if each["mode"] == GOOD}
        return sorted(first.values(), key=lambda each: int(each["number"]))
