"""Where a request is about: from a point on the map, or from the names that a text holds."""

from collections import defaultdict
from collections.abc import Iterator

import numpy as np
import shapely

from borough.core.district import District
from borough.core.requests import Spot

ENDINGS = ("居民委员会", "村民委员会", "居委会", "村委会")
"""What stands behind the name of a community; people leave it out."""
KINDS = ("社区", "街道", "村", "镇")
STEM = {"street": 2, "community": 3}
"""Characters that a name needs without its kind, so that it is not found in every other text."""
POINT, COMMUNITY, STREET = "point", "community", "street"


class Gazetteer:
    """The names and the ground of a district, to look places up in."""

    def __init__(self, district: District) -> None:
        self._district = district
        self._ground = shapely.STRtree([shapely.Polygon(ring) for ring in district.grids.ring])
        self._streets = _named(district.streets.name_zh, district.streets.name_en, STREET)
        communities = district.communities
        self._communities = _named(communities.name_zh, communities.name_en, COMMUNITY)

    def at(self, lon: float, lat: float) -> Spot:
        """Give the grid, community and street of a point; `Spot()` outside of the district."""
        rows = self._ground.query(shapely.Point(lon, lat), predicate="intersects")
        return self._in_grid(int(rows.min()), POINT, "") if len(rows) else Spot()

    def named(self, text: str) -> Spot:
        """Find the community or the street that a text names; the longest name found counts.

        A name that several communities bear needs the name of its street beside it.
        """
        said = text.lower()
        streets, word = _found(said, self._streets)
        communities, of = _found(said, self._communities)
        inside = [
            each
            for each in communities
            if not streets or int(self._district.communities.street[each]) in streets
        ]
        if len(inside) == 1:
            return self._in_community(inside[0], of)
        if len(streets) == 1:
            code = self._district.streets.code[streets[0]]
            return Spot(
                code, "", self._middle(self._district.grids.street, streets[0]), STREET, word
            )
        return Spot()

    def _in_community(self, row: int, why: str) -> Spot:
        district = self._district
        grid = self._middle(district.grids.community, row)
        street = district.streets.code[int(district.communities.street[row])]
        return Spot(street, district.communities.code[row], grid, COMMUNITY, why)

    def _in_grid(self, row: int, precision: str, why: str) -> Spot:
        grids, district = self._district.grids, self._district
        street = district.streets.code[int(grids.street[row])]
        community = int(grids.community[row])
        code = district.communities.code[community] if community >= 0 else ""
        return Spot(street, code, row, precision, why)

    def _middle(self, belongs: np.ndarray, row: int) -> int:
        """Give the grid nearest to the middle of a street or community; -1 where it has none."""
        grids = self._district.grids
        mine = np.flatnonzero(belongs == row)
        if not len(mine):
            return -1
        lon, lat = grids.lon[mine], grids.lat[mine]
        away = (lon - lon.mean()) ** 2 + (lat - lat.mean()) ** 2
        return int(mine[away.argmin()])


def _named(zh: tuple[str, ...], en: tuple[str, ...], what: str) -> dict[str, list[int]]:
    """Lay out the rows by each way in which people write their names."""
    rows: dict[str, list[int]] = defaultdict(list)
    for row, names in enumerate(zip(zh, en, strict=True)):
        for way in {each for name in names for each in _ways(name.lower(), STEM[what])}:
            rows[way].append(row)
    return rows


def _ways(name: str, stem: int) -> Iterator[str]:
    """Write a name with and without what stands behind it."""
    if not name:
        return
    bare = next((name.removesuffix(each) for each in ENDINGS if name.endswith(each)), name)
    yield bare
    short = next((bare.removesuffix(each) for each in KINDS if bare.endswith(each)), bare)
    if len(short) >= stem:
        yield short


def _found(text: str, rows: dict[str, list[int]]) -> tuple[list[int], str]:
    """Find the longest name that a text holds, and the rows that bear it."""
    held = [name for name in rows if name in text]
    best = max(held, key=len, default="")
    return rows.get(best, []), best
