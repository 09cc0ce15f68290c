"""Replays of a district's history: what scenes would have said over months."""

import heapq
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import numpy as np

from borough.app.district import Ground, ground
from borough.app.lake import lake_of
from borough.app.settings import Settings
from borough.app.tuning.bench import Bench
from borough.app.tuning.replays import chosen_of
from borough.app.tuning.shares import Tell, in_shares, silent
from borough.app.tuning.trials import AFTER_ALL, Trial, asked
from borough.app.turns import Turns
from borough.core.errors import BadRequest, NotFound
from borough.core.observations import Index
from borough.core.partitions import Part
from borough.core.tunings import Change
from borough.engine.catalog import Found
from borough.engine.district import read
from borough.engine.pipeline import Pipeline
from borough.engine.replay import ORDER, Past, recount
from borough.storage.sql import SqlTunings, connect

DAY_MS = 86_400_000
MEMORY_MB = 256
"""What DuckDB may hold in each process; the rows of a slice stand beside it."""
SLICE_ROWS = 2_000_000
"""Rows read at once: 40 MB, and some five times that while they are fetched and put in order."""
TICK_MS = 60_000
"""How often the clock is told unless somebody wants it finer: each look costs about a millisecond,
all scenes together, however few rows there are."""
KEPT = ("scene", "thing", "level", "level_name", "position", "time", "now")


@dataclass(frozen=True, slots=True)
class Wish:
    """What to replay: one scene or all, from a moment to before another (ms), by a clock.

    0 and `AFTER_ALL` stand for as far as history reaches.  *values* are tried in place of those
    that hold now, for all things of the scene or for the one of a key.
    """

    scene: str = ""
    from_ms: int = 0
    to_ms: int = AFTER_ALL
    tick_ms: int = TICK_MS
    values: Mapping[str, float | None] = field(default_factory=dict)
    thing: str = ""
    slice_rows: int = SLICE_ROWS

    def check(self) -> None:
        """`BadRequest` for what makes no sense, whatever there is."""
        if self.tick_ms < 1:
            msg = "tick: must be longer than 0"
            raise BadRequest(msg)
        if self.from_ms >= self.to_ms:
            msg = "to: must be later than from"
            raise BadRequest(msg)


@dataclass(frozen=True, slots=True)
class Order:
    """A wish within what there is, the parameters to go by, and the folder for what is said."""

    settings: Settings
    wish: Wish
    changes: Sequence[Change]
    folder: Path


@dataclass(frozen=True, slots=True)
class Told:
    """What one share of the things came to: the file of its changes, and what they amount to.

    ``began`` counts by scene how often a thing left level 0; ``broken`` was set aside, and why.
    """

    path: Path
    rows: int
    began: Counter[str]
    broken: dict[str, str]


@dataclass(frozen=True, slots=True)
class Retold:
    """A history replayed: from when to when, and what came of it, of all shares together.

    The changes lie on disk, so there may be any number of them.
    """

    zone: str
    from_ms: int
    to_ms: int
    tick_ms: int
    shares: Sequence[Told]

    @property
    def rows(self) -> int:
        """How many rows of history were heard."""
        return sum(each.rows for each in self.shares)

    @property
    def began(self) -> dict[str, int]:
        """How many detections of each scene began."""
        return dict(sorted(sum((each.began for each in self.shares), Counter[str]()).items()))

    @property
    def broken(self) -> dict[str, str]:
        """Which scenes were set aside on the way, and why."""
        return {scene: why for each in self.shares for scene, why in each.broken.items()}

    def changes(self) -> Iterator[dict[str, Any]]:
        """Give all changes of level in order: scene, thing and its key, level, time and now (ms).

        ``time`` is the moment it is about, ``now`` when the scene could know.
        """
        for each in heapq.merge(*(lines(share.path) for share in self.shares), key=ORDER):
            each.pop("position")
            yield each


def lines(path: Path) -> Iterator[dict[str, Any]]:
    """Read the changes that one share has left, line by line."""
    with path.open("rb") as file:
        yield from map(msgspec.json.decode, file)


