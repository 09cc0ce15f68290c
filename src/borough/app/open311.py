"""Joins what a district offers over Open311 to its requests and its ground."""

from pathlib import Path

from sqlalchemy import Engine

from borough.api.open311_ports import Open311
from borough.core.district import District
from borough.engine.district.requests import read_requests
from borough.engine.district.services import read_services
from borough.engine.gazetteer import Gazetteer
from borough.storage.sql.public_requests import SqlPublicRequests


class Places:
    """The ground of a district, for whoever says where something is."""

    def __init__(self, district: District) -> None:
        self._gazetteer = Gazetteer(district)
        grids, communities = district.grids, district.communities
        self._names = dict(zip(communities.code, communities.name_zh, strict=True))
        self._names |= {code: f"{code}网格" for code in grids.code}

    def holds(self, lon: float, lat: float, /) -> bool:
        """Tell whether a point lies in a grid of the district."""
        return bool(self._gazetteer.at(lon, lat).precision)

    def names(self, code: str, /) -> str:
        """Name a community or a grid; empty where there is none of this code."""
        return self._names.get(code, "")


def offer(engine: Engine, district: District, folder: Path) -> Open311 | None:
    """Give what a district offers; None where its tables say nothing of it."""
    rules = read_requests(folder, district.agencies.code)
    listing = read_services(folder, rules.categories)
    if listing is None:
        return None
    return Open311(listing, SqlPublicRequests(engine), Places(district))
