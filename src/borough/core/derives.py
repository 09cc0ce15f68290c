"""Derived things: what they are computed from, over which window, and how."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from borough.core.errors import BadScene

HOWS = ("signed_sum_of_means", "mean", "min", "max", "sum", "last")
SELF = "self"
"""A derivation over ``self`` is computed from the derived thing's own earlier results."""
DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Derivation:
    """One property of a kind of derived thing, computed when its window closes.

    The values of property ``of`` that things of class ``source`` reported, tied to the derived
    thing by the relation ``over``, are folded by ``how``.  ``window_s`` seconds make a window,
    counted from midnight of the district's day; ``between`` (hours of that day) narrows a
    window of a day.  It closes ``allow_s`` after its end, by the journal's time.  Where
    ``needs_all``, a window in which one of the members kept silent gives no result.
    """

    kind: str
    property: str
    source: str
    of: str
    over: str
    how: str
    window_s: int
    between: tuple[float, float] = (0.0, 24.0)
    allow_s: int = 60
    needs_all: bool = True

    def feeds_on(self, other: Self) -> bool:
        """Say whether this one is computed from what the *other* gives."""
        return (self.source, self.of) == (other.kind, other.property)

    @classmethod
    def declared(cls, text: Mapping[str, Any]) -> Self:
        """Check one ``[[derives]]`` table of a ``scene.toml``."""
        given = {**text, "source": text["from"], "window_s": seconds(text["window_s"])}
        given["between"] = tuple(hours(each) for each in text.get("between", ("00:00", "24:00")))
        for unused in ("from", "unit", "window"):
            given.pop(unused, None)
        made = cls(**given)
        if made.how not in HOWS:
            msg = f"derives: how = {made.how!r} is not one of {', '.join(HOWS)}"
            raise BadScene(msg)
        if made.window_s <= 0 or DAY_S % made.window_s:
            msg = f"derives: a window of {made.window_s} s does not divide a day"
            raise BadScene(msg)
        return made


def depth(derivation: Derivation, every: Sequence[Derivation]) -> int:
    """Say how many derivations stand between this one and what devices report.

    `BadScene` where they go round in a circle.
    """
    below, layer = 0, [derivation]
    while layer := [each for each in every if any(one.feeds_on(each) for one in layer)]:
        below += 1
        if below > len(every):
            msg = f"derives: {derivation.kind}.{derivation.property} is computed from itself"
            raise BadScene(msg)
    return below


def seconds(window: float | str) -> int:
    """Read a window length: a number of seconds, or ``"day"``."""
    return DAY_S if window == "day" else int(window)


def hours(clock: str) -> float:
    """Read a time of day as hours.

    >>> hours("04:30")
    4.5
    """
    hour, minute = clock.split(":")
    return int(hour) + int(minute) / 60
