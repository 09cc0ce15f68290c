"""Tunings: a parameter of a scene is given another value, at one place in the journal."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Self

from borough.core.errors import BadFrame

EVERY_THING = 0
"""Stands for all things of a scene; the ids of single ones begin at 1."""
FIELDS = {"number", "scene", "thing", "values"}


@dataclass(frozen=True, slots=True)
class Change:
    """Parameters of one scene get other values, for one thing or for `EVERY_THING`.

    ``number`` rises with each change of a district.  A value of None takes back what was set:
    the thing goes by what holds for all, and all go by what the scene declares.  A change
    without values only puts a scene that was set aside back to work.
    """

    number: int
    scene: str
    thing: int
    values: Mapping[str, float | None]

    def text(self) -> str:
        """Write it as JSON, in one form only."""
        told = {name: getattr(self, name) for name in sorted(FIELDS - {"values"})}
        told["values"] = dict(self.values)
        return json.dumps(told, ensure_ascii=False, sort_keys=True, allow_nan=False)

    @classmethod
    def parsed(cls, text: bytes) -> Self:
        """Read back what `text` wrote; `BadFrame` if it is not that."""
        try:
            told = json.loads(text)
            whole = isinstance(told, dict) and told.keys() == FIELDS
            sound = whole and is_whole(told["number"]) and is_whole(told["thing"])
            if sound and isinstance(told["scene"], str) and isinstance(told["values"], dict):
                values = {name: number(each) for name, each in told["values"].items()}
                return cls(told["number"], told["scene"], told["thing"], values)
        except (ValueError, TypeError) as error:
            msg = f"not a change of parameters: {error}"
            raise BadFrame(msg) from error
        msg = f"a change of parameters needs {', '.join(sorted(FIELDS))}"
        raise BadFrame(msg)


def is_whole(value: object) -> bool:
    """Say whether something is a whole number; True and False are none."""
    return isinstance(value, int) and not isinstance(value, bool)


def number(value: object) -> float | None:
    """Take a finite number, or None; `ValueError` for anything else."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        msg = f"{value!r} is no number"
        raise ValueError(msg)
    return float(value)


@dataclass(frozen=True, slots=True)
class Tuned:
    """A record that says only that parameters change; ``last`` is its place in the journal."""

    last: int
    change: Change
