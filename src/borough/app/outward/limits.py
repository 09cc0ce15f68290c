"""How messages go out, as ``limits.toml`` beside this file declares it."""

import tomllib
from dataclasses import dataclass, fields
from importlib.resources import files
from typing import Self

from borough.core.outbox import Retry


@dataclass(frozen=True, slots=True)
class OutwardLimits:
    """Pauses, tries and how much at once; see ``limits.toml`` for unit, reason and source."""

    first_s: float
    factor: float
    most_s: float
    jitter: float
    tries: int
    wait_s: float
    couriers: int
    at_once: int
    pause_most_s: float
    digest_s: float
    digest_lines: int
    kept_days: float
    secret_grace_h: float

    @classmethod
    def declared(cls) -> Self:
        """Read them from the table."""
        table = tomllib.loads((files("borough.app.outward") / "limits.toml").read_text("utf-8"))
        return cls(**{field.name: table[field.name]["value"] for field in fields(cls)})

    def retry(self, first_s: float) -> Retry:
        """Give the pauses between tries, where the first is *first_s* long."""
        first, most = round(first_s * 1000), round(self.most_s * 1000)
        return Retry(first, self.factor, most, self.jitter, self.tries)


LIMITS = OutwardLimits.declared()
