"""Decide where and when the network loses water, and how that looks over time."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta, timezone
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from borough.core.errors import BadSetting
from borough.edge.twin.recording import Truth
from borough.edge.twin.settings import Chosen, Order
from borough.edge.twin.zoning import Zoning

Floats = NDArray[np.float64]
DAY_MS = 86_400_000
HOUR_MS = 3_600_000
MONTH_DAYS = 30
WORKING = (9 * HOUR_MS, 17 * HOUR_MS)
"""Hydrants are flushed in working hours, local time."""


@dataclass(frozen=True, slots=True)
class Town:
    """A network that is cut, and what is to be recorded of it; ``mean`` is m3/h by zone."""

    order: Order
    zoning: Zoning
    mean: Floats
    assumes: Mapping[str, Any]

    @property
    def begin(self) -> int:
        """When the recording begins, local midnight, in ms UTC."""
        return self.moment(datetime.combine(self.order.start, time()))

    @property
    def end(self) -> int:
        """When the recording ends, in ms UTC."""
        return self.begin + self.order.days * DAY_MS

    @property
    def step_ms(self) -> int:
        """How long a window is."""
        return int(self.assumes["step_s"]) * 1000

    def moment(self, local: datetime) -> int:
        """Turn a local time of the district into ms UTC."""
        ahead = timezone(timedelta(seconds=self.assumes["utc_offset_s"]))
        return round(local.replace(tzinfo=ahead).timestamp() * 1000)

    def event(self, kind: str, node: str, times: tuple[int, int, int], size: float) -> Truth:
        """Write one event down; *times* are start, full and end."""
        zone = self.zoning.zone[node]
        start, full, end = times
        share = round(size / float(self.mean[zone]), 3)
        return Truth(kind, zone, node, start, full, end, round(size, 3), share)

    def somewhere(self, zone: int, dice: Generator) -> str:
        """Pick a junction of a zone."""
        return str(dice.choice(self.zoning.nodes(zone)))


def planted(town: Town, dice: Generator) -> list[Truth]:
    """Plant the leaks that were chosen or drawn, at most one in a zone, and some flushings."""
    if town.order.chosen:
        leaks = [placed(each, town, dice) for each in town.order.chosen]
    else:
        zones = len(town.mean)
        if town.order.leaks > zones:
            msg = f"{town.order.leaks} leaks do not fit into {zones} zones, one in each"
            raise BadSetting(msg)
        chosen = dice.permutation(zones)[: town.order.leaks].tolist()
        leaks = [drawn(zone, town, dice) for zone in chosen]
    return leaks + flushed(town, dice)


def placed(each: Chosen, town: Town, dice: Generator) -> Truth:
    """Put a chosen leak at some junction of its zone; it runs until the recording ends."""
    start = town.moment(each.start)
    times = start, start + round(each.growth * HOUR_MS), town.end
    kind = "incipient" if each.growth else "abrupt"
    return town.event(kind, town.somewhere(each.zone, dice), times, each.size)


def drawn(zone: int, town: Town, dice: Generator) -> Truth:
    """Draw a leak's size, kind and start; it runs until the recording ends."""
    assumes, length = town.assumes, town.end - town.begin
    size = float(np.exp(dice.uniform(*np.log(assumes["leak_share"]))) * town.mean[zone])
    begins = dice.uniform(assumes["leak_after"], assumes["leak_until"])
    start = town.begin + round(length * begins)
    grows = dice.random() < assumes["incipient_share"]
    days = dice.uniform(*assumes["growth_days"]) if grows else 0.0
    times = start, start + round(DAY_MS * days), town.end
    kind = "incipient" if grows else "abrupt"
    return town.event(kind, town.somewhere(zone, dice), times, size)


def flushed(town: Town, dice: Generator) -> list[Truth]:
    """Open hydrants here and there by day: each looks like a burst and is none."""
    assumes, days, seen = town.assumes, town.order.days, []
    for zone, usual in enumerate(town.mean):
        for _ in range(dice.poisson(assumes["flushings"] * days / MONTH_DAYS)):
            day = town.begin + int(dice.integers(days)) * DAY_MS
            start = day + round(dice.uniform(*WORKING))
            end = start + round(1000 * dice.uniform(*assumes["flushing_s"]))
            size = float(dice.uniform(*assumes["flushing_share"]) * usual)
            node = town.somewhere(zone, dice)
            seen.append(town.event("flushing", node, (start, start, end), size))
    return seen


def strength(event: Truth, start_ms: int, step_ms: int, steps: int) -> Floats:
    """Say how strongly an event runs in each window, from 0 to 1, as a mean over the window."""
    fine = 15
    at = start_ms + (np.arange(steps * fine) + 0.5) * step_ms / fine
    grown = np.ones_like(at)
    if event.full_ms > event.start_ms:
        grown = np.clip((at - event.start_ms) / (event.full_ms - event.start_ms), 0, 1)
    runs = (at >= event.start_ms) & (at < event.end_ms)
    windows = np.where(runs, grown, 0.0).reshape(steps, fine)
    return np.asarray(windows.mean(axis=1), float)
