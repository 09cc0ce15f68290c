"""Which open cases may be the same matter as one: near it, about as old, and of the same code."""

import math
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, and_, case as when, func, or_, select

from borough.core.cases import Case
from borough.core.district import DEGREE_M
from borough.core.requests import apart_m
from borough.storage.sql.caselog import case_of
from borough.storage.sql.engines import reading
from borough.storage.sql.requests_table import requests
from borough.storage.sql.tables import cases, things

MOST = 20
_C = cases.c


@dataclass(frozen=True, slots=True)
class Similar:
    """A case that another one may repeat, and how far from it (m, rounded)."""

    case: Case
    metres: float
    requests: int


class SqlSimilar:
    """Looks for cases that may be one matter; places decide, not the grids that they are in."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def near(self, case: Case, *, metres: float, hours: float) -> list[Similar]:
        """Give open cases within *metres* and *hours* of one, of its event code, nearest first.

        A case that citizens opened and nobody gave a code yet has the categories of its requests.
        Where a case has no place of its own, that of its thing counts; secret ones are left out.
        """
        with reading(self._engine) as connection:
            lon, lat = connection.execute(
                select(_LON, _LAT).select_from(_PLACED).where(_C.id == case.id)
            ).one()
            if lon is None or lat is None:
                return []
            north = metres / DEGREE_M
            east = north / max(math.cos(math.radians(lat)), 0.01)
            span = round(hours * 3_600_000)
            chosen = (
                select(cases, _LON.label("at_lon"), _LAT.label("at_lat"), _MANY.label("many"))
                .select_from(_PLACED)
                .where(_C.closed_ms.is_(None), _C.id != case.id, ~_secret(_C.id))
                .where(_C.opened_ms.between(case.opened_ms - span, case.opened_ms + span))
                .where(_LON.between(lon - east, lon + east), _LAT.between(lat - north, lat + north))
                .where(_alike(case), ~_secret(case.id))
            )
            found = [
                Similar(case_of(row), apart_m(lon, lat, row["at_lon"], row["at_lat"]), row["many"])
                for row in connection.execute(chosen).mappings()
            ]
        near = [each for each in found if each.metres <= metres]
        return sorted(near, key=lambda each: (each.metres, each.case.id))[:MOST]


_PLACED = cases.outerjoin(things, things.c.id == _C.thing)
_LON = when((_C.lon.is_(None), things.c.lon), else_=_C.lon)
_LAT = when((_C.lat.is_(None), things.c.lat), else_=_C.lat)
_MANY = (
    select(func.count())
    .select_from(requests)
    .where(requests.c.case_id == _C.id)
    .correlate(cases)
    .scalar_subquery()
)


def _secret(case: Any) -> Any:
    mine = select(requests.c.id).where(requests.c.case_id == case, requests.c.secret.is_(True))
    return mine.correlate(cases).exists()


def _categories(case: Any) -> Any:
    return select(requests.c.category).where(requests.c.case_id == case, requests.c.category != "")


def _alike(case: Case) -> Any:
    """Say that a case has the event code of another, or a request of the same category."""
    mine = requests.alias()
    same = (
        select(mine.c.id)
        .where(mine.c.case_id == _C.id, mine.c.category.in_(_categories(case.id)))
        .correlate(cases)
        .exists()
    )
    return or_(and_(_C.event == case.event, _C.event != ""), same)
