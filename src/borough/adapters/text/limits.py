"""What sorting of messages goes by, as ``limits.toml`` beside this file declares it."""

import tomllib
from dataclasses import dataclass, fields
from importlib.resources import files
from typing import Self


@dataclass(frozen=True, slots=True)
class Limits:
    """Thresholds and limits; see ``limits.toml`` for unit, reason and source."""

    precision: float
    near_duplicate: float
    seen: int
    held_to_prior: float
    ridge: float
    steps: int
    folds: int
    rare: int
    characters: int
    model_bytes: int
    merge_alike: float
    merge_days: float
    merge_metres: float
    merge_opening: int

    @classmethod
    def declared(cls) -> Self:
        """Read them from the table."""
        table = tomllib.loads((files("borough.adapters.text") / "limits.toml").read_text("utf-8"))
        return cls(**{field.name: table[field.name]["value"] for field in fields(cls)})


LIMITS = Limits.declared()
