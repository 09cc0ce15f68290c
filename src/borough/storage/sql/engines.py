"""One way to open a database, whether it is a SQLite file or a PostgreSQL server."""

import math
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from functools import partial
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from borough.core.cases import canonical
from borough.core.errors import BadRequest, BadSetting, Stale, StoreDown
from borough.storage.sql.postgres_lines import ALONE, awaited, begun, sent_ahead
from borough.storage.sql.sqlite_log import beside

PATIENCE_S = 10.0
"""How long one waits for another who writes into the same SQLite file."""
AGAIN_S = 0.01
SQLITE_PRAGMAS = (
    "PRAGMA foreign_keys = ON",
    f"PRAGMA busy_timeout = {PATIENCE_S * 1000:.0f}",
    "PRAGMA synchronous = FULL",
    "PRAGMA cache_size = -2048",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA wal_autocheckpoint = 16000",
)
"""The log is put away beside the work (`sqlite_log`); a commit does it where 64 MB are left.  Each
line keeps 2 MB of pages, and the system the others: with 64 a page of cases took 5 % less, and a
role grew for hours; between 8 and 2 no bench saw a difference."""


def connect(where: str | Path) -> Engine:
    """Open the database at a file path, or at a ``postgresql://`` address.

    A path opens (and makes) a SQLite file in WAL mode with foreign keys on.  Nothing is read or
    written yet, so a server that is down shows at first use.  Raises `BadSetting` for an address
    that cannot be one.
    """
    # The line that came back last is lent first: what it keeps (pages of a file, statements of a
    # server that are planned already) is the newest, and lines seldom needed keep nothing beside.
    url = _address(where)
    made = partial(create_engine, url, json_serializer=json_text, pool_use_lifo=True)
    if url.get_backend_name() != "sqlite":
        engine = made(pool_pre_ping=True, isolation_level="AUTOCOMMIT")
        event.listen(engine, "begin", begun)
        event.listen(engine, "after_cursor_execute", awaited)
        return engine
    if url.database:
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = made()
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    if url.database and url.database != ":memory:":
        beside(engine, Path(url.database))
    return engine


def json_text(value: Any) -> str:
    """Write a value as JSON; most of those in tables are empty."""
    return "{}" if value == {} else canonical(value)


def _address(where: str | Path) -> URL:
    if isinstance(where, Path) or "://" not in where:
        return URL.create("sqlite", database=str(where))
    try:
        url = make_url(where)
    except (ArgumentError, ValueError) as error:
        msg = "db: not a path and not a database address"
        raise BadSetting(msg) from error
    if url.drivername in {"postgresql", "postgres"}:
        url = url.set(drivername="postgresql+psycopg")
    if url.drivername not in {"sqlite", "postgresql+psycopg"}:
        msg = f"db: {url.drivername!r} is neither sqlite nor postgresql"
        raise BadSetting(msg)
    return url


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # the begin event below decides how a transaction starts
    _log_ahead(connection)
    for pragma in SQLITE_PRAGMAS:
        connection.execute(pragma)


def _log_ahead(connection: Any) -> None:
    """Have a file keep a log; of several who open a new one at once SQLite has no one wait."""
    until = monotonic() + PATIENCE_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or monotonic() > until:
                raise
            sleep(AGAIN_S)
        else:
            return


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


BESIDE: ContextVar[Callable[[Connection], None] | None] = ContextVar("beside", default=None)
"""What is to be written at the end of whatever is written: an entry of the audit log."""


@contextmanager
def writing(engine: Engine, *, ahead: bool = False) -> Iterator[Connection]:
    """Open a transaction that will write; it is committed at the end or leaves no trace.

    A clash with another writer comes out as `Stale`: nothing was changed, read and try again.
    Where it goes *ahead*, PostgreSQL is not waited for where nothing is asked; see `sent_ahead`.
    """
    with _known_errors(), engine.connect() as connection:
        connection.execution_options(writes=True)
        with sent_ahead(connection) if ahead else nullcontext():
            connection.begin()
            yield connection
            if beside := BESIDE.get():
                beside(connection)
        connection.commit()


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Open a transaction that only reads.

    It ends as one that writes does: taken back, PostgreSQL's driver would forget with it every
    statement that it has prepared, and have each read and planned anew.
    """
    with _known_errors(), engine.connect() as connection:
        yield connection
        connection.commit()


@contextmanager
def glancing(engine: Engine) -> Iterator[Connection]:
    """Open what is enough for a single statement that reads.

    On PostgreSQL no transaction is begun and ended around it, which is two messages less.
    """
    with reading(engine) as connection:
        yield connection.execution_options(**ALONE)


CLASHES = {"23505", "40001", "40P01", "55P03"}
"""SQLSTATE of PostgreSQL: unique violation, serialisation failure, deadlock, lock not to be had."""
ORPHAN = "23503"
"""SQLSTATE of PostgreSQL: a foreign key leads nowhere."""
AWAY = ("OperationalError", "InterfaceError")
"""No answer, no room, no right to write; plain ``DatabaseError`` is a file that is damaged."""


def _of_drivers(
    *names: str, beside: tuple[type[Exception], ...] = ()
) -> tuple[type[Exception], ...]:
    """Give these errors of the drivers that are loaded: a role on SQLite has no need of another."""
    loaded = [sys.modules[name] for name in ("sqlite3", "psycopg") if name in sys.modules]
    return (*beside, *(getattr(driver, name) for driver in loaded for name in names))


@contextmanager
def _known_errors() -> Iterator[None]:
    """Say in our own words what a driver's error means to a caller."""
    try:
        yield
    except OverflowError as error:
        msg = f"a value cannot be kept: {error}"
        raise BadRequest(msg) from error
    except _of_drivers("Error", beside=(DBAPIError,)) as error:
        cause = getattr(error, "orig", None) or error
        said, state = str(cause), getattr(cause, "sqlstate", "")
        first = next(iter(said.splitlines()), type(cause).__name__)
        if "locked" in said or "UNIQUE" in said or state in CLASHES:
            msg = "another writer was faster; nothing was changed"
            raise Stale(msg) from error
        if "FOREIGN KEY" in said or state == ORPHAN:
            msg = "a row names another row that is missing; nothing was changed"
            raise BadRequest(msg) from error
        if isinstance(cause, _of_drivers("DataError")):
            msg = f"a value cannot be kept: {first}"
            raise BadRequest(msg) from error
        if isinstance(cause, _of_drivers(*AWAY)) or type(cause) is sqlite3.DatabaseError:
            msg = f"the database cannot be used: {first}"
            raise StoreDown(msg) from error
        raise


_PLAIN = frozenset({str, int, bool, type(None)})


def plain(value: Any) -> Any:
    """Replace what JSON cannot say (NaN and infinities) by null, however deep it lies."""
    if isinstance(value, dict):
        return {
            str(key): each if type(each) in _PLAIN else plain(each) for key, each in value.items()
        }
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
