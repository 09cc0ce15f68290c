"""Let citizens speak: ``python -m borough.edge.citizens --http URL --token TOKEN ...``."""

import argparse
import json
import signal
import sys
import threading
import time
import tomllib
from importlib.resources import files
from pathlib import Path

from borough.core.errors import BusDown
from borough.edge.citizens.calling import Citizens
from borough.edge.citizens.clerks import Clerks, streets

ROUND_S = 1.0


def parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    made = argparse.ArgumentParser(prog="python -m borough.edge.citizens", description=__doc__)
    made.add_argument("--http", required=True, help="URL of the district")
    made.add_argument("--token", required=True, help="operator's token")
    made.add_argument("--speed", type=float, default=1.0, help="district seconds in a second")
    made.add_argument("--seed", type=int, default=1)
    made.add_argument("--report", type=Path, required=True, help="write the account here (JSON)")
    return made


def main(arguments: list[str] | None = None) -> int:
    """Speak and serve until stopped; the account is renewed after every round."""
    given = parser().parse_args(arguments)
    over = threading.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: over.set())
    pace = tomllib.loads((files("borough.edge.citizens") / "pace.toml").read_text("utf-8"))
    citizens = Citizens(given.http, given.token, given.seed, given.speed, pace)
    clerks = Clerks(given.http, given.token, citizens.filed, pace, given.seed)
    while not over.wait(ROUND_S):
        try:
            clerks.learn()
            citizens.places = streets(clerks.form)
            citizens.go_round(time.monotonic())
            clerks.go_round(time.monotonic())
        except BusDown:
            continue
        write(given.report, citizens, clerks)
    return 0


def write(path: Path, citizens: Citizens, clerks: Clerks) -> None:
    """Put the account in the place of the last one."""
    told = {"synthetic": True, "filed": len(citizens.filed), **clerks.acts,
            "refused": citizens.refused + clerks.refused}  # fmt: skip
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(told), "utf-8")
    fresh.replace(path)


if __name__ == "__main__":
    sys.exit(main())
