"""Find scene folders, wherever they lie, and set them to work."""

import sys
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import MISSING, dataclass, field, fields
from functools import lru_cache, partial
from hashlib import sha256
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

from borough.core import happenings
from borough.core.cases import Plan
from borough.core.detections import Detector
from borough.core.errors import BadRules, BadScene, BoroughError
from borough.core.formulas import Formula
from borough.core.observations import Mask, Series, Values
from borough.core.registry import Registry
from borough.core.rules import extended
from borough.core.scenes import Scene
from borough.core.shapes import Key
from borough.core.warnings import WarningRule
from borough.engine.pointing import dotted, field_line, line_of, line_told, line_within
from borough.engine.runner import Runner
from borough.engine.tuning import Tuning
from borough.engine.watch import Watch
from borough.engine.worked import worked

BUILT_IN = Path(__file__).parents[1] / "scenes"
"""A folder of scenes like any other; this one comes with the product."""
NO_RULES: Mapping[str, Mapping[str, Any]] = {}
told_before = lru_cache(maxsize=256)(tomllib.loads)
"""Parses a text, once: a scene's files are read by whoever asks for it, and seldom change."""
Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class Found:
    """A scene folder, read and checked but not yet running.

    ``rule`` is what it defines in Python: a detector where it watches, a formula where it
    evaluates.  ``plan`` is its parsed ``plan.toml``, ``examples`` its worked examples, and
    ``happens`` what a simulator may let happen for it, as the tables of its ``happenings.toml``.
    ``rules`` holds the rule sets of a formula scene, as parsed, by id, and ``warning`` says what
    the public is told, if anything.
    """

    scene: Scene
    rule: type[Detector] | type[Formula]
    plan: dict[str, Any]
    examples: list[dict[str, Any]]
    folder: Path
    happens: tuple[dict[str, Any], ...] = ()
    rules: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    warning: WarningRule | None = None

    @property
    def senses(self) -> bool:
        """Tell whether it watches what things report; else it evaluates facts."""
        return issubclass(self.rule, Detector)

    @property
    def detector(self) -> type[Detector]:
        """The detector of a scene that watches; `BadScene` where it evaluates."""
        if issubclass(self.rule, Detector):
            return self.rule
        msg = f"{self.scene.id} evaluates facts; it has no detector"
        raise BadScene(msg)

    @property
    def formula(self) -> type[Formula]:
        """The formula of a scene that evaluates; `BadScene` where it watches."""
        if issubclass(self.rule, Formula):
            return self.rule
        msg = f"{self.scene.id} watches readings; it has no formula"
        raise BadScene(msg)

    def code(self) -> str:
        """Name the rule as it is written: the digest of its file, empty where it has none."""
        path = self.folder / ("detector.py" if self.senses else "formula.py")
        return sha256(path.read_bytes()).hexdigest()[:12] if path.exists() else ""

    def runner(self, series: Series, **tuned: Values) -> Runner:
        """Set the scene to work on *series*, with the declared parameters or *tuned* ones."""
        detector = self.detector(**self.scene.tuned(**tuned))
        return Runner(self.scene, detector, Watch.of(self.scene, series))

    def at_work(self, registry: Registry, here: Mask | None = None) -> Runner:
        """Set the scene to work on a district, with what the registry sets for single things.

        It minds the series that are *here*, or all.
        """
        watch = Watch.of(self.scene, registry.series, registry.parents, here)
        tuning = Tuning.of(self.scene, watch.things, registry)
        detector = self.detector(**tuning.values(self.scene))
        return Runner(self.scene, detector, watch, tuning, self.code())


def find(folder: Path) -> Found:
    """Read one scene folder; `BadScene` names the file, the line, the key and what is wrong."""
    if not folder.is_dir():
        msg = f"{folder}: there is no such folder"
        raise BadScene(msg)
    scene, _ = declared(folder / "scene.toml", Scene.declared)
    if scene.id != folder.name:
        msg = (
            f"{pointed(folder / 'scene.toml', ('id',))}: the folder is called {folder.name} and "
            f"holds scene {scene.id}; the names must be the same"
        )
        raise BadScene(msg)
    _, plan = declared(folder / scene.opens.plan, partial(Plan.declared, scene.id))
    rule = load(folder / ("formula.py" if scene.scheme else "detector.py"))
    for wrong in unlike(scene, rule, folder):
        raise BadScene(wrong)
    examples, happens = folder / "examples.toml", folder / "happenings.toml"
    planted: dict[str, Any] = {}
    if happens.exists():
        told = partial(happenings.declared, scene.id, scene.levels, scene.sources)
        _, planted = declared(happens, told)
    warns, warning = folder / "warning.toml", None
    if warns.exists():
        warning, _ = declared(warns, partial(WarningRule.declared, scene.levels))
    return Found(
        scene=scene,
        rule=rule,
        plan=plan,
        examples=declared(examples, partial(worked, scene))[0],
        folder=folder,
        happens=tuple(planted.get("happens", ())),
        rules=rule_sets(folder / "rules") if scene.scheme else {},
        warning=warning,
    )


def unlike(scene: Scene, rule: type[Detector] | type[Formula], folder: Path) -> Iterator[str]:
    """Tell each parameter that only ``scene.toml`` has, or only the Python beside it."""
    file = folder / ("formula.py" if scene.scheme else "detector.py")
    declares, has = scene.parameters, {each.name: each for each in fields(rule)}
    for name in declares.keys() - has.keys():
        key = ("parameters", name)
        where, there_is = pointed(folder / "scene.toml", key), ", ".join(has) or "none"
        yield f"{where}: {dotted(key)}: {file.name} has no field {name}; it has {there_is}"
    for name in has.keys() - declares.keys():
        if has[name].default is MISSING and has[name].default_factory is MISSING:
            where, there_is = f"{folder.name}/{file.name}", ", ".join(declares) or "none"
            line = field_line(file.read_text("utf-8"), name)
            yield f"{where}:{line}: scene.toml has no [parameters.{name}]; it has {there_is}"


