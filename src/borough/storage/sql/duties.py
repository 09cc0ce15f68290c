"""Who is on duty, read from what the roster laid out."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Select, bindparam, func, select

from borough.core.deadlines import DAY_MS
from borough.core.errors import CalendarHole, NotFound, OffShift
from borough.storage.sql import roster_tables as r, tables as t

EVERYWHERE = -1
"""Stands among the grids of a post that looks after the whole district."""

Duty = Mapping[str, Any]
"""A duty of a moment; asked so often that a plain mapping pays."""
_D, _P, _G, _DAYS = r.duties.c, t.posts.c, t.post_grids.c, r.roster_days.c
_B = r.post_bases.c
_SPAN_MS = 2 * DAY_MS
"""No duty is longer: it ends on the day after the one on which it begins."""
_NOW = (
    _D.from_ms <= bindparam("at"),
    _D.from_ms > bindparam("at", type_=t.Int64) - _SPAN_MS,
    _D.to_ms > bindparam("at"),
)
_NEAR = _D.day.in_(
    select(_DAYS.day).where(
        _DAYS.to_ms > bindparam("at", type_=t.Int64) - _SPAN_MS,
        _DAYS.from_ms < bindparam("at", type_=t.Int64) + _SPAN_MS,
    )
)
"""Rosters are kept for years; what is on, begins or ends next belongs to a day near by."""
_HERE = (
    select(_D.post)
    .join(t.posts, _P.code == _D.covers)
    .join(t.post_grids, _G.post == _D.covers)
    .where(_P.kind == bindparam("kind"), _G.grid.in_([bindparam("grid"), EVERYWHERE]), *_NOW)
    .group_by(_D.post)
    .order_by(func.max(_G.grid).desc(), _D.post)
)
_SKILLED = _HERE.where(
    _D.post.in_(
        select(r.post_skills.c.post)
        .where(r.post_skills.c.skill.in_(bindparam("skills", expanding=True)))
        .group_by(r.post_skills.c.post)
        .having(func.count() == bindparam("many"))
    )
)
_ANYWHERE = (
    select(_D.post, _P.kind, _P.agency, _D.covers, _D.from_ms, _D.to_ms, _D.why)
    .add_columns(_B.lon, _B.lat, _B.seen_lon, _B.seen_lat, _B.seen_ms)
    .join(t.posts, _P.code == _D.covers)
    .join(r.post_bases, _B.post == _D.post, isouter=True)
    .where(*_NOW)
    .order_by(_D.post, _D.covers)
)
_ALL = _ANYWHERE.where(_NEAR)
_OF_KINDS = _ANYWHERE.where(_P.kind.in_(bindparam("kinds", expanding=True)))
_OF_GRID = _ANYWHERE.where(
    _P.kind == bindparam("kind"), _D.post.in_(_HERE.order_by(None).correlate(None))
)
_OF_POST = select(_D.from_ms, _D.to_ms).where(_D.post == bindparam("post"), *_NOW).limit(1)
_NEXT = select(func.min(_D.from_ms)).where(
    _D.post == bindparam("post"), _D.from_ms > bindparam("at")
)
_BEGINS = select(func.min(_D.from_ms)).where(_D.from_ms > bindparam("at"), _NEAR)
_ENDS = select(func.min(_D.to_ms)).where(_D.to_ms > bindparam("at"), _NEAR)
_DAY = select(r.roster_days.c.day).where(
    r.roster_days.c.from_ms <= bindparam("at"), r.roster_days.c.to_ms > bindparam("at")
)
_SPAN = select(func.min(r.roster_days.c.day), func.max(r.roster_days.c.day))
"""Made once: building a statement costs more than running it."""


def on_duty(
    connection: Connection, kind: str, grid: int, at_ms: int, skills: Collection[str] = ()
) -> list[str]:
    """Name the posts of a kind that are on duty in a grid at a moment, and have all the skills.

    Those that look after this very grid come first, those for the whole district after them.
    It is empty where nobody is, also for a day that is not laid out; see `laid`.
    """
    asked = {"kind": kind, "grid": grid, "at": at_ms}
    if not skills:
        return list(connection.scalars(_HERE, asked))
    wanted = sorted(set(skills))
    return list(connection.scalars(_SKILLED, {**asked, "skills": wanted, "many": len(wanted)}))


def at_work(connection: Connection, at_ms: int, kinds: Collection[str] | None = None) -> list[Duty]:
    """Give every duty of a moment, of some kinds or of all: ``post, kind, agency, covers...``.

    Each has the base of its post, and where that was seen.
    """
    if kinds is None:
        return _duties(connection, _ALL, {"at": at_ms})
    return _duties(connection, _OF_KINDS, {"at": at_ms, "kinds": sorted(kinds)})


def at_work_in(connection: Connection, at_ms: int, kind: str, grid: int) -> list[Duty]:
    """Give all duties of a kind that those on duty in a grid have, as `at_work` does."""
    return _duties(connection, _OF_GRID, {"at": at_ms, "kind": kind, "grid": grid})


def _duties(connection: Connection, chosen: Select[Any], asked: Mapping[str, Any]) -> list[Duty]:
    found = connection.execute(chosen, asked)
    names = tuple(found.keys())
    return [dict(zip(names, row, strict=True)) for row in found.all()]


def next_change(connection: Connection, at_ms: int) -> int:
    """Say until when, at the least, the same are on duty as at a moment (ms).

    Of days further away it knows nothing, so it is never more than a day.
    """
    ends = [connection.scalar(each, {"at": at_ms}) for each in (_BEGINS, _ENDS)]
    known = [int(each) for each in ends if each is not None]
    return min(*known, at_ms + DAY_MS) if known else at_ms + 1


def laid(connection: Connection, at_ms: int, zone: ZoneInfo) -> None:
    """Raise `CalendarHole`, naming the day, where no roster is laid out for a moment."""
    if connection.scalar(_DAY, {"at": at_ms}) is not None:
        return
    first, last = connection.execute(_SPAN).one()
    span = f"it is laid out from {first} to {last}" if first else "none is laid out yet"
    msg = f"at: there is no roster for {local(at_ms, zone):%Y-%m-%d}; {span}"
    raise CalendarHole(msg)


def check(connection: Connection, post: str, at_ms: int, zone: ZoneInfo) -> None:
    """Raise where a post cannot be given anything now.

    `NotFound` for one that there is not, `CalendarHole` where no roster is laid out, and
    `OffShift`, naming post and shift, where it is not its time.
    """
    about = connection.execute(_ABOUT, {"post": post}).mappings().one_or_none()
    if about is None:
        msg = f"post: there is no {post!r}"
        raise NotFound(msg)
    if connection.execute(_OF_POST, {"post": post, "at": at_ms}).first():
        return
    laid(connection, at_ms, zone)
    away = connection.execute(_AWAY, {"post": post, "at": at_ms}).scalar()
    after = connection.scalar(_NEXT, {"post": post, "at": at_ms})
    shift = f"{about['code'] or 'its own'} {about['shift'] or '00:00-24:00'}"
    why = f"it is on leave until {local(away, zone):%m-%d %H:%M}" if away else f"shift {shift}"
    then = f"; next on duty {local(after, zone):%m-%d %H:%M}" if after else ""
    msg = f"post: {post} is off shift at {local(at_ms, zone):%m-%d %H:%M} ({why}){then}"
    raise OffShift(msg)


_ABOUT = (
    select(_P.shift, r.post_bases.c.shift.label("code"))
    .join(r.post_bases, r.post_bases.c.post == _P.code, isouter=True)
    .where(_P.code == bindparam("post"))
)
_L = r.leaves.c
_AWAY = select(func.max(_L.to_ms)).where(
    _L.post == bindparam("post"),
    _L.from_ms <= bindparam("at"),
    _L.to_ms > bindparam("at"),
    _L.ended_ms.is_(None),
)


def local(at_ms: Any, zone: ZoneInfo) -> datetime:
    """Give a moment in the district's own time."""
    return datetime.fromtimestamp(int(at_ms) / 1000, UTC).astimezone(zone)
