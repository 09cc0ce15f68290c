"""The bench: where people see what a scene's parameters are set to, and how it has done so far."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec
import numpy as np

from borough.core.detections import plain
from borough.core.errors import BadParameter, BadRequest, NotFound
from borough.core.observations import Values
from borough.core.registry import Registry
from borough.core.tunings import Change
from borough.engine.catalog import Found
from borough.engine.tuning import Tuning
from borough.engine.watch import Watch
from borough.storage.sql import SqlTunings

SINGLES = 200
"""As many things with values of their own are told one by one."""


class Bench:
    """The scenes of a district with what has been decided of their parameters.

    ``records`` gives, by scene, how its cases ended.
    """

    def __init__(
        self,
        found: Iterable[Found],
        registry: Callable[[], Registry],
        tunings: SqlTunings,
        records: Callable[[], Mapping[str, Mapping[str, Any]]] = dict,
    ) -> None:
        self.found = {each.scene.id: each for each in found}
        self.registry = registry
        self.tunings = tunings
        self.records = records
        self._watched: dict[str, tuple[Registry, Watch]] = {}

    def of(self, scene: str) -> Found:
        """Give a scene by its id; `NotFound` names those that there are."""
        if scene not in self.found:
            msg = f"there is no scene {scene!r}; there are {', '.join(self.found)}"
            raise NotFound(msg)
        return self.found[scene]

    def watch(self, scene: str) -> Watch:
        """Say what a scene watches; worked out once for each state of the registry."""
        registry = self.registry()
        known = self._watched.get(scene)
        if known is None or known[0] is not registry:
            watch = Watch.of(self.of(scene).scene, registry.series, registry.parents)
            known = self._watched[scene] = (registry, watch)
        return known[1]

    def tuning(self, scene: str) -> Tuning:
        """Say what a scene's parameters are set to, with all that has been decided."""
        found = self.of(scene).scene
        tuning = Tuning.of(found, self.watch(scene).things, self.registry())
        for change in self.tunings.settled(self.tunings.last()):
            if change.scene == scene:
                after = tuning.after(change)
                tuning = after if after.fits(found) else tuning
        return tuning

    def version(self, scene: str, tuning: Tuning) -> str:
        """Name a scene's rule with these parameters, as its detections do."""
        found = self.of(scene)
        return found.detector(**tuning.values(found.scene)).version(found.code())

    def tried(self, scene: str, change: Change) -> tuple[Tuning, str]:
        """Give the parameters after a change, and the version; `BadParameter` names the field."""
        if not self.of(scene).senses:
            msg = f"scene: {scene} evaluates facts by its rule sets; nothing of it is tuned here"
            raise BadRequest(msg)
        found = self.of(scene).scene
        for name, value in change.values.items():
            given = found.parameters.get(name)
            if given is None:
                msg = f"{name}: {scene} has no such parameter; it has {', '.join(found.parameters)}"
                raise BadParameter(msg)
            low, high = given.limits
            if value is not None and not low <= value <= high:
                msg = f"{name}: must be {low:g} to {high:g} {given.unit}, not {value:g}"
                raise BadParameter(msg)
            if change.thing and not given.per_thing:
                msg = f"{name}: it is one value for all things, not for a single one"
                raise BadParameter(msg)
        after = self.tuning(scene).after(change)
        return after, self.version(scene, after)

    def told(self, scene: str) -> dict[str, Any]:
        """Tell a scene with its parameters, as plain data."""
        found = self.of(scene)
        told: dict[str, Any] = msgspec.to_builtins(found.scene)
        if not found.senses:
            return told | {"things": 0, "version": "", "last_change": 0, "parameters": {}}
        tuning = self.tuning(scene)
        values = tuning.values(found.scene)
        return told | {
            "things": len(tuning.things),
            "version": self.version(scene, tuning),
            "last_change": self.tunings.last(scene),
            "parameters": {
                name: {
                    **told["parameters"][name],
                    "declared": plain(given.value),
                    "value": plain(tuning.everywhere.get(name, given.value)),
                    "set": name in tuning.everywhere,
                    "single": spread(values[name], tuning, name),
                }
                for name, given in found.scene.parameters.items()
            },
        }

    def all(self) -> list[dict[str, Any]]:
        """Tell every scene."""
        return [self.told(scene) for scene in self.found]

    def singles(self, scene: str) -> list[dict[str, Any]]:
        """List things that have values of their own, the first `SINGLES` of each parameter."""
        if not self.of(scene).senses:
            return []
        tuning, registry = self.tuning(scene), self.registry()
        told: list[dict[str, Any]] = []
        for name, column in tuning.single.items():
            rows = np.flatnonzero(~np.isnan(column))[:SINGLES]
            at = registry.id.searchsorted(tuning.things[rows])
            told += [
                {"parameter": name, "thing": registry.key[row], "value": value}
                for row, value in zip(at.tolist(), column[rows].tolist(), strict=True)
            ]
        return told

    def history(self, scene: str) -> list[dict[str, Any]]:
        """List the changes of a scene, newest first; each names its thing by key, or none."""
        registry = self.registry()
        changes = self.tunings.history(self.of(scene).scene.id)
        for each in changes:
            row = int(registry.id.searchsorted(each["thing"]))
            known = row < len(registry.id) and int(registry.id[row]) == each["thing"]
            each["thing"] = registry.key[row] if known else ""
        return changes


def spread(values: Values, tuning: Tuning, name: str) -> dict[str, Any]:
    """Say how many things have a value of their own, and from where to where they reach."""
    column = tuning.single.get(name)
    if column is None:
        return {"count": 0, "least": None, "most": None}
    own = np.asarray(values)[~np.isnan(column)]
    return {"count": len(own), "least": float(own.min()), "most": float(own.max())}
