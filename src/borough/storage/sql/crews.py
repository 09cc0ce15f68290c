"""Crews: those of one kind who are on duty, as the columns that are weighed."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import Connection, bindparam, func, select, union_all

from borough.core.observations import Mask
from borough.engine.dispatch import Calls, Workers
from borough.storage.sql import roster_tables as r
from borough.storage.sql.duties import at_work, on_duty
from borough.storage.sql.handing_table import handings
from borough.storage.sql.tasks_table import case_tasks

Spot = tuple[float, float]
"""Longitude and latitude."""
DEGREE_M = 111_195.0
"""Metres of a degree of latitude, on a sphere of 6371 km."""
RUNS = ("started", "acknowledged")

_H, _T, _B = handings.c, case_tasks.c, r.post_bases.c
_BUSY = union_all(
    select(_H.post, func.count(), func.max(_H.given_ms))
    .where(_H.post.in_(bindparam("posts", expanding=True)), _H.state != "waiting")
    .group_by(_H.post),
    select(_T.post, func.count(), func.max(_T.started_ms))
    .where(_T.post.in_(bindparam("posts", expanding=True)), _T.state.in_(RUNS))
    .group_by(_T.post),
)
_BASES = select(_B.post, _B.lon, _B.lat, _B.seen_lon, _B.seen_lat, _B.seen_ms).where(
    _B.post.in_(bindparam("posts", expanding=True))
)
"""Made once: building a statement costs more than running it."""


@dataclass(frozen=True, slots=True)
class Crew:
    """Posts of one kind on duty: where each is, until when, and how much it has."""

    posts: tuple[str, ...]
    agency: Mapping[str, str]
    until_ms: Mapping[str, int]
    spot: Mapping[str, Spot]
    load: dict[str, int]
    last_ms: Mapping[str, int]

    def without(self, posts: Collection[str]) -> "Crew":
        """Leave some out."""
        kept = tuple(each for each in self.posts if each not in posts)
        return Crew(kept, self.agency, self.until_ms, self.spot, self.load, self.last_ms)

    def middle(self) -> Spot:
        """Give a place in the midst of them, from which distances are laid off."""
        if not self.spot:
            return 0.0, 0.0
        lon, lat = zip(*self.spot.values(), strict=True)
        return sum(lon) / len(lon), sum(lat) / len(lat)

    def workers(self, now_ms: int, takes_s: float) -> Workers:
        """Lay them out as columns; whoever has something is free when it usually is done."""
        middle = self.middle()
        x, y = on_plane([self.spot.get(each, middle) for each in self.posts], middle)
        now_s = now_ms / 1000
        load = np.array([self.load[each] for each in self.posts], float)
        last = np.array([self.last_ms.get(each, 0) / 1000 for each in self.posts], float)
        # The last of several was given after the others, and all but it are still to be done.
        free = np.where(load > 0, np.maximum(last, now_s - takes_s) + load * takes_s, now_s)
        until = np.array([self.until_ms[each] / 1000 for each in self.posts], float)
        busy_until = np.minimum(np.maximum(free, now_s), until - 1)
        return Workers(x, y, busy_until, until, np.zeros(len(self.posts), np.int64))


def crew(
    connection: Connection, kind: str, at_ms: int, *, grid: int | None, fresh_ms: float
) -> Crew:
    """Gather those of a kind who are on duty: all, or those who look after a grid."""
    rows = at_work(connection, at_ms, [kind])
    if grid is not None:
        here = set(on_duty(connection, kind, grid, at_ms))
        rows = [row for row in rows if row["post"] in here]
    posts = tuple(dict.fromkeys(row["post"] for row in rows))
    spot = {}
    for row in connection.execute(_BASES, {"posts": posts}) if posts else ():
        seen = row.seen_ms is not None and at_ms - row.seen_ms <= fresh_ms
        lon, lat = (row.seen_lon, row.seen_lat) if seen else (row.lon, row.lat)
        if lon is not None and lat is not None:
            spot[row.post] = (lon, lat)
    told = loads(connection, posts)
    return Crew(
        posts,
        agency={row["post"]: row["agency"] for row in rows},
        until_ms={row["post"]: row["to_ms"] for row in rows},
        spot=spot,
        load={each: told[each][0] if each in told else 0 for each in posts},
        last_ms={each: last for each, (_, last) in told.items()},
    )


def loads(connection: Connection, posts: Collection[str]) -> dict[str, tuple[int, int]]:
    """Count the cases and tasks that each post has, and say when it got the last."""
    told: dict[str, tuple[int, int]] = {}
    for post, count, last in connection.execute(_BUSY, {"posts": list(posts)}) if posts else ():
        had, before = told.get(post, (0, 0))
        told[post] = (had + int(count), max(before, int(last)))
    return told


def busy(connection: Connection, posts: Collection[str]) -> dict[str, int]:
    """Count the cases and tasks that each post has."""
    return {post: count for post, (count, _) in loads(connection, posts).items()}


def calls_of(
    crowd: Crew, spots: Sequence[Spot | None], rows: Sequence[Mapping[str, Any]],
    urgent: Sequence[bool], takes_s: float,
) -> tuple[Calls, Mask]:  # fmt: skip
    """Lay cases out as columns; one without a place is in the midst of all."""
    middle = crowd.middle()
    x, y = on_plane([each or middle for each in spots], middle)
    due = np.array([row["due_ms"] / 1000 for row in rows], float)
    takes = np.full(len(rows), takes_s)
    calls = Calls(x, y, due, takes, np.zeros(len(rows), np.int64))
    return calls, np.array(urgent, bool)


def on_plane(spots: Sequence[Spot], middle: Spot) -> tuple[Any, Any]:
    """Lay places out on a plane around *middle*, m."""
    lon, lat = np.array(spots, float).reshape(-1, 2).T
    across = DEGREE_M * math.cos(math.radians(middle[1]))
    return (lon - middle[0]) * across, (lat - middle[1]) * DEGREE_M
