"""How the district lies, for what is gathered by area: feeders, grids, communities, streets."""

from collections.abc import Mapping, Sequence

import numpy as np

from borough.app.district import Ground
from borough.core.observations import Index
from borough.engine.alarms import LEVELS, Calm

CALM = Calm.shipped()


class Layout:
    """A ground, as areas that may be out."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground

    def areas(self, things: Sequence[int], /) -> Index:
        """Give the areas of things: a row for each, a column for each level; -1 for none."""
        registry, grids = self.ground.registry, self.ground.district.grids
        rows = self._rows(things)
        known = rows >= 0
        grid = np.where(known, registry.grid[rows.clip(min=0)], -1)
        placed = grid >= 0
        at = grid.clip(min=0)
        feeder = np.where(known, self._feeders()[rows.clip(min=0)], -1)
        community = np.where(placed, grids.community[at], -1)
        street = np.where(placed, grids.street[at], -1)
        return np.stack([feeder, grid, community, street, np.zeros(len(rows), int)], axis=1)

    def named(self, level: str, area: int, /) -> Mapping[str, str]:
        """Name an area in each language."""
        district = self.ground.district
        if level == LEVELS[0]:
            key = self.ground.registry.key[area]
            return {"zh": f"供电 {key}", "en": f"Feeder {key}"}
        if level == "grid":
            street = int(district.grids.street[area])
            zh, en = self.named("street", street).values()
            code = district.grids.code[area]
            return {"zh": f"{zh}{code}网格", "en": f"{en}, grid {code}"}
        if level == "community":
            zh, en = district.communities.name_zh[area], district.communities.name_en[area]
        elif level == "street":
            zh, en = district.streets.name_zh[area], district.streets.name_en[area]
        else:
            zh, en = district.name["zh"], district.name["en"]
        return {"zh": zh, "en": en or zh}

    def spot(self, level: str, area: int, /) -> tuple[float, float] | None:
        """Say where the middle of an area is, in degrees."""
        grids, registry = self.ground.district.grids, self.ground.registry
        if level == LEVELS[0]:
            lon, lat = float(registry.lon[area]), float(registry.lat[area])
            return None if np.isnan(lon) else (lon, lat)
        places = {"community": grids.community, "street": grids.street}.get(level)
        inside = np.ones(len(grids.code), bool) if places is None else places == area
        if level == "grid":
            inside = np.arange(len(grids.code)) == area
        return float(grids.lon[inside].mean()), float(grids.lat[inside].mean())

    def devices(self, things: Sequence[int], /) -> int:
        """Count things and those that speak through them."""
        rows = self._rows(things)
        rows = rows[rows >= 0]
        behind = np.isin(self.ground.registry.via, rows)
        behind[rows] = True
        return int(behind.sum())

    def key(self, thing: int, /) -> str:
        """Give the key of a thing; empty where it is no longer known."""
        row = self.ground.row(thing)
        return "" if row is None else self.ground.registry.key[row]

    def grid(self, thing: int, /) -> int:
        """Give the grid (row) that a thing stands in, or -1."""
        row = self.ground.row(thing)
        return -1 if row is None else int(self.ground.registry.grid[row])

    def _rows(self, things: Sequence[int]) -> Index:
        """Give the rows of things by id, -1 for those that are gone."""
        ids, wanted = self.ground.registry.id, np.asarray(things, np.int64)
        at = ids.searchsorted(wanted).clip(max=max(len(ids) - 1, 0))
        found: Index = np.where(ids[at] == wanted, at, -1)
        return found

    def _feeders(self) -> Index:
        """Give the row of what feeds each thing, -1 where nothing is known to."""
        registry = self.ground.registry
        fed = np.full(len(registry.id), -1)
        for name in CALM.feeders:
            if name in registry.relations:
                source, target, _ = registry.relations[name]
                fed[target] = source
        return fed
