"""What a frozen evaluation means for the desk: who fell, who rose again, and who was there before.

These are read in the transaction that freezes, so that the result and its cases are one thing.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, select

from borough.core.evaluations import FROZEN, Evaluation
from borough.core.scenes import Scene
from borough.storage.sql import tables as t
from borough.storage.sql.counting import raised
from borough.storage.sql.evaluation_tables import evaluation_rows as results, evaluations


def edges(
    connection: Connection, scene: Scene, frozen: Evaluation, things: Mapping[str, int]
) -> list[dict[str, Any]]:
    """Give the changes of level that follow from a result that was frozen just now.

    A thing whose class reaches the level from which the scene opens cases begins a detection,
    unless one is open from a period before; a thing that is better again ends its own.  A result
    for a period before the newest frozen one says nothing of today and changes nothing.
    """
    if _newest(connection, frozen) > frozen.period:
        return []
    position = raised(connection, "evaluation-frozen")
    going = _open(connection, scene.id)
    before = _classes(connection, scene.id, frozen.period)
    chosen = select(results.c.subject, results.c.level, results.c.rank, results.c.score)
    made = []
    for row in connection.execute(chosen.where(results.c.evaluation == frozen.id)).mappings():
        thing = things[row["subject"]]
        fell = row["level"] >= scene.opens.from_level
        if fell == (thing in going):
            continue
        level = row["level"] if fell else 0
        made.append(
            {
                "id": going.get(thing) or f"{scene.id}-{thing}-{frozen.id}",
                "scene": scene.id,
                "thing": thing,
                "level": level,
                "level_name": scene.levels[level],
                "position": position,
                "time": frozen.frozen_ms,
                "now": frozen.frozen_ms,
                "values": {"score": row["score"], "rank": row["rank"], "evaluation": frozen.id},
                "before": {"class": before.get(row["subject"], "")},
                "after": {"class": scene.levels[row["level"]] if row["level"] else ""},
                "version": frozen.rules_version,
                "by": "evaluation",
            }
        )
    return made


def _newest(connection: Connection, frozen: Evaluation) -> str:
    c = evaluations.c
    chosen = select(c.period).where(c.scene == frozen.scene, c.state == FROZEN)
    return max(connection.scalars(chosen), default="")


def _open(connection: Connection, scene: str) -> dict[int, str]:
    d = t.detections.c
    chosen = select(d.thing, d.id).where(d.scene == scene, d.ended_ms.is_(None))
    return {row.thing: row.id for row in connection.execute(chosen)}


def _classes(connection: Connection, scene: str, period: str) -> dict[str, str]:
    """Give the classes of the last frozen period before this one."""
    c = evaluations.c
    chosen = select(c.id).where(c.scene == scene, c.state == FROZEN, c.period < period)
    last = connection.scalar(chosen.order_by(c.period.desc()).limit(1))
    if last is None:
        return {}
    rows = select(results.c.subject, results.c["class"]).where(results.c.evaluation == last)
    return {row[0]: row[1] for row in connection.execute(rows)}
