"""Make recordings of leaking networks: ``record`` makes one, ``regenerate`` those that ship."""

import sys
from datetime import date
from pathlib import Path

import cyclopts

from borough.core.errors import BoroughError
from borough.edge.twin.hydraulics import record as recorded
from borough.edge.twin.recording import FOLDER, write
from borough.edge.twin.settings import Order, orders

app = cyclopts.App(name="borough-twin", help=__doc__)


@app.command
def record(
    *,
    network: str,
    out: Path,
    days: int = 21,
    seed: int = 1,
    leaks: int = 3,
    zones: int = 12,
    scale: float = 1.0,
    start: str = "2024-06-19",
) -> None:
    """Record one network; the truth lands beside OUT as ``*.truth.csv``.

    Parameters
    ----------
    network
        A network that wntr ships: ky4, ky10, Net3, Net6 ...
    out
        The recording to write, ``*.npz``.
    days
        How many days from START.
    seed
        The same seed gives the same numbers.
    leaks
        How many leaks to plant, at most one in a zone.
    zones
        How many metered zones to cut the network into.
    scale
        What to multiply the network's own demand by.
    start
        The first day, in the district's time.

    """
    keep(Order(network, date.fromisoformat(start), days, zones, seed, leaks, scale), out)


@app.command
def regenerate(only: str = "") -> None:
    """Make the recordings that ship once more, all or ONLY one."""
    for name, order in orders().items():
        if only in ("", name):
            keep(order, FOLDER / f"{name}.npz")


def keep(order: Order, out: Path) -> None:
    """Record, write both files, and say so."""
    recording, planted = recorded(order)
    recording.save(out)
    write(out.with_suffix(".truth.csv"), planted)
    leaks = sum(event.kind != "flushing" for event in planted)
    size = out.stat().st_size / 1e6
    sys.stdout.write(
        f"{out.name}: {order.network}, {recording.zones} zones, {len(recording.source)} meters, "
        f"{order.days} days, {leaks} leaks, {size:.2f} MB (synthetic)\n"
    )


if __name__ == "__main__":
    try:
        app()
    except BoroughError as error:
        sys.exit(f"{error.code}: {error}")
