"""One round of keeping house: merge small files of the history, drop old days, free their bytes.

``python -m borough.app.keeping --data D --zone Z`` does it; `housekeeper` begins it now and then.
It ends with whoever began it, and a merge that was cut off changes nothing.
"""

import argparse
import logging
import os
from contextlib import closing
from pathlib import Path

from borough.app.clocks import wall_ms
from borough.app.lake import lake_of
from borough.app.logs import event, keep
from borough.app.settings import Settings
from borough.app.supervisor import die_with_parent
from borough.core.errors import BoroughError

log = logging.getLogger(__name__)
ROLE = "housekeeper"
GRACE_S = 7200.0
"""Longer than any question or merge may take; only then are dropped files deleted."""
DAY_MS = 86_400_000
MB = 1 << 20
MEMORY_MB = 256
"""What DuckDB may hold for a merge, which goes slice by slice."""
NICE = 19
"""How far a round stands back behind whoever answers people and devices: it takes what they leave,
and where they leave nothing a seventieth of a core beside each of them."""


def kept(settings: Settings, zone: str) -> str:
    """Do one round, and say what it did.

    The newest day always stays, and the journal's own limits are the bus's.  Raises what the
    history raises.
    """
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
