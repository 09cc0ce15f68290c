"""Timers in SQL: what runs out is noted once, in order, however often the desk is killed."""

import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, bindparam, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from borough.core.cases import Case
from borough.core.errors import BoroughError, Stale
from borough.storage.sql.bundles import bundle_of, bundling, later
from borough.storage.sql.caselog import found, looked_up
from borough.storage.sql.engines import reading, writing
from borough.storage.sql.timer_table import timers as table

log = logging.getLogger(__name__)
AGAIN_MS = 60_000
"""After how long a timer is tried again whose work could not be done, district time."""


Key = tuple[int, str, str]


@dataclass(frozen=True, slots=True)
class Timer:
    """Something on a case that runs out at ``due_ms``; ``case`` 0 is none.

    ``kind`` says what happens then, and ``ref`` to what on the case.  Where a limit is behind it,
    it is over at ``until_ms`` and ``length_ms`` long, in working time or in all time.
    """

    case: int
    kind: str
    ref: str
    due_ms: int | None
    until_ms: int = 0
    length_ms: int = 0
    at_work: bool = False

    @property
    def key(self) -> Key:
        """What it is known by among all timers."""
        return self.case, self.kind, self.ref


class _Rung:
    """What a bundle knows of the timers that it fires, and which of them were moved meanwhile."""

    tables: frozenset[str] = frozenset()

    def __init__(self) -> None:
        self.known: dict[Key, Timer] = {}
        self.moved: set[Key] = set()

    def set(self, timer: Timer) -> None:
        """Note that one was set."""
        was = self.known.get(timer.key)
        if was and (was.due_ms, was.until_ms) != (timer.due_ms, timer.until_ms):
            self.moved.add(timer.key)
            self.known[timer.key] = timer

    def drop(self, case: int, kind: str | None, ref: str | None) -> None:
        """Note that some were dropped."""
        gone = [
            key
            for key in self.known
            if key[0] == case and kind in {None, key[1]} and ref in {None, key[2]}
        ]
        self.moved.update(gone)
        for key in gone:
            del self.known[key]

    def waits(self) -> bool:
        """Nothing of it has to be written."""
        return False

    def settle(self, connection: Connection) -> None:
        """Nothing of it has to be written."""

    def forget(self) -> None:
        """Nobody else changes timers."""


def _rung(connection: Connection) -> _Rung | None:
    bundle = bundle_of(connection)
    return bundle.part(_Rung) if bundle else None


Fire = Callable[[Connection, Case | None, Timer, int], Case | None]
"""Does what follows when a timer of a kind runs out, in its transaction, at a moment (ms).

It is given the case, or None for case 0, and gives the case after it, None where nothing changed.
"""

_C = table.c
_MINE = (_C.case_id == bindparam("of_case"), _C.kind == bindparam("of_kind"))
_ONE = (*_MINE, _C.ref == bindparam("of_ref"))
_SETTING = {
    name: adding.on_conflict_do_update(
        index_elements=["case_id", "kind", "ref"],
        set_={
            each: getattr(adding.excluded, each)
            for each in ("due_ms", "until_ms", "length_ms", "at_work", "fired_ms")
        },
        where=_C.due_ms.is_distinct_from(adding.excluded.due_ms)
        | (_C.until_ms != adding.excluded.until_ms),
    )
    for name, adding in (("sqlite", sqlite_insert(table)), ("postgresql", postgresql_insert(table)))
}
_TIMER = (_C.case_id, _C.kind, _C.ref, _C.due_ms, _C.until_ms, _C.length_ms, _C.at_work)
_DUE = (
    select(*_TIMER)
    .where(_C.fired_ms.is_(None), _C.due_ms <= bindparam("now"))
    .order_by(_C.due_ms, _C.case_id, _C.kind, _C.ref)
    .limit(bindparam("most"))
)
_DUE_OF = _DUE.where(_C.kind.in_(bindparam("kinds", expanding=True)))
_OF_CASE = select(*_TIMER).where(
    _C.case_id == bindparam("of_case"), _C.fired_ms.is_(None), _C.due_ms.is_not(None)
)
_KEPT = select(*_TIMER).where(*_ONE)
_FIRED = table.update().where(*_ONE, _C.fired_ms.is_(None)).values(fired_ms=bindparam("at_ms"))
_PUT_OFF = table.update().where(*_ONE).values(due_ms=bindparam("later_ms"), fired_ms=None)
_DROP_ONE = table.delete().where(*_ONE)
_DROP_KIND = table.delete().where(*_MINE)
_DROP_CASE = table.delete().where(_C.case_id == bindparam("of_case"))
"""Made once: building a statement costs more than running it."""


