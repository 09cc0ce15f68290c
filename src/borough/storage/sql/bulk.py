"""Moving many rows in and out in one go, past the layers that are kind to single rows."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from operator import itemgetter
from typing import Any

from sqlalchemy import JSON, Connection, Select, Table
from sqlalchemy.schema import AddConstraint, DropConstraint

from borough.storage.sql.bundles import one_or_all
from borough.storage.sql.engines import json_text
from borough.storage.sql.postgres_lines import is_ahead

MANY = 20
"""Fewer rows are cheaper in a statement than by themselves."""
CHUNK = 20_000
"""Rows between two reports of progress."""


def fill(
    connection: Connection,
    table: Table,
    columns: Mapping[str, Iterable[Any]],
    tell: Callable[[int], None] = lambda _rows: None,
) -> None:
    """Insert rows given as columns of plain Python values; *tell* hears how many are in.

    Values go to the driver as they are, so JSON columns want their text.
    """
    rows = zip(*columns.values(), strict=True)
    raw: Any = connection.connection.driver_connection
    names = ", ".join(f'"{name}"' for name in columns)
    done = 0
    if connection.dialect.name == "postgresql":
        sql = f"COPY {table.name} ({names}) FROM STDIN"
        with raw.cursor() as cursor, cursor.copy(sql) as copy:
            for row in rows:
                copy.write_row(row)
                done += 1
                if done % CHUNK == 0:
                    tell(done)
    else:
        marks = ", ".join("?" * len(columns))
        sql = f"INSERT INTO {table.name} ({names}) VALUES ({marks})"  # noqa: S608 - our own names
        while chunk := list(islice(rows, CHUNK)):
            raw.executemany(sql, chunk)
            done += len(chunk)
            tell(done)
    tell(done)


def added(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows that all have the same columns: many of them past the layers in between."""
    if len(rows) < MANY or is_ahead(connection):  # what is copied cannot be sent ahead
        connection.execute(table.insert(), one_or_all(rows))
        return
    names = list(rows[0])
    columns = dict(zip(names, zip(*map(itemgetter(*names), rows), strict=True), strict=True))
    for name in names:
        if isinstance(table.c[name].type, JSON):
            columns[name] = tuple(map(json_text, columns[name]))
    fill(connection, table, columns)


@contextmanager
def unwatched(connection: Connection, tables: Sequence[Table]) -> Iterator[None]:
    """Fill tables without their indexes and, on PostgreSQL, foreign keys.

    All are made anew at the end, which takes a fraction of the time and checks every row.
    """
    indexes = [index for table in tables for index in table.indexes]
    keys = [key for table in tables for key in table.foreign_key_constraints]
    if connection.dialect.name != "postgresql":
        keys = []  # SQLite cannot, and its own are cheap
    for key in keys:
        connection.execute(DropConstraint(key))
    for index in indexes:
        index.drop(connection)
    yield
    for index in indexes:
        index.create(connection)
    for key in keys:
        connection.execute(AddConstraint(key, isolate_from_table=False))


def columns(connection: Connection, select: Select[Any]) -> Sequence[Sequence[Any]]:
    """Run *select* and give its answer as columns of plain Python values."""
    raw: Any = connection.connection.driver_connection
    sql = str(select.compile(connection, compile_kwargs={"literal_binds": True}))
    cursor = raw.cursor(binary=True) if connection.dialect.name == "postgresql" else raw.cursor()
    try:
        rows = cursor.execute(sql).fetchall()
    finally:
        cursor.close()
    return list(zip(*rows, strict=True)) or [()] * len(select.selected_columns)
