"""What tests may ask for by name: databases of both kinds, each test its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from borough.storage.sql import connect, upgrade
from borough.testing.postgres import Postgres, running


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """Run one PostgreSQL for the whole run; started by the first test that asks."""
    with running() as server:
        yield server


@pytest.fixture(scope="session")
def postgres_template(postgres: Postgres) -> str:
    """Name the database with all tables of which each test gets a copy."""
    address = postgres.database()
    engine = connect(address)
    upgrade(engine)
    engine.dispose()
    return address.rsplit("/", 1)[1]


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Give the address of an up-to-date database that nobody else uses, of either kind."""
    if request.param == "sqlite":
        path = str(tmp_path / "borough.db")
        engine = connect(path)
        upgrade(engine)
        engine.dispose()
        yield path
        return
    server: Postgres = request.getfixturevalue("postgres")
    made = server.database(request.getfixturevalue("postgres_template"))
    yield made
    server.drop(made)


@pytest.fixture
def engine(address: str) -> Iterator[Engine]:
    """Open that database."""
    opened = connect(address)
    yield opened
    opened.dispose()
