"""Beside the desk: lets a process of its own keep house every now and then.

A merge holds the interpreter for as long as zstd takes over a group of rows, and leaves memory
behind that no library gives back; and the desk has no other use for the history's libraries.
"""

import logging
import subprocess
import sys
import threading
import time
from collections.abc import Callable

import psutil

from borough.app.logs import event
from borough.app.settings import Settings

log = logging.getLogger(__name__)
ROUND = "borough.app.keeping"
EVERY_S, LOOK_S = 120.0, 0.5
BUSY_PCT, GLANCE_S, PATIENCE_S = 50.0, 5.0, 600.0
"""A round waits while more than so much of the machine was busy for so long, but not for ever: two
threads of one core share it, so even who stands back behind everybody slows a machine at full load.
At 356,000 messages a second a round made one in a hundred wait for more than a second."""


class Housekeeper:
    """A thread that begins a round every now and then, beside the desk, which is there once."""

    def __init__(self, settings: Settings, zone: str) -> None:
        self.words = [
            sys.executable, "-m", ROUND, "--data", str(settings.folder), "--zone", zone,
        ]  # fmt: skip
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self._keep, name="housekeeper", daemon=True)
        self.thread.start()

    def _keep(self) -> None:
        while not self.stop.wait(EVERY_S):
            await_calm(self.stop)
            try:
                self._round()
            except OSError as error:
                log.warning("keeping house: %s", error, extra=event("house-not-kept"))

    def _round(self) -> None:
        """Let a process do a round; what it has to say is in its log."""
        child = subprocess.Popen(self.words, stdin=subprocess.DEVNULL)  # noqa: S603 - ours
        while child.poll() is None:
            if self.stop.wait(LOOK_S):
                child.kill()
        if child.returncode and not self.stop.is_set():
            log.warning(
                "keeping house: ended by %s", child.returncode, extra=event("house-not-kept")
            )

    def close(self) -> None:
        """Stop, with what is under way."""
        self.stop.set()
        self.thread.join(5.0)


def await_calm(
    stop: threading.Event,
    busy_pct: Callable[[], float] = psutil.cpu_percent,
    glance_s: float = GLANCE_S,
    patience_s: float = PATIENCE_S,
) -> None:
    """Wait until the machine was not busy between two glances, or for as long as one has patience.

    *busy_pct* says how much of the machine was busy since it was asked before.
    """
    until = time.monotonic() + patience_s
    busy_pct()
    while not stop.wait(glance_s) and time.monotonic() < until:
        if busy_pct() <= BUSY_PCT:
            return
