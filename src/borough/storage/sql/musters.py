"""Musters: everybody who is on duty at a moment, read once for as long as the same are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

from sqlalchemy import Connection, String, literal_column, select, text

from borough.storage.sql.bundles import APART
from borough.storage.sql.counting import RAISING
from borough.storage.sql.duties import EVERYWHERE, Duty, at_work, at_work_in, next_change
from borough.storage.sql.tables import Int64, post_grids, posts as posts_table

Spot = tuple[float, float]
"""Longitude and latitude."""
ROSTERS = "rosters"
"""Counts how often posts or duties were written."""
STAMP = (
    select(literal_column("''", String), literal_column("value", Int64), literal_column("0", Int64))
    .select_from(text("counters"))
    .where(text(f"name = '{ROSTERS}'"))
)
"""That count, as a row beside the loads of posts; there is none where nobody has written any.

The table is not named: this count never waits in a bundle, and others that do need not be written.
"""
_RAISE = {"name": ROSTERS, "value": 1}
_HOMES = select(posts_table.c.kind, post_grids.c.grid, post_grids.c.post).join(
    posts_table, posts_table.c.code == post_grids.c.post
)
"""Made once: building a statement costs more than running it."""


def changed(connection: Connection) -> None:
    """Say that posts or duties were written, so that no muster of before is in force."""
    connection.execute(RAISING[connection.dialect.name], _RAISE, execution_options=APART)


def stamp(connection: Connection) -> int:
    """Give how often they were."""
    row = connection.execute(STAMP, execution_options=APART).one_or_none()
    return int(row[1]) if row else 0


@dataclass(frozen=True, slots=True)
class Present:
    """Those of one kind who are on duty together, and where: the same for as long as it lasts."""

    from_ms: int
    to_ms: float
    posts: tuple[str, ...]
    agency: Mapping[str, str]
    until_ms: Mapping[str, int]
    spot: Mapping[str, Spot]
    middle: Spot
    """A place in the midst of them, from which distances are laid off."""

    @classmethod
    def of(cls, rows: Sequence[Duty], at_ms: int, to_ms: float, fresh_ms: float) -> Self:
        """Lay out the duties of a moment; *to_ms* is until when there are no others.

        Where somebody was seen counts for *fresh_ms*, and where they are based after that.
        """
        spot = {}
        for row in rows:
            seen = row["seen_ms"] is not None and at_ms - row["seen_ms"] <= fresh_ms
            if seen:
                to_ms = min(to_ms, row["seen_ms"] + fresh_ms + 1)
            lon, lat = (row["seen_lon"], row["seen_lat"]) if seen else (row["lon"], row["lat"])
            if lon is not None and lat is not None:
                spot[row["post"]] = (lon, lat)
        return cls(
            at_ms,
            to_ms,
            tuple(dict.fromkeys(row["post"] for row in rows)),
            agency={row["post"]: row["agency"] for row in rows},
            until_ms={row["post"]: row["to_ms"] for row in rows},
            spot=spot,
            middle=middle(spot),
        )

    @classmethod
    def asked(
        cls, connection: Connection, kind: str, grid: int | None, at_ms: int, fresh_ms: float
    ) -> Self:
        """Read who of a kind is there at this very moment, in a grid or anywhere.

        This is the slow and clear way, which needs no muster.
        """
        rows = (
            at_work(connection, at_ms, [kind])
            if grid is None
            else at_work_in(connection, at_ms, kind, grid)
        )
        return cls.of(rows, at_ms, at_ms + 1, fresh_ms)

    def holds(self, at_ms: int) -> bool:
        """Tell whether the same are there at another moment."""
        return self.from_ms <= at_ms < self.to_ms


def middle(spots: Mapping[str, Spot]) -> Spot:
    """Give a place in the midst of posts."""
    if not spots:
        return 0.0, 0.0
    lon, lat = zip(*spots.values(), strict=True)
    return sum(lon) / len(lon), sum(lat) / len(lat)


@dataclass(frozen=True, slots=True)
class Muster:
    """Everybody who is on duty from a moment to another, and whose grids they look after.

    It is in force as long as the count of what was written to rosters is its ``stamp``, whoever
    wrote it.  One that outlives its transaction must not be read in one that has written any.
    """

    stamp: int
    from_ms: int
    to_ms: float
    duties: Mapping[str, Sequence[Duty]]
    homes: Mapping[tuple[str, int], frozenset[str]]
    _present: dict[tuple[str, int | None], Present] = field(default_factory=dict)

    @classmethod
    def read(cls, connection: Connection, at_ms: int) -> Self:
        """Read who is there; the stamp first, so that a change meanwhile makes it void."""
        written = stamp(connection)
        duties: dict[str, list[Duty]] = {}
        for row in at_work(connection, at_ms):
            duties.setdefault(row["kind"], []).append(row)
        homes: dict[tuple[str, int], set[str]] = {}
        for kind, grid, post in connection.execute(_HOMES):
            homes.setdefault((kind, grid), set()).add(post)
        to_ms = next_change(connection, at_ms)
        fixed = {place: frozenset(posts) for place, posts in homes.items()}
        return cls(written, at_ms, to_ms, duties, fixed)

    def covers(self, at_ms: int) -> bool:
        """Tell whether it says anything of a moment."""
        return self.from_ms <= at_ms < self.to_ms

    def in_force(self, connection: Connection, at_ms: int) -> bool:
        """Tell whether it covers a moment, and nothing was written since it was read."""
        return self.covers(at_ms) and self.stamp == stamp(connection)

    def present(self, kind: str, grid: int | None, at_ms: int, fresh_ms: float) -> Present:
        """Say who of a kind is there in a grid, or anywhere, at a moment that it covers."""
        found = self._present.get((kind, grid))
        if found is None or not found.holds(at_ms):
            rows = self.duties.get(kind, ())
            if grid is not None:
                own = self._at(kind, grid) | self._at(kind, EVERYWHERE)
                here = {row["post"] for row in rows if row["covers"] in own}
                rows = [row for row in rows if row["post"] in here]
            found = Present.of(rows, at_ms, self.to_ms, fresh_ms)
            self._present[kind, grid] = found
        return found

    def _at(self, kind: str, grid: int) -> frozenset[str]:
        return self.homes.get((kind, grid), frozenset())
