"""What the twin assumes and which recordings it makes: ``twin.toml`` and ``shapes.csv``."""

import csv
import tomllib
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from borough.core.errors import BadSetting

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Chosen:
    """A leak that somebody chose rather than drew; ``growth`` is in hours, 0 for a burst."""

    zone: int
    start: datetime
    size: float
    growth: float = 0.0


@dataclass(frozen=True, slots=True)
class Order:
    """What to record: a network that ``wntr`` ships, for *days* from local midnight of *start*.

    ``scale`` multiplies the network's own demand: some run dry at what they were drawn for.
    """

    network: str
    start: date
    days: int
    zones: int
    seed: int
    leaks: int = 0
    scale: float = 1.0
    chosen: tuple[Chosen, ...] = ()


def assumed() -> dict[str, Any]:
    """Give what the twin assumes, by name, without units and sources."""
    text = tomllib.loads((HERE / "twin.toml").read_text("utf-8"))
    return {name: each["value"] for name, each in text["assumes"].items()}


def orders() -> dict[str, Order]:
    """Give the recordings that ship, by name."""
    text = tomllib.loads((HERE / "twin.toml").read_text("utf-8"))
    return {name: ordered(each) for name, each in text["recordings"].items()}


def ordered(text: dict[str, Any]) -> Order:
    """Type one recording's table; ``BadSetting`` if a word is wrong or missing."""
    plain = {key: value for key, value in text.items() if key not in {"leak", "says"}}
    try:
        return Order(**plain, chosen=tuple(Chosen(**each) for each in text.get("leak", [])))
    except TypeError as error:
        msg = f"twin.toml: {error}"
        raise BadSetting(msg) from error


def shapes() -> dict[str, NDArray[np.float64]]:
    """Give 24 hourly factors for each kind of customer and day, each kind's week near 1."""
    with (HERE / "shapes.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {
        name: np.array([float(row[name]) for row in rows]) for name in rows[0] if name != "hour"
    }
