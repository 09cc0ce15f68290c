"""A role takes up what has changed of the registry, and begins with what another one has left."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine

from borough.app.district import Ground, keep_snapshot, registry_of, snapshot_of
from borough.app.renewal import RegistryWatch
from borough.app.settings import Settings
from borough.storage.sql import SqlRegistry, SqlThings, connect, upgrade
from borough.testing.backends import fill, same
from borough.testing.living import eventually
from borough.testing.town import district_of, registry_of as town_of


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Make a data folder with a small registry."""
    made = Settings(str(tmp_path / "data"), "yubei")
    made.folder.mkdir()
    engine = connect(made.store)
    upgrade(engine)
    fill(engine)
    engine.dispose()
    return made


@pytest.fixture
def engine(settings: Settings) -> Iterator[Engine]:
    """Open its database."""
    opened = connect(settings.store)
    yield opened
    opened.dispose()


def enter(engine: Engine, key: str) -> None:
    """Enter a device."""
    about = {"lon": None, "lat": None, "grid": 1, "at_ms": 1}
    SqlThings(engine).add(key=key, kind="parking_magnet", **about)  # type: ignore[arg-type] # as they are


def test_a_role_begins_with_what_another_has_left_and_what_came_after(
    settings: Settings, engine: Engine
) -> None:
    """The snapshot is brought up to date, and left so; there is only ever one."""
    first = registry_of(settings)
    enter(engine, "new")
    second = registry_of(settings)
    (path,) = (settings.folder / "run").glob("registry-*.npz")

    assert "new" not in first.rows
    assert same(second, SqlRegistry(engine).load())
    assert path == snapshot_of(settings, SqlRegistry(engine))
    assert registry_of(settings).edition == second.edition > first.edition


def test_a_snapshot_of_another_store_is_not_begun_with(settings: Settings, engine: Engine) -> None:
    """As where the database was put back: its numbers are the same, and mean something else."""
    true = SqlRegistry(engine).load()
    number, stamp = true.edition
    wrong = replace(true, lon=true.lon + 1, edition=(number, stamp ^ 1))
    keep_snapshot(snapshot_of(settings, SqlRegistry(engine)), wrong)

    assert same(registry_of(settings), true)
    assert same(registry_of(settings, wrong), true)


def test_a_change_is_handed_over_once_with_what_was_prepared(
    settings: Settings, engine: Engine
) -> None:
    """Who asks gets the ground as a whole reading would give it, and what was made of it."""
    watch = RegistryWatch(settings, district_of(town_of(3)))
    watch.prepare = lambda held: len(held.registry.id)
    before = watch.held
    enter(engine, "new")
    found: list[tuple[Ground, int]] = []

    def taken() -> bool:
        fresh = watch.fresh()
        found.extend([fresh] if fresh else [])
        return bool(found)

    eventually(taken, "the change is taken up")
    ((held, prepared),) = found
    watch.close()

    assert same(held.registry, SqlRegistry(engine).load())
    assert prepared == len(held.registry.id) == len(before.registry.id) + 1
    assert watch.fresh() is None
    assert watch.held is held


def test_a_change_is_handed_over_after_one_that_could_not_be_prepared(
    settings: Settings, engine: Engine
) -> None:
    """Whatever preparing trips over is tried again, and the role hears of the change."""
    watch = RegistryWatch(settings, district_of(town_of(3)))
    tries: list[Ground] = []

    def prepare(held: Ground) -> int:
        tries.append(held)
        return 1 // (len(tries) - 1)

    watch.prepare = prepare
    enter(engine, "new")
    eventually(lambda: watch.fresh() is not None, "the change is taken up")
    watch.close()

    assert len(tries) == 2
