"""Measure cases under load: a burst of detections, the page of open cases, a move.

``bench/cases.py [--stored 1000000] [--rate 1050] [--seconds 60] [--opens 105] [--joins 945]
[--clock 1] [--small] [--json]``

A million synthetic cases are stored first, in SQLite and in a PostgreSQL of our own, which waits
for the disk as it does everywhere.  Of each second's 1,050 detections, 105 (``--opens``) open a
case and 945 (``--joins``) join one that another opened before; what is left, none unless asked
for, are devices lost together, which wait and become members of outages.  They are of gas, fire
lanes and littering as the district has such things, each at its worst level, so that a case
begins with all its tasks, timers and orders.  Every tenth batch is handed out twice.  All of it
goes through the desk, whose timers, gathering and dispatch go on meanwhile by the district's
clock, which passes ``--clock`` seconds in one; pages go over HTTP.  ``burst_rate`` is how many
were taken a second, up to the end of the last batch; so more are handed out than the 1,000 that
are aimed at.  ``burst_core_pct`` is what 1,000 of them a second take of one core.
"""

import argparse
import gc
import itertools
import json
import os
import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import msgspec
import numpy as np
from sqlalchemy import func, select

from _stored import movable, store
from _told import tell
from borough.api.application import create
from borough.app.clocks import wall_ms
from borough.app.desk.desk import Desk
from borough.app.desk.verbs import answered
from borough.app.settings import Settings
from borough.app.setup import folder_of, set_up
from borough.storage.sql import SqlQueue, tables as t
from borough.storage.sql.engines import reading
from borough.storage.sql.shelf_tables import gathered
from borough.testing.postgres import running
from borough.testing.serving import serving
from borough.testing.town import town

DISTRICT = "yubei"
START_MS = 1_720_569_600_000
SMALL = {"stored": 20_000, "seconds": 5}
BATCH = 500
AGAIN = 10
"""Each batch of so many is handed out twice."""
LOST = "lost_device"
PAGES, MOVES = 300, 300
ASKS = (
    "", "sort=level", "sort=opened", "band=orange", "agency={agency}", "holder={holder}",
    "scene=gas&band=yellow", "urgent=true", "source=citizen&source=hotline", "stage=dispose",
    "street={street}", "post={post}", "text=0001230", "agency={agency}&band=orange&urgent=true",
)  # fmt: skip
Sent = dict[str, Any]


def main() -> None:
    """Measure, and print."""
    asks = argparse.ArgumentParser(description="cases under load")
    asks.add_argument("--stored", type=int, default=1_000_000)
    asks.add_argument("--rate", type=int, default=1050, help="new detections a second")
    asks.add_argument("--seconds", type=int, default=60)
    asks.add_argument("--opens", type=int, default=105, help="of them open a case")
    asks.add_argument("--joins", type=int, default=945, help="of them join a case")
    asks.add_argument("--clock", type=float, default=1.0, help="district seconds in a second")
    asks.add_argument("--share", type=float, default=0.1, help="of the district's fleet")
    asks.add_argument("--small", action="store_true", help=f"a quick look: {SMALL}")
    asks.add_argument("--json", action="store_true")
    given = asks.parse_args()
    if given.small:
        given.stored, given.seconds = SMALL["stored"], SMALL["seconds"]
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="borough-bench-") as folder:
        with desk_on(Path(folder) / "sqlite", "", given) as desk:
            figures |= burst(desk, given)
            figures |= measured(desk, "sqlite")
        with (
            running(durable=True) as server,
            desk_on(Path(folder) / "postgresql", server.database(), given) as desk,
        ):
            figures |= measured(desk, "postgresql")
    order = (
        "burst_opens", "burst_joins", "burst_others", "burst_core_pct", "burst_rate",
        "burst_lost", "burst_duplicates", "queue_p95_ms_sqlite", "queue_p95_ms_postgresql",
        "move_p95_ms_sqlite", "move_p95_ms_postgresql", "cases_stored",
    )  # fmt: skip
    told = {name: figures[name] for name in order}
    tell(told, plain=given.json)


@contextmanager
def desk_on(folder: Path, database: str, given: Any) -> Iterator[Desk]:
    """Set up a district with cases of the past, and give its desk."""
    settings = Settings(
        data=str(folder), district=str(folder_of(DISTRICT)), clock_start_ms=START_MS,
        clock_rate=given.clock, clock_origin_ms=wall_ms(), database=database,
    )  # fmt: skip
    folder.mkdir(parents=True)
    set_up(settings, seed=1, share=given.share)
    settings.write()
    desk = Desk(settings)
    scenes = {name: desk.plans[name] for name in desk.scenes if name in desk.plans}
    grids = len(desk.ground.district.grids.code)
    store(desk.engine, scenes, grids, given.stored, until_ms=START_MS)
    os.sync()  # what took years is on the disk before anything is measured
    settings = replace(settings, clock_origin_ms=wall_ms())
    desk.clock = settings.clock
    desk.weigh()  # what a desk does when it begins: the rosters of the days are laid out
    gc.collect()
    gc.freeze()  # as the desk does
    yield desk
    gc.unfreeze()
    desk.engine.dispose()


