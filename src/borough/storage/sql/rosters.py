"""Rosters in SQL: shifts, changes and leave, and the duties that come of them day by day."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine, bindparam, delete, select

from borough.core.deadlines import WorkCalendar, moment
from borough.core.errors import BadRequest, NotFound
from borough.core.rosters import Change, Leave, Shift, day_at, duties
from borough.storage.sql import roster_tables as r, tables as t
from borough.storage.sql.bundles import kept
from borough.storage.sql.counting import raised, upsert
from borough.storage.sql.duties import laid, on_duty
from borough.storage.sql.engines import glancing, reading, writing
from borough.storage.sql.musters import changed

AHEAD_DAYS = 7
"""How many days are laid out beyond the present one."""
KEY = ("day", "post")
SAID = ("day", "post", "shift", "worker", "why")
LONGEST_DAYS = 400
"""The longest leave; a longer one is another post."""
_DAY_OF = select(r.roster_days.c.day).where(
    r.roster_days.c.from_ms <= bindparam("at"), r.roster_days.c.to_ms > bindparam("at")
)
_LAID = select(r.roster_days.c.day).where(
    r.roster_days.c.day.in_(bindparam("days", expanding=True))
)
"""Made once: building a statement costs more than running it."""


class SqlRosters:
    """Who is on duty when; *calendar* tells on which days offices are open.

    Whatever changes the roster lays out anew the days that it touches, in its transaction.
    """

    def __init__(self, engine: Engine, *, zone: str, calendar: WorkCalendar | None = None) -> None:
        self._engine = engine
        self.zone = ZoneInfo(zone)
        self._calendar = calendar
        self._there: tuple[date, int] | None = None

    def ready(self, connection: Connection, at_ms: int, ahead: int = AHEAD_DAYS) -> None:
        """Lay out what is missing from the day before a moment to some days after it."""
        if (at_ms, ahead) in kept(connection, r.roster_days):
            return
        first = day_at(at_ms, self.zone) - timedelta(days=1)
        if (first, ahead) == self._there or (first, ahead) in kept(connection, r.roster_days):
            return
        wanted = [first + timedelta(days=number) for number in range(ahead + 2)]
        asked = {"days": [str(day) for day in wanted]}
        known = set(connection.scalars(_LAID, asked))
        missing = [day for day in wanted if str(day) not in known]
        if missing:
            self._lay(connection, missing)
        done = kept(connection, r.roster_days)
        done[first, ahead] = done[at_ms, ahead] = True

    def keep_ready(self, at_ms: int, ahead: int = AHEAD_DAYS) -> None:
        """Do what `ready` says, in a transaction of its own where there is something to do.

        What is there then is not asked for again by each move of that day.
        """
        today = day_at(at_ms, self.zone)
        last = moment(today + timedelta(days=ahead), 12 * 60, self.zone)
        with glancing(self._engine) as connection:
            there = connection.scalar(_DAY_OF, {"at": last})
        if not there:
            self._there = None
            with writing(self._engine) as connection:
                self.ready(connection, at_ms, ahead)
        self._there = today - timedelta(days=1), ahead

    def on_duty(self, kind: str, grid: int, at_ms: int, skills: Collection[str] = ()) -> list[str]:
        """Do what `duties.on_duty` says; `CalendarHole` for a day that is not laid out."""
        with reading(self._engine) as connection:
            found = on_duty(connection, kind, grid, at_ms, skills)
            if not found:
                laid(connection, at_ms, self.zone)
            return found

    def change(
        self, rows: Sequence[Mapping[str, Any]], *, by: str, at_ms: int
    ) -> list[dict[str, Any]]:
        """Say for days and posts what is otherwise; all of it, or nothing.

        Each row has ``day`` (ISO), ``post``, ``shift`` (a code, or empty for none), and perhaps
        ``worker`` who works it and ``why``.  Two who swap are two rows.  Raises `BadRequest`,
        naming row and field.
        """
        with writing(self._engine) as connection:
            known, shifts = _posts(connection), self._shifts(connection)
            made = [_numbered(number, row, known, shifts) for number, row in enumerate(rows, 1)]
            self._put(connection, made, by=by, at_ms=at_ms)
            return made

    def put(self, connection: Connection, row: Mapping[str, Any], *, by: str, at_ms: int) -> bool:
        """Do the same for one row in a transaction that is open already; say if it was news."""
        made = _change(row, _posts(connection), self._shifts(connection))
        c = r.roster_changes.c
        there = select(*(c[name] for name in SAID)).where(
            c.day == made["day"], c.post == made["post"]
        )
        found = connection.execute(there).mappings().one_or_none()
        if found and dict(found) == made:
            return False
        self._put(connection, [made], by=by, at_ms=at_ms)
        return True

    def _put(
        self, connection: Connection, rows: Sequence[Mapping[str, Any]], *, by: str, at_ms: int
    ) -> None:
        for each in rows:
            row = {**each, "by": by, "at_ms": at_ms}
            fresh = {name: row[name] for name in row if name not in KEY}
            kept = upsert(connection, r.roster_changes).values(row)
            connection.execute(kept.on_conflict_do_update(index_elements=[*KEY], set_=fresh))
        self._anew(connection, {each["day"] for each in rows}, {each["post"] for each in rows})

    def leave(
        self, connection: Connection, post: str, from_ms: int, to_ms: int, *,
        why: str, by: str, at_ms: int, stand_in: str = "",
    ) -> int:  # fmt: skip
        """Give a post leave, in a transaction that is open already; it holds at once.

        Raises `NotFound` or `BadRequest`, naming the field.  Gives the number of the leave.
        """
        known = _posts(connection)
        wrong = {
            f"post: there is no {post!r}": post not in known,
            f"stand_in: there is no {stand_in!r}": bool(stand_in) and stand_in not in known,
            f"stand_in: {post} cannot stand in for itself": stand_in == post,
            "to: it must be after from": to_ms <= from_ms,
            f"to: leave lasts {LONGEST_DAYS} days at most": (
                to_ms - from_ms > LONGEST_DAYS * 86_400_000
            ),
            "why: say why": not why.strip(),
        }
        for says, it_is in wrong.items():
            if it_is:
                raise (NotFound if says.startswith("post") else BadRequest)(says)
        number = raised(connection, "leave")
        row = {"id": number, "post": post, "from_ms": from_ms, "to_ms": to_ms, "why": why}
        row |= {"stand_in": stand_in, "by": by, "at_ms": at_ms, "ended_ms": None}
        connection.execute(r.leaves.insert(), row)
        self._anew(connection, self._met(connection, from_ms, to_ms), None, {post})
        return number

    def same_leave(self, connection: Connection, post: str, from_ms: int, to_ms: int) -> int | None:
        """Give the number of a leave of just this span that still stands, if there is one."""
        c = r.leaves.c
        wanted = select(c.id).where(c.post == post, c.from_ms == from_ms, c.to_ms == to_ms)
        return connection.scalar(wanted.where(c.ended_ms.is_(None)).limit(1))

    def end_leave(self, number: int, *, at_ms: int) -> dict[str, Any]:
        """Take leave back from a moment on; `NotFound` where it is over, or there is none."""
        c = r.leaves.c
        with writing(self._engine) as connection:
            still = select(r.leaves).where(c.id == number, c.ended_ms.is_(None), c.to_ms > at_ms)
            row = connection.execute(still).mappings().one_or_none()
            if row is None:
                msg = f"leave: there is none of number {number} that still runs"
                raise NotFound(msg)
            ends = max(at_ms, row["from_ms"])
            change = {"to_ms": ends} if ends > row["from_ms"] else {"ended_ms": at_ms}
            connection.execute(r.leaves.update().where(c.id == number).values(change))
            days = self._met(connection, row["from_ms"], row["to_ms"])
            self._anew(connection, days, None, {row["post"]})
            return dict(row) | change

    def leaves(self, since_ms: int) -> list[dict[str, Any]]:
        """Give the leave that is not over at a moment, by when it begins."""
        c = r.leaves.c
        wanted = select(r.leaves).where(c.to_ms > since_ms, c.ended_ms.is_(None))
        with reading(self._engine) as connection:
            return [dict(row) for row in connection.execute(wanted.order_by(c.from_ms)).mappings()]

    def own(self, post: str, since_ms: int) -> dict[str, list[dict[str, Any]]]:
        """Give what is laid out of one post's duties from a moment on, and its leave without why.

        An unknown post has neither.
        """
        d, leave = r.duties.c, r.leaves.c
        chosen = select(d.day, d.from_ms, d.to_ms, d.covers)
        chosen = chosen.where(d.post == post, d.to_ms > since_ms).order_by(d.from_ms, d.covers)
        away = select(leave.from_ms, leave.to_ms, leave.stand_in).order_by(leave.from_ms)
        away = away.where(leave.post == post, leave.to_ms > since_ms, leave.ended_ms.is_(None))
        with reading(self._engine) as connection:
            return {
                "duties": [dict(row) for row in connection.execute(chosen).mappings()],
                "leaves": [dict(row) for row in connection.execute(away).mappings()],
            }

    def shifts(self) -> list[dict[str, Any]]:
        """Give the shifts, by code."""
        with reading(self._engine) as connection:
            rows = connection.execute(select(r.shifts).order_by(r.shifts.c.code)).mappings()
            return [dict(row) for row in rows]

    def plan(self, day: date, kind: str = "") -> list[dict[str, Any]]:
        """Give the duties of a day, by post; `CalendarHole` where it is not laid out."""
        c, p = r.duties.c, t.posts.c
        wanted = select(r.duties, p.kind, p.agency).join(t.posts, p.code == c.covers)
        wanted = wanted.where(c.day == str(day)).order_by(c.post, c.from_ms)
        with reading(self._engine) as connection:
            laid(connection, moment(day, 12 * 60, self.zone), self.zone)
            chosen = wanted.where(p.kind == kind) if kind else wanted
            return [dict(row) for row in connection.execute(chosen).mappings()]

    def _met(self, connection: Connection, from_ms: int, to_ms: int) -> set[str]:
        """Give the days laid out whose duties may meet a span; a night begins the day before."""
        c = r.roster_days.c
        met = select(c.day).where(c.from_ms < to_ms, c.to_ms > from_ms - 86_400_000)
        return set(connection.scalars(met))

    def _anew(
        self, connection: Connection, days: Iterable[str], posts: Collection[str] | None,
        workers: Collection[str] = (),
    ) -> None:  # fmt: skip
        """Lay out again those of *days* that are laid out, for some posts only.

        With *workers*, for all posts whose duties these may work.
        """
        c, d = r.roster_days.c, r.duties.c
        there = set(connection.scalars(select(c.day).where(c.day.in_(sorted(days)))))
        if not there:
            return
        if posts is None:
            worked = select(d.covers).where(d.day.in_(sorted(there)), d.post.in_(sorted(workers)))
            swapped = select(r.roster_changes.c.post).where(
                r.roster_changes.c.day.in_(sorted(there)),
                r.roster_changes.c.worker.in_(sorted(workers)),
            )
            away = select(r.leaves.c.post).where(r.leaves.c.stand_in.in_(sorted(workers)))
            posts = {*workers, *connection.scalars(worked), *connection.scalars(swapped)}
            posts |= set(connection.scalars(away))
        self._lay(connection, [date.fromisoformat(day) for day in there], posts)

    def _lay(
        self, connection: Connection, days: Sequence[date], posts: Collection[str] | None = None
    ) -> None:
        """Write the duties of days, of some posts or of all, in place of what was there."""
        shifts = self._shifts(connection)
        usual = _usual(connection, shifts, posts)
        leaves = [Leave(*row) for row in connection.execute(_LEAVES)]
        for day in days:
            c = r.roster_changes.c
            said = connection.execute(select(c.post, c.shift, c.worker).where(c.day == str(day)))
            changes = {
                row.post: Change(row.post, shifts.get(row.shift), row.worker) for row in said
            }
            made = duties(day, usual, changes, leaves, zone=self.zone, calendar=self._calendar)
            gone = delete(r.duties).where(r.duties.c.day == str(day))
            if posts is not None:
                gone = gone.where(r.duties.c.covers.in_(sorted(posts)))
            connection.execute(gone)
            rows = [
                {"covers": each.covers, "post": each.post, "from_ms": each.from_ms}
                | {"to_ms": each.to_ms, "why": each.why, "day": str(day)}
                for each in made
            ]
            if rows:
                connection.execute(r.duties.insert(), rows)
            if posts is None:
                known = self._calendar is None or day.year in self._calendar.years
                start, end = (moment(day + timedelta(days=n), 0, self.zone) for n in (0, 1))
                about = {"day": str(day), "from_ms": start, "to_ms": end, "sure": known}
                connection.execute(r.roster_days.insert(), about)
        changed(connection)

    def _shifts(self, connection: Connection) -> dict[str, Shift]:
        rows = connection.execute(select(r.shifts))
        return {row.code: Shift(row.code, row.start_min, row.end_min, row.days) for row in rows}


_LEAVES = select(r.leaves.c.post, r.leaves.c.from_ms, r.leaves.c.to_ms, r.leaves.c.stand_in).where(
    r.leaves.c.ended_ms.is_(None)
)
_USUAL = (
    select(t.posts.c.code, t.posts.c.shift, r.post_bases.c.shift.label("named"))
    .join(r.post_bases, r.post_bases.c.post == t.posts.c.code, isouter=True)
    .order_by(t.posts.c.code)
)
_SOME = _USUAL.where(t.posts.c.code.in_(bindparam("codes", expanding=True)))


def _usual(
    connection: Connection, shifts: Mapping[str, Shift], posts: Collection[str] | None
) -> dict[str, Shift | None]:
    rows = connection.execute(_USUAL if posts is None else _SOME, {"codes": sorted(posts or ())})
    return {row.code: shifts.get(row.named or "") or Shift.read(row.shift) for row in rows}


def _posts(connection: Connection) -> set[str]:
    return set(connection.scalars(select(t.posts.c.code)))


def _numbered(
    number: int, row: Mapping[str, Any], posts: Collection[str], shifts: Collection[str]
) -> dict[str, Any]:
    """Check one row of several, which is named with its number where it is at fault."""
    try:
        return _change(row, posts, shifts)
    except BadRequest as error:
        msg = f"row {number}: {error}"
        raise BadRequest(msg) from error


def _change(
    row: Mapping[str, Any], posts: Collection[str], shifts: Collection[str]
) -> dict[str, Any]:
    """Check one row of changes."""
    said = {name: str(row.get(name) or "").strip() for name in ("day", "post", "shift", "worker")}
    try:
        said["day"] = str(date.fromisoformat(said["day"]))
    except ValueError as error:
        msg = f"day: must be like 2024-07-10, not {said['day']!r}"
        raise BadRequest(msg) from error
    for name, known in (("post", posts), ("shift", shifts), ("worker", posts)):
        if (said[name] or name == "post") and said[name] not in known:
            msg = f"{name}: there is no {said[name]!r}"
            raise BadRequest(msg)
    return {**said, "why": str(row.get("why") or "").strip()}
