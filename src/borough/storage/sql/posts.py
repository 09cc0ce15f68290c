"""Posts: who works where and when, so that a case finds someone on shift."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine, bindparam, func, select

from borough.core.errors import BadRequest
from borough.storage.sql import roster_tables as r, tables as t
from borough.storage.sql.engines import reading, writing
from borough.storage.sql.musters import changed
from borough.storage.sql.paging import MOST

DAY_MIN = 24 * 60
LISTED = 5_000
"""Posts in one answer: more than a district has."""
_EMPTIED = (
    r.duties, r.roster_days, r.leaves, r.roster_changes, r.post_skills, r.post_bases,
    t.post_grids, t.posts,
)  # fmt: skip


_P, _C = t.posts.c, t.cases.c
_AT_HOME = (
    select(_P.code, _P.shift, _P.agency)
    .join(t.post_grids, t.post_grids.c.post == _P.code)
    .where(_P.kind == bindparam("kind"), t.post_grids.c.grid.in_([bindparam("grid"), -1]))
)
_NEAR = select(_P.code, _P.shift).where(
    _P.kind == bindparam("kind"), _P.agency.in_(bindparam("agencies", expanding=True))
)
_BUSY = (
    select(_C.post, func.count())
    .where(_C.post.in_(bindparam("posts", expanding=True)), _C.closed_ms.is_(None))
    .group_by(_C.post)
)
"""Made once: building a statement costs more than running it."""


class SqlPosts:
    """The numbered posts of a district, each with its grids and its shift."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def save_all(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Replace all posts; a post with several grids comes as several rows with one code.

        Each row holds ``code``, ``kind`` (the holder that plans name), ``grid`` (-1 for the whole
        district), ``agency``, ``shift`` (``"08:00-20:00"``, local time, may pass midnight; empty:
        always) and perhaps ``name``, ``pattern`` (the code of its usual shift), ``skills``, and
        ``lon`` and ``lat`` of its home.  The roster begins afresh.  Raises `BadRequest`, naming
        post and field.
        """
        posts: dict[str, dict[str, Any]] = {}
        grids: dict[tuple[str, int], dict[str, Any]] = {}
        bases: dict[str, dict[str, Any]] = {}
        skills: dict[tuple[str, str], dict[str, Any]] = {}
        for row in rows:
            post = {key: str(row.get(key, "")) for key in ("code", "kind", "shift", "agency")}
            code = post["code"]
            try:
                minutes(post["shift"])
            except ValueError as error:
                msg = f"{code}: shift: must be like 08:00-20:00, not {post['shift']!r}"
                raise BadRequest(msg) from error
            posts[code] = post | {"name": dict(row.get("name") or {})}
            base = {"post": code, "shift": str(row.get("pattern", ""))}
            bases[code] = base | {name: row.get(name) for name in ("lon", "lat")}
            skills |= {
                (code, each): {"post": code, "skill": each} for each in row.get("skills", ())
            }
            grid = int(row["grid"])
            grids[code, grid] = {"post": code, "grid": grid}
        with writing(self._engine) as connection:
            for table in _EMPTIED:
                connection.execute(table.delete())
            for table, made in (
                (t.posts, posts), (t.post_grids, grids), (r.post_bases, bases),
                (r.post_skills, skills),
            ):  # fmt: skip
                if made:
                    connection.execute(table.insert(), list(made.values()))
            changed(connection)

    def save_shifts(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Replace the shifts: ``code``, ``name``, ``start_min``, ``end_min``, ``days``."""
        made = [dict(row) for row in rows]
        with writing(self._engine) as connection:
            connection.execute(r.shifts.delete())
            if made:
                connection.execute(r.shifts.insert(), made)

    def save_areas(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Replace the tree of grids: ``code``, ``kind``, ``parent``, ``name``, ``grids``."""
        made = list(rows)
        names = ("code", "kind", "parent", "name")
        with writing(self._engine) as connection:
            connection.execute(r.area_grids.delete())
            connection.execute(r.areas.delete())
            if made:
                connection.execute(r.areas.insert(), [{n: row[n] for n in names} for row in made])
            held = [{"area": row["code"], "grid": grid} for row in made for grid in row["grids"]]
            if held:
                connection.execute(r.area_grids.insert(), held)

    def areas(self, kind: str = "", parent: str | None = None) -> list[dict[str, Any]]:
        """Give areas by code, each with how many grids it has; of a kind, or below another."""
        a, g = r.areas.c, r.area_grids.c
        wanted = select(r.areas, func.count(g.grid).label("grids"))
        wanted = wanted.join(r.area_grids, g.area == a.code, isouter=True).order_by(a.code)
        if kind:
            wanted = wanted.where(a.kind == kind)
        if parent is not None:
            wanted = wanted.where(a.parent == parent)
        with reading(self._engine) as connection:
            rows = connection.execute(wanted.group_by(a.code).limit(MOST)).mappings()
            return [dict(row) for row in rows]

    def listed(
        self, at_ms: int, *, kind: str = "", grid: int | None = None, on_duty: bool = False
    ) -> list[dict[str, Any]]:
        """Give posts by code as they stand at a moment: on duty or not, until when, on leave.

        ``covers`` is the post whose grids one looks after just now; ``until_ms`` and ``covers``
        are empty for those off duty, ``leave_ms`` for those who are not away.
        """
        p, b, d, leave = t.posts.c, r.post_bases.c, r.duties.c, r.leaves.c
        now = (d.post == p.code) & (d.from_ms <= at_ms) & (d.to_ms > at_ms)
        away = (
            select(func.max(leave.to_ms))
            .where(leave.post == p.code, leave.from_ms <= at_ms, leave.to_ms > at_ms)
            .where(leave.ended_ms.is_(None))
            .scalar_subquery()
        )
        told = (
            p.code, p.kind, p.agency, p.shift, b.shift.label("pattern"), b.lon, b.lat,
            func.max(d.to_ms).label("until_ms"), func.min(d.covers).label("covers"),
            away.label("leave_ms"),
        )  # fmt: skip
        wanted = select(*told).join(r.post_bases, b.post == p.code, isouter=True)
        wanted = wanted.join(r.duties, now, isouter=not on_duty)
        if kind:
            wanted = wanted.where(p.kind == kind)
        if grid is not None:
            here = select(t.post_grids.c.post).where(t.post_grids.c.grid.in_([grid, -1]))
            wanted = wanted.where(p.code.in_(here))
        same = (p.code, p.kind, p.agency, p.shift, b.shift, b.lon, b.lat)
        with reading(self._engine) as connection:
            names = dict(connection.execute(select(p.code, p.name)).all())
            rows = connection.execute(
                wanted.group_by(*same).order_by(p.code).limit(LISTED)
            ).mappings()
            found = [{**row, "name": names[row["code"]]} for row in rows]
            s = r.post_skills.c
            can: dict[str, list[str]] = {}
            for post, skill in connection.execute(select(s.post, s.skill).order_by(s.skill)):
                can.setdefault(post, []).append(skill)
        return [{**row, "skills": can.get(row["code"], [])} for row in found]

    def all(self) -> list[dict[str, Any]]:
        """Give every post with its grids, by code."""
        with reading(self._engine) as connection:
            posts = connection.execute(select(t.posts).order_by(t.posts.c.code)).mappings()
            made = {post["code"]: {**post, "grids": []} for post in posts}
            for row in connection.execute(select(t.post_grids).order_by(t.post_grids.c.grid)):
                made[row.post]["grids"].append(row.grid)
            return list(made.values())

    def post_for(self, kind: str, grid: int, at_ms: int, *, zone: str) -> str | None:
        """Name the post of a kind to send to a grid now; see `choose`."""
        with reading(self._engine) as connection:
            return choose(connection, kind, grid, at_ms, ZoneInfo(zone))


def choose(connection: Connection, kind: str, grid: int, at_ms: int, zone: ZoneInfo) -> str | None:
    """Pick who is on shift with the fewest open cases; None where nobody is.

    The slow and clear way, which knows nothing of leave or distance; the desk asks
    `borough.storage.sql.dispatch`.

    First among the posts of the grid and those for the whole district, else among the other
    posts of their agencies.
    """
    home = connection.execute(_AT_HOME, {"kind": kind, "grid": grid}).all()
    local = datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(zone)
    now = local.hour * 60 + local.minute
    ready = [row.code for row in home if on_shift(row.shift, now)]
    if home and not ready:
        near = {"kind": kind, "agencies": sorted({row.agency for row in home})}
        ready = [row.code for row in connection.execute(_NEAR, near) if on_shift(row.shift, now)]
    return _least_busy(connection, ready)


def _least_busy(connection: Connection, ready: Sequence[str]) -> str | None:
    if len(ready) < 2:  # noqa: PLR2004 - nothing to compare
        return ready[0] if ready else None
    load = {row[0]: row[1] for row in connection.execute(_BUSY, {"posts": ready})}
    return min(ready, key=lambda code: (load.get(code, 0), code))


def minutes(shift: str) -> tuple[int, int]:
    """Read a shift as minutes of the day; `ValueError` where it is none.

    >>> minutes("08:00-20:30")
    (480, 1230)
    """
    if not shift:
        return 0, DAY_MIN
    start, end = shift.split("-")
    return _minute(start), _minute(end)


def _minute(clock: str) -> int:
    hour, minute = (int(part) for part in clock.split(":"))
    if not (0 <= minute < 60 and 0 <= hour * 60 + minute <= DAY_MIN):  # noqa: PLR2004 - minutes of an hour
        raise ValueError(clock)
    return hour * 60 + minute


def on_shift(shift: str, now_min: int) -> bool:
    """Tell whether a shift covers a minute of the day; one may pass midnight.

    >>> on_shift("22:00-06:00", 60), on_shift("22:00-06:00", 720), on_shift("", 720)
    (True, False, True)
    """
    start, end = minutes(shift)
    return start <= now_min < end if start < end else now_min >= start or now_min < end
