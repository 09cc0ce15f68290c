"""Detections: conditions that begin, rise, fall and end, and the rules that see them."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from hashlib import sha256
from typing import Any, ClassVar, Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from borough.core.observations import Floats, Index, Mask, Tick, Values

Rows = NDArray[np.void]
"""One row for each thing of a scene: the engine's five fields, then what the rule remembers."""

ENGINE_FIELDS = [("level", "u1"), ("known", "?"), ("born", "i8"), ("heard", "f8"), ("parent", "i4")]


@dataclass(frozen=True, slots=True)
class Detector(ABC):
    """A rule that says how the row of a thing changes when the thing reports.

    Its fields are its parameters.  It is frozen, so whatever it wants to remember it must name
    in ``memory``; the engine allocates, lends, saves, restores and splits the rows.

    ``level``   0 when quiet, then 1, 2, ... for the levels that the scene declares;
    ``known``   whether the rule can tell at all: level 0 is green only where this is true;
    ``born``    the journal position at which level left 0; only the engine writes it;
    ``heard``   when word of the thing last arrived, in seconds; only the engine writes it;
    ``parent``  the row of the thing that this one reports through, or -1; only in `pass_time`
                is every row there to be looked up.
    """

    memory: ClassVar[Mapping[str, int]] = {}
    """How many numbers to keep for each thing, by name; they start as NaN."""

    @abstractmethod
    def step(self, tick: Tick, rows: Rows) -> None:
        """Rewrite *rows* in place; ``rows[i]`` belongs to report *i* of the tick."""

    def parameters(self) -> dict[str, Any]:
        """Give its parameters by name."""
        return {each.name: getattr(self, each.name) for each in fields(self)}

    def lent(self, row: Index) -> Self:
        """Cut the parameters that differ from thing to thing down to the rows lent."""
        columns = {
            name: value[row]
            for name, value in self.parameters().items()
            if isinstance(value, np.ndarray) and value.ndim
        }
        return replace(self, **columns) if columns else self

    def version(self, code: str = "") -> str:
        """Name *code* with this choice of parameters by their digest.

        The same code and the same choice give the same twelve digits.
        """
        digest = sha256(code.encode())
        for name, value in sorted(self.parameters().items()):
            digest.update(name.encode() + np.asarray(value, "<f8").tobytes())
        return digest.hexdigest()[:12]

    @classmethod
    def blank(cls, things: int) -> Rows:
        """Make the rows of things that nobody has heard yet."""
        kept: list[tuple[Any, ...]] = [*ENGINE_FIELDS]
        kept += [(name, "f8", (n,) if n > 1 else ()) for name, n in cls.memory.items()]
        rows = np.zeros(things, dtype=kept)
        rows["parent"] = -1
        for name in ("heard", *cls.memory):
            rows[name] = np.nan
        return rows


@runtime_checkable
class MindsTime(Protocol):
    """A detector that must also decide when nobody speaks."""

    def pass_time(self, now: Values, rows: Rows) -> None:
        """Rewrite *rows*, those of all its things, knowing only that it is *now* (seconds)."""


@runtime_checkable
class KnowsCalm(MindsTime, Protocol):
    """One that can tell whom time passes by, so that only the others are looked at.

    Each row must stand for itself: `pass_time` is then lent a few of them, and no ``parent``.
    """

    def lent(self, row: Index) -> Self:
        """Cut the parameters down to the rows lent, as every detector does."""
        ...

    def stirs(self, rows: Rows) -> Mask:
        """Mark the rows that passing time may change, at whatever moment and by any parameters.

        All others `pass_time` would leave exactly as they are.
        """
        ...


@dataclass(frozen=True, slots=True)
class Edges:
    """Changes of level, one in each row of the columns, with the evidence for it.

    ``values`` is what was reported, and empty where only time passed; ``before`` and ``after``
    are the rows of memory; ``version`` names the parameters that decided.  ``time`` is the
    moment the change is about and ``now`` when we learnt of it, both in float seconds.
    """

    scene: str
    version: str
    levels: tuple[str, ...]
    thing: Index
    position: Index
    time: Floats
    now: Floats
    values: dict[str, Floats]
    before: Rows
    after: Rows

    def ids(self) -> list[str]:
        """Name each detection by where in the journal it began: a replay names it the same."""
        births = zip(self.thing.tolist(), self.after["born"].tolist(), strict=True)
        return [f"{self.scene}-{thing}-{born}" for thing, born in births]

    def spelled(self) -> list[dict[str, Any]]:
        """Spell the changes out as plain data, ready for JSON; times in ms, NaN as None."""
        names = [name for name in self.after.dtype.names or () if name not in ("born", "parent")]
        return [
            {
                "id": name,
                "scene": self.scene,
                "thing": int(self.thing[i]),
                "level": int(self.after["level"][i]),
                "level_name": self.levels[self.after["level"][i]],
                "position": int(self.position[i]),
                "time": round(self.time[i] * 1000),
                "now": round(self.now[i] * 1000),
                "values": {key: plain(column[i]) for key, column in self.values.items()},
                "before": {key: plain(self.before[key][i]) for key in names},
                "after": {key: plain(self.after[key][i]) for key in names},
                "version": self.version,
            }
            for i, name in enumerate(self.ids())
        ]


def plain(value: Any) -> Any:
    """Turn a NumPy number or vector into what JSON can say; NaN becomes None.

    >>> plain(np.array([1.5, np.nan]))
    [1.5, None]
    """
    if np.ndim(value):
        return [plain(each) for each in value]
    number = value.item() if isinstance(value, np.generic) else value
    return None if number != number else number  # noqa: PLR0124 - only NaN differs from itself
