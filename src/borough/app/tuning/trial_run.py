"""One trial in a process of its own: the order as its argument, what comes of it line by line.

Lines are JSON: ``{"done": 3, "total": 9}`` as it goes, then ``{"result": ...}`` or
``{"problem": {"code", "detail"}}``.
"""

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from borough.app.settings import Settings
from borough.app.tuning.trials import Trial, tried
from borough.core.errors import BoroughError

EVERY_S = 0.2
NICE = 10
"""A trial yields to the roles: the lower half of what the system offers."""


def say(line: dict[str, Any]) -> None:
    """Write one line."""
    sys.stdout.write(json.dumps(line, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def run(order: dict[str, Any]) -> None:
    """Carry an order out: ``data`` is the district's folder, ``trial`` what to try."""
    told = 0.0

    def tell(_what: str, done: int, total: int) -> None:
        nonlocal told
        if time.monotonic() - told >= EVERY_S:
            told = time.monotonic()
            say({"done": done, "total": total})

    try:
        found = tried(Settings.read(Path(order["data"])), Trial(**order["trial"]), tell)
    except BoroughError as error:
        say({"problem": {"code": error.code, "detail": str(error)}})
    else:
        say({"result": found})


if __name__ == "__main__":
    os.nice(NICE)
    run(json.loads(sys.argv[1]))
