"""Hold what a scene names against what a district has: classes, properties, holders."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Self

from borough.core.district import District
from borough.core.scenes import Scene
from borough.core.shapes import Key

ANY = "*"
NAMED = 40
"""So many names are listed whole; of more, only the nearest."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What a district has to offer a scene: who may hold its cases, and what its classes say.

    ``says`` gives the properties of each class.  ``folder`` is where that is declared.
    """

    holders: frozenset[str] = frozenset()
    says: Mapping[str, Sequence[str]] = field(default_factory=dict)
    folder: str = ""

    @classmethod
    def of(cls, district: District, folder: Path) -> Self:
        """Take it from a district as declared in *folder*."""
        says = {kind.code: [each.code for each in kind.properties] for kind in district.kinds}
        agencies = district.agencies
        holders = frozenset([*district.posts.kind, *agencies.code, *agencies.kind])
        return cls(holders, says, folder.name)

    def without(self, scene: Scene, happens: Sequence[Mapping[str, Any]]) -> Iterator[tuple[
        str, Key, str,
    ]]:  # fmt: skip
        """Tell what a scene names that is not there: the file, the key, and what there is instead.

        What the scene itself has computed is there; nothing is told of an empty ground.
        """
        if not self.says:
            return
        says = {code: list(names) for code, names in self.says.items()}
        for each in scene.derives:
            says.setdefault(each.kind, []).append(each.property)
        for number, each in enumerate(scene.derives):
            for wrong in missing(says, [each.source], [each.of]):
                yield "scene.toml", ("derives", number), wrong
        if ANY not in scene.sources:
            for key, wrong in watched(says, scene.sources, scene.properties):
                yield "scene.toml", ("watches", key), wrong
        for number, told in enumerate(happens):
            kinds = told.get("kinds", [each for each in scene.sources if each in says])
            if ANY not in kinds:
                for key, wrong in watched(says, kinds, list(told.get("values", ()))):
                    at = {"from": "kinds", "properties": "values"}[key]
                    yield "happenings.toml", ("happens", number, at), wrong


def watched(
    says: Mapping[str, Sequence[str]], kinds: Sequence[str], properties: Sequence[str]
) -> Iterator[tuple[str, str]]:
    """Tell which classes are not there, and which properties none of the others says."""
    there = [kind for kind in kinds if kind in says]
    for kind in kinds:
        if kind not in says:
            yield "from", f"there is no class {kind}; {nearest(kind, says)}"
    if there:
        yield from (("properties", each) for each in missing(says, there, properties))


def missing(
    says: Mapping[str, Sequence[str]], kinds: Sequence[str], properties: Sequence[str]
) -> Iterator[str]:
    """Tell which of some properties none of some classes says."""
    unknown = [kind for kind in kinds if kind not in says]
    yield from (f"there is no class {kind}; {nearest(kind, says)}" for kind in unknown)
    if unknown:
        return
    for each in properties:
        if each != ANY and not any(each in says[kind] for kind in kinds):
            said = "; ".join(f"{kind} says {', '.join(says[kind])}" for kind in kinds)
            yield f"no {each}: {said}"


def nearest(name: str, known: Iterable[str]) -> str:
    """Name what is spelled most like *name*, and the rest where that is not too much to read.

    >>> nearest("grid_wroker", ["economy", "grid_worker"])
    'nearest: grid_worker; there are economy, grid_worker'
    """
    names = sorted(known)
    close = ", ".join(get_close_matches(name, names, 3))
    listed = f"there are {', '.join(names)}" if len(names) <= NAMED or not close else ""
    return "; ".join(filter(None, (f"nearest: {close}" if close else "", listed)))
