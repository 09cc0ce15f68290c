"""What a burst does: ten times the messages for a minute and back, and everybody reconnecting.

``borough bench burst --devices 356000 --calm 35600 --rate 356000 --seconds 60 --idle 20000`` sends
QoS 0 over 200 gateways while 20 others send acknowledged messages (QoS 1) all the time.  Then
every idle connection is sent away and comes in again.  The last line is one JSON object:
``lost_acked`` counts acknowledged messages that the journal does not hold, ``twice_acked`` those
that it holds again, by series and time, and ``unacked`` those without an answer, which nobody
promised; ``lost`` and ``twice`` say the same of QoS 0.  ``peak_rate`` and ``calm_rate`` are the
messages a second that were reached.  ``memory_mb`` is the memory (PSS) of all our processes before,
at its highest (``memory_peak_mb``), and after, and ``reconnect_s`` how long the reconnecting took.
"""

import argparse
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np

from _ground import (
    FLEET,
    Idle,
    account_of,
    counts,
    devices_of,
    drained,
    end_of_journal,
    latency,
    say,
    send,
    set_up,
    targets_of,
)
from _held import told
from _told import tell
from borough.app import pulse
from borough.app.district_run import pss_mb, supervisor
from borough.app.settings import Settings
from borough.app.supervisor import Supervisor
from borough.core.observations import Index
from borough.core.registry import Registry

GATEWAYS, CAREFUL = 200, 20
"""Gateways that send QoS 0, and those that wait for acknowledgements."""


class Watcher(threading.Thread):
    """Looks every second how much memory is in use and how old the backlog is."""

    def __init__(self, settings: Settings, watch: Supervisor) -> None:
        super().__init__(daemon=True)
        self.settings, self.pids = settings, list(watch.pids().values())
        self.over = threading.Event()
        self.before = self.highest = self.after = pss_mb(self.pids)
        self.backlog_s = 0.0

    def run(self) -> None:
        """Look until told that it is over."""
        while not self.over.wait(1.0):
            self.after = pss_mb(self.pids)
            self.highest = max(self.highest, self.after)
            said = pulse.read(self.settings.folder, "stream")
            self.backlog_s = max(self.backlog_s, said.get("backlog_s", 0.0))


def measure(
    settings: Settings,
    registry: Registry,
    parts: tuple[tuple[Path, Index], tuple[Path, Index]],
    watcher: Watcher,
    asked: argparse.Namespace,
) -> dict[str, Any]:
    """Send the burst, wait until it has arrived, and say what came of it."""
    (plain, plain_rows), (careful, careful_rows) = parts
    steps = [
        (asked.calm, asked.calm_s),
        (asked.rate, asked.seconds),
        (asked.calm, asked.calm_s),
    ]
    known, place = counts(settings)["messages"], end_of_journal(settings)
    say(f"{asked.calm:.0f} messages/s, then {asked.rate:.0f}, and back")
    watcher.start()
    acked = send(settings, careful, [(asked.acked_rate, asked.seconds + 2 * asked.calm_s)], 1)
    account = account_of(send(settings, plain, steps, 0))
    sure = account_of(acked)
    drained(settings, known + account["sent"] + sure["sent"])
    time.sleep(2 * settings.tick_ms / 1000)
    found = {}
    for name, rows in (("plain", plain_rows), ("acked", careful_rows)):
        watched = series_of(registry, rows)
        stored, waits = latency(settings, place, watched)
        found[name] = (stored, told(settings, place, watched).twice, waits)
    stored, twice, waits = found["plain"]
    held, again, late = found["acked"]
    before, peak, after = account["rates"]
    return {
        "devices": asked.devices, "rates": account["rates"],
        "peak_rate": peak, "calm_rate": min(before, after), "sent": account["sent"],
        "lost": account["sent"] - (stored - twice), "twice": twice, **waits,
        "acked": sure["acked"], "acked_rates": sure["rates"],
        "unacked": sure["sent"] - sure["acked"],
        "lost_acked": sure["acked"] - (held - again), "twice_acked": again,
        **{f"acked_{name}": each for name, each in late.items()},
        "backlog_s": watcher.backlog_s,
    }  # fmt: skip


def series_of(registry: Registry, rows: Index) -> Any:
    """Mark the series that so many devices send."""
    marked = np.zeros(len(registry.row_of_series), bool)
    marked[registry.first[rows]] = True
    return marked


def main() -> None:
    """Set up, measure, print."""
    parser = argparse.ArgumentParser(prog="borough bench burst", description=__doc__)
    parser.add_argument("--devices", type=int, default=FLEET)
    parser.add_argument("--calm", type=float, default=35_600, help="messages a second before")
    parser.add_argument("--calm-s", type=float, default=10)
    parser.add_argument("--rate", type=float, default=356_000, help="messages a second meanwhile")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--acked-rate", type=float, default=2_000, help="of QoS 1, all the time")
    parser.add_argument("--idle", type=int, default=20_000, help="connections that come again")
    parser.add_argument("--json", action="store_true", help="print only the JSON object")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="borough-burst-") as name:
        say(f"setting up {asked.devices} devices")
        folder = Path(name)
        settings, registry, tokens = set_up(folder / "data", asked.devices, GATEWAYS + CAREFUL)
        rows = devices_of(registry)[: asked.devices]
        used = np.unique(registry.via[rows])  # a small district has fewer gateways
        split = registry.via[rows] < used[len(used) * GATEWAYS // (GATEWAYS + CAREFUL)]
        parts = [
            (targets_of(folder / f"{part}.csv", registry, tokens, mine), mine)
            for part, mine in (("plain", rows[split]), ("careful", rows[~split]))
        ]
        watch = supervisor(settings, say)
        idle = None
        try:
            watch.start()
            idle = Idle(settings, parts[0][0], asked.idle)
            first = idle.held()
            watcher = Watcher(settings, watch)
            result = measure(settings, registry, (parts[0], parts[1]), watcher, asked)
            again = idle.again()
            watcher.over.set()
            watcher.join()
            result |= {
                "idle": first, "reconnected": again, "reconnect_s": again["seconds"],
                "memory_mb": [watcher.before, watcher.highest, watcher.after],
                "memory_peak_mb": watcher.highest,
            }  # fmt: skip
        finally:
            if idle:
                idle.close()
            watch.stop()
    tell(result, plain=asked.json)


if __name__ == "__main__":
    main()
