"""Play the recording that a scene folder ships, and hear what the scene says to it.

``sample/recording.csv`` has the columns thing, property, time (ISO 8601), value.
``sample/things.csv`` says who the things are: thing, kind, role, heartbeat_s and late_s, and
where they matter ``via`` (the gateway), a column named after a relation (the thing it belongs
to) and a column for each parameter of the scene that is set for single things.  A line of the
recording without a thing says that time passes up to there.
``sample/answers.csv`` has the columns thing, time, level.  Lines that begin with # are for people.
"""

import csv
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby
from pathlib import Path

import numpy as np

from borough.core.observations import Batch, Floats, Index, Now, Record
from borough.core.registry import Kind, Property, Registry
from borough.core.scenes import Scene
from borough.engine.catalog import Found
from borough.engine.derive import Derived
from borough.engine.pipeline import Pipeline

Line = dict[str, str]
APART = 1000
"""Room between two records for what is computed in between."""
Said = tuple[str, datetime, str]
"""Which thing, when, and the level it went to."""


def replay(found: Found, zone: str = "Asia/Shanghai", every_s: int = 10) -> list[Said]:
    """Play the sample of *found*, with a time record each *every_s* seconds, to its end."""
    folder = found.folder / "sample"
    lines = table(folder / "recording.csv")
    registry = district(found, table(folder / "things.csv"), lines)
    pipeline = Pipeline([found], registry, zone)
    tz = datetime.fromisoformat(lines[0]["time"]).tzinfo
    names = dict(zip(registry.id.tolist(), registry.key, strict=True))
    said: list[Said] = []
    for record in journal(lines, registry, every_s * 1000):
        heard = pipeline.read(record)
        edges = heard.edges
        for number, due in enumerate(heard.derived, start=record.last + 1):
            edges += pipeline.read(computed(due, number, record), due.cause).edges
        for each in edges:
            levels = [each.levels[level] for level in each.after["level"].tolist()]
            times = [datetime.fromtimestamp(time, tz) for time in each.time.tolist()]
            things = [names[thing] for thing in each.thing.tolist()]
            said += zip(things, times, levels, strict=True)
    return said


def answers(found: Found) -> list[Said]:
    """Read what the scene ought to say to its sample."""
    lines = table(found.folder / "sample" / "answers.csv")
    return [(line["thing"], datetime.fromisoformat(line["time"]), line["level"]) for line in lines]


def table(path: Path) -> list[Line]:
    """Read a CSV file, but for the lines that begin with #."""
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(line for line in file if not line.startswith("#")))


def journal(lines: Sequence[Line], registry: Registry, every_ms: int) -> Iterator[Record]:
    """Write the recording down as it would have come in, with time records in between."""
    position, clock = 0, 0
    for time, rows in groupby(lines, key=lambda line: millis(line["time"])):
        clock = clock or time - time % every_ms
        while clock + every_ms <= time:
            clock += every_ms
            yield Now(position := position + APART, clock)
        for thing, report in groupby(rows, key=lambda line: line["thing"]):
            if thing:
                position += APART
                yield Batch.of([(position, time, *reading(each, registry)) for each in report])


def computed(due: Derived, position: int, cause: Record) -> Batch:
    """Write down what was computed when a time record closed a window."""
    clock = cause.time if isinstance(cause, Now) else int(due.time.max())
    rows = zip(due.series.tolist(), due.time.tolist(), due.value.tolist(), strict=True)
    return Batch.of([(position, clock, *row) for row in rows])


def reading(line: Line, registry: Registry) -> tuple[int, int, float]:
    """Give the series, time and value of one line."""
    number = registry.series_of(line["thing"], line["property"])
    return number, millis(line["time"]), float(line["value"])


def millis(time: str) -> int:
    """Read a moment as milliseconds since the epoch, UTC."""
    return round(datetime.fromisoformat(time).timestamp() * 1000)


def district(found: Found, things: Sequence[Line], lines: Sequence[Line]) -> Registry:
    """Build a district of the things of a sample."""
    scene, rows = found.scene, {line["thing"]: row for row, line in enumerate(things)}
    kinds = [kind(scene, line, things, lines) for line in distinct(things)]
    codes = [each.code for each in kinds]
    of_kind = np.array([codes.index(line["kind"]) for line in things])
    widths = np.array([len(each.properties) for each in kinds])[of_kind]
    row = np.arange(len(things))
    place = np.zeros(len(things))
    return Registry(
        kinds=tuple(kinds),
        id=row + 1,
        key=tuple(rows),
        kind=of_kind,
        first=np.cumsum(widths) - widths,
        lon=place,
        lat=place,
        grid=row,
        via=tied(things, rows, "via"),
        relations={each.over: ties(things, rows, each.over) for each in scene.derives},
        parameters={
            (scene.id, name): tuned(things, name) for name in scene.parameters if name in things[0]
        },
    )


def distinct(things: Sequence[Line]) -> list[Line]:
    """Give the first thing of each kind."""
    return list({line["kind"]: line for line in reversed(things)}.values())


def kind(scene: Scene, first: Line, things: Sequence[Line], lines: Sequence[Line]) -> Kind:
    """Give a class the properties that are recorded of its things, or computed for them."""
    code, members = (
        first["kind"],
        {each["thing"] for each in things if each["kind"] == first["kind"]},
    )
    names = [line["property"] for line in lines if line["thing"] in members]
    names += [each.property for each in scene.derives if each.kind == code]
    names += [each.of for each in scene.derives if each.source == code]
    said = tuple(Property(n, {}, "1", -np.inf, np.inf, (0, 0)) for n in dict.fromkeys(names))
    beat = float(first["heartbeat_s"])
    return Kind(code, {}, first["role"], said, beat, beat, float(first["late_s"]))


def tied(things: Sequence[Line], rows: dict[str, int], column: str) -> Index:
    """Read a column that names other things as their rows, -1 where it is empty."""
    return np.array([rows[name] if (name := line.get(column)) else -1 for line in things])


def ties(things: Sequence[Line], rows: dict[str, int], column: str) -> tuple[Index, Index, Index]:
    """Read a column that names other things as a relation."""
    to = tied(things, rows, column)
    tail = np.flatnonzero(to >= 0)
    return tail, to[tail], np.ones(len(tail), np.int8)


def tuned(things: Sequence[Line], name: str) -> Floats:
    """Read what is set for single things; NaN where nothing is."""
    return np.array([float(line.get(name) or "nan") for line in things])
