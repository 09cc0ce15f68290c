"""The program behind `Receiver`: it stands alone, so that it starts in no time.

`receiving.py PORT FOLDER` listens on loopback.  It writes each message that it took into
``heard.jsonl`` of its folder before it answers; a file ``mode`` there says whether it answers well
(``good``), with 500 (``fail``), not at all (``hang``), elsewhere (``away``) or for the last time
(``gone``).
"""

import json
import os
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

GOOD, FAIL, HANG, AWAY, GONE = "good", "fail", "hang", "away", "gone"
HEARD, MODE = "heard.jsonl", "mode"
LONG_S = 3600.0
STATUS = {GOOD: 204, FAIL: 500, AWAY: 302, GONE: 410}


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
