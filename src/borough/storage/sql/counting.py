"""Counters: numbers that only rise, kept in the transaction of what they count."""

from sqlalchemy import Connection, Table, bindparam, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.postgresql.dml import Insert as PostgresqlInsert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.dialects.sqlite.dml import Insert as SqliteInsert

from borough.storage.sql.bundles import APART, bundle_of
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
    bundle = bundle_of(connection)
    return (
        bundle.part(_Counting).raised(connection, name, by)
        if bundle
        else _raised(connection, name, by)
    )


def _raised(connection: Connection, name: str, by: int) -> int:
    adding = _ADDING[connection.dialect.name]
    row = {"name": name, "value": by}
    return int(connection.execute(adding, row, execution_options=APART).scalar_one())


class _Counting:
    """Counters that a transaction holds, and by how much they have still to be raised."""

    tables = frozenset({counters.name})

    def __init__(self) -> None:
        self._value: dict[str, int] = {}
        self._more: dict[str, int] = {}

    def raised(self, connection: Connection, name: str, by: int) -> int:
        """Raise a counter that nobody else can raise until the transaction is over."""
        if name not in self._value:
            self._value[name] = _raised(connection, name, 0)
        self._value[name] += by
        self._more[name] = self._more.get(name, 0) + by
        return self._value[name]

    def waits(self) -> bool:
        """Tell whether one has still to be raised."""
        return bool(self._more)

    def settle(self, connection: Connection) -> None:
        """Raise them."""
        for name in sorted(self._more):
            _raised(connection, name, self._more[name])
        self._more.clear()

    def forget(self) -> None:
        """Read them again."""
        self._value.clear()


def at_least(connection: Connection, name: str, value: int) -> None:
    """Raise a counter to *value* where it is below."""
    missing = value - current(connection, name)
    if missing > 0:
        raised(connection, name, missing)


_CURRENT = select(counters.c.value).where(counters.c.name == bindparam("wanted"))
RAISING = {
    name: adding.on_conflict_do_update(
        index_elements=["name"], set_={"value": counters.c.value + adding.excluded.value}
    )
    for name, adding in (
        ("sqlite", sqlite_insert(counters)),
        ("postgresql", postgresql_insert(counters)),
    )
}
"""Raise a counter by a value, for each of the databases."""
_ADDING = {name: adding.returning(counters.c.value) for name, adding in RAISING.items()}
"""Made once: building a statement costs more than running it."""
