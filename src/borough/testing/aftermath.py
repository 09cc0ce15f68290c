"""What a district has come to after trouble, and what it would have come to without any."""

import shutil
from dataclasses import replace
from typing import Any

from borough.app.desk.desk import Desk
from borough.app.settings import Settings
from borough.app.tuning.replays import Replayed, replayed
from borough.core.cases import Case
from borough.engine.catalog import BUILT_IN, find_sound
from borough.storage.sql import SqlCases, connect
from borough.testing.living import Living

TIMED = {
    "id", "code", "version", "step", "post", "agency", "holder", "since_ms", "due_ms", "late",
    "overdue", "trail", "band",
}  # fmt: skip
"""What of a case the passing of time, or who is on duty, may change, beside its detections."""
GATHERS = {each.scene.id for each in find_sound(BUILT_IN)[0] if each.scene.opens.gather_s}
"""Scenes of which people hear after a while; how long that takes, load decides."""


def told(case: Case) -> dict[str, Any]:
    """Give what detections alone decide of a case."""
    return {name: getattr(case, name) for name in Case.__slots__ if name not in TIMED}


def cases_of(settings: Settings) -> list[dict[str, Any]]:
    """Give the cases of a database that detections open at once, in the order of their opening.

    Of those that one record of the journal opened, the scene and the thing decide the order.
    Raises `AssertionError` where a thing whose signs are gathered was told twice.
    """
    found = sorted(
        SqlCases(connect(settings.store)).find(limit=1000),
        key=lambda each: (each.opened_ms, each.scene, each.thing, each.id),
    )
    gathered = [each.thing for each in found if each.scene in GATHERS and each.thing]
    assert len(gathered) == len({*gathered}), gathered
    return [told(each) for each in found if each.scene not in GATHERS]


def at_rest(living: Living) -> tuple[int, list[dict[str, Any]]]:
    """Give the cases at a moment in which no detection came, and the position it came up to."""
    while True:
        before, found = living.edges(), cases_of(living.settings)
        if living.edges() == before:
            return max(each["position"] for each in before), found


def undisturbed(
    living: Living, original: Living, last: int, done: Replayed | None = None
) -> list[dict[str, Any]]:
    """Let a desk that never saw any trouble take the detections of a replay, up to a position.

    It begins with the database that the *original* had before it ran.  The replay is one that
    was *done* after that position was reached, or is made now.
    """
    fresh = living.settings.folder / "fresh.db"
    for each in fresh.parent.glob("fresh.db*"):
        each.unlink()
    shutil.copy(original.settings.folder / "before.db", fresh)
    settings = replace(living.settings, database=f"sqlite:///{fresh}")
    told = (done or replayed(living.settings)).edges
    edges = [each for each in told if each["position"] <= last]
    Desk(settings).take(edges, 1)
    return cases_of(settings)
