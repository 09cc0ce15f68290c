"""Bundles: what one transaction has decided and not yet written, so that it is written together.

Within `bundling`, rows given to `later` wait for others of the same statement, and what was read
may be kept by `kept`.  Before any other statement reads or changes a table of which rows wait,
all of them are written; what is kept of a table is forgotten when anybody else changes it.
Without a bundle each row is written at once and nothing is kept: the slow and clear way, which
leaves the same behind.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol, TypeVar
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Executable, Table, event
from sqlalchemy.sql.dml import Insert, UpdateBase
from sqlalchemy.sql.elements import ClauseElement
from sqlalchemy.sql.visitors import iterate

from borough.core.errors import Stale

APART: Mapping[str, bool] = {"apart": True}
"""Option of a statement of whose rows none can be waiting."""
WAITING = "waiting"
"""Stands before a table among what is kept: of rows that were not yet written."""
_BUNDLES: "dict[int, Bundle]" = {}
"""The bundles there are, by the identity of their connections."""
_TABLES: WeakKeyDictionary[Any, frozenset[str]] = WeakKeyDictionary()
"""Which tables a statement names; most statements are made once and asked about often."""


class Part(Protocol):
    """What a bundle keeps of some tables in a form of its own."""

    tables: frozenset[str]

    def waits(self) -> bool:
        """Tell whether anything has still to be written."""

    def settle(self, connection: Connection) -> None:
        """Write it."""

    def forget(self) -> None:
        """Keep nothing of what was read or written."""


P = TypeVar("P", bound=Part)


@dataclass(slots=True)
class _Run:
    """Rows of one statement; where ``stale`` says something, each must be found in its table."""

    statement: Executable
    rows: list[dict[str, Any]]
    stale: str

    def write(self, connection: Connection) -> None:
        done = connection.execute(self.statement, one_or_all(self.rows))
        if self.stale and done.rowcount != len(self.rows):
            raise Stale(self.stale)


def one_or_all(rows: Sequence[Mapping[str, Any]]) -> Any:
    """Give rows to a statement; one by itself is not worth the driver's way of writing many."""
    return rows[0] if len(rows) == 1 else rows


class Bundle:
    """What a transaction knows, and has still to write."""

    def __init__(self) -> None:
        self._rows: dict[str, list[_Run]] = {}
        self._kept: dict[tuple[str, ...], dict[Any, Any]] = {}
        self._parts: dict[type, Any] = {}
        self._busy = False

    def later(
        self, table: str, statement: Executable, row: dict[str, Any], stale: str
    ) -> None:  # fmt: skip
        """Let a row wait for others of its statement; rows of one table stay in their order."""
        runs = self._rows.setdefault(table, [])
        if not runs or runs[-1].statement is not statement:
            runs.append(_Run(statement, [], stale))
        runs[-1].rows.append(row)

    def rows(self, table: str) -> int:
        """Count the rows of a table that wait."""
        return sum(len(run.rows) for run in self._rows.get(table, ()))

    def part(self, kind: Callable[[], P]) -> P:
        """Give a part of this bundle; it is made when first asked for."""
        assert isinstance(kind, type)  # noqa: S101 - parts are classes, and mypy cannot say so
        if kind not in self._parts:
            self._parts[kind] = kind()
        found: P = self._parts[kind]
        return found

    def kept(self, tables: tuple[str, ...]) -> dict[Any, Any]:
        """Give what is kept of some tables."""
        found = self._kept.get(tables)
        if found is None:
            found = self._kept[tables] = {}
        return found

    def settle(self, connection: Connection) -> None:
        """Write all that waits."""
        self._busy = True
        try:
            for part in list(self._parts.values()):
                if part.waits():
                    part.settle(connection)
            rows, self._rows = self._rows, {}
            for runs in rows.values():
                for run in runs:
                    run.write(connection)
        finally:
            self._busy = False
        for tables in [each for each in self._kept if each[0] == WAITING]:
            self._kept.pop(tables)

    def before(
        self, connection: Connection, statement: Any, _many: Any, _one: Any,
        options: Mapping[str, Any],
    ) -> None:  # fmt: skip
        """Write what waits before somebody asks for it, and forget what somebody changes."""
        if self._busy or options.get("apart"):
            return
        touched = named(statement)
        if not touched or self._waits_on(touched):  # of a text nobody knows what it is about
            self.settle(connection)
        if isinstance(statement, UpdateBase):
            for tables in [each for each in self._kept if not touched.isdisjoint(each)]:
                self._kept.pop(tables)
            for part in self._parts.values():
                if not touched.isdisjoint(part.tables):
                    part.forget()

    def _waits_on(self, touched: frozenset[str]) -> bool:
        if not touched.isdisjoint(self._rows):
            return True
        parts: Iterable[Part] = self._parts.values()
        return any(each.waits() and not touched.isdisjoint(each.tables) for each in parts)


def named(statement: Any) -> frozenset[str]:
    """Name the tables of a statement, and those to which rows that it adds belong."""
    if not isinstance(statement, ClauseElement):
        return frozenset()
    found = _TABLES.get(statement)
    if found is None:
        tables = {each.name for each in iterate(statement) if isinstance(each, Table)}
        if isinstance(statement, Insert):
            tables |= {each.column.table.name for each in statement.table.foreign_keys}
        found = _TABLES[statement] = frozenset(tables)
    return found


def bundle_of(connection: Connection) -> Bundle | None:
    """Give the bundle of a transaction, where it has one."""
    return _BUNDLES.get(id(connection))


@contextmanager
def bundling(connection: Connection) -> Iterator[None]:
    """Write together what is decided herein; all of it is written at the end."""
    if bundle_of(connection):
        yield
        return
    bundle = _BUNDLES[id(connection)] = Bundle()
    event.listen(connection, "before_execute", bundle.before)
    try:
        yield
        bundle.settle(connection)
    finally:
        del _BUNDLES[id(connection)]
        event.remove(connection, "before_execute", bundle.before)


Together = Callable[[Connection], AbstractContextManager[None]]
"""How what one transaction decides is written: together, or one by one."""


@contextmanager
def one_by_one(_connection: Connection) -> Iterator[None]:
    """Write everything as soon as it is decided."""
    yield


def later(
    connection: Connection, table: Table, statement: Executable, row: dict[str, Any],
    *, stale: str = "",
) -> None:  # fmt: skip
    """Write a row of a table: at once, or in a bundle with the others of its statement.

    Where it changes a row that must be there as it was, *stale* is what `Stale` says if it is not.
    """
    bundle = bundle_of(connection)
    if bundle:
        bundle.later(table.name, statement, row, stale)
    else:
        _Run(statement, [row], stale).write(connection)


def kept(connection: Connection, *tables: Table) -> dict[Any, Any]:
    """Give what the bundle keeps of some tables until they change; without one, nothing."""
    bundle = bundle_of(connection)
    return bundle.kept(_names(tables)) if bundle else {}


@cache
def _names(tables: tuple[Table, ...]) -> tuple[str, ...]:
    return tuple(each.name for each in tables)


def many_wait(connection: Connection, table: Table) -> int:
    """Count the rows of a table that wait."""
    bundle = bundle_of(connection)
    return bundle.rows(table.name) if bundle else 0


def waiting(connection: Connection, table: Table) -> dict[Any, dict[str, Any]]:
    """Give rows of a table that still wait, where its writer keeps them here; they may change."""
    bundle = bundle_of(connection)
    return bundle.kept((WAITING, table.name)) if bundle else {}
