"""Doors to the district itself: who it is, what it is made of, its ground and its map."""

import time
from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import Annotated

import msgspec
from fastapi import Depends
from starlette.requests import Request
from starlette.responses import Response

from borough.api import answers, ground, naming
from borough.api.access import Given, reader
from borough.api.answers import Document
from borough.api.broadcast import wall_ms
from borough.api.door import Door
from borough.api.ports import Ports, Row
from borough.core.errors import NotFound

router = Door(prefix="/api/v1", tags=["district 区县"], dependencies=[Depends(reader)])
STATES_S = 1.0
"""How long one answer about the states of all things serves everyone, in wall seconds."""
PAGE = 1_000
"""The longest page that the stores give."""


class Atlas:
    """What the map needs, packed when it is first asked for and kept."""

    def __init__(self, ports: Ports) -> None:
        self.ports = ports
        self._states: tuple[float, Document] | None = None

    @cached_property
    def outline(self) -> Document:
        """The district's border."""
        return Document(ground.outline(self.ports.district), ground.GEOJSON)

    @cached_property
    def streets(self) -> Document:
        """The centres of streets and towns."""
        return Document(ground.streets(self.ports.district), ground.GEOJSON)

    @cached_property
    def grids(self) -> Document:
        """The governance grids."""
        return Document(ground.grids(self.ports.district), ground.GEOJSON)

    @cached_property
    def points(self) -> Document:
        """Every thing's place and kind."""
        return Document(ground.points(self.ports.registry), ground.COLUMNS)

    @cached_property
    def said(self) -> Mapping[str, naming.Names]:
        """What is called how, by kind and code."""
        return naming.names(self.ports)

    @cached_property
    def names(self) -> Document:
        """What is called how, as an answer."""
        return Document(msgspec.json.encode(self.said), "application/json")

    @cached_property
    def _board(self) -> ground.States:
        return ground.States(self.ports.registry)

    def states(self) -> Document:
        """Every thing's state, at most a second old."""
        made = self._states
        if made is None or time.monotonic() - made[0] > STATES_S:
            alarms = open_detections(self.ports)
            now = self.ports.clock.now(wall_ms())
            packed = self._board.at(now, self.ports.latest.time, alarms)
            made = (time.monotonic(), Document(packed, ground.COLUMNS, level=1))
            self._states = made
        return made[1]


def open_detections(ports: Ports) -> list[Row]:
    """Fetch every detection that has not ended, page by page."""
    found: list[Row] = []
    while True:
        more = ports.detections.find(
            scene="", thing=None, open_only=True, level_from=1, case=None,
            since_ms=None, until_ms=None, before=found[-1]["id"] if found else "", limit=PAGE,
        )  # fmt: skip
        found += more
        if len(more) < PAGE:
            return found


def atlas_of(request: Request) -> Atlas:
    """Find the atlas of this application."""
    atlas: Atlas = request.app.state.atlas
    return atlas


Drawn = Annotated[Atlas, Depends(atlas_of)]


@router.get("/district", summary="The district and its clock 区县与时钟")
def district(ports: Given) -> Response:
    """Say which district this is, what time it is there, and what of its data is made up.

    `holders` names agencies and kinds of posts, by code.
    """
    wall = wall_ms()
    clock, place = ports.clock, ports.district
    said = {
        "id": place.id,
        "name": place.name,
        "adcode": place.adcode,
        "zone": place.zone,
        "valid_from": place.valid_from,
        "valid_to": place.valid_to,
        "synthetic": ports.synthetic,
        "clock": {"now": clock.now(wall), "wall": wall, "rate": clock.rate},
        "things": len(ports.registry.id),
        "series": len(ports.registry.numbers),
        "grids": len(place.grids.code),
        "streets": len(place.streets.code),
        "holders": ground.holders(place),
    }
    return answers.json(said)


@router.get("/names", summary="What is called how 名称")
def names(request: Request, atlas: Drawn) -> Response:
    """Name by code: posts, places, roles, shifts, skills, channels, answers, who acts, verbs."""
    return atlas.names.answer(request)


@router.get("/kinds", summary="Classes of things 对象类别")
def kinds(ports: Given) -> Response:
    """List the classes of things, with their properties, units and ranges."""
    many = [int((ports.registry.kind == row).sum()) for row in range(len(ports.registry.kinds))]
    said = [
        {
            "code": kind.code,
            "name": kind.name,
            "role": kind.role,
            "things": count,
            "interval_s": kind.interval_s,
            "heartbeat_s": kind.heartbeat_s,
            "late_s": kind.late_s,
            "properties": kind.properties,
        }
        for kind, count in zip(ports.registry.kinds, many, strict=True)
    ]
    return answers.json({"kinds": said})


@router.get("/plans", summary="Plans that cases follow 处置流程")
def plans(ports: Given) -> Response:
    """List the plans that cases follow: steps, holders, times allowed and where each may go."""
    told = {name: replace(plan, clock=None) for name, plan in ports.plans.items()}
    return answers.json({"plans": told})


@router.get(
    "/places/outline",
    summary="The border, GeoJSON 边界",
    responses=answers.declared(ground.GEOJSON),
)
def outline(request: Request, atlas: Drawn) -> Response:
    """Give the district's border."""
    return atlas.outline.answer(request)


@router.get(
    "/places/streets",
    summary="Streets and towns, GeoJSON 镇街",
    responses=answers.declared(ground.GEOJSON),
)
def streets(request: Request, atlas: Drawn) -> Response:
    """Give the centres of streets and towns."""
    return atlas.streets.answer(request)


@router.get(
    "/places/grids",
    summary="Governance grids, GeoJSON 网格",
    responses=answers.declared(ground.GEOJSON),
)
def grids(request: Request, atlas: Drawn) -> Response:
    """Give the governance grids as polygons."""
    return atlas.grids.answer(request)


@router.get(
    "/map/points",
    summary="Every thing's place, packed 点位",
    responses=answers.declared(ground.COLUMNS),
)
def points(request: Request, atlas: Drawn) -> Response:
    """Give longitude, latitude and kind of every thing as packed columns.

    Little-endian: `BPT1`, count n (u4), n longitudes (i4, millionths of a degree), n latitudes
    (i4), n kinds (u1, place in `/api/v1/kinds`). Row i is the i-th thing of the registry.
    """
    return atlas.points.answer(request)


@router.get(
    "/map/states",
    summary="Every thing's state, packed 状态",
    responses=answers.declared(ground.COLUMNS),
)
def states(request: Request, atlas: Drawn) -> Response:
    """Give one byte for each row of `/api/v1/map/points`.

    0 never heard, 1 fresh, 2 silent too long, 3+n an open detection of level n.
    """
    return atlas.states().answer(request)


@router.get("/map/points/{row}", summary="Which thing a point is 点位对应的对象")
def point(ports: Given, row: int) -> Response:
    """Name the thing in one row of `/api/v1/map/points`."""
    if not 0 <= row < len(ports.registry.key):
        msg = f"there is no row {row}; rows go from 0 to {len(ports.registry.key) - 1}"
        raise NotFound(msg)
    return answers.json({"row": row, "key": ports.registry.key[row]})
