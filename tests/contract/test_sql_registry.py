"""What the registry in SQL promises, on SQLite and on PostgreSQL."""

from collections.abc import Callable
from dataclasses import replace
from math import inf
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st
from sqlalchemy import Engine

from borough.core.errors import BadRequest, NotFound
from borough.storage.sql import Attribute, SqlRegistry, SqlThings
from borough.storage.sql.attributes import check
from borough.testing.backends import REGISTRY_PROMISES, SCHEMAS, fill, small_registry

PLACE: dict[str, Any] = {"lon": 106.6, "lat": 29.7, "grid": 7, "at_ms": 1}


@pytest.mark.parametrize("promise", REGISTRY_PROMISES, ids=lambda each: each.__name__)
def test_a_database_keeps_the_promises(promise: Callable[[Engine], None], engine: Engine) -> None:
    """Each promise of the kit holds on each kind of database."""
    promise(engine)


def test_a_full_registry_is_not_filled_again(engine: Engine) -> None:
    """Series are never reused, so a second bulk load is refused and changes nothing."""
    made = fill(engine)

    with pytest.raises(BadRequest, match="holds things already"):
        SqlRegistry(engine).save_all(made)
    assert SqlRegistry(engine).size() == len(made.id)


def test_progress_reaches_the_end(engine: Engine) -> None:
    """Who waits for a bulk load sees it move, and sees it end."""
    told: list[tuple[int, int]] = []
    made = small_registry(30)
    given = [{"diameter": 300} if k == 2 else None for k in made.kind.tolist()]
    SqlRegistry(engine).save_all(
        made, attributes=given, schemas=SCHEMAS, progress=lambda *said: told.append(said)
    )

    assert told == sorted(told)
    assert told[-1] == (59, 59)


def test_a_bad_bulk_load_leaves_no_trace(engine: Engine) -> None:
    """One thing whose attributes do not fit: the row is named, and nothing is kept."""
    made = small_registry()

    with pytest.raises(BadRequest, match=r"water_zone-0002: attributes\.diameter: is required"):
        SqlRegistry(engine).save_all(made, schemas=SCHEMAS)
    assert SqlRegistry(engine).size() == 0
    assert SqlRegistry(engine).version() == 0


def test_gateways_may_stand_behind_gateways_but_not_in_a_circle(engine: Engine) -> None:
    """In whatever order they come; a circle is refused and nothing is kept."""
    made = small_registry()
    via = made.via.copy()
    via[[5, 6, 7]] = [6, 7, 5]
    with pytest.raises(BadRequest, match=r"via: .* in a circle"):
        SqlRegistry(engine).save_all(replace(made, via=via))
    assert SqlRegistry(engine).size() == 0
    via[[5, 6, 7]] = [39, 5, -1]
    SqlRegistry(engine).save_all(replace(made, via=via))

    assert SqlRegistry(engine).load().via.tolist() == via.tolist()


def test_things_are_found(engine: Engine) -> None:
    """By class, grid, box, text in both languages, and page by page."""
    fill(engine)
    things = SqlThings(engine)

    def keys(**wanted: Any) -> list[str]:
        return [each["key"] for each in things.find(**wanted)]

    assert keys(kind="gateway") == ["gateway-0000", "gateway-0001"]
    assert len(keys(grid=500_000_000_000_001)) == 10
    assert keys(box=(106.5035, 29, 106.5055, 30)) == [f"parking_magnet-000{n}" for n in (4, 5)]
    assert keys(text="对象17") == keys(text="THING 17") == ["parking_magnet-0017"]
    assert keys(text="%") == keys(text="no_such") == []
    assert keys(limit=2, after=38) == ["parking_magnet-0038", "parking_magnet-0039"]


