"""Doors to detections: what the scenes saw, and why."""

from typing import Annotated

from fastapi import Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from borough.api import answers
from borough.api.access import Given, reader
from borough.api.door import Door
from borough.api.ground import standing
from borough.api.moments import moment
from borough.api.ports import Ports, Row
from borough.api.things import row_of

router = Door(prefix="/api/v1/detections", tags=["detections 预警"], dependencies=[Depends(reader)])
HEAD = ("id", "scene", "thing", "level", "level_name", "began_ms", "ended_ms")


@router.get("", summary="List detections 预警列表", responses=answers.declared(answers.CSV))
def detections(
    request: Request,
    ports: Given,
    *,
    scene: str = "",
    thing: Annotated[str, Query(description="the key of a thing")] = "",
    open_only: Annotated[bool, Query(alias="open")] = False,
    level: Annotated[int, Query(ge=1, description="this level or above")] = 1,
    case: int | None = None,
    since: Annotated[str, Query(alias="from", description="ms or ISO 8601")] = "",
    to: Annotated[str, Query(description="ms or ISO 8601")] = "",
    before: Annotated[str, Query(description="the last id of the page before")] = "",
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    told_only: Annotated[
        bool, Query(alias="told", description="not what is shelved, or part of an outage")
    ] = False,
) -> Response:
    """List detections, newest first, with `next` to page on. CSV with `format=csv`."""
    zone = ports.district.zone
    rows = ports.detections.find(
        scene=scene,
        thing=int(ports.registry.id[row_of(ports, thing)]) if thing else None,
        open_only=open_only,
        level_from=level,
        case=case,
        since_ms=moment(since, "from", zone) if since else None,
        until_ms=moment(to, "to", zone) if to else None,
        before=before,
        limit=limit,
        told_only=told_only,
    )
    if answers.wants_csv(request):
        lines = ([each.get(name) for name in HEAD] for each in rows)
        return answers.table("detections", HEAD, lines)
    following = rows[-1]["id"] if len(rows) == limit else None
    return answers.json({"next": following, "detections": [told(ports, each) for each in rows]})


@router.get("/{detection}", summary="One detection with its evidence 预警与依据")
def one(ports: Given, detection: str) -> Response:
    """Tell one detection with every change of its level.

    Each change carries what was reported, the rule's memory before and after, and the version
    of the parameters that decided.
    """
    return answers.json(told(ports, ports.detections.one(detection)))


def told(ports: Ports, row: Row) -> Row:
    """Add where the thing of a detection stands."""
    return {**row, "stands": standing(ports.registry, int(row["thing"]))}
