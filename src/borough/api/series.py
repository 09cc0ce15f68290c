"""Doors to what was observed: one series or many, the newest of all, and sums over time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from fastapi import Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from borough.api import answers
from borough.api.access import Given, reader
from borough.api.broadcast import wall_ms
from borough.api.door import Door
from borough.api.moments import moment
from borough.api.ports import Ports
from borough.api.refusals import BadFields
from borough.api.things import row_of
from borough.core.errors import NotFound
from borough.core.observations import Index

router = Door(prefix="/api/v1", tags=["series 时间序列"], dependencies=[Depends(reader)])
Width = Literal["", "minute", "5min", "15min", "hour", "day", "week", "month", "quarter", "year"]
How = Literal["mean", "min", "max", "sum", "count", "first", "last"]
DAY_MS = 86_400_000
MANY = 1_000
"""Series in one question."""
From = Annotated[str, Query(alias="from", description="ms or ISO 8601; default: a day before to")]
To = Annotated[str, Query(description="ms or ISO 8601, not included; default: now there")]
Limit = Annotated[int, Query(ge=1, le=1_000_000)]


@router.get(
    "/things/{key}/series/{code}",
    summary="One series 单个序列",
    responses=answers.declared(answers.CSV),
)
def one(
    request: Request,
    ports: Given,
    *,
    key: str,
    code: str,
    since: From = "",
    to: To = "",
    width: Width = "",
    how: How = "mean",
    limit: Limit = 100_000,
) -> Response:
    """Give what one property of a thing was, as columns; with `width`, summed up by `how`.

    Stretches of time begin by the district's own clock and calendar. `limit` keeps the newest
    of each series, and `complete` says whether it did not have to. CSV with `format=csv`.
    """
    number = number_of(ports, key, code)
    names = {number: (key, code)}
    asked = Asked(names, *span(ports, since, to), width, how, limit)
    return told(request, ports, asked)


@router.get("/series", summary="Many series 多个序列", responses=answers.declared(answers.CSV))
def many(
    request: Request,
    ports: Given,
    *,
    of: Annotated[list[str], Query(description="key/property, as often as wanted")],
    since: From = "",
    to: To = "",
    width: Width = "",
    how: How = "mean",
    limit: Limit = 100_000,
) -> Response:
    """Give several series at once; `series` in the columns counts from 0 in the order asked."""
    if len(of) > MANY:
        field = "of"
        raise BadFields.one(field, f"at most {MANY} series at a time, not {len(of)}")
    names: dict[int, tuple[str, str]] = {}
    for each in of:
        key, _, code = each.rpartition("/")
        names[number_of(ports, key, code)] = (key, code)
    asked = Asked(names, *span(ports, since, to), width, how, limit)
    return told(request, ports, asked)


@router.get("/latest", summary="The newest of all 最新值", responses=answers.declared(answers.CSV))
def latest(
    request: Request,
    ports: Given,
    kind: str = "",
    grid: int | None = None,
    since: From = "",
) -> Response:
    """Give the newest value of every series that was heard (after `from`, if given), as columns.

    `thing` is the key and `property` the code of each. CSV with `format=csv`; for whole
    districts prefer that.
    """
    registry = ports.registry
    floor = moment(since, "from", ports.district.zone) if since else 0
    time, value = ports.latest.time, ports.latest.value
    chosen = (time > floor) & (registry.row_of_series >= 0)
    rows = np.maximum(registry.row_of_series, 0)
    if kind:
        codes = [each.code for each in registry.kinds]
        chosen &= registry.kind[rows] == (codes.index(kind) if kind in codes else -1)
    if grid is not None:
        chosen &= registry.grid[rows] == grid
    which = np.flatnonzero(chosen)
    named = registry.series
    columns = (
        [registry.key[row] for row in registry.row_of_series[which].tolist()],
        [named.properties[place] for place in named.property[which].tolist()],
        time[which].tolist(),
        value[which].tolist(),
    )
    head = ("thing", "property", "time", "value")
    if answers.wants_csv(request):
        return answers.table("latest", head, zip(*columns, strict=True))
    return answers.json(dict(zip(head, columns, strict=True)))


def number_of(ports: Ports, key: str, code: str) -> int:
    """Find the number of a series; `NotFound` says which half of its name is unknown."""
    row_of(ports, key)
    try:
        return ports.registry.series_of(key, code)
    except KeyError:
        msg = f"{key!r} has no property {code!r}"
        raise NotFound(msg) from None


def span(ports: Ports, since: str, to: str) -> tuple[int, int]:
    """Read a stretch of time; by default the last day of the district."""
    zone = ports.district.zone
    end = moment(to, "to", zone) if to else ports.clock.now(wall_ms()) + 1
    start = moment(since, "from", zone) if since else end - DAY_MS
    if start > end:
        field = "from"
        raise BadFields.one(field, "lies after to")
    return start, end


@dataclass(frozen=True, slots=True)
class Asked:
    """A question about some series, by number, over a stretch of time."""

    names: dict[int, tuple[str, str]]
    start: int
    end: int
    width: str
    how: str
    limit: int


def told(request: Request, ports: Ports, asked: Asked) -> Response:
    """Answer with readings, or with sums over stretches of time."""
    numbers = np.array(sorted(asked.names), np.int32)
    history, start, end = ports.history, asked.start, asked.end
    if asked.width:
        sums = history.buckets(numbers, start, end, asked.width, asked.how)
        series = sums.series
        columns = {"start": sums.start, "value": sums.value, "count": sums.count}
    else:
        points = history.many(numbers, start, end, asked.limit)
        series = points.series
        columns = {"time": points.time, "value": points.value}
    if answers.wants_csv(request):
        lines = csv_rows(asked.names, series, list(columns.values()))
        return answers.table("series", ("thing", "property", *columns), lines)
    place = {number: order for order, number in enumerate(asked.names)}
    most = int(np.bincount(series).max(initial=0)) if len(series) else 0
    body: dict[str, Any] = {
        "from": start,
        "to": end,
        "width": asked.width or None,
        "how": asked.how if asked.width else None,
        "of": [f"{key}/{code}" for key, code in asked.names.values()],
        "complete": bool(asked.width) or most < asked.limit,
        "series": [place[number] for number in series.tolist()],
    }
    body |= {name: column.tolist() for name, column in columns.items()}
    return answers.json(body)


def csv_rows(
    names: dict[int, tuple[str, str]], series: Index, columns: Sequence[Any]
) -> Iterable[tuple[Any, ...]]:
    """Lay out columns as lines that name their series."""
    lists = [column.tolist() for column in columns]
    for number, *rest in zip(series.tolist(), *lists, strict=True):
        yield (*names[number], *rest)