def test_one_thing_is_shown_whole(engine: Engine) -> None:
    """With its gateway, its ties by key, and what was tuned for it."""
    fill(engine)
    shown = SqlThings(engine).thing("parking_magnet-0005")

    assert shown["via"] == "gateway-0001"
    assert {(r["name"], r["to"], r["sign"]) for r in shown["relations"]} == {
        ("part_of", "water_zone-0002", 1),
        ("watches", "parking_magnet-0003", 1),
    }
    assert shown["parameters"][0]["value"] == 120
    with pytest.raises(NotFound, match="nobody"):
        SqlThings(engine).thing("nobody")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"key": "a b"}, "key: "),
        ({"key": "gateway-0000"}, "key: 'gateway-0000' is taken"),
        ({"kind": "dragon"}, "kind: "),
        ({"lon": 181}, "lon: "),
        ({"lat": float("nan")}, "lat: "),
        ({"grid": "north"}, "grid: "),
        ({"grid": 2**70}, "grid: "),
        ({"via": "nobody"}, "via: "),
        ({"attributes": {}}, "attributes.diameter: is required"),
        ({"attributes": {"diameter": 5}}, "attributes.diameter: must be at least 10 mm"),
        ({"attributes": {"diameter": 50, "colour": "red"}}, "attributes.colour: is no attribute"),
    ],
)
def test_a_bad_thing_is_refused_by_name(changes: dict[str, Any], says: str, engine: Engine) -> None:
    """The error names the field, and nothing is kept."""
    fill(engine)
    good: dict[str, Any] = {
        "key": "zone-x",
        "kind": "water_zone",
        "attributes": {"diameter": 50},
        **PLACE,
    }

    with pytest.raises(BadRequest) as caught:
        SqlThings(engine).add(**{**good, **changes})
    assert str(caught.value).startswith(says)
    assert SqlThings(engine).add(**good)["id"] == 41


def test_a_gateway_that_went_leaves_no_dangling_row(engine: Engine) -> None:
    """Retire the gateway: its devices load with no gateway, and ties to it are gone."""
    fill(engine)
    SqlThings(engine).retire("gateway-0001", at_ms=5)
    loaded = SqlRegistry(engine).load()

    assert loaded.via[loaded.rows["parking_magnet-0005"]] == -1
    assert loaded.via[loaded.rows["parking_magnet-0004"]] == loaded.rows["gateway-0000"]
    assert all(
        (column < len(loaded.id)).all() for tie in loaded.relations.values() for column in tie
    )


def test_a_tuned_value_is_loaded_and_given_back(engine: Engine) -> None:
    """A parameter set for one thing is a column with NaN elsewhere, until it is cleared."""
    fill(engine)
    things = SqlThings(engine)
    things.set_parameter("fire_lane", "grace_s", "gateway-0000", 60, who="ann", at_ms=1)
    tuned = SqlRegistry(engine).load().parameters["fire_lane", "grace_s"]
    for key in ("gateway-0000", "parking_magnet-0005"):
        things.set_parameter("fire_lane", "grace_s", key, None, who="ann", at_ms=2)

    assert tuned[~np.isnan(tuned)].tolist() == [60, 120]
    assert SqlRegistry(engine).load().parameters == {}


SCHEMA = {
    "count": Attribute("integer", low=0, high=9),
    "size": Attribute("number", "m", low=0.5),
    "colour": Attribute("text", among=("red", "green")),
    "lit": Attribute("boolean"),
}
ANYTHING = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.lists(
    st.integers(), max_size=2
)  # fmt: skip


@given(st.dictionaries(st.sampled_from([*SCHEMA, "other"]), ANYTHING))
def test_attributes_fit_or_are_named(attributes: dict[str, Any]) -> None:
    """Whatever is given, either every value is of its type and limits, or the error names one."""
    fits: dict[str, Callable[[Any], bool]] = {
        "count": lambda v: type(v) is int and 0 <= v <= 9,
        "size": lambda v: type(v) in {int, float} and 0.5 <= v < inf,
        "colour": lambda v: v in ("red", "green"),
        "lit": lambda v: type(v) is bool,
        "other": lambda _: False,
    }
    wrong = [name for name, value in attributes.items() if not fits[name](value)]
    if not wrong:
        check("lamp", SCHEMA, attributes)
        return
    with pytest.raises(BadRequest, match=rf"attributes\.({'|'.join(wrong)}): "):
        check("lamp", SCHEMA, attributes)
