"""What tests may ask for by name: databases of both kinds, empty and up to date."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from borough.storage.sql import connect, upgrade
from borough.storage.sql.engines import writing
from borough.storage.sql.tables import metadata
from borough.testing.postgres import Postgres, running

ANEW = text("SELECT setval(oid::regclass, 1, false) FROM pg_class WHERE relkind = 'S'")
"""Lets every number that PostgreSQL counts begin with one again."""


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
    shared: str = request.getfixturevalue("postgres_address")
    yield shared
    engine = connect(shared)
    with writing(engine) as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(table.delete())
        connection.execute(ANEW)
    engine.dispose()


@pytest.fixture
def engine(address: str) -> Iterator[Engine]:
    """Open that database."""
    opened = connect(address)
    yield opened
    opened.dispose()
