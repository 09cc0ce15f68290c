"""What the database promises of changed parameters, on SQLite and on PostgreSQL."""

from typing import Any

import pytest
from sqlalchemy import Engine

from borough.core.errors import BadRequest, Stale
from borough.core.tunings import Change
from borough.storage.sql import SqlRegistry, SqlTunings
from borough.testing.backends import fill

SCENE = "fire_lane"
TOLD: dict[str, Any] = {"who": "li", "at_ms": 5, "version": "0123456789ab"}
OWN = 6
"""The thing that was given a grace of its own, 120 s, when the registry was filled."""


@pytest.fixture
def tunings(engine: Engine) -> SqlTunings:
    """Give a database with some things in it."""
    fill(engine)
    return SqlTunings(engine)


def change(tunings: SqlTunings, seen: int, thing: int = 0, **values: float | None) -> Change:
    """Write one change down."""
    return tunings.record(SCENE, thing, values, why="too many", seen=seen, **TOLD)


def test_a_change_is_written_down_with_who_why_and_what_it_was(tunings: SqlTunings) -> None:
    """Old and present values stand beside each other; what nobody had set is None."""
    change(tunings, 0, grace_s=120.0, clear_s=30.0)
    change(tunings, 1, grace_s=90.0)
    last, first = tunings.history(SCENE)

    assert last["values"] == {"grace_s": {"old": 120.0, "value": 90.0}}
    assert first["values"]["clear_s"] == {"old": None, "value": 30.0}
    assert (last["who"], last["why"], last["set_ms"], last["version"]) == (
        "li", "too many", 5, "0123456789ab",
    )  # fmt: skip


def test_of_two_who_change_at_once_one_is_told(tunings: SqlTunings) -> None:
    """Who saw the scene before the last change is refused, and nothing is written."""
    change(tunings, 0, grace_s=120.0)

    with pytest.raises(Stale, match="number 1, and you saw 0"):
        change(tunings, 0, grace_s=90.0)
    assert change(tunings, 1, grace_s=90.0).number == 2
    assert tunings.record("slope", 0, {}, why="x", seen=0, **TOLD).number == 3


def test_a_reason_is_required(tunings: SqlTunings) -> None:
    """Nobody changes a value without saying why."""
    with pytest.raises(BadRequest, match="why"):
        tunings.record(SCENE, 0, {"grace_s": 1.0}, why="  ", seen=0, **TOLD)
    assert tunings.last() == 0


def test_changes_come_out_once_and_in_order(tunings: SqlTunings) -> None:
    """The journal takes up what is behind a number; one without values is a change, too."""
    made = [change(tunings, 0, grace_s=120.0, clear_s=1.0), change(tunings, 1, OWN, grace_s=60.0)]
    made.append(tunings.record(SCENE, 0, {}, why="again", seen=2, **TOLD))

    assert tunings.after(0) == made
    assert tunings.after(2) == made[2:]
    assert tunings.after(3) == []
    assert [tunings.last(), tunings.last(SCENE), tunings.last("slope")] == [3, 3, 0]


def test_how_it_stood_after_any_change_is_known(tunings: SqlTunings) -> None:
    """What was changed only later stands as it stood before."""
    change(tunings, 0, grace_s=120.0)
    change(tunings, 1, OWN, grace_s=60.0)
    change(tunings, 2, grace_s=None)
    stood = [
        {each.thing: each.values["grace_s"] for each in tunings.settled(number)}
        for number in range(4)
    ]

    assert stood == [
        {0: None, OWN: 120.0}, {0: 120.0, OWN: 120.0}, {0: 120.0, OWN: 60.0}, {0: None, OWN: 60.0},
    ]  # fmt: skip


def test_the_registry_holds_what_was_set_for_one_thing(engine: Engine, tunings: SqlTunings) -> None:
    """Whoever loads the registry afterwards has it, and a value taken back is gone."""

    def held() -> float:
        registry = SqlRegistry(engine).load()
        return float(registry.parameters[SCENE, "grace_s"][registry.id.searchsorted(OWN)])

    assert held() == 120.0
    change(tunings, 0, OWN, grace_s=60.0)
    assert held() == 60.0
    change(tunings, 1, OWN, grace_s=None)
    change(tunings, 2, 7, grace_s=50.0)
    assert unset(held())


def unset(value: float) -> bool:
    """Say whether nothing is set."""
    return value != value  # noqa: PLR0124 - only NaN differs from itself


def test_a_thing_that_is_not_there_is_refused(tunings: SqlTunings) -> None:
    """Nothing is half written."""
    with pytest.raises(BadRequest, match="missing"):
        change(tunings, 0, 999_999, grace_s=60.0)
    assert tunings.last() == 0
