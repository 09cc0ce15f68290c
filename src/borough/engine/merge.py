"""From detections to cases: which plan a change of level asks for, where, and what to call it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from borough.core.scenes import OPENS_CASES, Scene


@dataclass(frozen=True, slots=True)
class Asked:
    """What a change of level asks of the desk: a case by this plan, in this grid, so titled.

    A sign on the same thing within ``merge_ms`` joins the case instead of opening another;
    below ``from_level`` nothing is opened.  For ``gather_ms`` it is looked at together with others.
    """

    plan: str
    merge_ms: int
    from_level: int
    grid: int
    title: dict[str, str]
    gather_ms: int = 0


def asked(
    scene: Scene, edge: Mapping[str, Any], key: str, grid: int, place: Mapping[str, str]
) -> Asked | None:
    """Say what *edge* asks for; nothing where the scene may not open cases by itself.

    *key* names the thing, *grid* is the row of its grid and *place* its name in each language.
    """
    if scene.standing not in OPENS_CASES:
        return None
    words = {"thing": key, "level": edge["level_name"]}
    title = {
        language: text.format(place=place.get(language, key), **words)
        for language, text in scene.opens.title.items()
    }
    return Asked(
        plan=scene.id,
        merge_ms=round(scene.opens.merge_s * 1000),
        from_level=scene.opens.from_level,
        grid=grid,
        title=title,
        gather_ms=round(scene.opens.gather_s * 1000),
    )
