"""Draft a scene: a folder made from the template that keeps every promise from the start."""

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from string import Template
from typing import Any

from borough.core.errors import BadRequest
from borough.core.registry import Kind, Property
from borough.engine.catalog import BUILT_IN, folders

TEMPLATE = Path(__file__).parent / "template"
ID = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
LONGEST = 32
"""An id stands in names of detections, subjects and columns."""
DELAY_S = 300
START = datetime(2024, 7, 10, 8, tzinfo=timezone(timedelta(hours=8)))
"""When the sample begins: the day on which the demo's clock starts."""
OVER_FROM, OVER_UNTIL, LASTS_FROM, SPELL_FROM, END = 600, 1800, 2400, 900, 3600
"""Seconds of the sample at which the first thing rises and falls, the second rises, the third has
a short spell, and it ends."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What an author has decided on: the scene's names, and what it watches of which class.

    The rule that is drawn up looks at ``said`` of ``kind``; ``more`` is watched beside it.
    """

    id: str
    kind: Kind
    said: Property
    owner: str = "duty_desk"
    zh: str = ""
    en: str = ""
    more: tuple[tuple[Kind, Property], ...] = ()

    @property
    def words(self) -> dict[str, Any]:
        """Everything that the template leaves open."""
        each, kind = self.said, self.kind
        top, step = scale(each)
        limit = neat(top + 4 * step)
        beat = max(round(kind.heartbeat_s), 2 * DELAY_S)
        units = {said.code: said.unit for _, said in ((kind, each), *self.more)}
        sources = dict.fromkeys(source.code for source, _ in ((kind, each), *self.more))
        return {
            "id": self.id,
            "class_name": "".join(part.capitalize() for part in self.id.split("_")),
            "zh": self.zh or f"{each.name['zh']}异常",
            "en": self.en or f"{each.name['en']} too high",
            "kind": kind.code,
            "kind_zh": kind.name["zh"],
            "kind_en": kind.name["en"],
            "owner": self.owner,
            "property": each.code,
            "property_zh": each.name["zh"],
            "property_en": each.name["en"],
            "unit": each.unit,
            "properties": json.dumps(list(units)),
            "columns": ", ".join(units),
            "units": ", ".join(units.values()),
            "sources": json.dumps(list(sources)),
            "blank": ", nan" * (len(units) - 1),
            "low": neat(each.low),
            "high": neat(each.high),
            "most": neat(each.high - each.low),
            "limit": limit,
            "band": neat(2 * step),
            "over": neat(limit + 4 * step),
            "between": neat(limit - step),
            "under": neat(limit - 3 * step),
            "delay_s": DELAY_S,
            "almost": 60 + DELAY_S - 1,
            "due": 60 + DELAY_S,
            "least": DELAY_S // 5,
            "short": DELAY_S * 3 // 5,
            "later": 2 * DELAY_S,
            "latest": 3 * DELAY_S,
            "long": 6 * DELAY_S,
            "heartbeat_s": beat,
            "late_s": max(round(kind.late_s), 60),
            "month": datetime.now(UTC).strftime("%Y-%m"),
        }

    def recording(self) -> Iterator[str]:
        """Write the sample: an hour of three things, each of which reports once a minute."""
        words = self.words
        yield "# Synthetic: an hour of three things, drawn up by `borough scene new`."
        yield "thing,property,time,value"
        for second in range(0, END + 1, 60):
            over = {
                "a-1": OVER_FROM <= second < OVER_UNTIL,
                "a-2": second >= LASTS_FROM,
                "a-3": SPELL_FROM <= second < SPELL_FROM + DELAY_S // 2,
            }
            for thing, high in over.items():
                value = words["over" if high else "under"]
                yield f"{thing},{self.said.code},{moment(second)},{value}"

    def answers(self) -> Iterator[str]:
        """Write what is to be said of the sample, from how it was drawn up."""
        yield "# a-1 is above its limit for 20 minutes, a-2 to the end, a-3 for too short a time."
        yield "thing,time,level"
        yield f"a-1,{moment(OVER_FROM + DELAY_S)},major"
        yield f"a-1,{moment(OVER_UNTIL)},quiet"
        yield f"a-2,{moment(LASTS_FROM + DELAY_S)},major"


def scale(each: Property) -> tuple[float, float]:
    """Give a value up to which a property may well be healthy, and a step to go beyond it.

    Up to nine such steps lie within what can be true.
    """
    if each.normal[1] < each.high:
        return each.normal[1], (each.high - each.normal[1]) / 10
    return each.low + (each.high - each.low) * 0.75, (each.high - each.low) / 40


def neat(number: float) -> float:
    """Round to three digits, and write whole numbers as such.

    >>> neat(33.3333), neat(1250.0)
    (33.3, 1250)
    """
    rounded = float(f"{number:.3g}")
    return int(rounded) if rounded == int(rounded) else rounded


def moment(second: int) -> str:
    """Write a moment of the sample."""
    return (START + timedelta(seconds=second)).isoformat()


def check_id(name: str, known: dict[str, Path]) -> None:
    """Raise `BadRequest` where a scene cannot be called so: an odd name, or one that is taken."""
    if not ID.fullmatch(name) or len(name) > LONGEST:
        msg = (
            f"{name!r} cannot be the id of a scene: use small letters, digits and single "
            f"underscores, a letter first, at most {LONGEST}, such as flooded_road"
        )
        raise BadRequest(msg)
    if name in known:
        msg = f"there is a scene {name} already, in {known[name]}; choose another id"
        raise BadRequest(msg)


def home(into: Path | None) -> Path:
    """Say where a scene is to be made: in *into*, or among those of a source checkout."""
    if into is not None:
        return into
    if (BUILT_IN.parents[2] / "pyproject.toml").exists():
        return BUILT_IN
    msg = "this is no source checkout; say with --in in which folder the scene is to be made"
    raise BadRequest(msg)


def write(draft: Draft, into: Path, known: tuple[Path, ...] = ()) -> Path:
    """Make the folder, whole or not at all, and give its path.

    Raises `BadRequest` where the id is odd or taken, also in *known* folders of scenes.
    """
    folder = into / draft.id
    taken = {each.name: each for each in folders([BUILT_IN, into, *known])}
    check_id(draft.id, taken)
    if folder.exists():
        msg = f"{folder} is there already; choose another id, or move it away"
        raise BadRequest(msg)
    into.mkdir(parents=True, exist_ok=True)
    half = into / f".{draft.id}.half"
    shutil.rmtree(half, ignore_errors=True)
    for name, text in contents(draft):
        path = half / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    half.rename(folder)
    return folder


def contents(draft: Draft) -> Iterator[tuple[str, str]]:
    """Give each file of the folder: its name and its text."""
    words = draft.words
    for path in sorted(TEMPLATE.rglob("*")):
        if path.is_file():
            name = str(path.relative_to(TEMPLATE)).removesuffix(".txt")
            name = name.replace("init.py", "__init__.py").replace("test_scene", f"test_{draft.id}")
            yield name, Template(path.read_text("utf-8")).substitute(words)
    yield "sample/recording.csv", "\n".join(draft.recording()) + "\n"
    yield "sample/answers.csv", "\n".join(draft.answers()) + "\n"
