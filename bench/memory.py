"""How much memory a district takes that watches a whole fleet.

``borough bench memory [--share 1.0] [--quiet 20] [--busy 60] [--json]``

Sets the fleet of the district up (1.67 million series at share 1), starts every role, and adds
up the proportional memory (PSS) of the whole process tree: quiet, then while the fleet sends
its usual mix.  The fleet itself is no part of the tree.  With PSS, pages that processes share
are counted once.  The last line is one JSON object.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

from _ground import weight_mb
from _told import tell
from borough.adapters.bus.config import environment
from borough.adapters.limits import Limits
from borough.app import memory
from borough.app.demo import Wanted, start_fleet
from borough.app.district_run import pss_mb
from borough.app.keeping import MEMORY_MB as KEEPING_MB
from borough.storage.lake.lake import MEMORY_MB
from borough.testing.living import Living

LOOK_S = 1.0
GOAL_MB = 2048
MIB = 1 << 20


def weighed(living: Living) -> dict[str, float]:
    """Weigh each role and the supervisor, in MB; a child counts for the role that began it."""
    assert living.process is not None  # noqa: S101 - it was started
    pids = {"supervisor": living.process.pid, **living.pids()}
    roles = set(pids.values())
    found = {}
    for role, pid in pids.items():
        family = [pid]
        if role != "supervisor":
            family += [each.pid for each in psutil.Process(pid).children(recursive=True)]
        found[role] = pss_mb([each for each in family if each == pid or each not in roles])
    return found


def watched(living: Living, seconds: float) -> tuple[dict[str, float], float]:
    """Look for a while; give the weights at the end, and the greatest sum there was."""
    most, until = 0.0, time.monotonic() + seconds
    while True:
        found = weighed(living)
        most = max(most, sum(found.values()))
        if time.monotonic() >= until:
            return found, round(most, 1)
        time.sleep(LOOK_S)


def anonymous_mb(living: Living) -> dict[str, float]:
    """Give what each role holds that is no page of a file, in MB."""
    return {role: round(weight_mb(pid)["Anonymous"], 1) for role, pid in living.pids().items()}


def measure(folder: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """Set up, start, weigh."""
    print(f"setting up {asked.share:.0%} of the fleet", file=sys.stderr, flush=True)
    living = Living.made(
        folder / "data", share=asked.share, rate=1.0, archive_s=10.0, checkpoint_s=30.0
    )
    fleet: subprocess.Popen[bytes] | None = None
    try:
        living.start()
        quiet, quiet_most = watched(living, asked.quiet)
        fleet = start_fleet(living.settings, Wanted(share=asked.share), None)
        print(f"the fleet speaks for {asked.busy:.0f} s", file=sys.stderr, flush=True)
        busy, busy_most = watched(living, asked.busy)
        counts = living.counts()
        held = anonymous_mb(living)
    finally:
        if fleet is not None:
            fleet.terminate()
            fleet.wait()
        living.stop()
    registry = living.held.registry
    return {
        "things": len(registry.id),
        "series": len(registry.numbers),
        "pss_mb": max(quiet_most, busy_most),
        "goal_mb": GOAL_MB,
        "quiet_mb": quiet,
        "busy_mb": busy,
        "quiet_most_mb": quiet_most,
        "busy_most_mb": busy_most,
        "busy_anonymous_mb": held,
        "stored": counts.get("stored", 0),
        "limits": stated(Limits.load(), memory.there_is()),
    }


def stated(limits: Limits, memory_bytes: int) -> dict[str, float]:
    """Say what bounds memory, where there is so much of it for everybody.

    The bus looks for what it no longer needs, whatever that costs, from ``bus_heap_mb`` on, which
    is the least of ``bus_heap_most_mb`` and ``bus_heap_pct`` of all memory.
    """
    heap = environment(limits, memory_bytes)["GOMEMLIMIT"].removesuffix("B")
    return {
        "memory_mb": round(memory_bytes / MIB),
        "bus_heap_mb": round(int(heap) / MIB),
        "bus_heap_most_mb": round(limits.bus_heap_bytes / MIB),
        "bus_heap_pct": limits.bus_heap_pct,
        "bus_memory_streams_mb": round(limits.memory_bytes / MIB),
        "bus_pending_per_connection_mb": round(limits.pending_bytes / MIB),
        "duckdb_of_a_role_mb": MEMORY_MB,
        "duckdb_of_the_desk_mb": KEEPING_MB,
    }


def main() -> None:
    """Read the arguments, print the figures."""
    parser = argparse.ArgumentParser(prog="borough bench memory", description=__doc__)
    parser.add_argument("--share", type=float, default=1.0, help="of the fleet's devices")
    parser.add_argument("--quiet", type=float, default=20.0, help="seconds without a word")
    parser.add_argument("--busy", type=float, default=60.0, help="seconds of the usual mix")
    parser.add_argument("--json", action="store_true", help="print only the JSON object")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="borough-memory-") as name:
        found = measure(Path(name), asked)
    tell(found, plain=asked.json)


if __name__ == "__main__":
    main()
