"""Keeping house: merge small files of the history, drop old days, free their bytes.

``python -m borough.app.keeping --data D --zone Z`` does one round.  The desk lets a process of
its own do each: a merge holds the interpreter for as long as zstd takes over a group of rows, and
leaves memory behind that no library gives back.  That process ends with whoever began it, and a
merge that was cut off changes nothing.
"""

import argparse
import logging
import os
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

from borough.app.clocks import wall_ms
from borough.app.logs import event, keep
from borough.app.settings import Settings
from borough.app.supervisor import die_with_parent
from borough.core.errors import BoroughError

log = logging.getLogger(__name__)
ROLE = "housekeeper"
EVERY_S, LOOK_S = 120.0, 0.5
GRACE_S = 7200.0
"""Longer than any question or merge may take; only then are dropped files deleted."""
DAY_MS = 86_400_000
MB = 1 << 20
MEMORY_MB = 256
"""What DuckDB may hold for a merge, which goes slice by slice."""
NICE = 19
"""How far a round stands back behind whoever answers people and devices: it takes what they leave,
and where they leave nothing a seventieth of a core beside each of them."""


class Housekeeper:
    """A thread that begins a round every now and then, beside the desk, which is there once."""

    def __init__(self, settings: Settings, zone: str) -> None:
        self.words = [
            sys.executable, "-m", __name__, "--data", str(settings.folder), "--zone", zone,
        ]  # fmt: skip
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self._keep, name=ROLE, daemon=True)
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


def kept(settings: Settings, zone: str) -> str:
    """Do one round, and say what it did.

    The newest day always stays, and the journal's own limits are the bus's.  Raises what the
    history raises.
    """
    from borough.app.lake import lake_of  # noqa: PLC0415 - the desk, which begins it, needs none

    old = settings.clock.now(wall_ms()) - round(settings.history_days * DAY_MS)
    with closing(lake_of(settings, zone, memory_mb=MEMORY_MB, threads=1)) as lake:
        merged = lake.compact()
        gone = lake.expire(old, settings.history_mb * MB)
        freed = lake.vacuum(GRACE_S)
    return f"{merged}; days dropped {gone}; files freed {freed}"


def main() -> None:
    """Read the arguments, and do one round behind everybody else."""
    parser = argparse.ArgumentParser(prog="borough.app.keeping", description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--zone", required=True)
    asked = parser.parse_args()
    die_with_parent()
    os.nice(NICE)
    settings = Settings.read(asked.data)
    keep(settings, ROLE)
    try:
        log.info("%s", kept(settings, asked.zone), extra=event("house-kept"))
    except BoroughError as error:
        log.warning("keeping house: %s", error, extra=event(error.code))


if __name__ == "__main__":
    main()
