"""Counters: numbers that only rise, kept in the transaction of what they count."""

from sqlalchemy import Connection, Table, bindparam, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.postgresql.dml import Insert as PostgresqlInsert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.dialects.sqlite.dml import Insert as SqliteInsert

from borough.storage.sql.tables import counters


def upsert(connection: Connection, table: Table) -> PostgresqlInsert | SqliteInsert:
    """Begin an ``INSERT ... ON CONFLICT``, which the two databases spell alike."""
    if connection.dialect.name == "postgresql":
        return postgresql_insert(table)
    return sqlite_insert(table)


def current(connection: Connection, name: str) -> int:
    """Read a counter; 0 where nobody has counted yet."""
    return connection.scalar(_CURRENT, {"wanted": name}) or 0


def raised(connection: Connection, name: str, by: int = 1) -> int:
    """Raise a counter and give its value afterwards; nobody else gets the same."""
    adding = _ADDING[connection.dialect.name]
    return int(connection.execute(adding, {"name": name, "value": by}).scalar_one())


def at_least(connection: Connection, name: str, value: int) -> None:
    """Raise a counter to *value* where it is below."""
    missing = value - current(connection, name)
    if missing > 0:
        raised(connection, name, missing)


_CURRENT = select(counters.c.value).where(counters.c.name == bindparam("wanted"))
_ADDING = {
    name: adding.on_conflict_do_update(
        index_elements=["name"], set_={"value": counters.c.value + adding.excluded.value}
    ).returning(counters.c.value)
    for name, adding in (
        ("sqlite", sqlite_insert(counters)),
        ("postgresql", postgresql_insert(counters)),
    )
}
"""Made once: building a statement costs more than running it."""
