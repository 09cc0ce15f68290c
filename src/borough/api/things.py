"""Doors to things: what the district knows, one by one and in lists."""

from collections.abc import Mapping
from typing import Annotated, Any

import numpy as np
from fastapi import Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from borough.api import answers
from borough.api.access import Given, reader, within
from borough.api.door import Door
from borough.api.ports import Box, Ports, Row
from borough.api.refusals import BadFields
from borough.core.district import District
from borough.core.errors import NotFound

router = Door(prefix="/api/v1/things", tags=["things 对象"], dependencies=[Depends(reader)])
CORNERS = 4
RELATED = 50
"""Detections and cases told with a thing; the lists have the rest."""


@router.get("", summary="List things 对象列表", responses=answers.declared(answers.CSV))
def things(
    request: Request,
    ports: Given,
    *,
    kind: str = "",
    grid: int | None = None,
    bbox: Annotated[str, Query(description="west,south,east,north in degrees")] = "",
    text: Annotated[str, Query(description="part of a key or a name", max_length=64)] = "",
    after: Annotated[int, Query(ge=0, description="the last id of the page before")] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    """List things by id, with `next` to page on.

    `total` counts all that match, and is null where `text` is searched for. CSV with
    `format=csv` or `Accept: text/csv`.
    """
    box = box_of(bbox)
    rows = ports.things.find(kind=kind, grid=grid, box=box, text=text, after=after, limit=limit)
    if answers.wants_csv(request):
        head = ("id", "key", "kind", "lon", "lat", "grid")
        return answers.table("things", head, ([each.get(name) for name in head] for each in rows))
    following = rows[-1]["id"] if len(rows) == limit else None
    total = None if text else count(ports, kind, grid, box)
    return answers.json({"total": total, "next": following, "things": rows})


@router.get("/{key}", summary="One thing 对象详情")
def thing(request: Request, ports: Given, key: str) -> Response:
    """Tell everything about a thing: attributes, relations, latest values, alarms, cases."""
    told = dict(ports.things.thing(key))
    row = row_of(ports, key)
    told["kind_name"] = ports.registry.kinds[int(ports.registry.kind[row])].name
    told["ground"] = ground_of(ports.district, int(ports.registry.grid[row]))
    told["latest"] = latest(ports, row)
    told["detections"] = ports.detections.find(
        scene="", thing=int(ports.registry.id[row]), open_only=True, level_from=1, case=None,
        since_ms=None, until_ms=None, before="", limit=RELATED,
    )  # fmt: skip
    told["cases"] = ports.cases.find(
        scene="", thing=int(ports.registry.id[row]), grid=None, step="", post="",
        open_only=False, late_at_ms=None, before=0, limit=RELATED, within=within(request, ports),
    )  # fmt: skip
    return answers.json(told)


def row_of(ports: Ports, key: str) -> int:
    """Find a thing's row in the registry; `NotFound` if it has none."""
    row = ports.registry.rows.get(key)
    if row is None:
        msg = f"there is no thing {key!r}"
        raise NotFound(msg)
    return row


def ground_of(district: District, grid: int) -> Row | None:
    """Name the grid, community and street of a grid's number; None where there is none."""
    if not 0 <= grid < len(district.grids.code):
        return None
    street, community = int(district.grids.street[grid]), int(district.grids.community[grid])
    streets, communities = district.streets, district.communities
    return {
        "grid": district.grids.code[grid],
        "street": {"zh": streets.name_zh[street], "en": streets.name_en[street]},
        "community": {"zh": communities.name_zh[community], "en": communities.name_en[community]},
    }


def latest(ports: Ports, row: int) -> list[Row]:
    """Give the newest value of each property of a thing; null where it never spoke."""
    registry = ports.registry
    kind = registry.kinds[int(registry.kind[row])]
    first = int(registry.first[row])
    said: list[Mapping[str, Any]] = []
    for place, each in enumerate(kind.properties):
        time = int(ports.latest.time[first + place])
        said.append(
            {
                "property": each.code,
                "name": each.name,
                "unit": each.unit,
                "normal": each.normal,
                "series": first + place,
                "time": time if time > 0 else None,
                "value": float(ports.latest.value[first + place]) if time > 0 else None,
            }
        )
    return said


def box_of(text: str) -> Box | None:
    """Read ``west,south,east,north``; `BadFields` if that is not what it says."""
    if not text:
        return None
    try:
        numbers = [float(each) for each in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) != CORNERS or not np.isfinite(numbers).all():
        field = "bbox"
        raise BadFields.one(field, "four numbers in degrees: west,south,east,north")
    west, south, east, north = numbers
    return west, south, east, north


def count(ports: Ports, kind: str, grid: int | None, box: Box | None) -> int:
    """Count the things that a list without text would show in all."""
    registry = ports.registry
    match = np.ones(len(registry.id), bool)
    if kind:
        codes = [each.code for each in registry.kinds]
        match &= registry.kind == (codes.index(kind) if kind in codes else -1)
    if grid is not None:
        match &= registry.grid == grid
    if box is not None:
        west, south, east, north = box
        match &= (registry.lon >= west) & (registry.lon <= east)
        match &= (registry.lat >= south) & (registry.lat <= north)
    return int(np.count_nonzero(match))
