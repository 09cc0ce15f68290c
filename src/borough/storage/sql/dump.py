"""All rows of a database as plain values: out in one snapshot, in again in one transaction.

Tables are taken as they are found, not as this release declares them, so a database of an
earlier release is copied just as well; and a SQLite file can be read back into PostgreSQL.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any, NamedTuple

from sqlalchemy import JSON, Connection, Engine, MetaData, Table, func, select, text

from borough.core.errors import BadSetting
from borough.storage.sql.bulk import fill
from borough.storage.sql.engines import reading, writing
from borough.storage.sql.schema import upgrade

CHUNK = 20_000
"""Rows of a table that are handed out at once."""
VERSIONS = "alembic_version"


class Rows(NamedTuple):
    """Some rows of a table; JSON stands as its text."""

    table: str
    columns: list[str]
    rows: list[tuple[Any, ...]]


class Snapshot:
    """A database as it was at one moment, while others go on writing."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._found = MetaData()
        self._found.reflect(connection)
        self.revision = str(connection.scalar(text(f"SELECT version_num FROM {VERSIONS}")))  # noqa: S608 - our own name

    @property
    def tables(self) -> list[Table]:
        """The tables, those first that others point to."""
        return [each for each in self._found.sorted_tables if each.name != VERSIONS]

    def counts(self) -> dict[str, int]:
        """Count the rows of each table."""
        asked = {each.name: select(func.count()).select_from(each) for each in self.tables}
        return {name: self._connection.scalar(count) or 0 for name, count in asked.items()}

    def offset(self, name: str) -> int:
        """How far a stream was taken in; 0 at the start."""
        asked = text("SELECT sequence FROM offsets WHERE name = :name")
        return int(self._connection.scalar(asked, {"name": name}) or 0)

    def highest(self, table: str, column: str) -> int:
        """The highest number in a column; 0 where there is none, or no such table."""
        if table not in self._found.tables:
            return 0
        asked = select(func.max(self._found.tables[table].c[column]))
        return int(self._connection.scalar(asked) or 0)

    def rows(self) -> Iterator[Rows]:
        """Give every row of every table, some at a time; a table without rows is left out."""
        for table in self.tables:
            names = [str(column.name) for column in table.columns]
            told = self._cursor(table)
            try:
                while some := told.fetchmany(CHUNK):
                    yield Rows(str(table.name), names, some)
            finally:
                told.close()

    def _cursor(self, table: Table) -> Any:
        raw: Any = self._connection.connection.driver_connection
        quote = self._connection.dialect.identifier_preparer.quote_identifier
        large = self._connection.dialect.name == "postgresql"
        wanted = [
            f"{quote(column.name)}::text"
            if large and isinstance(column.type, JSON)
            else quote(column.name)
            for column in table.columns
        ]
        asked = f"SELECT {', '.join(wanted)} FROM {quote(table.name)}"  # noqa: S608 - names that the database gave
        cursor = raw.cursor(name=f"all_{table.name}") if large else raw.cursor()
        cursor.execute(asked)
        return cursor


@contextmanager
def snapshot(engine: Engine) -> Iterator[Snapshot]:
    """Hold a database as it is now; others may write meanwhile, and are not seen.

    Raises `BadSetting` where nobody has made its tables, `StoreDown` where it does not answer.
    """
    still = engine.execution_options(isolation_level="REPEATABLE READ")
    with reading(still if engine.dialect.name == "postgresql" else engine) as connection:
        if not engine.dialect.has_table(connection, VERSIONS):
            msg = "the database holds no district: its tables are missing"
            raise BadSetting(msg)
        yield Snapshot(connection)


def is_empty(engine: Engine) -> bool:
    """Say whether a database holds no row at all; tables there may be."""
    with reading(engine) as connection:
        found = MetaData()
        found.reflect(connection)
        own = [each for each in found.tables.values() if each.name != VERSIONS]
        return not any(
            connection.execute(select(text("1")).select_from(each).limit(1)).first() for each in own
        )


def refill(engine: Engine, revision: str, chunks: Iterable[Rows]) -> None:
    """Fill an empty database with rows of an earlier one, then bring its tables up to date.

    *revision* names the tables that the rows fit.  Rows go in wholly or not at all; `BadSetting`
    where the database is not empty or the rows are of a later release.
    """
    if not is_empty(engine):
        msg = "the database to restore into is not empty"
        raise BadSetting(msg)
    upgrade(engine, revision)
    with writing(engine) as connection:
        if engine.dialect.name == "sqlite":
            connection.execute(text("PRAGMA defer_foreign_keys = ON"))
        found = MetaData()
        found.reflect(connection)
        for table in reversed(found.sorted_tables):  # what the migrations themselves put in
            if table.name != VERSIONS:
                connection.execute(table.delete())
        for name, columns, rows in chunks:
            fill(
                connection,
                found.tables[name],
                dict(zip(columns, zip(*rows, strict=True), strict=True)),
            )
        if engine.dialect.name == "postgresql":
            _continue_numbers(connection, found)
    upgrade(engine)


def _continue_numbers(connection: Connection, found: MetaData) -> None:
    """Let numbers that the database itself gives go on after the highest that is there."""
    for table in found.sorted_tables:
        for column in islice(table.primary_key.columns, 1):
            named = {"table": table.name, "column": column.name}
            asked = text("SELECT pg_get_serial_sequence(:table, :column)")
            if sequence := connection.scalar(asked, named):
                highest = connection.scalar(select(func.max(column)))
                if highest is not None:
                    connection.execute(select(func.setval(sequence, highest)))
