"""Run the generator: ``python -m borough.edge.load --targets FILE --port N --rate R``."""

import argparse
import dataclasses
import itertools
import json
import sys
import time
from pathlib import Path

from borough.core.clock import DistrictClock
from borough.edge.load.generator import Plan, run
from borough.edge.load.targets import Ring, read_targets


def main() -> None:
    """Send, and print the account as one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--targets", type=Path, required=True, help="table of what to send")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True, help="MQTT port of the bus")
    parser.add_argument(
        "--rate",
        type=float,
        nargs="+",
        required=True,
        help="messages a second in all; several for steps, one after the other",
    )
    parser.add_argument(
        "--seconds",
        type=float,
        nargs="+",
        required=True,
        help="for how long; as many as there are rates",
    )
    parser.add_argument("--qos", type=int, choices=(0, 1), default=0)
    parser.add_argument("--clock", type=float, nargs=3, default=(0, 1, 0),
                        metavar=("START", "RATE", "ORIGIN"), help="district clock")  # fmt: skip
    asked = parser.parse_args()
    targets = sorted(read_targets(asked.targets), key=lambda target: target.credential)
    groups = itertools.groupby(targets, key=lambda target: target.credential)
    rings = [Ring(list(group), asked.qos) for _, group in groups]
    start, rate, origin = asked.clock
    clock = DistrictClock(int(start), rate, int(origin))
    steps = tuple(zip(asked.rate, asked.seconds, strict=True))
    plan = Plan(asked.host, asked.port, steps, asked.qos)
    account = run(plan, rings, lambda: clock.now(time.time() * 1000))
    sys.stdout.write(json.dumps(dataclasses.asdict(account)) + "\n")


if __name__ == "__main__":
    main()
