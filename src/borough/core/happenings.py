"""Happenings: what a simulator may let happen in a district, and who must notice it by when.

A scene folder declares them in its ``happenings.toml``, so that the demo can fire any scene.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any, Self

from borough.core.errors import BadScene
from borough.core.shapes import Key, fitted

VALUES, SILENCE, DARKNESS, SLIDE, BURST = HOWS = (
    "values", "silence", "darkness", "slide", "burst",
)  # fmt: skip
"""What happens: a device reports other values for a while, says nothing, or is a gateway that goes
dark with all behind it; a slope gathers pace; a main breaks."""
TIME, ARRIVAL, PLAIN = COUNTED = ("time", "arrival", "plain")
"""Patience counts from the time in the deciding message, from its arrival, or from when the
fact was plain to see; only the first two prove a latency."""
OFTEN = {"first": "count", "between": "span", "every_s": "positive"}
ORDERS: Mapping[str, Mapping[str, str]] = {
    VALUES: {
        **OFTEN, "lasts_s": "span", "values": "curves", "kinds?": "texts", "plain?": "share",
        "gap?": "share", "gap_s?": "span", "apart?": "text", "about?": "text",
        "reports_s?": "positive",
    },
    SILENCE: {**OFTEN, "lasts_s": "span", "heartbeat_s": "positive"},
    DARKNESS: {**OFTEN, "lasts_s": "span"},
    SLIDE: {
        "creep": "span", "pace": "numbers", "first": "count", "before_h": "span",
        "every_s": "positive", "rise_h": "span", "hold_h": "span", "fade_h": "positive",
    },
    BURST: {
        "first": "count", "before_s": "span", "every_s": "positive", "size": "span",
        "lasts_s": "span",
    },
}  # fmt: skip
"""What each kind of happening is told: how many, how often, how long, how hard.

``first``: so many begin within ``between`` (seconds after the clock starts), then one every
``every_s`` on average.  ``values``: by property a number, or [share of its time, value] pairs to
go along; ``plain`` is the share of its time after which it is plain to see.  ``gap``: the share
of them that seem over for ``gap_s``.  ``apart``: a relation; never two on things that share the
other end.  ``about``: a relation; the word is about the thing at its other end.  ``reports_s``:
how often the device reports meanwhile.
"""
HEAD = {"name": "text", "how": "text", "expect?": "tables"}
EXPECT = {
    "level": "text", "hold_s": "number", "patience_s": "positive", "counts_from": "text",
    "source": "text", "parameter?": "text", "heartbeats?": "positive", "from_start_s?": "positive",
    "least?": "number", "below?": "number",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a competent observer must have said of a happening, and by when (s).

    After the deciding moment the rule itself asks for patience: ``hold_s``, unless the registry
    has a value of ``parameter`` for the thing, or else so many ``heartbeats`` of its class.
    ``patience_s`` later it counts as missed.  What was due before the clock started is due
    ``from_start_s`` after it.  It speaks of happenings of a size from ``least`` to ``below``.
    """

    level: int
    hold_s: float
    patience_s: float
    counts_from: str
    source: str
    parameter: str = ""
    heartbeats: float = 0
    from_start_s: float = 0
    least: float = -inf
    below: float = inf

    @property
    def timed(self) -> bool:
        """Whether there is a message from which on latency is measured."""
        return self.counts_from != PLAIN


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that a simulator may let happen, again and again; without expectation a decoy."""

    scene: str
    name: str
    how: str
    orders: Mapping[str, Any]
    expects: tuple[Expectation, ...] = ()

    def expectation(self, size: float) -> Expectation | None:
        """Pick what must be said of one of such a size."""
        return next((each for each in self.expects if each.least <= size < each.below), None)

    @classmethod
    def declared(
        cls, scene: str, levels: Sequence[str], table: Mapping[str, Any], at: Key = ()
    ) -> Self:
        """Check one ``[[happens]]`` table; `BadScene` names the key."""
        how = str(table.get("how"))
        if how not in ORDERS:
            msg = f"it must be one of {', '.join(HOWS)}, not {how!r}"
            raise BadScene(msg, key=(*at, "how"))
        fitted(table, {**HEAD, **ORDERS[how]}, at)
        for kept in ("lasts_s", "between", "rise_h"):
            if kept in table and table[kept][0] < 0:
                msg = "it must not begin below 0"
                raise BadScene(msg, key=(*at, kept))
        expects = [
            expected(levels, each, (*at, "expect", number))
            for number, each in enumerate(table.get("expect", ()))
        ]
        head = {each.removesuffix("?") for each in HEAD}
        orders = {name: value for name, value in table.items() if name not in head}
        return cls(scene, str(table["name"]), how, orders, tuple(expects))


def expected(levels: Sequence[str], table: Mapping[str, Any], at: Key) -> Expectation:
    """Check one ``[[happens.expect]]`` table; levels are told by name."""
    given = dict(fitted(table, EXPECT, at))
    if given["level"] not in levels[1:]:
        msg = f"{given['level']!r} is not one of the levels {', '.join(levels[1:])}"
        raise BadScene(msg, key=(*at, "level"))
    if given["counts_from"] not in COUNTED:
        msg = f"it must be one of {', '.join(COUNTED)}, not {given['counts_from']!r}"
        raise BadScene(msg, key=(*at, "counts_from"))
    return Expectation(**given | {"level": levels.index(given["level"])})


def declared(
    scene: str, levels: Sequence[str], sources: Sequence[str], text: Mapping[str, Any]
) -> tuple[Happening, ...]:
    """Check a parsed ``happenings.toml``.

    *levels* are the scene's, the quiet one first; *sources* the classes that it watches, to whose
    devices other values happen where nobody is named.
    """
    fitted(text, {"happens": "tables"})
    made: list[Happening] = []
    for number, table in enumerate(text["happens"]):
        whole = {"kinds": list(sources), **table} if table.get("how") == VALUES else table
        made.append(Happening.declared(scene, levels, whole, ("happens", number)))
    names = [each.name for each in made]
    for number, name in enumerate(names):
        if name in names[:number]:
            msg = f"there are two of the name {name}"
            raise BadScene(msg, key=("happens", number, "name"))
    return tuple(made)


def told(scenes: Iterable[Mapping[str, Any]]) -> list[Happening]:
    """Take the happenings of scenes as plain data, as programs beside the devices get them.

    Each scene is told with the keys scene, levels, sources and happens, its tables.
    """
    return [
        each
        for one in scenes
        for each in declared(
            one["scene"], one["levels"], one["sources"], {"happens": list(one["happens"])}
        )
    ]