class SqlTimers:
    """Whatever runs out, in one table; ``fires`` says for each kind what happens then.

    Timers of a kind that nobody knows wait until somebody does.  Those that ran out are fired
    ``together`` in one bundle, or one by one, which is slower and leaves the same behind.
    """

    def __init__(
        self, engine: Engine, fires: Mapping[str, Fire] | None = None, *, together: bool = True
    ) -> None:
        self._engine = engine
        self._together = together
        self.fires: dict[str, Fire] = dict(fires or {})

    @staticmethod
    def set(
        connection: Connection, case: int, kind: str, ref: str, due_ms: int | None,
        *, until_ms: int = 0, length_ms: int = 0, at_work: bool = False,
    ) -> None:  # fmt: skip
        """Let something run out at a moment, in the transaction that decides so.

        What ran out already and is set to the same moment again stays so; to another moment it
        runs once more.  With no moment it stands still until it is set to one.
        """
        row = {
            "case_id": case, "kind": kind, "ref": ref, "due_ms": due_ms,
            "until_ms": until_ms, "length_ms": length_ms, "at_work": at_work, "fired_ms": None,
        }  # fmt: skip
        later(connection, table, _SETTING[connection.dialect.name], row)
        if rung := _rung(connection):
            rung.set(Timer(case, kind, ref, due_ms, until_ms, length_ms, at_work))

    @staticmethod
    def drop(
        connection: Connection, case: int, kind: str | None = None, ref: str | None = None
    ) -> None:
        """Forget timers of a case: one, all of a kind, or all."""
        which = {"of_case": case, "of_kind": kind, "of_ref": ref}
        if rung := _rung(connection):
            rung.drop(case, kind, ref)
        if kind is None:
            later(connection, table, _DROP_CASE, {"of_case": case})
        elif ref is None:
            later(connection, table, _DROP_KIND, {"of_case": case, "of_kind": kind})
        else:
            later(connection, table, _DROP_ONE, which)

    @staticmethod
    def due(
        connection: Connection, now_ms: int, limit: int, kinds: Collection[str] = ()
    ) -> list[Timer]:
        """Give what has run out and was not noted yet, the oldest first; of some kinds, or all."""
        asked = {"now": now_ms, "most": limit, "kinds": list(kinds)}
        return [Timer(*row) for row in connection.execute(_DUE_OF if kinds else _DUE, asked)]

    @staticmethod
    def of_case(connection: Connection, case: int) -> list[Timer]:
        """Give what still runs on a case."""
        return [Timer(*row) for row in connection.execute(_OF_CASE, {"of_case": case})]

    @staticmethod
    def one(connection: Connection, case: int, kind: str, ref: str) -> Timer | None:
        """Give a timer whether it runs, stands still or has run out; None where it was not set."""
        rung = _rung(connection)
        if rung and (case, kind, ref) in rung.known:
            return rung.known[case, kind, ref]
        row = connection.execute(_KEPT, {"of_case": case, "of_kind": kind, "of_ref": ref}).first()
        return Timer(*row) if row else None

    def fire(self, now_ms: int, limit: int = 200) -> list[Case]:
        """Do what follows of up to *limit* timers that have run out, in order; give the cases.

        Each is marked in the transaction of what it brought about.  What cannot be done is tried
        again a minute later, and holds up nothing else.
        """
        with reading(self._engine) as connection:
            if not self.fires or not self.due(connection, now_ms, 1, self.fires):
                return []
        tried: list[Timer] = []
        if self._together:
            try:
                return self._fired_together(now_ms, limit, tried)
            except Stale:  # another writer was faster; it may have been at any of them
                tried.clear()
            except BoroughError:  # the last one that was tried cannot be done
                log.exception("timers are fired one by one: %s", tried[-1:])
        changed: dict[int, Case] = {}
        with writing(self._engine) as connection:
            for each in self.due(connection, now_ms, limit, self.fires):
                if each in tried[-1:]:
                    connection.execute(_PUT_OFF, {**_named(each), "later_ms": now_ms + AGAIN_MS})
                    continue
                case = self._fired(connection, each, now_ms)
                if case:
                    changed[case.id] = case
        return list(changed.values())

    def _fired_together(self, now_ms: int, limit: int, tried: list[Timer]) -> list[Case]:
        """Do the same for all of them at once; raises what any of them raises.

        *tried* tells then which it was; it is empty where all could be done, but not written.
        """
        changed: dict[int, Case] = {}
        with writing(self._engine) as connection, bundling(connection):
            due = self.due(connection, now_ms, limit, self.fires)
            marks = [{**_named(each), "at_ms": now_ms} for each in due]
            if due and connection.execute(_FIRED, marks).rowcount != len(due):
                msg = "another desk fires these timers"
                raise Stale(msg)
            looked_up(connection, {each.case for each in due} - {0})
            rung = _rung(connection) or _Rung()
            rung.known |= {each.key: each for each in due}
            for each, mark in zip(due, marks, strict=True):
                moved = each.key in rung.moved
                if moved and connection.execute(_FIRED, mark).rowcount != 1:
                    continue
                tried.append(each)
                case = found(connection, each.case) if each.case else None
                after = self.fires[each.kind](connection, case, each, now_ms)
                if after:
                    changed[after.id] = after
            tried.clear()
        return list(changed.values())

    def _fired(self, connection: Connection, timer: Timer, now_ms: int) -> Case | None:
        one = _named(timer)
        try:
            with connection.begin_nested():
                if connection.execute(_FIRED, {**one, "at_ms": now_ms}).rowcount != 1:
                    return None
                case = found(connection, timer.case) if timer.case else None
                return self.fires[timer.kind](connection, case, timer, now_ms)
        except BoroughError:
            log.exception("case %s: %s %s", timer.case, timer.kind, timer.ref)
            connection.execute(_PUT_OFF, {**one, "later_ms": now_ms + AGAIN_MS})
            return None


def _named(timer: Timer) -> dict[str, Any]:
    return {"of_case": timer.case, "of_kind": timer.kind, "of_ref": timer.ref}
