"""How a district gives cases to posts: the values of `handing.toml`."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Self

from borough.core.errors import BadParameter

SHIPPED = Path(__file__).with_suffix(".toml")


@dataclass(frozen=True, slots=True)
class Outdoor:
    """A kind of post that goes out: how long a case usually keeps it, and whether it answers."""

    takes_s: float
    answers: bool


@dataclass(frozen=True, slots=True)
class Handing:
    """When a case is given at once, how long one may wait, and when it goes to somebody else."""

    batch_s: float
    urgent_s: float
    patience_s: float
    answer_urgent_s: float
    answer_s: float
    tries: float
    fresh_s: float
    most: float
    kinds: Mapping[str, Outdoor]

    @classmethod
    def read(cls, text: str) -> Self:
        """Read it from TOML, one table with a ``value`` for each; raises `BadParameter`."""
        try:
            tables = tomllib.loads(text)
            kinds = {name: Outdoor(**row) for name, row in tables["kinds"].items()}
            names = [each.name for each in fields(cls) if each.name != "kinds"]
            return cls(**{name: float(tables[name]["value"]) for name in names}, kinds=kinds)
        except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
            msg = f"handing: {error!r}"
            raise BadParameter(msg) from error

    @classmethod
    def shipped(cls) -> Self:
        """Give the values that come with Borough."""
        return cls.read(SHIPPED.read_text("utf-8"))
