"""Doors to what keeps alarms few: shelves, and how many alarms there are."""

from typing import Annotated

from fastapi import Body, Depends, Query
from pydantic import Field
from starlette.responses import Response

from borough.api import answers
from borough.api.access import Given, Operator, reader
from borough.api.bodies import Exact
from borough.api.broadcast import wall_ms
from borough.api.door import Door
from borough.api.moments import moment
from borough.api.things import row_of

router = Door(prefix="/api/v1", tags=["alarms 告警"], dependencies=[Depends(reader)])


class Shelf(Exact):
    """What people do not want to hear of, until when and why; what is given must all fit."""

    scene: str = Field("", max_length=64)
    thing: str = Field("", max_length=64, description="the key of a thing")
    area: str = Field("", max_length=64, description="the code of an area")
    until: str = Field(min_length=1, max_length=40, description="ms or ISO 8601")
    why: str = Field(min_length=1, max_length=500)


@router.get("/alarms", summary="Alarm load 告警负荷")
def alarms(ports: Given) -> Response:
    """Say how many alarms came in ten minutes, whether that is a flood, and what is out."""
    return answers.json(ports.alarms.standing(ports.clock.now(wall_ms())))


@router.get("/shelves", summary="What is shelved 搁置")
def shelves(
    ports: Given, *, ended: Annotated[bool, Query(description="those that are over too")] = False
) -> Response:
    """List what is shelved, with how many detections each keeps quiet; they are all on record."""
    return answers.json({"shelves": ports.alarms.shelves(ports.clock.now(wall_ms()), ended=ended)})


@router.post("/shelves", summary="Shelve 搁置告警")
async def shelve(ports: Given, who: Operator, act: Annotated[Shelf, Body()]) -> Response:
    """Keep quiet what a scene says, a thing, or an area, for a while and with a reason."""
    thing = int(ports.registry.id[row_of(ports, act.thing)]) if act.thing else 0
    until = moment(act.until, "until", ports.district.zone)
    body = {"scene": act.scene, "thing": thing, "area": act.area, "until_ms": until}
    return answers.json(await ports.desk.ask("shelve", {**body, "why": act.why, "by": who}))


@router.post("/shelves/{shelf}/end", summary="Take off the shelf 取消搁置")
async def unshelve(ports: Given, who: Operator, shelf: int) -> Response:
    """Let people hear of it again, and of what has not ended meanwhile."""
    return answers.json(await ports.desk.ask("unshelve", {"shelf": shelf, "by": who}))
