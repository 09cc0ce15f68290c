"""Crews: those of one kind who are on duty, as the columns that are weighed."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sqlalchemy import Connection, bindparam, func, select, union_all

from borough.core.district import DEGREE_M
from borough.core.observations import Mask
from borough.engine.dispatch import Calls, Rules, Workers
from borough.storage.sql import roster_tables as r
from borough.storage.sql.among import among
from borough.storage.sql.bundles import bundle_of, kept
from borough.storage.sql.duties import EVERYWHERE, Duty, at_work, at_work_in, next_change
from borough.storage.sql.handing_table import handings
from borough.storage.sql.tables import post_grids, posts as posts_table
from borough.storage.sql.tasks_table import case_tasks

Spot = tuple[float, float]
"""Longitude and latitude."""
RUNS = ("started", "acknowledged")
FEW = 4
"""After so many questions in one bundle all is read that others could ask."""

_H, _T = handings.c, case_tasks.c
_BUSY = union_all(
    select(_H.post, func.count(), func.max(_H.given_ms))
    .where(among(_H.post, "posts"), _H.state != "waiting", _H.case_id != bindparam("but"))
    .group_by(_H.post),
    select(_T.post, func.count(), func.max(_T.started_ms))
    .where(among(_T.post, "posts"), _T.state.in_(RUNS))
    .group_by(_T.post),
)
_GRIDS = (
    select(post_grids.c.post, post_grids.c.grid)
    .join(posts_table, posts_table.c.code == post_grids.c.post)
    .where(posts_table.c.kind == bindparam("kind"))
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
    middle: Spot
    """A place in the midst of them, from which distances are laid off."""

    def without(self, posts: Collection[str]) -> "Crew":
        """Leave some out."""
        kept = tuple(each for each in self.posts if each not in posts)
        return replace(self, posts=kept)

    def workers(self, now_ms: int, takes_s: float) -> Workers:
        """Lay them out as columns; whoever has something is free when it usually is done."""
        middle = self.middle
        x, y = on_plane([self.spot.get(each, middle) for each in self.posts], middle)
        now_s = now_ms / 1000
        load = np.array([self.load[each] for each in self.posts], float)
        last = np.array([self.last_ms.get(each, 0) / 1000 for each in self.posts], float)
        # The last of several was given after the others, and all but it are still to be done.
        free = np.where(load > 0, np.maximum(last, now_s - takes_s) + load * takes_s, now_s)
        until = np.array([self.until_ms[each] / 1000 for each in self.posts], float)
        busy_until = np.minimum(np.maximum(free, now_s), until - 1)
        return Workers(x, y, busy_until, until, np.zeros(len(self.posts), np.int64))

    def soonest(self, spot: Spot | None, now_ms: int, takes_s: float, rules: Rules) -> str:
        """Name whoever can be at a place first, those about to be free among them; or nobody.

        That is what `engine.dispatch.first_there` says of one call, without columns, which for a
        few posts cost more than the sum itself.
        """
        middle = self.middle
        across = DEGREE_M * math.cos(math.radians(middle[1]))
        lon, lat = spot or middle
        x, y, now_s = (lon - middle[0]) * across, (lat - middle[1]) * DEGREE_M, now_ms / 1000
        best, found, pace = math.inf, "", rules.detour / rules.speed_m_s
        for post in self.posts:
            lon, lat = self.spot.get(post, middle)
            dx, dy = x - (lon - middle[0]) * across, y - (lat - middle[1]) * DEGREE_M
            until = self.until_ms[post] / 1000
            free = now_s
            if load := self.load[post]:
                free = max(self.last_ms.get(post, 0) / 1000, now_s - takes_s) + load * takes_s
            wait = max(min(max(free, now_s), until - 1) - now_s, 0.0)
            there = math.sqrt(dx * dx + dy * dy) * pace + wait
            if there < best and now_s + wait < until:
                best, found = there, post
        return found


def crew(
    connection: Connection, kind: str, at_ms: int, *, grid: int | None, fresh_ms: float,
    but: int = 0,
) -> Crew:  # fmt: skip
    """Gather those of a kind who are on duty: all, or those who look after a grid.

    Of what they have, the case *but* is not counted: it has just left whoever had it.
    """
    shift = _shift(connection, kind, at_ms, grid, fresh_ms)
    if but:
        kept(connection, handings, case_tasks).clear()
    told = loads(connection, shift.posts, but)
    return Crew(
        shift.posts,
        agency=shift.agency,
        until_ms=shift.until_ms,
        spot=shift.spot,
        load={each: told[each][0] if each in told else 0 for each in shift.posts},
        last_ms={each: last for each, (_, last) in told.items()},
        middle=shift.middle,
    )


@dataclass(frozen=True, slots=True)
class _Shift:
    """Those of one kind who are on duty together, and where: the same for as long as it lasts."""

    from_ms: int
    to_ms: float
    rows: Sequence[Duty]
    posts: tuple[str, ...]
    agency: Mapping[str, str]
    until_ms: Mapping[str, int]
    spot: Mapping[str, Spot]
    middle: Spot

    def holds(self, connection: Connection, at_ms: int) -> bool:
        """Tell whether the same are on duty at another moment, and at the same places."""
        if at_ms == self.from_ms:
            return True
        later = self.from_ms < at_ms < self.to_ms
        return later and at_ms < _unchanged_until(connection, self.from_ms)

    def some(self, rows: Sequence[Duty]) -> "_Shift":
        """Keep some of them."""
        posts = tuple(dict.fromkeys(row["post"] for row in rows))
        spot = {post: self.spot[post] for post in posts if post in self.spot}
        return _Shift(
            self.from_ms,
            self.to_ms,
            rows,
            posts,
            agency={row["post"]: row["agency"] for row in rows},
            until_ms={row["post"]: row["to_ms"] for row in rows},
            spot=spot,
            middle=middle(spot),
        )


def _shift(
    connection: Connection, kind: str, at_ms: int, grid: int | None, fresh_ms: float
) -> _Shift:
    """Find who of a kind is on duty in a grid, or anywhere: of a bundle, once for each shift.

    The first few questions read what they ask for; after that all there is, for more will come.
    """
    known = kept(connection, r.duties, posts_table, post_grids, r.post_bases)
    shift: _Shift | None = known.get((kind, grid))
    if shift and shift.holds(connection, at_ms):
        return shift
    if grid is None:
        shift = _laid_out(_everybody(connection, kind, at_ms), at_ms, fresh_ms)
    elif len(known) < FEW:
        rows = at_work_in(connection, at_ms, kind, grid)
        shift = _laid_out(rows, at_ms, fresh_ms)
    else:
        whole = _shift(connection, kind, at_ms, None, fresh_ms)
        if kind not in known:
            known[kind] = {}
            for row in connection.execute(_GRIDS, {"kind": kind}).all():
                known[kind].setdefault(row.grid, set()).add(row.post)
            loads(connection, whole.posts)
        own = known[kind].get(grid, set()) | known[kind].get(EVERYWHERE, set())
        shift = whole.some(_covering(known, kind, whole.rows, own))
    known[kind, grid] = shift
    return shift


def _covering(
    known: dict[Any, Any], kind: str, rows: Sequence[Duty], posts: Collection[str]
) -> list[Duty]:
    """Give all duties, in their order, of those who cover any of some posts."""
    index = known.get((kind, "index"))
    if index is None or index[0] is not rows:
        covers: dict[str, list[str]] = {}
        of_post: dict[str, list[Duty]] = {}
        for row in rows:
            covers.setdefault(row["covers"], []).append(row["post"])
            of_post.setdefault(row["post"], []).append(row)
        order = {post: place for place, post in enumerate(of_post)}
        index = known[kind, "index"] = rows, covers, of_post, order
    _, covers, of_post, order = index
    here = {post for each in posts for post in covers.get(each, ())}
    return [row for post in sorted(here, key=order.__getitem__) for row in of_post[post]]


def _laid_out(rows: Sequence[Duty], at_ms: int, fresh_ms: float) -> _Shift:
    posts = tuple(dict.fromkeys(row["post"] for row in rows))
    ends: list[float] = []
    spot = {}
    for row in rows:
        seen = row["seen_ms"] is not None and at_ms - row["seen_ms"] <= fresh_ms
        if seen:
            ends.append(row["seen_ms"] + fresh_ms + 1)
        lon, lat = (row["seen_lon"], row["seen_lat"]) if seen else (row["lon"], row["lat"])
        if lon is not None and lat is not None:
            spot[row["post"]] = (lon, lat)
    return _Shift(
        at_ms,
        min(ends, default=math.inf),
        rows,
        posts,
        agency={row["post"]: row["agency"] for row in rows},
        until_ms={row["post"]: row["to_ms"] for row in rows},
        spot=spot,
        middle=middle(spot),
    )


def middle(spots: Mapping[str, Spot]) -> Spot:
    """Give a place in the midst of posts."""
    if not spots:
        return 0.0, 0.0
    lon, lat = zip(*spots.values(), strict=True)
    return sum(lon) / len(lon), sum(lat) / len(lat)


def _everybody(connection: Connection, kind: str, at_ms: int) -> Sequence[Duty]:
    """Give the duties of a kind at a moment; after a few, those of all kinds are read at once."""
    known = kept(connection, r.duties, posts_table, r.post_bases)
    known["asked"] = known.get("asked", 0) + 1
    if bundle_of(connection) is None or known["asked"] < FEW:
        return at_work(connection, at_ms, [kind])
    from_ms, to_ms = known.get("span", (0, 0))
    if not from_ms <= at_ms < to_ms:
        kinds: dict[str, list[Duty]] = {}
        for row in at_work(connection, at_ms):
            kinds.setdefault(row["kind"], []).append(row)
        known |= {"span": (at_ms, _unchanged_until(connection, at_ms)), "kinds": kinds}
    found: Sequence[Duty] = known["kinds"].get(kind, ())
    return found


def _unchanged_until(connection: Connection, at_ms: int) -> int:
    """Say until when the same are on duty."""
    known = kept(connection, r.duties)
    from_ms, to_ms = known.get("span", (0, 0))
    if not from_ms <= at_ms < to_ms:
        to_ms = next_change(connection, at_ms)
        known["span"] = at_ms, to_ms
    return int(to_ms)


def loads(
    connection: Connection, posts: Collection[str], but: int = 0
) -> dict[str, tuple[int, int]]:
    """Count the cases and tasks that each post has, and say when it got the last.

    The case *but* is left out.
    """
    known = kept(connection, handings, case_tasks)
    asked = [each for each in posts if each not in known]
    told: dict[str, tuple[int, int]] = {}
    for post, count, last in (
        connection.execute(_BUSY, {"posts": asked, "but": but}) if asked else ()
    ):
        had, before = told.get(post, (0, 0))
        told[post] = (had + int(count), max(before, int(last)))
    known |= {each: told.get(each, (0, 0)) for each in asked}
    return {each: known[each] for each in posts if known[each][0]}


def crewed(connection: Connection, post: str, at_ms: int) -> None:
    """Note that a post was given a case or a task at a moment."""
    known = kept(connection, handings, case_tasks)
    if post in known:
        count, last = known[post]
        known[post] = (count + 1, max(last, at_ms))


def recrewed(connection: Connection, post: str) -> None:
    """Note that what a post has is otherwise now."""
    kept(connection, handings, case_tasks).pop(post, None)


def busy(connection: Connection, posts: Collection[str]) -> dict[str, int]:
    """Count the cases and tasks that each post has."""
    return {post: count for post, (count, _) in loads(connection, posts).items()}


def calls_of(
    crowd: Crew, spots: Sequence[Spot | None], rows: Sequence[Mapping[str, Any]],
    urgent: Sequence[bool], takes_s: float,
) -> tuple[Calls, Mask]:  # fmt: skip
    """Lay cases out as columns; one without a place is in the midst of all."""
    middle = crowd.middle
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
