"""What people may ask of the desk about alarms: shelve, and take off the shelf."""

from collections.abc import Mapping
from typing import Any

from borough.app.desk.answers import Answer
from borough.app.desk.desk import Desk
from borough.core.errors import BadRequest


def shelve(desk: Desk, ask: Mapping[str, Any]) -> Answer:
    """Keep something quiet for a while; what it says meanwhile is recorded."""
    scene = ask.get("scene", "")
    if scene and scene not in desk.found:
        msg = f"scene: there is no {scene!r}"
        raise BadRequest(msg)
    row = desk.gathering.shelves.put(
        scene=scene, thing=int(ask.get("thing", 0)), area=ask.get("area", ""),
        until_ms=int(ask["until_ms"]), why=ask["why"], by=ask["by"], at_ms=desk.now(),
    )  # fmt: skip
    return Answer(row, (("shelf", row),))


def unshelve(desk: Desk, ask: Mapping[str, Any]) -> Answer:
    """Let people hear of it again."""
    told = desk.gathering.unshelve(int(ask["shelf"]), by=ask["by"], at_ms=desk.now())
    said = {"shelf": int(ask["shelf"]), "told": told}
    return Answer(said, (("shelf", said),))


VERBS = {"shelve": shelve, "unshelve": unshelve}
