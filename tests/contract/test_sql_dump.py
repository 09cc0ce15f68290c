"""A database is copied as it was at one moment, and read back into one of either kind."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from borough.core.errors import BadSetting
from borough.storage.sql import SqlRegistry, SqlThings, connect, upgrade
from borough.storage.sql.dump import is_empty, refill, snapshot
from borough.storage.sql.schema import knows, pending, revisions
from borough.testing.backends import fill, same
from borough.testing.postgres import Postgres

FIRST = "0001"


@pytest.fixture(params=["sqlite", "postgresql"])
def other(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """Give a second, wholly empty database of either kind."""
    if request.param == "sqlite":
        opened = connect(tmp_path / "other.db")
        yield opened
        opened.dispose()
        return
    server: Postgres = request.getfixturevalue("postgres")
    where = server.database()
    opened = connect(where)
    yield opened
    opened.dispose()
    server.drop(where)


def test_what_is_copied_is_read_back_anywhere(engine: Engine, other: Engine) -> None:
    """All rows of all tables come back on SQLite and PostgreSQL, whichever they come from."""
    made = fill(engine)
    with snapshot(engine) as held:
        SqlThings(engine).edit("gateway-0000", lat=1.0)  # somebody goes on writing
        counts, chunks = held.counts(), list(held.rows())
        refill(other, held.revision, chunks)

    assert same(SqlRegistry(other).load(), made)
    with snapshot(other) as again:
        assert again.counts() == counts
    assert pending(other) == []


def test_numbers_go_on_where_they_were(engine: Engine, other: Engine) -> None:
    """A row that is added later gets a number that no copied row has."""
    fill(engine)
    with snapshot(engine) as held:
        refill(other, held.revision, held.rows())

    added = SqlThings(other).add(key="x", kind="gateway", lon=1.0, lat=1.0, grid=1, at_ms=1)

    assert added["id"] == len(SqlRegistry(engine).load().id) + 1


def test_nothing_is_read_into_a_database_that_holds_anything(engine: Engine) -> None:
    """The message says so, and nothing is changed."""
    fill(engine)
    with snapshot(engine) as held, pytest.raises(BadSetting, match="not empty"):
        refill(engine, held.revision, held.rows())


def test_rows_of_a_later_release_are_refused(other: Engine) -> None:
    """Their tables are not known here; the database stays as empty as it was."""
    with pytest.raises(BadSetting, match="later release"):
        refill(other, "f00d", [])

    assert is_empty(other)
    assert revisions(other) == ()
    assert not knows("f00d")


def test_a_database_without_tables_holds_no_district(other: Engine) -> None:
    """Copying it is an error in a sentence."""
    with pytest.raises(BadSetting, match="no district"), snapshot(other):
        pass


def test_pending_migrations_are_told_in_order(other: Engine) -> None:
    """From the first release's tables on, each step says in a sentence what it does."""
    upgrade(other, FIRST)

    ahead = pending(other)

    assert all(each.does for each in ahead)
    upgrade(other)
    with other.connect() as connection:
        last = connection.scalar(text("SELECT version_num FROM alembic_version"))
    assert [each.revision for each in ahead][-1:] == ([] if last == FIRST else [last])
    assert pending(other) == []
