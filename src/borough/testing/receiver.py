"""A program elsewhere that hooks call: a process of its own, that can fail, hang and be killed.

`python -m borough.testing.receiver PORT FOLDER` listens on loopback.  It writes each message that
it took into ``heard.jsonl`` of its folder before it answers; a file ``mode`` there says whether it
answers well (``good``), with 500 (``fail``), not at all (``hang``), or elsewhere (``away``).
"""

import json
import os
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from borough.testing.living import eventually, free_ports

GOOD, FAIL, HANG, AWAY, GONE = "good", "fail", "hang", "away", "gone"
HEARD, MODE = "heard.jsonl", "mode"
LONG_S = 3600.0
STATUS = {GOOD: 204, FAIL: 500, AWAY: 302, GONE: 410}


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
        words = [sys.executable, "-m", "borough.testing.receiver", str(self.port), str(self.folder)]
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


class Door(BaseHTTPRequestHandler):
    """Takes one message."""

    folder = Path()

    def do_POST(self) -> None:
        """Write it down, and answer as the mode says."""
        mode = (self.folder / MODE).read_text("utf-8")
        body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
        headers = {name.lower(): value for name, value in self.headers.items()}
        told = {"id": headers.get("webhook-id", ""), "mode": mode, "body": body}
        line = {**told, "headers": headers, "path": self.path, "number": time.monotonic_ns()}
        with (self.folder / HEARD).open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
            file.flush()
            os.fsync(file.fileno())
        if mode == HANG:
            time.sleep(LONG_S)
        self.send_response(STATUS.get(mode, 204))
        if mode == AWAY:
            self.send_header("location", "/elsewhere")
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_args: Any) -> None:
        """Say nothing."""


def main() -> None:
    """Listen until killed."""
    port, folder = int(sys.argv[1]), Path(sys.argv[2])
    Door.folder = folder
    ThreadingHTTPServer.daemon_threads = True
    server = ThreadingHTTPServer(("127.0.0.1", port), Door)
    with (folder / "starts").open("a", encoding="utf-8") as file:
        file.write(".")
    server.serve_forever()


if __name__ == "__main__":
    main()
