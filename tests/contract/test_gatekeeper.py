"""A gate goes by the credentials as they are now, and outlives a database that is away."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from borough.app.gates import GateKeeper
from borough.app.settings import Settings
from borough.storage.sql import SqlCredentials, connect, upgrade


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """Open the database of a district with two credentials."""
    opened = connect(Settings(str(tmp_path), "yubei").store)
    upgrade(opened)
    SqlCredentials(opened).issue(["gw-1", "gw-2"], at_ms=1)
    yield opened
    opened.dispose()


@pytest.fixture
def keeper(tmp_path: Path, engine: Engine) -> Iterator[GateKeeper]:
    """Keep its gate, while its bus is away."""
    assert engine
    kept = GateKeeper(Settings(str(tmp_path), "yubei"))
    yield kept
    kept.close()


def test_a_gate_outlives_its_database(keeper: GateKeeper, engine: Engine) -> None:
    """It keeps what it has while the database is away, and what was revoked then cannot enter."""
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE counters RENAME TO away"))
    keeper.look()
    kept = set(keeper.gate.credentials)
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE away RENAME TO counters"))
    SqlCredentials(engine).revoke("gw-1", at_ms=2)
    keeper.look()

    assert kept == {"gw-1", "gw-2"}
    assert set(keeper.gate.credentials) == {"gw-2"}


def test_credentials_are_read_only_where_they_have_changed(
    keeper: GateKeeper, engine: Engine
) -> None:
    """A look costs one short question; a token that was replaced is a change too."""
    before = keeper.gate.credentials
    keeper.look()
    same = keeper.gate.credentials
    SqlCredentials(engine).issue(["gw-1"], at_ms=1)
    keeper.look()

    assert same is before
    assert keeper.gate.credentials["gw-1"] != before["gw-1"]
    assert keeper.gate.credentials["gw-2"] == before["gw-2"]
