"""Make up how a town draws its water: a day's shape, the weekend, the weather and chance."""

from datetime import timedelta
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from borough.edge.twin.settings import Order, shapes

Floats = NDArray[np.float64]
DAY_S = 86_400
FIRST_DAY_OF_WEEKEND = 5


def drawn(order: Order, mean: Floats, assumes: dict[str, Any], dice: Generator) -> Floats:
    """Draw the demand of each zone as multiples of its mean, one column a window.

    *mean* is the mean demand of each zone in m3/h.  A zone is a mix of homes and work
    places with some water that always runs.  Its days stray together with the district's
    weather and a little on their own; its quarters stray like many independent taps do,
    by the root of the flow.
    """
    usual = shaped(order, len(mean), assumes, dice)
    memory, per_day = assumes["day_memory"], DAY_S // assumes["step_s"]
    weather = wander((1, order.days), memory, assumes["district_day"], dice)
    own = wander((len(mean), order.days), memory, assumes["zone_day"], dice)
    days = usual * np.repeat(1 + weather + own, per_day, axis=1)
    chance = wander(usual.shape, assumes["roughness_memory"], assumes["roughness"], dice)
    return np.clip(days + chance * np.sqrt(days / mean[:, None]), 0.02, None)


def shaped(order: Order, zones: int, assumes: dict[str, Any], dice: Generator) -> Floats:
    """Give each zone its usual fortnight and more: every day's shape, workdays and weekends."""
    given, per_hour = shapes(), 3600 // assumes["step_s"]
    homes = dice.beta(6, 2, size=(zones, 1))
    shift = dice.normal(scale=0.5, size=zones)
    days = []
    for number in range(order.days):
        late = (order.start + timedelta(days=number)).weekday() >= FIRST_DAY_OF_WEEKEND
        kind = "weekend" if late else "workday"
        hours = homes * given[f"home_{kind}"] + (1 - homes) * given[f"work_{kind}"]
        days.append(hours)
    hourly = np.concatenate(days, axis=1)
    at = np.arange(hourly.shape[1] * per_hour) / per_hour
    rows = [
        np.interp(at - late, np.arange(hourly.shape[1]), row)
        for row, late in zip(hourly, shift, strict=True)
    ]
    busy = np.array(rows)
    busy /= busy.mean(axis=1, keepdims=True)
    steady = float(assumes["steady_share"])
    return np.asarray(steady + (1 - steady) * busy)


def wander(shape: tuple[int, int], memory: float, spread: float, dice: Generator) -> Floats:
    """Draw rows that stray around 0 by *spread* and remember *memory* of the step before."""
    strays = dice.normal(size=shape)
    fresh = np.sqrt(1 - memory**2)
    for k in range(1, shape[1]):
        strays[:, k] = memory * strays[:, k - 1] + fresh * strays[:, k]
    return spread * strays
