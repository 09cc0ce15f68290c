"""Scenes: what a scene folder declares, as typed and checked data."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import nan
from typing import Any, Self

import numpy as np

from borough.core.derives import Derivation
from borough.core.errors import BadParameter, BadScene
from borough.core.formulas import Scheme
from borough.core.observations import Values
from borough.core.shapes import Key, fitted, is_text

STANDINGS = ("sketch", "trial", "duty", "model")
OPENS_CASES = ("duty", "model")
"""Only scenes of these standings open cases by themselves; the others are shown and scored."""
QUIET = "quiet"
"""Level 0 of every scene; above it come those that the scene declares."""
CALM = {"zh": "正常", "en": "Quiet"}
"""What level 0 is called."""
KEYS = {
    "id": "text", "standing": "text", "name": "words", "levels": "levels", "carries?": "texts",
    "watches?": "table", "evaluates?": "table", "derives?": "tables", "parameters?": "table",
    "opens": "table", "claims?": "table", "exempt?": "table",
}  # fmt: skip
WATCHES = {"properties": "texts", "from": "texts", "parent?": "text", "every_s?": "number"}
PARAMETER = {
    "value?": "number", "unit": "text", "limits": "span", "means": "words", "source": "text",
    "per_thing?": "flag",
}  # fmt: skip
OPENS = {
    "plan": "text", "title": "words", "merge_s": "number", "from_level?": "count",
    "gather_s?": "number",
}  # fmt: skip
Names = Mapping[str, Mapping[str, str]]
"""What something is called, by its id and by language."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A number people may tune, with its unit, its limits and where it came from.

    Where it is ``per_thing``, each thing may have its own; NaN is "nobody has set it".
    """

    unit: str
    limits: list[float]
    means: dict[str, str]
    source: str
    value: float = nan
    per_thing: bool = False


@dataclass(frozen=True, slots=True)
class Opening:
    """How detections of a scene become cases: the title, and how long a new one joins an old.

    A case is opened when the level reaches ``from_level``; a detection on the same thing within
    ``merge_s`` seconds of the last sign joins it.  For ``gather_s`` seconds a detection is looked
    at together with others, which may have one cause, before people hear of it.
    """

    plan: str
    title: dict[str, str]
    merge_s: float
    from_level: int = 1
    gather_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Scene:
    """The declared part of a scene: who it is, what it watches, what it may say.

    A scene either watches what things report, or evaluates what was reported of them, as its
    ``scheme`` says; for it the levels are classes, the best first.  ``levels`` are ids, rising
    from `QUIET`; ``level_names`` says in each language what those are called that have a name.
    Its rule is told that time has passed once in each ``every_s`` seconds, not oftener; 0 means
    whenever the journal says what time it is.
    ``exempt`` gives a reason for each requirement that the author does without.
    """

    id: str
    standing: str
    name: dict[str, str]
    levels: tuple[str, ...]
    properties: tuple[str, ...]
    sources: tuple[str, ...]
    parent: str
    carries: tuple[str, ...]
    derives: tuple[Derivation, ...]
    parameters: dict[str, Parameter]
    opens: Opening
    level_names: Names = field(default_factory=dict)
    exempt: Mapping[str, str] = field(default_factory=dict)
    scheme: Scheme | None = None
    every_s: float = 0.0

    def tuned(self, **chosen: Values) -> dict[str, Values]:
        """Give each parameter the value *chosen* for it, or else the declared one.

        Raises `BadParameter` for an unknown name, a value beyond the limits, or a column where
        one value for all is declared.  NaN in a column means "not set" and takes the default.
        """
        unknown = chosen.keys() - self.parameters.keys()
        if unknown:
            msg = f"{self.id} has no parameter {', '.join(sorted(unknown))}"
            raise BadParameter(msg)
        return {name: self._fitted(name, chosen.get(name, nan)) for name in self.parameters}

    def _fitted(self, name: str, chosen: Values) -> Values:
        given = self.parameters[name]
        column, (low, high) = np.asarray(chosen, float), given.limits
        column = np.where(np.isnan(column), given.value, column)
        if ((column < low) | (column > high)).any() or (column.ndim and not given.per_thing):
            msg = f"{self.id}: {name} may not be {chosen}; its limits are {low} to {high}"
            raise BadParameter(msg)
        return column if column.ndim else float(column)

    @classmethod
    def declared(cls, text: Mapping[str, Any]) -> Self:
        """Check a parsed ``scene.toml`` and give it a type.

        ``levels`` is a table from ids to names, rising, or while nobody has named them a list
        of ids.  Raises `BadScene` with the key that is wrong.
        """
        fitted(text, KEYS)
        evaluates = "evaluates" in text
        if evaluates == ("watches" in text):
            msg = "a scene needs a table watches or a table evaluates, and not both"
            raise BadScene(msg, key=("evaluates",) if evaluates else ())
        watches = {} if evaluates else fitted(text["watches"], WATCHES, ("watches",))
        opens = fitted(text["opens"], OPENS, ("opens",))
        levels = text["levels"]
        scene = cls(
            id=text["id"],
            standing=text["standing"],
            name=text["name"],
            levels=(QUIET, *levels),
            properties=tuple(watches.get("properties", ())),
            sources=tuple(watches.get("from", ())),
            parent=watches.get("parent", ""),
            carries=tuple(text.get("carries", ())),
            derives=tuple(derivations(text.get("derives", ()))),
            parameters=dict(parameters(text.get("parameters", {}))),
            opens=Opening(**opens),
            level_names={QUIET: CALM, **(levels if isinstance(levels, dict) else {})},
            exempt=dict(text.get("exempt", {})),
            scheme=Scheme.declared(text["evaluates"]) if evaluates else None,
            every_s=watches.get("every_s", 0.0),
        )
        scene.check()
        return scene

    def check(self) -> None:
        """Raise `BadScene` where the parts do not fit each other."""
        wrong: dict[tuple[Key, str], bool] = {
            (("standing",), f"{self.standing!r} is not one of {', '.join(STANDINGS)}"): (
                self.standing not in STANDINGS
            ),
            (("exempt",), "each requirement left out needs its reason, as a text"): (
                not all(map(is_text, self.exempt.values()))
            ),
            (("levels",), f"a level cannot be called {QUIET!r}"): QUIET in self.levels[1:],
            (("opens", "from_level"), f"there are only {len(self.levels) - 1} levels"): (
                not 0 < self.opens.from_level < len(self.levels)
            ),
            (("watches", "every_s"), "it cannot be below 0"): self.every_s < 0,
        }
        for (key, says), it_is in wrong.items():
            if it_is:
                raise BadScene(says, key=key)


def parameters(tables: Mapping[str, Any]) -> Iterator[tuple[str, Parameter]]:
    """Check the tables of parameters, each by its name."""
    for name, table in tables.items():
        at = ("parameters", name)
        made = Parameter(**fitted(table, PARAMETER, at))
        low, high = made.limits
        if not made.per_thing and "value" not in table:
            msg = "value is missing; only a parameter that is per_thing may leave it to the things"
            raise BadScene(msg, key=(*at, "value"))
        if "value" in table and not low <= made.value <= high:
            msg = f"it must lie within its limits {low} to {high}, not be {made.value}"
            raise BadScene(msg, key=(*at, "value"))
        yield name, made


def derivations(tables: list[Mapping[str, Any]]) -> Iterator[Derivation]:
    """Check the ``[[derives]]`` tables."""
    for number, table in enumerate(tables):
        try:
            yield Derivation.declared(table)
        except KeyError as error:
            msg = f"{error.args[0]} is missing"
            raise BadScene(msg, key=("derives", number)) from error
        except (TypeError, ValueError, AttributeError, BadScene) as error:
            raise BadScene(str(error), key=("derives", number)) from error