@contextmanager
def retold(
    settings: Settings, wish: Wish, tell: Tell = silent, processes: int = 1
) -> Iterator[Retold]:
    """Replay what history holds of a stretch; the district may be running or not.

    Scenes begin it knowing nothing, and go by the parameters that hold now, over all of it.
    What was derived live is heard as it was archived, and not worked out again.  Each process
    reads the rows of its share of the things; a district of several partitions is replayed
    partition by partition.  The answer is the same, in the same order, and is gone with the
    context.  *tell* hears of days.  Raises `NotFound` for an unknown scene and for a stretch of
    which history has nothing, `BadRequest` and `BadParameter` for what else makes no sense.
    """
    wish.check()
    chosen_of(settings, wish.scene)
    changes = decided(settings, wish)
    zone = read(Path(settings.district)).zone
    with closing(lake_of(settings, zone, memory_mb=MEMORY_MB, threads=1)) as lake:
        begin, end = lake.reach
    within = replace(wish, from_ms=max(wish.from_ms, begin), to_ms=min(wish.to_ms, end))
    with TemporaryDirectory(prefix="borough-replay-") as folder:
        shares: list[Told] = []
        if within.from_ms < within.to_ms:
            work = partial(told_by, Order(settings, within, changes, Path(folder)))
            shares += in_shares(work, settings.parts, processes, tell)
        done = Retold(zone, within.from_ms, within.to_ms, wish.tick_ms, shares)
        if not done.rows:
            reach = (datetime.fromtimestamp(each / 1000, ZoneInfo(zone)) for each in (begin, end))
            first, last = (each.isoformat(" ", "seconds") for each in reach)
            msg = f"history holds nothing of this stretch; it reaches from {first} to {last}"
            raise NotFound(msg if end else "history is empty; there is nothing to replay")
        yield done


def decided(settings: Settings, wish: Wish) -> list[Change]:
    """Give the changes of parameters to go by: all that hold now, then those to try."""
    engine = connect(settings.store)
    try:
        tunings = SqlTunings(engine)
        changes = tunings.settled(tunings.last())
        if wish.values:
            held = ground(settings)
            bench = Bench(chosen_of(settings, ""), lambda: held.registry, tunings)
            bench.of(wish.scene)
            trial = Trial(wish.scene, wish.values, wish.thing, wish.from_ms, wish.to_ms)
            changes = [*changes, asked(bench, held, trial)]
            bench.tried(wish.scene, changes[-1])
    finally:
        engine.dispose()
    return changes


def told_by(order: Order, share: Part, tell: Tell) -> Told:
    """Replay one share of the things, slice by slice; what is said goes to a file of its own."""
    wish, held = order.wish, ground(order.settings)
    zone, registry = held.district.zone, held.registry
    chosen = [underived(each) for each in chosen_of(order.settings, wish.scene)]
    pipeline = Pipeline(chosen, registry, zone, order.changes, held=True, guard=Turns(), part=share)
    past = Past(registry.row_of_series, wish.from_ms, wish.to_ms, wish.tick_ms)
    path, rows, began = order.folder / f"{share.number}.jsonl", 0, Counter[str]()
    days = -(-(wish.to_ms - wish.from_ms) // DAY_MS)
    with (
        closing(lake_of(order.settings, zone, memory_mb=MEMORY_MB, threads=1)) as lake,
        path.open("wb") as file,
    ):
        stretch = wish.from_ms, wish.to_ms
        for start, end, heard in lake.in_time(watched(pipeline), *stretch, wish.slice_rows):
            rows += len(heard)
            columns = heard.series, heard.time, heard.value
            for each in recount(pipeline, past.records(*columns, (start, end))):
                began[each["scene"]] += not each["before"]["level"]
                file.write(line(each, held))
            tell("days", (end - wish.from_ms) // DAY_MS, days)
    tell("days", days, days)
    return Told(path, rows, began, pipeline.broken)


def line(change: Mapping[str, Any], held: Ground) -> bytes:
    """Write down what is kept of a change, with the key of its thing."""
    row = held.row(change["thing"])
    kept = {name: change[name] for name in KEPT}
    kept["key"] = "" if row is None else held.registry.key[row]
    return msgspec.json.encode(kept) + b"\n"


def underived(found: Found) -> Found:
    """Take a scene without its derivations: what they gave is in history, like all else."""
    return replace(found, scene=replace(found.scene, derives=()))


def watched(pipeline: Pipeline) -> Index:
    """Say which series any scene at work watches."""
    series = [each.watch.series for each in pipeline.runners]
    return np.unique(np.concatenate(series)) if series else np.empty(0, np.int64)