def rule_sets(folder: Path, *, below: Mapping[str, Mapping[str, Any]] = NO_RULES) -> dict[str, Any]:
    """Read the rule sets in a folder, each laid over the one it extends, by id.

    *below* are others that they may extend.  `BadRules` where a file is not called as its set.
    """
    texts = {path.stem: parsed(path) for path in sorted(folder.glob("*.toml"))}
    for name, text in texts.items():
        if text.get("id") != name:
            msg = f"rules/{name}.toml holds the rule set {text.get('id')!r}; use one name for both"
            raise BadRules(msg)
    return {name: extended(text, {**below, **texts}) for name, text in texts.items()}


def declared(path: Path, make: Callable[[dict[str, Any]], Made]) -> tuple[Made, dict[str, Any]]:
    """Parse a TOML file of a scene folder and make something of it; give both.

    What *make* finds wrong is told with the file and the line.
    """
    text = parsed(path)
    try:
        return make(text), text
    except BadScene as error:
        where = f"{pointed(path, error.key)}: {dotted(error.key)}".rstrip(": ")
        msg = f"{where}: {error}"
        raise BadScene(msg, key=error.key) from error


def pointed(path: Path, key: Key) -> str:
    """Name a file of a scene folder and the line in which a key of it stands."""
    line = f":{line_of(path.read_text('utf-8'), key)}" if key else ""
    return f"{path.parent.name}/{path.name}{line}"


def find_all(*roots: Path) -> list[Found]:
    """Read every scene folder under *roots*; no scene may lie in two of them."""
    found = [find(folder) for folder in folders(roots)]
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
    for folder in folders(roots):
        try:
            each = find(folder)
        except BoroughError as error:
            wrong[str(folder)] = str(error)
            continue
        if each.scene.id in found:
            wrong[str(folder)] = f"there is a scene {each.scene.id} already"
        else:
            found[each.scene.id] = each
    return list(found.values()), wrong


def happenings_of(scenes: Iterable[Found]) -> list[dict[str, Any]]:
    """Lay out what scenes let happen as plain data, for programs that stand beside devices."""
    return [
        {
            "scene": each.scene.id,
            "levels": list(each.scene.levels),
            "sources": list(each.scene.sources),
            "happens": list(each.happens),
        }
        for each in scenes
        if each.happens
    ]


def folders(roots: Iterable[Path]) -> list[Path]:
    """List the scene folders under *roots*; one that is a scene itself stands for itself."""
    found: list[Path] = []
    for root in roots:
        single = (root / "scene.toml").exists()
        found += [root] if single else [p.parent for p in sorted(root.glob("*/scene.toml"))]
    return found


def plans_alone(*roots: Path) -> tuple[dict[str, dict[str, Any]], dict[str, str]]:
    """Read the plans that no scene comes with, by the name of their folder: people open those.

    Such a folder holds a ``plan.toml`` and no ``scene.toml``.  Gives the texts of those that can
    be read, and by folder what is wrong with each other.
    """
    texts: dict[str, dict[str, Any]] = {}
    wrong: dict[str, str] = {}
    for path in (path for root in roots for path in sorted(root.glob("*/plan.toml"))):
        if (path.parent / "scene.toml").exists():
            continue
        try:
            texts[path.parent.name] = parsed(path)
        except BadScene as error:
            wrong[str(path.parent)] = str(error)
    return texts, wrong


def parsed(path: Path) -> dict[str, Any]:
    """Parse a TOML file of a scene folder; a text that was parsed before is not parsed again."""
    try:
        return deepcopy(told_before(path.read_text("utf-8")))
    except FileNotFoundError as error:
        msg = f"{path.parent.name}: {path.name} is missing"
        raise BadScene(msg) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        line = line_told(error)
        msg = f"{path.parent.name}/{path.name}{f':{line}' if line else ''}: {error}"
        raise BadScene(msg) from error


def load(path: Path) -> type[Detector] | type[Formula]:
    """Run a scene's Python where it lies, and take the one detector or formula in it."""
    wanted: Any = Formula if path.name == "formula.py" else Detector
    module = ModuleType(f"scene:{path}")
    sys.modules[module.__name__] = module  # dataclasses look their module up by its name
    try:
        SourceFileLoader(module.__name__, str(path)).exec_module(module)
    except FileNotFoundError as error:
        msg = f"{path.parent.name}: {path.name} is missing"
        raise BadScene(msg) from error
    except (Exception, SystemExit) as error:  # the author's code may raise anything at all
        line = line_within(error, path)
        where = f"{path.parent.name}/{path.name}{f':{line}' if line else ''}"
        msg = f"{where}: it cannot be run: {error!r}"
        raise BadScene(msg) from error
    mine = [kind for kind in vars(module).values() if isinstance(kind, type)]
    mine = [kind for kind in mine if kind.__module__ == module.__name__]
    rules = [kind for kind in mine if issubclass(kind, wanted)]
    if len(rules) != 1:
        msg = (
            f"{path.parent.name}/{path.name} must define exactly one {wanted.__name__}, "
            f"not {len(rules)}"
        )
        raise BadScene(msg)
    return rules[0]
