"""Find scene folders, wherever they lie, and set them to work."""

import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from borough.core.cases import Plan
from borough.core.detections import Detector
from borough.core.errors import BadScene, BoroughError
from borough.core.observations import Series, Values
from borough.core.registry import Registry
from borough.core.scenes import Scene
from borough.engine.runner import Runner
from borough.engine.watch import Watch

BUILT_IN = Path(__file__).parents[1] / "scenes"
"""A folder of scenes like any other; this one comes with the product."""


@dataclass(frozen=True, slots=True)
class Found:
    """A scene folder, read and checked but not yet running.

    ``plan`` is its parsed ``plan.toml`` and ``examples`` its worked examples.
    """

    scene: Scene
    detector: type[Detector]
    plan: dict[str, Any]
    examples: list[dict[str, Any]]
    folder: Path

    def code(self) -> str:
        """Name the rule as it is written: the digest of its file, empty where it has none."""
        path = self.folder / "detector.py"
        return sha256(path.read_bytes()).hexdigest()[:12] if path.exists() else ""

    def runner(self, series: Series, **tuned: Values) -> Runner:
        """Set the scene to work on *series*, with the declared parameters or *tuned* ones."""
        detector = self.detector(**self.scene.tuned(**tuned))
        return Runner(self.scene, detector, Watch.of(self.scene, series))

    def at_work(self, registry: Registry, chosen: Mapping[str, Values] | None = None) -> Runner:
        """Set the scene to work on a district, with *chosen* values over those of the registry.

        A parameter that the registry sets for single things becomes a column over the scene's.
        """
        watch = Watch.of(self.scene, registry.series, registry.parents)
        mine = watch.things.searchsorted(registry.id).clip(max=max(len(watch.things) - 1, 0))
        tuned: dict[str, Values] = {}
        for (scene, name), column in registry.parameters.items():
            if scene == self.scene.id and len(watch.things):
                held = watch.things[mine] == registry.id
                values = np.full(len(watch.things), np.nan)
                values[mine[held]] = column[held]
                tuned[name] = values
        tuned |= dict(chosen or {})
        return Runner(self.scene, self.detector(**self.scene.tuned(**tuned)), watch)


def find(folder: Path) -> Found:
    """Read one scene folder; `BadScene` names the file and what is wrong with it."""
    scene = Scene.declared(parsed(folder / "scene.toml"))
    if scene.id != folder.name:
        msg = f"folder {folder.name} holds scene {scene.id}; the names must be the same"
        raise BadScene(msg)
    plan = parsed(folder / scene.opens.plan)
    Plan.declared(scene.id, plan)
    return Found(
        scene=scene,
        detector=load(folder / "detector.py"),
        plan=plan,
        examples=parsed(folder / "examples.toml").get("example", []),
        folder=folder,
    )


def find_all(*roots: Path) -> list[Found]:
    """Read every scene folder under *roots*; no scene may lie in two of them."""
    found = [find(path.parent) for root in roots for path in sorted(root.glob("*/scene.toml"))]
    ids = [each.scene.id for each in found]
    twice = sorted({each for each in ids if ids.count(each) > 1})
    if twice:
        msg = f"two folders hold the same scene: {', '.join(twice)}"
        raise BadScene(msg)
    return found


def find_sound(*roots: Path) -> tuple[list[Found], dict[str, str]]:
    """Read every scene folder under *roots*, and leave out those that cannot be used.

    Gives the sound ones, and by folder what is wrong with each other; of two with one name the
    first counts.
    """
    found: dict[str, Found] = {}
    wrong: dict[str, str] = {}
    for path in (path for root in roots for path in sorted(root.glob("*/scene.toml"))):
        try:
            each = find(path.parent)
        except BoroughError as error:
            wrong[str(path.parent)] = str(error)
            continue
        if each.scene.id in found:
            wrong[str(path.parent)] = f"there is a scene {each.scene.id} already"
        else:
            found[each.scene.id] = each
    return list(found.values()), wrong


def parsed(path: Path) -> dict[str, Any]:
    """Parse a TOML file of a scene folder."""
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        msg = f"{path.parent.name}: {path.name} is missing"
        raise BadScene(msg) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        msg = f"{path.parent.name}/{path.name}: {error}"
        raise BadScene(msg) from error


def load(path: Path) -> type[Detector]:
    """Run a scene's Python where it lies, and take the one detector that it defines."""
    module = ModuleType(f"scene:{path}")
    sys.modules[module.__name__] = module  # dataclasses look their module up by its name
    try:
        SourceFileLoader(module.__name__, str(path)).exec_module(module)
    except FileNotFoundError as error:
        msg = f"{path.parent.name}: {path.name} is missing"
        raise BadScene(msg) from error
    except (Exception, SystemExit) as error:  # the author's code may raise anything at all
        msg = f"{path.parent.name}/{path.name} cannot be run: {error!r}"
        raise BadScene(msg) from error
    mine = [kind for kind in vars(module).values() if isinstance(kind, type)]
    mine = [kind for kind in mine if kind.__module__ == module.__name__]
    detectors = [kind for kind in mine if issubclass(kind, Detector)]
    if len(detectors) != 1:
        msg = (
            f"{path.parent.name}/{path.name} must define exactly one Detector, not {len(detectors)}"
        )
        raise BadScene(msg)
    return detectors[0]
