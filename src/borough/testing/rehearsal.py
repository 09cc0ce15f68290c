"""Run a scene over a few lines of journal and see what it would have said."""

from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from itertools import groupby
from math import inf
from typing import Any

import numpy as np

from borough.core.detections import Edges
from borough.core.observations import Batch, Now, Record, Series, Values
from borough.core.scenes import Scene
from borough.engine.catalog import Found
from borough.engine.runner import Runner
from borough.engine.watch import Watch

Line = Sequence[Any]
"""``(thing, second, value, ...)`` for a report, ``("now", second)`` where time passes."""


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What a scene said, in the order of the journal, and what it left open."""

    edges: list[tuple[int, float, str]]
    ids: list[str]
    evidence: list[str]
    unknown: list[int]
    late: int


def rehearse(
    found: Found,
    lines: Sequence[Line],
    *,
    most: int = 1000,
    stop: int = 0,
    parents: Sequence[int] = (),
    late_s: float = 0.0,
    **given: Values,
) -> Rehearsal:
    """Read *lines*, at *most* so many to a batch, with the parameters *given*.

    After *stop* lines it saves, starts anew, and is handed all lines from the first.
    ``parents[i]`` is the thing that thing *i* reports through, or -1.
    """
    (said,) = stopped(found, lines, (stop,), most=most, parents=parents, late_s=late_s, **given)
    return said


def stopped(
    found: Found,
    lines: Sequence[Line],
    stops: Sequence[int],
    *,
    most: int = 1000,
    parents: Sequence[int] = (),
    late_s: float = 0.0,
    **given: Values,
) -> Iterator[Rehearsal]:
    """Read *lines* once for each of *stops*, which rise: `rehearse` that is stopped there.

    What comes before a stop is read only once, whoever goes on from there.
    """
    scene, said = found.scene, list[Edges]()
    first = stage(found, lines, parents, late_s, **given)
    early, whole = journal(scene, lines, 1), list(journal(scene, lines, most))
    coming = next(early, None)
    for stop in stops:
        while coming and coming.last < stop:
            said += first.read(coming)
            coming = next(early, None)
        second = stage(found, lines, parents, late_s, **given)
        second.load(deepcopy(first.save()))
        again = [edges for record in whole for edges in second.read(record)]
        changes = sorted(change for edges in (*said, *again) for change in spelled(edges))
        yield Rehearsal(
            edges=[edge for _, edge, _, _ in changes],
            ids=[name for _, _, name, _ in changes],
            evidence=[evidence for _, _, _, evidence in changes],
            unknown=second.watch.things[~second.rows["known"]].tolist(),
            late=second.late,
        )


def stage(
    found: Found,
    lines: Sequence[Line],
    parents: Sequence[int] = (),
    late_s: float = 0.0,
    **tuned: Values,
) -> Runner:
    """Set a scene to work on as many things as *lines* mention."""
    things = 1 + max((line[0] for line in lines if line[0] != "now"), default=0)
    names = found.scene.properties
    series = Series(
        thing=np.repeat(np.arange(things), len(names)),
        property=np.tile(np.arange(len(names)), things),
        source=np.zeros(things * len(names), np.int16),
        late_ms=np.full(things * len(names), min(late_s * 1000, 2.0**60), np.int64),
        patience_ms=np.full(things * len(names), 2**60, np.int64),
        properties=names,
        sources=(found.scene.sources[0],),
    )
    child = np.array([i for i, parent in enumerate(parents) if parent >= 0], np.int64)
    kin = child, np.array([parent for parent in parents if parent >= 0], np.int64)
    columns = {key: np.resize(v, things) if np.ndim(v) else v for key, v in tuned.items()}
    detector = found.detector(**found.scene.tuned(**columns))
    return Runner(found.scene, detector, Watch.of(found.scene, series, kin))


def journal(scene: Scene, lines: Sequence[Line], most: int) -> Iterator[Record]:
    """Write *lines* down; word arrives when it was sent, but never before earlier word."""
    clock, numbered = -inf, []
    for position, line in enumerate(lines):
        clock = max(clock, line[1])
        numbered.append((position, clock, line))
    chunks = groupby(numbered, key=lambda each: each[2][0] == "now")
    for silent, chunk in chunks:
        rows = list(chunk)
        if silent:
            yield from (Now(position, round(line[1] * 1000)) for position, _, line in rows)
            continue
        for cut in range(0, len(rows), most):
            yield batch(scene, rows[cut : cut + most])


def batch(scene: Scene, rows: Sequence[tuple[int, float, Line]]) -> Batch:
    """Lay out some reports as columns."""
    width = len(scene.properties)
    return Batch.of(
        [
            (position, round(clock * 1000), who * width + column, round(time * 1000), value)
            for position, clock, (who, time, *values) in rows
            for column, value in enumerate(values)
        ]
    )


def spelled(edges: Edges) -> Iterator[tuple[int, tuple[int, float, str], str, str]]:
    """Spell out each change: its position, the change, the name it goes by, the evidence."""
    for i, (name, each) in enumerate(zip(edges.ids(), edges.spelled(), strict=True)):
        edge = (int(edges.thing[i]), float(edges.time[i]), each["level_name"])
        evidence = f"{each['values']} {each['before']} {each['after']} {edges.version}"
        yield int(edges.position[i]), edge, name, evidence
