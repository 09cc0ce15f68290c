"""Alarms kept few: many signs of one cause are one matter, and what a flood is.

Signs are gathered for a while before people hear of them.  Where many lie in one area, that area
is out, and it is one alarm; where many areas are, it is the area above them.  The values stand in
`alarms.toml`.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from hashlib import sha256
from pathlib import Path
from typing import Self

import numpy as np

from borough.core.errors import BadParameter
from borough.core.observations import Index, Mask

SHIPPED = Path(__file__).with_suffix(".toml")
LEVELS = ("feeder", "grid", "community", "street", "district")
"""Areas that may be out, the smallest first; a feeder lies in no other."""
FEEDER, GRID, DISTRICT = 0, 1, len(LEVELS) - 1
ALONE = -1
"""Stands for no area: a sign that is told by itself."""


@dataclass(frozen=True, slots=True)
class Calm:
    """How a district keeps its alarms few; `alarms.toml` has unit, meaning and source."""

    most_alarms: float
    most_outages: float
    window_s: float
    flood_from: float
    flood_until: float
    siblings: float
    over_share: float
    shelf_most_h: float
    from_count: Mapping[str, int]
    feeders: tuple[str, ...]
    title: Mapping[str, str]

    @classmethod
    def read(cls, text: str) -> Self:
        """Read it from TOML; raises `BadParameter`."""
        try:
            tables = tomllib.loads(text)
            plain = [
                f.name for f in fields(cls) if f.name not in {"from_count", "feeders", "title"}
            ]
            numbers = {name: float(tables[name]["value"]) for name in plain}
            counts = {name: int(tables["from_count"][name]) for name in LEVELS}
            feeders = tuple(tables["feeders"]["relations"])
            return cls(**numbers, from_count=counts, feeders=feeders, title=dict(tables["title"]))
        except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
            msg = f"alarms: {error!r}"
            raise BadParameter(msg) from error

    @classmethod
    def shipped(cls) -> Self:
        """Give the values that come with Borough."""
        return cls.read(SHIPPED.read_text("utf-8"))

    @property
    def version(self) -> str:
        """Name these very values: 12 hex digits."""
        return sha256(repr(self).encode()).hexdigest()[:12]

    @property
    def window_ms(self) -> int:
        """How long alarms are counted, ms."""
        return round(self.window_s * 1000)


def grouped(areas: Index, calm: Calm, most: int) -> tuple[Index, Index]:
    """Say for each sign which area it is part of: the level and the area, -1 where it is alone.

    ``areas[i, l]`` is the area of sign *i* at level *l* of `LEVELS`, -1 where it has none; from
    the grid on each area lies in one of the next level.  There are at most *most* groups: were
    there more, all of them are the district.
    """
    count = len(areas)
    level = np.full(count, ALONE)
    for place, name in enumerate(LEVELS):
        free = (level == ALONE) & (areas[:, place] >= 0)
        level[free & _many(areas[:, place], free, calm.from_count[name])] = place
    for place in range(GRID, DISTRICT):
        out = np.flatnonzero(level == place)
        pairs = np.unique(areas[out, place : place + 2], axis=0)
        above, lie = np.unique(pairs[:, 1], return_counts=True)
        inside = np.isin(areas[:, place + 1], above[lie >= calm.siblings])
        level[inside & (level != FEEDER) & (level <= place)] = place + 1
    area = np.where(level == ALONE, ALONE, areas[np.arange(count), level.clip(min=0)])
    told = level != ALONE
    if len({*zip(level[told].tolist(), area[told].tolist(), strict=True)}) > most:
        level[told], area[told] = DISTRICT, areas[told, DISTRICT]
    return level, area


def _many(area: Index, free: Mask, least: int) -> Mask:
    """Tell of each sign whether its area has enough of them, counting those that are free."""
    known, place = np.unique(area, return_inverse=True)
    counts = np.bincount(place[free], minlength=len(known))
    many: Mask = counts[place] >= least
    return many


def flood(alarms_ms: Sequence[int], now_ms: int, calm: Calm) -> tuple[int, int | None]:
    """Say how many alarms came in the last window, and since when there is a flood (ms), if so.

    It begins with ``flood_from`` alarms in a window and ends with fewer than ``flood_until``.
    """
    times = np.sort(np.asarray(alarms_ms, np.int64))
    times = times[times <= now_ms]
    since: int | None = None
    moments = np.unique(np.concatenate([times, times + calm.window_ms, [now_ms]]))
    for moment in moments[moments <= now_ms].tolist():
        inside = int(times.searchsorted(moment, "right"))
        inside -= int(times.searchsorted(moment - calm.window_ms, "right"))
        if since is None and inside >= calm.flood_from:
            since = moment
        elif since is not None and inside < calm.flood_until:
            since = None
    recent = len(times) - int(times.searchsorted(now_ms - calm.window_ms, "right"))
    return recent, since
