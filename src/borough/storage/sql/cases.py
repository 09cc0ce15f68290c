"""Cases in SQL: people move them along their plan, and every step is in the log."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from threading import Lock
from time import monotonic
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine, case as when, func, select

from borough.core import loop, moves as core
from borough.core.cases import ARRIVES, OUTCOMES, Case, Event, Plan
from borough.core.errors import Stale
from borough.core.people import Within
from borough.core.standards import Standard
from borough.storage.sql import tables as t, tasks
from borough.storage.sql.accounts_bounds import inside
from borough.storage.sql.bundles import Together, bundling
from borough.storage.sql.caselog import begun, case_of, entries, faults, found, written
from borough.storage.sql.counting import raised
from borough.storage.sql.detections import label
from borough.storage.sql.engines import reading, writing
from borough.storage.sql.errands import differing
from borough.storage.sql.paging import page
from borough.storage.sql.posts import SqlPosts, choose

LONG_S, KEPT = 0.25, 10
"""Counts that took longer than this are kept that many times as long, so that a page which asks
for them again and again cannot take more than a tenth of a core."""
DESK = "desk"
"""Who acts where no person does."""
SIGNS = frozenset({"joined", "level"})
"""Verbs by which a case hears of a detection, and nothing else."""
Make = Callable[[Case], Event]
"""Decides what happens to a case as it is now."""
Rows = Callable[[str, str, int], tuple[Standard, str]]
"""Finds a row by its id, for an event and a grid, and the agency responsible there."""
Follow = Callable[[Connection, Case, Event], Case]
"""Does what follows from an event of a case, in its transaction, and gives the case after it."""


class SqlCases:
    """The district's cases.

    ``prefix`` begins their codes and ``zone`` decides the day in them: ``YB-20240710-000123``.
    With ``posts``, a case that comes to a step is given to a post of the step's holder; each of
    ``follow`` in turn does what else an event brings with it, and of ``unmoved`` where a sign
    changes no level, to which most that follows is blind; ``rows`` finds a row of the standards.
    ``together`` is as in `SqlDesk`.

    Whoever changes a case says which version of it they saw: `Stale` is raised where it is not
    the present one, so that of two who act at once one wins and the other is told.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        prefix: str = "CASE",
        zone: str = "UTC",
        posts: SqlPosts | None = None,
        follow: Sequence[Follow] = (),
        unmoved: Sequence[Follow] | None = None,
        rows: Rows | None = None,
        together: Together = bundling,
    ) -> None:
        self._engine = engine
        self._prefix = prefix
        self._zone = ZoneInfo(zone)
        self._assigns = posts is not None
        self._follow = tuple(follow)
        self._unmoved = self._follow if unmoved is None else tuple(unmoved)
        self._rows = rows
        self._together = together
        self._counting = Lock()
        self._counted: dict[str, dict[str, Any]] = {}
        self._recount = 0.0

    def one(self, case: int | str) -> Case:
        """Give a case by id or by code; or `NotFound`."""
        with reading(self._engine) as connection:
            return found(connection, case)

    def events(self, case: int) -> list[Event]:
        """Give the log of a case, oldest first; empty where there is no such case."""
        with reading(self._engine) as connection:
            return [event for event, _, _ in entries(connection, case)]

    def verify(self, case: int) -> list[str]:
        """Say what is wrong with a case's log or row; empty where all of it holds."""
        with reading(self._engine) as connection:
            log = [event for event, _, _ in entries(connection, case)]
            wrong = faults(connection, case) or differing(connection, case, log)
            return wrong or tasks.differing(connection, case, log)

    def find(
        self,
        *,
        scene: str = "",
        thing: int | None = None,
        grid: int | None = None,
        step: str = "",
        post: str = "",
        holder: str = "",
        outcome: str = "",
        open_only: bool = False,
        late_at_ms: int | None = None,
        before: int = 0,
        limit: int = 100,
        within: Within = (),
    ) -> list[Case]:
        """Give the cases that fit, newest first; go on with ``before`` the last id given."""
        c = t.cases.c
        chosen = select(t.cases).order_by(c.id.desc()).limit(page(limit)).where(inside(within))
        exact = {c.scene: scene, c.step: step, c.post: post, c.holder: holder, c.outcome: outcome}
        for column, value in exact.items():
            if value:
                chosen = chosen.where(column == value)
        for place, number in ((c.thing, thing), (c.grid, grid)):
            if number is not None:
                chosen = chosen.where(place == number)
        if open_only or late_at_ms is not None:
            chosen = chosen.where(c.closed_ms.is_(None))
        if late_at_ms is not None:
            chosen = chosen.where(c.due_ms < late_at_ms)
        if before:
            chosen = chosen.where(c.id < before)
        with reading(self._engine) as connection:
            return [case_of(row) for row in connection.execute(chosen).mappings()]

    def stats(self) -> dict[str, dict[str, Any]]:
        """Count cases and outcomes for each scene; ``precision`` is true / (true + false).

        It is None where no case of the scene was closed as either.  Counting takes two seconds
        where there are a million cases: what took long is told for ten times as long again.
        """
        with self._counting:
            began = monotonic()
            if began >= self._recount:
                self._counted = self._stats()
                took = monotonic() - began
                self._recount = monotonic() + (KEPT * took if took > LONG_S else 0.0)
            return self._counted

    def _stats(self) -> dict[str, dict[str, Any]]:
        c = t.cases.c
        counted = {
            "cases": func.count(),
            "open": _how_many(c.closed_ms.is_(None)),
            **{each: _how_many(c.outcome == each) for each in OUTCOMES},
            "late": _how_many(c.late > 0),
            "returned": _how_many(c.returned > 0),
        }
        chosen = select(c.scene, *(each.label(name) for name, each in counted.items()))
        stats: dict[str, dict[str, Any]] = {}
        with reading(self._engine) as connection:
            for row in connection.execute(chosen.group_by(c.scene).order_by(c.scene)).mappings():
                told = {name: int(row[name]) for name in counted}
                judged = told["true"] + told["false"]
                precision = told["true"] / judged if judged else None
                stats[row["scene"]] = told | {"precision": precision}
        return stats

    def act(self, case: int | str, make: Make, *, at_ms: int, expected_version: int | None) -> Case:
        """Do to a case, by id or by code, what *make* says of it, with all that follows.

        *expected_version* None is any.  A suspension whose day has come is over before.  Raises
        `Stale`, `NotFound` or whatever *make* raises, and then nothing has changed.
        """
        with writing(self._engine, ahead=True) as connection, self._together(connection):
            now = found(connection, case)
            if expected_version is not None and now.version != expected_version:
                msg = f"case {now.code} is at version {now.version}, and you saw {expected_version}"
                raise Stale(msg)
            if now.suspended_to_ms is not None and at_ms >= now.suspended_to_ms:
                now = self.wrote(connection, now, loop.resuming(now, None, at_ms=at_ms, by=DESK))
            return self.wrote(connection, now, make(now))

    def move(
        self, case: int, to: str, *, plan: Plan, at_ms: int, expected_version: int, **told: Any
    ) -> Case:
        """Take a case to another step of its plan; to ``closed`` with an outcome.

        *told* is as in `core.moves.moving`.  Raises `Stale`, `IllegalMove`, `BadRequest` or
        `NotFound`, and then nothing has changed.
        """

        def make(now: Case) -> Event:
            return core.moving(now, plan, to, at_ms=at_ms, **told)

        return self.act(case, make, at_ms=at_ms, expected_version=expected_version)

    def close(
        self, case: int, outcome: str, *, plan: Plan, at_ms: int, expected_version: int, **told: Any
    ) -> Case:
        """End a case as ``true``, ``false`` or ``duplicate``; its detections are labelled so."""

        def make(now: Case) -> Event:
            return core.closing(now, plan, outcome, at_ms=at_ms, **told)

        return self.act(case, make, at_ms=at_ms, expected_version=expected_version)

    def assign(self, case: int, post: str, *, by: str, at_ms: int, expected_version: int) -> Case:
        """Give the step of a case to a post; an empty *post* takes it back."""

        def make(now: Case) -> Event:
            return core.assigning(now, post, at_ms=at_ms, by=by)

        return self.act(case, make, at_ms=at_ms, expected_version=expected_version)

    def note(self, case: int, text: str, *, by: str, at_ms: int) -> Case:
        """Write a remark into a case's log."""

        def make(now: Case) -> Event:
            return core.noting(now, text, at_ms=at_ms, by=by)

        return self.act(case, make, at_ms=at_ms, expected_version=None)

    def report(self, plan: Plan, **told: Any) -> Case:
        """Open a case that somebody reports; see `opened`."""
        with writing(self._engine) as connection, self._together(connection):
            return self.opened(connection, plan, **told)

    def opened(self, connection: Connection, plan: Plan, **told: Any) -> Case:
        """Open a case in a transaction that is open already; see `core.moves.opening`.

        Where a ``standard`` is told, its row is chosen at once and kept in the log.
        """
        day = datetime.fromtimestamp(told["at_ms"] / 1000, UTC).astimezone(self._zone)
        number = raised(connection, f"case-{day:%Y%m%d}")
        code = f"{self._prefix}-{day:%Y%m%d}-{number:06d}"
        standard = told.pop("standard", "") if self._rows else ""
        event = core.opening(plan, code=code, **{"by": DESK, **told})
        case = begun(connection, event)
        if self._rows and standard:
            row, agency = self._rows(standard, case.event, case.grid)
            chosen = loop.standardising(case, plan, row, agency, at_ms=event.at_ms, by=event.actor)
            case = written(connection, case, chosen)
        case = self._given(connection, case, event.at_ms)
        return _followed(self._follow, connection, case, event)

    def wrote(self, connection: Connection, case: Case, event: Event) -> Case:
        """Write an event in a transaction that is open already, with all that follows from it."""
        after = written(connection, case, event)
        if after.outcome != case.outcome:
            label(connection, case.id, after.outcome if after.outcome in OUTCOMES else "")
        if event.verb in ARRIVES:
            after = self._given(connection, after, event.at_ms)
        still = (after.level, after.worst) == (case.level, case.worst)
        which = self._unmoved if event.verb in SIGNS and still else self._follow
        return _followed(which, connection, after, event)

    def _given(self, connection: Connection, case: Case, at_ms: int) -> Case:
        if not self._assigns:
            return case
        post = choose(connection, case.holder, case.grid, at_ms, self._zone)
        if post is None:
            return case
        return self.wrote(connection, case, core.assigning(case, post, at_ms=at_ms, by=DESK))


def _followed(which: Sequence[Follow], connection: Connection, case: Case, event: Event) -> Case:
    for follow in which:
        case = follow(connection, case, event)
    return case


def _how_many(condition: Any) -> Any:
    return func.sum(when((condition, 1), else_=0))
