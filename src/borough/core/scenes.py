"""Scenes: what a scene folder declares, as typed and checked data."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import nan
from typing import Any, Self

import numpy as np

from borough.core.derives import Derivation
from borough.core.errors import BadParameter, BadScene
from borough.core.observations import Values

STANDINGS = ("sketch", "trial", "duty", "model")
OPENS_CASES = ("duty", "model")
"""Only scenes of these standings open cases by themselves; the others are shown and scored."""
QUIET = "quiet"
"""Level 0 of every scene; above it come those that the scene declares."""
LANGUAGES = {"zh", "en"}
KEYS = {
    "id", "standing", "name", "levels", "carries", "watches", "derives", "parameters", "opens",
    "claims", "exempt",
}  # fmt: skip


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
    ``merge_s`` seconds of the last sign joins it.
    """

    plan: str
    title: dict[str, str]
    merge_s: float
    from_level: int = 1


@dataclass(frozen=True, slots=True)
class Scene:
    """The declared part of a scene: who it is, what it watches, what it may say."""

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
        """Check a parsed ``scene.toml`` and give it a type; `BadScene` names what is wrong."""
        stray = text.keys() - KEYS
        if stray:
            msg = f"scene.toml: unknown key {', '.join(sorted(stray))}"
            raise BadScene(msg)
        try:
            given = text.get("parameters", {}).items()
            scene = cls(
                id=text["id"],
                standing=text["standing"],
                name=text["name"],
                levels=(QUIET, *text["levels"]),
                properties=tuple(text["watches"]["properties"]),
                sources=tuple(text["watches"]["from"]),
                parent=text["watches"].get("parent", ""),
                carries=tuple(text.get("carries", ())),
                derives=tuple(Derivation.declared(each) for each in text.get("derives", ())),
                parameters={key: Parameter(**each) for key, each in given},
                opens=Opening(**text["opens"]),
            )
        except KeyError as error:
            msg = f"scene.toml: {error.args[0]} is missing"
            raise BadScene(msg) from error
        except (TypeError, ValueError, AttributeError) as error:
            msg = f"scene.toml: {error}"
            raise BadScene(msg) from error
        scene.check()
        return scene

    def check(self) -> None:
        """Raise `BadScene` where the parts do not fit each other."""
        wrong = {
            f"standing {self.standing!r} is not one of {', '.join(STANDINGS)}": (
                self.standing not in STANDINGS
            ),
            "name needs zh and en": not self.name.keys() >= LANGUAGES,
            "opens.title needs zh and en": not self.opens.title.keys() >= LANGUAGES,
            "levels must name at least one level": len(self.levels) == 1,
            "opens.from_level is above the last level": self.opens.from_level >= len(self.levels),
            "watches.properties is empty": not self.properties,
            "watches.from is empty": not self.sources,
        }
        for says, it_is in wrong.items():
            if it_is:
                msg = f"{self.id}: scene.toml: {says}"
                raise BadScene(msg)