def burst(desk: Desk, given: Any) -> dict[str, Any]:
    """Hand the desk so many new detections a second, as the bus does, and count what it kept."""
    total = given.rate * given.seconds
    edges = detections(desk, given, total)
    sent: list[str] = []
    used, began = time.process_time(), time.perf_counter()
    taken, batches, looked = 0, 0, 0.0
    while taken < total:
        passed = time.perf_counter() - began
        there = min(int(passed * given.rate), total) - taken
        if passed - looked > 1:
            looked = passed
            while desk.timers.fire(desk.now()):
                pass
        desk.weigh()
        if there < 1:
            time.sleep(0.01)
            continue
        batch = [
            {**each, "time": desk.now(), "now": desk.now()}
            for each in itertools.islice(edges, min(there, BATCH))
        ]
        taken, batches = taken + len(batch), batches + 1
        desk.take(batch, taken)
        if batches % AGAIN == 0:
            desk.take(batch, taken)
        sent += [each["id"] for each in batch]
    rate = total / (time.perf_counter() - began)
    core = (time.process_time() - used) * 1000 / total
    lost, twice, mix = accounted(desk, sent)
    return {
        "burst_rate": round(rate, 1), "burst_core_pct": round(100 * core, 1),
        "burst_lost": lost, "burst_duplicates": twice, **mix,
    }  # fmt: skip


def detections(desk: Desk, given: Any, total: int) -> Iterator[Sent]:
    """Make new detections: some open cases, some join those, the others are lost devices."""
    dice = random.Random(2)  # noqa: S311 - nothing secret
    registry = desk.ground.registry

    def things(name: str) -> list[int]:
        rows = np.asarray(desk.found[name].at_work(registry).watch.things)
        return [int(each) for each in dice.sample(registry.id[rows].tolist(), len(rows))]

    fresh = [(name, thing) for name in ("fire_lane", "gas", "littering") for thing in things(name)]
    dice.shuffle(fresh)
    unseen = iter(fresh)
    seen: list[tuple[str, int]] = []
    lost = itertools.cycle(things(LOST))
    kinds = ["open"] * given.opens + ["join"] * given.joins
    kinds += ["lost"] * (given.rate - len(kinds))
    for number in range(total):
        kind = kinds[(number * 7919) % given.rate]
        if kind == "open" or (kind == "join" and not seen):
            name, thing = next(unseen)
            seen.append((name, thing))
        else:
            name, thing = dice.choice(seen) if kind == "join" else (LOST, next(lost))
        levels = desk.scenes[name].levels
        yield {
            "id": f"{name}-{thing}-{number}", "scene": name, "thing": thing,
            "level": len(levels) - 1, "level_name": levels[-1], "position": (number + 1) << 24,
            "values": {}, "before": {}, "after": {}, "version": "0" * 12, "by": "bench",
        }  # fmt: skip


def accounted(desk: Desk, sent: list[str]) -> tuple[int, int, dict[str, int]]:
    """Count detections that belong nowhere, whatever is there more often than once, and the mix."""
    d, g = t.detections.c, gathered.c
    with reading(desk.engine) as connection:
        kept = {row.id: row for row in connection.execute(select(d.id, d.case_id, d.suppressed_by))}
        edges = connection.scalar(select(func.count()).select_from(t.detection_edges)) or 0
        waits = set(connection.scalars(select(g.detection)))
        e = t.case_events.c
        hears = e.verb.in_(["opened", "joined", "reopened"]) & (e.actor != "bench")
        logs = connection.execute(select(e.verb, e.data).where(hears)).all()
    told = [(row.verb, json.loads(row.data).get("detection", "")) for row in logs]
    of_us = set(sent)
    times = Counter(name for _, name in told if name in of_us)
    verbs = Counter(verb for verb, name in told if name in of_us)
    lost = sum(
        each not in kept or not (times[each] or kept[each].suppressed_by or each in waits)
        for each in sent
    )
    twice = sum(number - 1 for number in times.values()) + max(edges - len(kept), 0)
    mix = {"burst_opens": verbs["opened"], "burst_joins": verbs["joined"] + verbs["reopened"]}
    return lost, twice, {**mix, "burst_others": len(sent) - sum(mix.values())}


def measured(desk: Desk, kind: str) -> dict[str, Any]:
    """Time pages and moves on a database."""
    with reading(desk.engine) as connection:
        stored = connection.scalar(select(func.count()).select_from(t.cases))
    return {
        f"queue_p95_ms_{kind}": p95(pages(desk)),
        f"move_p95_ms_{kind}": p95(moves(desk)),
        "cases_stored": stored,
    }


def pages(desk: Desk) -> list[float]:
    """Time pages of the open cases, each asked for over HTTP."""
    ports = replace(
        town(10), queue=SqlQueue(desk.engine), district=desk.ground.district,
        registry=desk.ground.registry, plans=desk.plans,
    )  # fmt: skip
    place = desk.ground.district
    told = {
        "agency": place.agencies.code[3], "holder": next(iter(desk.plans.values())).first.holder,
        "street": place.streets.code[0], "post": place.posts.code[7],
    }  # fmt: skip
    with serving(create(ports), ports.live) as served, httpx.Client(timeout=60) as client:
        asked = [f"{served.url}/api/v1/queue?{each.format(**told)}" for each in ASKS]
        for each in asked:
            client.get(each).raise_for_status()
        return [timed(partial(client.get, asked[at % len(asked)])) for at in range(PAGES)]


def moves(desk: Desk) -> list[float]:
    """Time moves, each asked of the desk as over the bus."""
    times = []
    for case, to, answers in movable(desk.engine, desk.plans, MOVES):
        ask = {"case": case.id, "to": to, "version": case.version, "by": "bench", "note": "bench"}
        data = msgspec.json.encode({**ask, "answers": answers})
        times.append(timed(partial(answered, desk, "move", data)))
    return times


def timed(work: Callable[[], Any]) -> float:
    """Give how long something takes, in ms."""
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


def p95(times: list[float]) -> float:
    """Give the 95th percentile."""
    return round(float(np.percentile(times, 95)), 2)


if __name__ == "__main__":
    main()
