"""What tests may ask for by name: databases of both kinds, empty and up to date."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from borough.storage.sql import connect, upgrade
from borough.storage.sql.engines import writing
from borough.testing.backends import every_table
from borough.testing.postgres import Postgres, running

ANEW = """
    PERFORM setval(format('%I.%I', schemaname, sequencename)::regclass, 1, false)
    FROM pg_sequences WHERE last_value IS NOT NULL;
"""
"""Lets every number that PostgreSQL has counted begin with one again."""


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """Run one PostgreSQL for the whole run; started by the first test that asks."""
    with running() as server:
        yield server


@pytest.fixture(scope="session")
def postgres_address(postgres: Postgres) -> str:
    """Make the database that tests use one after another, and leave empty."""
    address = postgres.database()
    engine = connect(address)
    upgrade(engine)
    engine.dispose()
    return address


@pytest.fixture(scope="session")
def postgres_engine(postgres_address: str) -> Iterator[Engine]:
    """Open it once: what a line and its statements have learnt serves the next test, too."""
    engine = connect(postgres_address)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def emptied(postgres_engine: Engine) -> Callable[[], None]:
    """Give what empties that database: one question for all tables."""
    names = [each.name for each in reversed(every_table().sorted_tables)]
    each = " ".join(f'DELETE FROM "{name}";' for name in names)  # noqa: S608 - our own names

    def empty() -> None:
        with writing(postgres_engine) as connection:
            connection.execute(text(f"DO $$ BEGIN {each} {ANEW} END $$"))

    return empty


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the database file of which each test gets a copy."""
    path = tmp_path_factory.mktemp("sqlite") / "empty.db"
    engine = connect(path)
    upgrade(engine)
    engine.dispose()
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Give the address of an empty, up-to-date database that nobody else uses, of either kind."""
    if request.param == "sqlite":
        path = tmp_path / "borough.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield str(path)
        return
    empty: Callable[[], None] = request.getfixturevalue("emptied")
    yield request.getfixturevalue("postgres_address")
    empty()


@pytest.fixture
def engine(request: pytest.FixtureRequest, address: str) -> Iterator[Engine]:
    """Open that database."""
    if address.startswith("postgresql"):
        yield request.getfixturevalue("postgres_engine")
        return
    opened = connect(address)
    yield opened
    opened.dispose()
