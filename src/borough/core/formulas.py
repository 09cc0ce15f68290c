"""Formulas: what is worked out from reported facts, for every thing of a kind at once.

A formula scene has a ``formula.py`` where a sensing scene has a ``detector.py``.  The formula says
*what is measured*; a rule set (`borough.core.rules`) says *what it is worth*; the engine takes the
facts from the store, merges firms, scores, keeps the snapshot and traces every number back.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf, nan
from typing import Any, Self

import numpy as np

from borough.core.errors import BadScene
from borough.core.observations import Floats
from borough.core.shapes import Key, fitted

SUM, MOST = MERGES = ("sum", "most")
"""How the facts of firms that are evaluated together become one: added up, or the greatest."""
SCHEME = {
    "kind": "text", "period": "text", "rules": "text", "inputs": "table", "measures": "table",
}  # fmt: skip
INPUT = {
    "indicator": "text", "unit": "text", "name": "words", "low?": "number", "high?": "number",
    "absent?": "number", "merges?": "text", "counted?": "text", "scale?": "positive",
}  # fmt: skip
MEASURE = {"name": "words", "unit": "text", "inputs": "texts", "above?": "number"}


@dataclass(frozen=True, slots=True)
class Input:
    """A fact that a formula takes for each thing: an indicator of the fact store, in a unit.

    One of ``unit`` is ``scale`` of ``counted``, the unit of the indicator: 10,000 CNY is 10,000
    of CNY.  A value below ``low`` is not believed without a word of confirmation.  ``absent`` is
    what
    holds where nobody has reported; NaN is "not known".
    """

    indicator: str
    unit: str
    name: Mapping[str, str]
    low: float = -inf
    high: float = inf
    absent: float = nan
    merges: str = SUM
    counted: str = ""
    scale: float = 1.0


@dataclass(frozen=True, slots=True)
class Measure:
    """A number that a formula works out: its name, its unit, and the inputs it is made of.

    Whoever reports for a thing must report enough for it to lie ``above`` a limit.
    """

    name: Mapping[str, str]
    unit: str
    inputs: tuple[str, ...]
    above: float = -inf


@dataclass(frozen=True, slots=True)
class Scheme:
    """What a formula scene evaluates: things of a kind, for periods of a kind, by rule sets.

    ``rules`` is the rule set where the district names no other.
    """

    kind: str
    period: str
    rules: str
    inputs: Mapping[str, Input] = field(default_factory=dict)
    measures: Mapping[str, Measure] = field(default_factory=dict)

    @classmethod
    def declared(cls, text: Mapping[str, Any]) -> Self:
        """Check the ``[evaluates]`` table of a scene; raises `BadScene` with the key."""
        at: Key = ("evaluates",)
        fitted(text, SCHEME, at)
        inputs = {
            key: Input(**fitted(each, INPUT, (*at, "inputs", key)))
            for key, each in text["inputs"].items()
        }
        measures = {}
        for key, each in text["measures"].items():
            here = (*at, "measures", key)
            fitted(each, MEASURE, here)
            stray = [name for name in each["inputs"] if name not in inputs]
            if stray:
                msg = f"there is no input {', '.join(stray)}"
                raise BadScene(msg, key=(*here, "inputs"))
            measures[key] = Measure(**{**each, "inputs": tuple(each["inputs"])})
        for key, made in inputs.items():
            if made.merges not in MERGES:
                msg = f"it must be one of {', '.join(MERGES)}, not {made.merges!r}"
                raise BadScene(msg, key=(*at, "inputs", key, "merges"))
        return cls(text["kind"], text["period"], text["rules"], inputs, measures)


@dataclass(frozen=True, slots=True)
class Formula(ABC):
    """Works measures out of facts; its fields are parameters that the scene declares."""

    @abstractmethod
    def measures(self, facts: Mapping[str, Floats]) -> Mapping[str, Floats]:
        """Give each declared measure as a column, NaN where it cannot be worked out.

        *facts* holds each declared input as a column of one value per thing, NaN where it is not
        known.  A measure may look only at the inputs that it is declared with, and only at its
        own row: what is worth something only beside others is for the rule set.
        """


def per(amount: Floats, basis: Floats) -> Floats:
    """Divide; what has no basis above zero cannot be worked out.

    >>> per(np.array([10.0, 10.0]), np.array([4.0, 0.0])).tolist()
    [2.5, nan]
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(basis > 0, amount / basis, np.nan)
