"""Measure what open clocks cost: 100,000 of them, looked at once a second for an hour.

``bench/clocks.py [--open 100000] [--minutes 60] [--json]``

Cases are opened by one-step plans whose limits are those that a published table of standards
has.  If cases came in the shares of its rows, those with long limits would be open for longer, so
a limit is drawn by rows times length; and clocks are anywhere between beginning and twice the
limit.  Then an hour of district time passes, a look for each second, as the desk looks;
what runs out is written into the log.  ``core_pct`` is processor time over time passed, in
percent of one core; PostgreSQL's own is not in it, so SQLite is measured.
"""

import argparse
import random
import tempfile
from pathlib import Path
from time import process_time
from typing import Any

from _told import tell
from borough.core.cases import Plan
from borough.core.deadlines import Limit, WorkCalendar, Worktime
from borough.engine.bands import bands
from borough.storage.sql import SqlCases, SqlClocks, SqlTimers, connect, upgrade
from borough.storage.sql.bundles import bundling
from borough.storage.sql.engines import writing

NOW_MS = 1_720_569_600_000
LIMITS = {
    "1 work_day": 143, "5 work_day": 86, "3 work_day": 84, "2 work_day": 82, "4 work_hour": 39,
    "2 urgent_hour": 32, "2 work_hour": 22, "7 work_day": 9, "15 work_day": 5, "1 urgent_hour": 5,
}  # fmt: skip
"""How many rows of the standards of one city have each limit (Yuncheng, 2026-07)."""
OFFICE = ((8 * 60, 12 * 60), (14 * 60, 18 * 60))
WORK = WorkCalendar(
    zone="Asia/Shanghai", week=(OFFICE,) * 5 + ((),) * 2, days={},
    years=frozenset({2023, 2024, 2025}), work_day_h=8,
)  # fmt: skip
CHUNK = 2000


def main() -> None:
    """Open clocks, let time pass, and print."""
    asks = argparse.ArgumentParser(description="what open clocks cost")
    asks.add_argument("--open", type=int, default=100_000)
    asks.add_argument("--minutes", type=int, default=60)
    asks.add_argument("--json", action="store_true")
    given = asks.parse_args()
    with tempfile.TemporaryDirectory(prefix="borough-bench-") as folder:
        told = measured(Path(folder) / "clocks.db", given.open, given.minutes * 60)
    tell(told, plain=given.json)


def measured(path: Path, many: int, seconds: int) -> dict[str, Any]:
    """Open *many* cases and look at their clocks once a second for so long."""
    engine = connect(path)
    upgrade(engine)
    clock = Worktime.of(WORK)
    step = {"name": "mend", "holder": "crew", "then": ["closed"]}
    plans = {
        within: Plan.declared(within, {"step": [{**step, "within": within}]}).by(clock)
        for within in LIMITS
    }
    clocks = SqlClocks(plans, bands())
    cases = SqlCases(engine, follow=[clocks.follow])
    timers = SqlTimers(engine, clocks.fires(cases))
    dice = random.Random(1)  # noqa: S311 - nothing secret
    weights = [rows * clock.length(Limit.read(within)) for within, rows in LIMITS.items()]
    chosen = dice.choices(list(LIMITS), weights, k=many)
    for start in range(0, many, CHUNK):
        with writing(engine) as connection, bundling(connection):
            for within in chosen[start : start + CHUNK]:
                length = clock.length(Limit.read(within))
                before = round(2 * length * dice.random())
                at_work = Limit.read(within).at_work
                at = int(clock.when(int(clock.worked(NOW_MS)) - before)) if at_work else 0
                cases.opened(
                    connection, plans[within], title={"zh": "合成", "en": "synthetic"},
                    at_ms=at or NOW_MS - before,
                )  # fmt: skip
    while timers.fire(NOW_MS):
        pass
    fired, began = 0, process_time()
    for second in range(1, seconds + 1):
        while rung := timers.fire(NOW_MS + second * 1000):
            fired += len(rung)
    used = process_time() - began
    engine.dispose()
    return {
        "clocks_open": many, "seconds": seconds, "fired": fired,
        "core_pct": round(100 * used / seconds, 3),
    }  # fmt: skip


if __name__ == "__main__":
    main()
