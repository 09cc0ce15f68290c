"""Trials: what would have fired with other values of a scene's parameters, and what would not."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from borough.adapters.bus.link import Link
from borough.app import checkpoints
from borough.app.bus import bus_of
from borough.app.district import Ground, ground
from borough.app.settings import Settings
from borough.app.tuning.bench import Bench
from borough.app.tuning.replays import bus_running, silent, untaken
from borough.app.turns import Turns
from borough.core.errors import BadRequest, NotFound
from borough.core.frames import Frame
from borough.core.observations import REPORT_BITS
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
from borough.engine.replay import compare
from borough.storage.journal.journal import JournalTail, first_entry
from borough.storage.sql import SqlDetections, SqlTunings, connect

TOLD = 500
"""As many differences are told one by one; all are counted."""
AFTER_ALL = 1 << 62
Tell = Callable[[str, int, int], None]
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


def tried(settings: Settings, trial: Trial, tell: Tell = silent) -> dict[str, Any]:
    """Replay a stretch of the journal twice, with the values now in force and with those to try.

    Both are held over the whole stretch, whatever was changed within it, and hear the same
    records, from far enough before it for the rule to know what it knew.  Raises
    `BadParameter`, naming the field, `NotFound`, or `BadRequest` for a stretch that the
    journal does not reach.
    """
    found, _ = find_sound(BUILT_IN, *map(Path, settings.scenes))
    held = ground(settings)
    engine = connect(settings.store)
    bench = Bench(found, lambda: held.registry, SqlTunings(engine))
    scene, change = bench.of(trial.scene), asked(bench, held, trial)
    _, version = bench.tried(trial.scene, change)
    with bus_running(settings), Link(bus_of(settings).login("borough"), "trial") as link:
        starts = beginnings(settings, link)
        start = beginning(starts, trial, held.district.zone)
        pair = [prepared(held, scene, bench, start, each) for each in (None, change)]
        heard = told_by(pair, JournalTail(link, start.after), trial, tell)
        detections = SqlDetections(engine)
        said = detections.edges(trial.scene) + list(untaken(link, detections.offset()))
    live = [each for each in said if each["scene"] == trial.scene]
    bounds = max(trial.from_ms, start.at), min(trial.to_ms, heard.until)
    one, other = heard.edges
    judged = detections.judged(trial.scene)
    weighed = Weighed(bounds, firings(live), firings(one), firings(other), judged)
    return {
        "scene": trial.scene,
        "zone": held.district.zone,
        "thing": trial.thing,
        "values": dict(trial.values),
        "from": bounds[0],
        "to": bounds[1],
        "reaches_back_to": starts[0].at,
        "began": {"at": start.at, "memory": start.memory, "records": heard.records},
        "version": {"in_force": bench.version(trial.scene, bench.tuning(trial.scene)),
                    "changed": version},
        "broken": {"in_force": pair[0].broken, "changed": pair[1].broken},
        "as_live": as_live(live, heard.edges[0], bounds),
        **weighed.told(held),
    }  # fmt: skip


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


def beginnings(settings: Settings, link: Link) -> list[Start]:
    """List where replays can begin, oldest first; `NotFound` if nothing was journalled yet."""
    first = first_entry(link)
    if first is None:
        msg = "the journal is empty; there is nothing to replay"
        raise NotFound(msg)
    whole = "first" if first.sequence == 1 else "blank"
    starts = [Start(first.sequence - 1, first.frame.now, whole)]
    for path in checkpoints.anchored(settings.checkpoints()):
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
    held: Ground, scene: Found, bench: Bench, start: Start, change: Change | None
) -> Pipeline:
    """Set the one scene to work with the values now in force, and with a change on top."""
    pipeline = Pipeline([scene], held.registry, held.district.zone, held=True, guard=Turns())
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
    total, after = tail.behind, tail.sequence
    for sequence, frame in tail.rest():
        if frame.now >= trial.to_ms:
            break
        heard.records, heard.until = sequence - after, frame.now + 1
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
