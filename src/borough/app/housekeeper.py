"""Beside the desk: lets a process of its own keep house every now and then.

A merge holds the interpreter for as long as zstd takes over a group of rows, and leaves memory
behind that no library gives back; and the desk has no other use for the history's libraries.
"""

import logging
import subprocess
import sys
import threading

from borough.app.logs import event
from borough.app.settings import Settings

log = logging.getLogger(__name__)
ROUND = "borough.app.keeping"
EVERY_S, LOOK_S = 120.0, 0.5


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
