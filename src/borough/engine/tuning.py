"""What the parameters of a scene are set to, and how a change of them takes effect."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from borough.core.errors import BadParameter
from borough.core.observations import Floats, Index, Values
from borough.core.registry import Registry
from borough.core.scenes import Scene
from borough.core.tunings import EVERY_THING, Change


@dataclass(frozen=True, slots=True)
class Tuning:
    """What people have set of a scene's parameters; what nobody set is as the scene declares.

    ``everywhere`` holds values for all things, ``single`` those for single ones: a column over
    ``things`` (ids, rising), NaN where nothing is set.
    """

    things: Index
    everywhere: Mapping[str, float] = field(default_factory=dict)
    single: Mapping[str, Floats] = field(default_factory=dict)

    @classmethod
    def of(cls, scene: Scene, things: Index, registry: Registry) -> Self:
        """Take what the registry holds for single ones of *things*."""
        single: dict[str, Floats] = {}
        mine = things.searchsorted(registry.id).clip(max=max(len(things) - 1, 0))
        for (name, parameter), column in registry.parameters.items():
            if name == scene.id and len(things):
                held = things[mine] == registry.id
                values = np.full(len(things), np.nan)
                values[mine[held]] = column[held]
                single |= {} if np.isnan(values).all() else {parameter: values}
        return cls(things, {}, single)

    def after(self, change: Change) -> Self:
        """Say what is set after a change; of a thing that the scene does not watch, nothing is."""
        everywhere, single = dict(self.everywhere), dict(self.single)
        row = int(self.things.searchsorted(change.thing))
        watched = row < len(self.things) and self.things[row] == change.thing
        for name, value in change.values.items():
            if change.thing == EVERY_THING:
                everywhere.pop(name, None)
                everywhere |= {} if value is None else {name: value}
            elif watched:
                column = single.pop(name, np.full(len(self.things), np.nan)).copy()
                column[row] = np.nan if value is None else value
                single |= {} if np.isnan(column).all() else {name: column}
        return type(self)(self.things, everywhere, single)

    def values(self, scene: Scene) -> dict[str, Values]:
        """Give every parameter its value, or its column; `BadParameter` where one does not fit."""
        chosen: dict[str, Values] = dict(self.everywhere)
        for name, column in self.single.items():
            everywhere = self.everywhere.get(name, np.nan)
            chosen[name] = np.where(np.isnan(column), everywhere, column)
        return scene.tuned(**chosen)

    def fits(self, scene: Scene) -> bool:
        """Say whether a scene allows all that is set."""
        try:
            self.values(scene)
        except BadParameter:
            return False
        return True

    def save(self) -> dict[str, NDArray[Any]]:
        """Give it as named arrays; those of single things stand in the order of ``things``."""
        kept = {f"single.{name}": column for name, column in self.single.items()}
        return kept | {
            "tuned": np.array(list(self.everywhere), str),
            "tuned_to": np.array(list(self.everywhere.values()), float),
        }

    def load(
        self,
        saved: Mapping[str, NDArray[Any]],
        mine: NDArray[Any] | slice,
        theirs: NDArray[Any] | slice,
    ) -> Self:
        """Take what was *saved*; row ``mine[i]`` was ``theirs[i]`` then, others stay as they are.

        Where nothing was saved of it, as by the first release, everything stays.
        """
        if "tuned" not in saved:
            return self
        values = saved["tuned_to"].tolist()
        everywhere = dict(zip(saved["tuned"].tolist(), values, strict=True))
        columns = {
            name.removeprefix("single."): column
            for name, column in saved.items()
            if name.startswith("single.")
        }
        single: dict[str, Floats] = {}
        for name in sorted({*columns, *self.single}):
            column = self.single.get(name, np.full(len(self.things), np.nan)).copy()
            column[mine] = columns[name][theirs] if name in columns else np.nan
            single |= {} if np.isnan(column).all() else {name: column}
        nothing = not (everywhere or single or self.everywhere or self.single)
        return self if nothing else type(self)(self.things, everywhere, single)
