"""The public live stream, as any screen hears it: server-sent events over HTTP."""

import json
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlsplit

LIVE = "/api/v1/live"
AGAIN_S = 0.5
SILENT_S = 60.0
"""The stream sends a comment every 15 s; this long without a word means that it is dead."""
Told = tuple[str, float, dict[str, Any]]
"""The event's name, the wall time (ms) at which it came, and what it said."""


def events(lines: Iterable[bytes]) -> Iterator[tuple[str, str, str]]:
    r"""Put the lines of an event stream together: name, data and id of each event.

    >>> list(events([b"event: case\n", b"data: {}\n", b"\n"]))
    [('case', '{}', '')]
    """
    name, mark = "message", ""
    data: list[str] = []
    for line in lines:
        words = line.decode("utf-8", "replace").rstrip("\r\n")
        key, _, value = words.partition(":")
        value = value.removeprefix(" ")
        if not words:
            if data:
                yield name, "\n".join(data), mark
            name, data = "message", []
        elif key == "event":
            name = value
        elif key == "data":
            data.append(value)
        elif key == "id":
            mark = value


@dataclass(slots=True)
class Ear:
    """Listens in a thread of its own, comes back after a break, and keeps what it heard."""

    url: str
    token: str = ""
    heard: deque[Told] = field(default_factory=deque)
    open: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)
    mark: str = ""

    def start(self) -> None:
        """Begin to listen."""
        threading.Thread(target=self.listen, name="live", daemon=True).start()

    def stop(self) -> None:
        """Stop after the next word or pause."""
        self.over.set()

    def listen(self) -> None:
        """Listen until told to stop; after a break, ask for what was missed."""
        while not self.over.is_set():
            with suppress(OSError, HTTPException):
                self.follow()
            self.open.clear()
            self.over.wait(AGAIN_S)

    def follow(self) -> None:
        """Follow one connection to its end."""
        parts = urlsplit(self.url)
        line = HTTPConnection(parts.hostname or "127.0.0.1", parts.port or 80, timeout=SILENT_S)
        headers = {"accept": "text/event-stream"}
        headers |= {"authorization": f"Bearer {self.token}"} if self.token else {}
        headers |= {"last-event-id": self.mark} if self.mark else {}
        try:
            line.request("GET", LIVE, headers=headers)
            answer = line.getresponse()
            if answer.status != 200:  # noqa: PLR2004 - the one status that opens a stream
                return
            self.open.set()
            for name, data, mark in events(iter(answer.readline, b"")):
                came = time.time() * 1000
                self.mark = mark or self.mark
                said = json.loads(data)
                if isinstance(said, dict):
                    inner = said.get("data")
                    self.heard.append((name, came, inner if isinstance(inner, dict) else said))
                if self.over.is_set():
                    return
        finally:
            line.close()

    def take(self) -> Iterator[Told]:
        """Give what was heard since the last time."""
        while self.heard:
            yield self.heard.popleft()
