"""Hold many connections that say nothing: ``python -m borough.edge.load.idle --targets FILE ...``.

They come in as the gateways of the table do, each under a client id of its own.  One JSON line
says how many there are and how long they took to come in; each line read from standard input
sends all of them away and in again, and its end lets them go.
"""

import argparse
import json
import resource
import selectors
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

from borough.core import packets
from borough.edge.load.targets import Target, read_targets

AT_ONCE = 500
"""So many wait to be let in at a time; more would only wait longer."""
SPARE_FILES = 100
"""Files of a process that are no connections of its own."""
WAIT_S = 30.0


@dataclass(frozen=True, slots=True)
class Held:
    """Connections asked for and held, how many were refused, and the seconds it took."""

    asked: int
    held: int
    refused: int
    seconds: float


def possible(wanted: int) -> int:
    """Say how many connections this process may hold, having raised its limit if it can."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return wanted if most == resource.RLIM_INFINITY else min(wanted, most - SPARE_FILES)


def hold(address: tuple[str, int], gateways: list[Target], many: int, stack: ExitStack) -> Held:
    """Open connections, some at a time; *stack* closes them.

    One that the bus turns away or does not answer within half a minute counts as refused.
    """
    begun, held, refused = time.monotonic(), 0, 0
    names = iter(range(possible(many)))
    with selectors.DefaultSelector() as waiting:
        while True:
            for name in names_for(names, AT_ONCE - len(waiting.get_map())):
                line = stack.enter_context(socket.create_connection(address, WAIT_S))
                one = gateways[name % len(gateways)]
                line.sendall(packets.connect(f"idle-{name}", one.credential, one.token))
                waiting.register(line, selectors.EVENT_READ)
            if not waiting.get_map():
                break
            answered = waiting.select(WAIT_S)
            for key, _ in answered:
                welcome = key.fileobj.recv(len(packets.GOOD_CONNACK))  # type: ignore[union-attr] # sockets were registered
                held += welcome == packets.GOOD_CONNACK
                refused += welcome != packets.GOOD_CONNACK
                waiting.unregister(key.fileobj)
            if not answered:
                refused += len(waiting.get_map())
                break
    return Held(many, held, refused, round(time.monotonic() - begun, 3))


def names_for(names: Iterator[int], most: int) -> Iterator[int]:
    """Give up to *most* of the names that are left."""
    for _, name in zip(range(most), names, strict=False):
        yield name


def main() -> None:
    """Hold them until standard input ends."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--targets", type=Path, required=True, help="table with the credentials")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True, help="MQTT port of the bus")
    parser.add_argument("--many", type=int, required=True, help="connections to hold")
    asked = parser.parse_args()
    gateways = list({each.credential: each for each in read_targets(asked.targets)}.values())
    while True:
        with ExitStack() as stack:
            held = hold((asked.host, asked.port), gateways, asked.many, stack)
            sys.stdout.write(json.dumps(asdict(held)) + "\n")
            sys.stdout.flush()
            if not sys.stdin.readline():
                return


if __name__ == "__main__":
    main()
