"""Trials: what would have fired with other values of a scene's parameters, and what would not."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from borough.adapters.bus.link import Link
from borough.app import checkpoints
from borough.app.bus import bus_of
from borough.app.district import Ground, ground
from borough.app.settings import Settings
from borough.app.tuning.bench import Bench
from borough.app.tuning.replays import bus_running, said_live
from borough.app.tuning.shares import Tell, in_shares, silent
from borough.app.turns import Turns
from borough.core.errors import BadRequest, NotFound
from borough.core.frames import Frame
from borough.core.observations import REPORT_BITS
from borough.core.partitions import WHOLE, Part
from borough.core.tunings import EVERY_THING, Change
from borough.engine.catalog import BUILT_IN, Found, find_sound
from borough.engine.difference import (
    EARLIER,
    FRESH,
    GONE,
    LATER,
    SAME,
    Firing,
    Pair,
    Verdict,
    changed,
    firings,
    paired,
    scored,
    verdicts,
)
from borough.engine.pipeline import Pipeline
from borough.engine.replay import ORDER, compare
from borough.storage.journal.copies import stretch_of
from borough.storage.journal.journal import JournalTail, first_entry
from borough.storage.journal.streams import JOURNAL
from borough.storage.sql import SqlDetections, SqlTunings, connect

TOLD = 500
"""As many differences are told one by one; all are counted."""
AFTER_ALL = 1 << 62
MEMORIES = ("blank", "first", "kept")
"""What a rule can know where a replay begins; the least of several counts."""
Edges = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Trial:
    """What to try: values for a scene's parameters, for all its things or for the one of a key.

    Detections count that began from ``from_ms`` to before ``to_ms``, district time; 0 and
    `AFTER_ALL` stand for as far as the journal reaches.
    """

    scene: str
    values: Mapping[str, float | None]
    thing: str = ""
    from_ms: int = 0
    to_ms: int = AFTER_ALL


@dataclass(frozen=True, slots=True)
class Start:
    """Where a replay can begin: the sequence number before its first record, and the memory.

    ``memory`` is ``kept`` where a checkpoint holds what the rule knew then, ``first`` where it
    is the very beginning of the journal, and ``blank`` where the rule knew more than we do.
    """

    after: int
    at: int
    memory: str
    saved: Path | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """What one share of the things said of a stretch, with both sets of values.

    ``oldest`` is how far back its journal reaches, ``broken`` what was set aside, and why.
    """

    start: Start
    oldest: int
    heard: "Heard"
    broken: tuple[dict[str, str], dict[str, str]]


def tried(
    settings: Settings, trial: Trial, tell: Tell = silent, processes: int = 1
) -> dict[str, Any]:
    """Replay a stretch of the journal twice, with the values now in force and with those to try.

    Both are held over the whole stretch, whatever was changed within it, and hear the same
    records, from far enough before it for the rule to know what it knew.  A district of several
    partitions is tried partition by partition, one of one by shares, in so many *processes*; the
    answer is the same.  Raises `BadParameter`, naming the field, `NotFound`, or `BadRequest` for a
    stretch that the journal does not reach.
    """
    found, _ = find_sound(BUILT_IN, *map(Path, settings.scenes))
    held = ground(settings)
    engine = connect(settings.store)
    bench = Bench(found, lambda: held.registry, SqlTunings(engine))
    bench.of(trial.scene)
    _, version = bench.tried(trial.scene, asked(bench, held, trial))
    with bus_running(settings), Link(bus_of(settings).login("borough"), "trial") as link:
        work = partial(heard_by, settings, trial)
        shares = [each for each in in_shares(work, settings.parts, processes, tell) if each]
        detections = SqlDetections(engine)
        said = said_live(link, detections, trial.scene)
    if not shares:
        msg = "the journal is empty; there is nothing to replay"
        raise NotFound(msg)
    live = [each for each in said if each["scene"] == trial.scene]
    at = max(each.start.at for each in shares)
    bounds = max(trial.from_ms, at), min(trial.to_ms, *(each.heard.until for each in shares))
    one, other = (together(shares, number) for number in (0, 1))
    judged = detections.judged(trial.scene)
    weighed = Weighed(bounds, firings(live), firings(one), firings(other), judged)
    records = [each.heard.records for each in shares]
    memories = [MEMORIES.index(each.start.memory) for each in shares]
    return {
        "scene": trial.scene,
        "zone": held.district.zone,
        "thing": trial.thing,
        "values": dict(trial.values),
        "from": bounds[0],
        "to": bounds[1],
        "reaches_back_to": max(each.oldest for each in shares),
        "began": {"at": at, "memory": MEMORIES[min(memories)],
                  "records": max(records) if settings.partitions == 1 else sum(records)},
        "version": {"in_force": bench.version(trial.scene, bench.tuning(trial.scene)),
                    "changed": version},
        "broken": {name: {scene: why for each in shares for scene, why in each.broken[n].items()}
                   for n, name in enumerate(("in_force", "changed"))},
        "as_live": as_live(live, one, bounds),
        **weighed.told(held),
    }  # fmt: skip


def together(shares: Sequence[Share], number: int) -> Edges:
    """Put what the shares said with one set of values in order."""
    said = (edge for each in shares for edge in each.heard.edges[number])
    return sorted(said, key=ORDER)


def heard_by(settings: Settings, trial: Trial, share: Part, tell: Tell) -> Share | None:
    """Hear one share of the things with both sets of values; None if its journal is empty."""
    found, _ = find_sound(BUILT_IN, *map(Path, settings.scenes))
    held = ground(settings)
    engine = connect(settings.store)
    bench = Bench(found, lambda: held.registry, SqlTunings(engine))
    journal = WHOLE if settings.partitions == 1 else share
    scene, change = bench.of(trial.scene), asked(bench, held, trial)
    with Link(bus_of(settings).login("borough"), "trial") as link:
        starts = beginnings(settings, link, journal)
        if not starts:
            return None
        start = beginning(starts, trial, held.district.zone)
        pair = [prepared(held, scene, bench, start, each, share=share) for each in (None, change)]
        heard = told_by(pair, JournalTail(link, start.after, part=journal), trial, tell)
    engine.dispose()
    return Share(start, starts[0].at, heard, (pair[0].broken, pair[1].broken))


def asked(bench: Bench, held: Ground, trial: Trial) -> Change:
    """Make the change that a trial tries; `NotFound` for a thing that there is not."""
    if not trial.values:
        msg = "values: name a parameter and the value to try"
        raise BadRequest(msg)
    if trial.from_ms >= trial.to_ms:
        msg = "to: must be later than from"
        raise BadRequest(msg)
    thing = EVERY_THING
    if trial.thing:
        row = held.registry.rows.get(trial.thing)
        if row is None or int(held.registry.id[row]) not in bench.watch(trial.scene).things:
            msg = f"thing: {trial.scene} watches no {trial.thing!r}"
            raise NotFound(msg)
        thing = int(held.registry.id[row])
    return Change(bench.tunings.last() + 1, trial.scene, thing, trial.values)


def beginnings(settings: Settings, link: Link, journal: Part) -> list[Start]:
    """List where replays can begin, oldest first; none if nothing was journalled yet."""
    first = first_entry(link, journal)
    if first is None:
        return []
    whole = "first" if stretch_of(link, JOURNAL).first == 1 else "blank"
    starts = [Start(first.sequence - 1, first.frame.now, whole)]
    for path in checkpoints.anchored(settings.checkpoints(journal)):
        after = int(path.stem) >> REPORT_BITS
        saved = checkpoints.read(path) if after >= first.sequence - 1 else None
        if saved is not None and "now" in saved:
            starts.append(Start(after, int(saved["now"]), "kept", path))
    return starts


def beginning(starts: Sequence[Start], trial: Trial, zone: str) -> Start:
    """Choose where to begin: the last place before the stretch where the memory is sound."""
    if trial.from_ms and trial.from_ms < starts[0].at:
        first = datetime.fromtimestamp(starts[0].at / 1000, ZoneInfo(zone)).isoformat()
        msg = f"from: the journal reaches back to {first} and no further"
        raise BadRequest(msg)
    if not trial.from_ms:
        sound = [each for each in starts if each.memory != "blank"]
        return (sound or starts)[0]
    return [each for each in starts if each.at <= trial.from_ms][-1]


def prepared(
    held: Ground, scene: Found, bench: Bench, start: Start, change: Change | None, *, share: Part
) -> Pipeline:
    """Set the one scene to work with the values now in force, and with a change on top."""
    zone = held.district.zone
    pipeline = Pipeline([scene], held.registry, zone, held=True, guard=Turns(), part=share)
    if start.saved is not None:
        pipeline.load(checkpoints.read(start.saved) or {})
    for each in bench.tunings.settled(bench.tunings.last()):
        pipeline.tune(each)
    if change is not None:
        pipeline.tune(change)
    return pipeline


@dataclass(slots=True)
class Heard:
    """What two pipelines said of one stretch, and until when it reached."""

    edges: tuple[Edges, Edges]
    records: int = 0
    until: int = 0


def told_by(pair: Sequence[Pipeline], tail: JournalTail, trial: Trial, tell: Tell) -> Heard:
    """Hand the same records to both, up to the end of the stretch."""
    heard = Heard(([], []))
    total = tail.behind
    for sequence, frame in tail.rest():
        if frame.now >= trial.to_ms:
            break
        heard.records, heard.until = heard.records + 1, frame.now + 1
        for pipeline, edges in zip(pair, heard.edges, strict=True):
            edges.extend(spelled(pipeline, sequence, frame))
        if heard.records < total:
            tell("replay", heard.records, total)
    tell("replay", max(total, 1), max(total, 1))
    return heard


def spelled(pipeline: Pipeline, sequence: int, frame: Frame) -> Edges:
    """Let a pipeline read one frame, and spell out what it says."""
    said = pipeline.read(frame.record(sequence), frame.cause).edges
    return [edge for each in said for edge in each.spelled()]


def as_live(live: Edges, again: Edges, bounds: tuple[int, int]) -> dict[str, int]:
    """Count how far the values now in force say what the live run said in this stretch."""
    low, high = bounds
    said = [[each for each in told if low <= each["now"] < high] for told in (live, again)]
    done = compare(*said)
    return {"same": done.same, "missing": len(done.missing), "extra": len(done.extra)}


@dataclass(frozen=True, slots=True)
class Weighed:
    """Three tellings of one stretch beside each other: live, in force, and changed."""

    bounds: tuple[int, int]
    live: list[Firing]
    in_force: list[Firing]
    changed: list[Firing]
    judged: Mapping[str, tuple[int, str]]

    def within(self, told: Sequence[Firing]) -> list[Firing]:
        """Keep those that began in the stretch."""
        low, high = self.bounds
        return [each for each in told if low <= each.begin < high]

    def told(self, held: Ground) -> dict[str, Any]:
        """Tell the differences and the scores as plain data."""
        low, high = self.bounds
        pairs = [
            pair
            for pair in paired(self.in_force, self.changed)
            if any(each is not None and low <= each.begin < high for each in pair)
        ]
        count = Counter(map(changed, pairs))
        cases = verdicts(self.within(self.live), self.judged)
        order = sorted(pairs, key=lambda pair: changed(pair) == SAME)
        return {
            "counts": {name: count[name] for name in (GONE, FRESH, EARLIER, LATER, SAME)},
            "changes": [shown(pair, cases, held) for pair in order[:TOLD]],
            "untold": max(0, len(pairs) - TOLD),
            "scores": {
                name: scored(self.within(each), cases).told()
                for name, each in (
                    ("live", self.live), ("in_force", self.in_force), ("changed", self.changed),
                )
            },
        }  # fmt: skip


def shown(pair: Pair, cases: Sequence[Verdict], held: Ground) -> dict[str, Any]:
    """Tell one difference: the thing, both detections, by how much they differ, the label."""
    before, after = pair
    one = before or after
    assert one is not None  # noqa: S101 - a pair has at least one side
    row = held.row(one.thing)
    case = next((each for each in cases if any(f and each.touches(f) for f in pair)), None)
    return {
        "what": changed(pair),
        "thing": one.thing,
        "key": "" if row is None else held.registry.key[row],
        "in_force": side(before),
        "changed": side(after),
        "moved_ms": after.begin - before.begin if before and after else None,
        "case": case and case.case,
        "outcome": case and case.outcome,
    }


def side(firing: Firing | None) -> dict[str, Any] | None:
    """Tell one detection; one that goes on has no end."""
    if firing is None:
        return None
    told = {"id": firing.id, "began_ms": firing.begin, "level_name": firing.worst_name}
    return told | {"ended_ms": firing.end if firing.end < AFTER_ALL else None}
