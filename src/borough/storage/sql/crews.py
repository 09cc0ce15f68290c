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
from borough.storage.sql.bundles import APART, bundle_of, kept, many_wait, waiting
from borough.storage.sql.handing_table import handings
from borough.storage.sql.musters import STAMP, Muster, Present, Spot, stamp
from borough.storage.sql.tables import post_grids, posts as posts_table
from borough.storage.sql.tasks_table import case_tasks

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
    STAMP,
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
    muster: Muster | None = None, but: int = 0,
) -> Crew:  # fmt: skip
    """Gather those of a kind who are on duty: all, or those who look after a grid.

    Of what they have, the case *but* is not counted: it has just left whoever had it.  Who is
    there a bundle takes from a *muster*, where that is in force; otherwise they are read.
    """
    if but:
        kept(connection, handings, case_tasks).clear()
    trusted = muster if bundle_of(connection) and muster and muster.covers(at_ms) else None
    asked: dict[str, Any] = {"grid": grid, "fresh_ms": fresh_ms}
    present = _present(connection, kind, at_ms, trusted, **asked)
    told = loads(connection, present.posts, but)
    if trusted and _stamp(connection) != trusted.stamp:
        present = _present(connection, kind, at_ms, None, **asked)
        told = loads(connection, present.posts, but)
    return Crew(
        present.posts,
        agency=present.agency,
        until_ms=present.until_ms,
        spot=present.spot,
        load={each: told[each][0] if each in told else 0 for each in present.posts},
        last_ms={each: last for each, (_, last) in told.items()},
        middle=present.middle,
    )


def _known(connection: Connection) -> dict[Any, Any]:
    """Give what a bundle keeps of who is on duty."""
    return kept(connection, r.duties, posts_table, post_grids, r.post_bases)


def _present(
    connection: Connection, kind: str, at_ms: int, muster: Muster | None, *,
    grid: int | None, fresh_ms: float,
) -> Present:  # fmt: skip
    """Find who of a kind is on duty in a grid, or anywhere.

    The first few questions of a bundle read what they ask for; after that all there is, and what
    everybody of a kind has, for more will come.
    """
    known = _known(connection)
    known[FEW] = known.get(FEW, 0) + 1
    many = known[FEW] >= FEW and bundle_of(connection) is not None
    muster = muster or known.get(Muster)
    if not (muster and muster.covers(at_ms)):
        if not many:
            return Present.asked(connection, kind, grid, at_ms, fresh_ms)
        muster = known[Muster] = Muster.read(connection, at_ms)
    if many and grid is not None and kind not in known:
        known[kind] = loads(connection, muster.present(kind, None, at_ms, fresh_ms).posts)
    return muster.present(kind, grid, at_ms, fresh_ms)


def _stamp(connection: Connection) -> int:
    """Say how often rosters were written, as a bundle sees it; it comes with the loads."""
    known = _known(connection)
    if STAMP not in known:
        known[STAMP] = stamp(connection)
    return int(known[STAMP])


def loads(
    connection: Connection, posts: Collection[str], but: int = 0
) -> dict[str, tuple[int, int]]:
    """Count the cases and tasks that each post has, and say when it got the last.

    The case *but* is left out.
    """
    known = kept(connection, handings, case_tasks)
    asked = [each for each in posts if each not in known]
    if asked:
        case, row = _only_one(connection)
        apart = case and but in {0, case}  # else what waits is written first
        told = {"posts": asked, "but": case if apart else but}
        found: dict[str, tuple[int, int]] = {}
        options = APART if apart else {}
        for post, count, last in connection.execute(_BUSY, told, execution_options=options):
            had, before = found.get(post, (0, 0))
            found[post] = (had + int(count), max(before, int(last)))
        _known(connection)[STAMP] = found.pop("", (0, 0))[0]
        known |= {each: found.get(each, (0, 0)) for each in asked}
        if apart and row["state"] != "waiting" and row["post"] in asked:
            crewed(connection, row["post"], row["given_ms"])
    return {each: known[each] for each in posts if known[each][0]}


def _only_one(connection: Connection) -> tuple[int, Mapping[str, Any]]:
    """Give the case of which alone it is to be written who has what, and its order; or 0."""
    orders = waiting(connection, handings)
    if len(orders) != 1 or many_wait(connection, handings) != 1:
        return 0, {}
    return (0, {}) if many_wait(connection, case_tasks) else next(iter(orders.items()))


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
