"""What the migrations promise."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Timer

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, event, text

from borough.core.errors import BadRequest, BadSetting, StoreDown
from borough.storage.sql import SqlRegistry, connect, upgrade
from borough.storage.sql.engines import writing
from borough.testing.backends import every_table, fill
from borough.testing.postgres import Postgres


def test_the_migrations_lead_to_the_tables(engine: Engine) -> None:
    """Walking all migrations gives exactly the tables that the code uses."""
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, every_table()) == []


def test_upgrading_twice_is_harmless(engine: Engine) -> None:
    """A database that is up to date is left alone."""
    upgrade(engine)
    upgrade(engine)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_processes_that_start_together_upgrade_once(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Several find an empty database at the same moment: all go on, with one set of tables."""
    server: Postgres | None = None
    where = str(tmp_path / "fresh.db")
    if kind == "postgresql":
        server = request.getfixturevalue("postgres")
        where = server.database()
    engines = [connect(where) for _ in range(4)]
    with ThreadPoolExecutor(len(engines)) as pool:
        list(pool.map(upgrade, engines))
    with engines[0].connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM alembic_version")).scalar() == 1
    for each in engines:
        each.dispose()
    if server:
        server.drop(where)


def test_who_opens_a_new_file_waits_for_whoever_is_about_to_make_it(tmp_path: Path) -> None:
    """SQLite itself turns them away at once; then they find a database as it should be."""
    path = tmp_path / "fresh.db"
    made = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    made.execute("BEGIN IMMEDIATE")
    Timer(0.2, made.execute, ["COMMIT"]).start()

    engine = connect(path)
    with engine.connect() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
    engine.dispose()
    made.close()


def test_a_database_of_a_later_release_is_not_touched(tmp_path: Path) -> None:
    """An older program says so, instead of working on tables that it does not know."""
    engine = connect(tmp_path / "later.db")
    upgrade(engine)
    with writing(engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'f00d'"))

    with pytest.raises(BadSetting, match="later release"):
        upgrade(engine)
    engine.dispose()


@pytest.mark.parametrize("where", ["mysql://host/db", "://", "postgresql://host:port/db"])
def test_an_address_that_cannot_work_is_refused(where: str) -> None:
    """The message says so before anything is opened."""
    with pytest.raises(BadSetting, match="db: "):
        connect(where)


def test_a_bulk_load_leaves_the_tables_as_they_were(engine: Engine) -> None:
    """Indexes and foreign keys that are put aside for speed are all back afterwards."""
    fill(engine)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), every_table()) == []
    with pytest.raises(BadRequest, match="names another row"), writing(engine) as connection:
        connection.execute(text("UPDATE things SET via = 999999 WHERE id = 5"))


def test_a_database_that_is_away_is_said_to_be(tmp_path: Path) -> None:
    """A server that does not answer, a file that is none, a folder that may not be written."""
    (tmp_path / "text.db").write_text("this is no database, however long it may be")
    for where in ("postgresql://nobody@127.0.0.1:9/db", str(tmp_path / "text.db"), str(tmp_path)):
        engine = connect(where)
        with pytest.raises(StoreDown, match="the database cannot be used: "):
            SqlRegistry(engine).size()
        engine.dispose()


def test_a_full_disk_is_said_and_nothing_is_half_written(tmp_path: Path) -> None:
    """When the file may not grow any more, the bulk load fails whole and the rest goes on."""
    engine = connect(tmp_path / "small.db")
    upgrade(engine)
    with engine.connect() as connection:
        most = connection.execute(text("PRAGMA page_count")).scalar_one() + 40
    engine.dispose()
    event.listen(engine, "connect", lambda raw, _: raw.execute(f"PRAGMA max_page_count = {most}"))

    with pytest.raises(StoreDown, match="full"):
        fill(engine, 4000)
    assert SqlRegistry(engine).size() == 0
    assert fill(engine, 40).id[-1] == 40
    engine.dispose()
