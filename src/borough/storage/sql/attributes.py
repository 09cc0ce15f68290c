"""Attributes: what a class of thing may carry besides its readings, and the check of it."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from borough.core.errors import BadRequest

TYPES: dict[str, type | tuple[type, ...]] = {
    "number": (int, float),
    "integer": int,
    "text": str,
    "boolean": bool,
}


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute that a class declares: its type, unit, limits or choices.

    ``type`` is ``number``, ``integer``, ``text`` or ``boolean``.  ``low`` and ``high`` bound
    numbers, ``among`` lists the allowed values (empty: any), ``required`` must be there.
    """

    type: str
    unit: str = ""
    low: float | None = None
    high: float | None = None
    among: tuple[Any, ...] = ()
    required: bool = False

    def __post_init__(self) -> None:
        if self.type not in TYPES:
            msg = f"attribute type {self.type!r} is not one of {', '.join(TYPES)}"
            raise BadRequest(msg)
        if (self.low, self.high) != (None, None) and self.type not in {"number", "integer"}:
            msg = f"an attribute of type {self.type} has no limits"
            raise BadRequest(msg)

    def wrong(self, value: Any) -> str:
        """Say what is wrong with *value*; empty where nothing is."""
        fits: bool = isinstance(value, TYPES[self.type])
        if not fits or isinstance(value, bool) != (self.type == "boolean"):
            return f"must be a {self.type}, not {value!r}"
        if isinstance(value, float) and not math.isfinite(value):
            return f"must be finite, not {value}"
        if self.among and value not in self.among:
            return f"must be one of {', '.join(map(str, self.among))}, not {value!r}"
        if self.low is not None and value < self.low:
            return f"must be at least {self.low:g} {self.unit}".rstrip() + f", not {value}"
        if self.high is not None and value > self.high:
            return f"must be at most {self.high:g} {self.unit}".rstrip() + f", not {value}"
        return ""


Schema = Mapping[str, Attribute]


def stored(schema: Schema) -> dict[str, Any]:
    """Give a schema the form in which the table keeps it."""
    return {name: asdict(each) for name, each in schema.items()}


def restored(stored_schema: Mapping[str, Any]) -> dict[str, Attribute]:
    """Read back what `stored` wrote."""
    return {
        name: Attribute(**{**each, "among": tuple(each["among"])})
        for name, each in stored_schema.items()
    }


def check(kind: str, schema: Schema, given: Mapping[str, Any]) -> None:
    """Raise `BadRequest`, naming the attribute, where *given* breaks what *kind* declares."""
    for name, value in given.items():
        wrong = schema[name].wrong(value) if name in schema else f"is no attribute of {kind}"
        if wrong:
            msg = f"attributes.{name}: {wrong}"
            raise BadRequest(msg)
    for name, each in schema.items():
        if each.required and name not in given:
            msg = f"attributes.{name}: is required of {kind}"
            raise BadRequest(msg)
