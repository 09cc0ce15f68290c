"""A registry made of the one before and what has changed is the one that a whole reading gives."""

import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings, strategies as st
from sqlalchemy import Engine

from borough.core.errors import BadRequest, NotFound
from borough.core.registry import Kind, Registry
from borough.storage.sql import (
    SqlIntake,
    SqlRegistry,
    SqlThings,
    SqlTunings,
    changes,
    connect,
)
from borough.storage.sql.engines import writing
from borough.storage.sql.intake import FIELDS, Change, Held, Note
from borough.storage.sql.parties import SqlParties
from borough.testing.backends import every_table, fill, same

THINGS = 120
AT = 7
SCENE = "fire_lane"
GIVEN = {"parking_magnet": {(SCENE, "pause_s"): 30.0}}
FIRM = Kind("firm", {"zh": "企业", "en": "firm"}, "party", (), 0, 0, 0)
Step = tuple[str, int, int, int]
"""What is done, and three numbers that say to whom and how."""


class Town:
    """A small registry that is changed in every way there is."""

    def __init__(self, engine: Engine, things: int = THINGS) -> None:
        self.engine = engine
        with writing(engine) as connection:
            for table in reversed(every_table().sorted_tables):
                connection.execute(table.delete())
        fill(engine, things)
        self.registry = SqlRegistry(engine)
        self.things = SqlThings(engine, GIVEN)
        self.fresh = 0

    def keys(self) -> Sequence[str]:
        """Give the key of every thing that ever was."""
        return SqlIntake(self.engine).held().key

    def key(self, number: int) -> str:
        """Choose one of them."""
        keys = self.keys()
        return keys[number % len(keys)]

    def do(self, step: Step) -> None:
        """Do one step, or nothing where it may not be."""
        name, one, two, three = step
        with suppress(BadRequest, NotFound):
            getattr(self, name)(one, two, three)

    def enter(self, one: int, two: int, _three: int) -> None:
        """Enter a device behind a gateway, a gateway, or a device that stands alone."""
        self.fresh += 1
        kind = ("parking_magnet", "gateway", "parking_magnet")[one % 3]
        via = self.key(two) if one % 3 == 0 else ""
        about: dict[str, Any] = {"lon": 106.0, "lat": None, "grid": two, "via": via}
        self.things.add(key=f"new-{self.fresh}", kind=kind, at_ms=AT, **about)

    def edit(self, one: int, two: int, three: int) -> None:
        """Move a thing, or have it report through another one, or through none."""
        via = {"via": self.key(two) if three % 3 else ""} if three % 2 else {}
        self.things.edit(self.key(one), lon=float(two % 100), **via)

    def retire(self, one: int, _two: int, _three: int) -> None:
        """Take a thing out of use; of a gateway only now and then."""
        self.things.retire(self.key(one), at_ms=AT)

    def relate(self, one: int, two: int, three: int) -> None:
        """Tie two things, also twice and with either sign."""
        name = ("part_of", "watches", "feeds")[three % 3]
        ends = self.key(one), self.key(two)
        self.things.relate(name, *ends, at_ms=AT + three % 2, sign=1 - 2 * (two % 2))

    def set_parameter(self, one: int, two: int, three: int) -> None:
        """Set a parameter for a thing, or give it back."""
        name, value = ("grace_s", "pause_s")[three % 2], float(two) if two % 3 else None
        self.things.set_parameter(SCENE, name, self.key(one), value, who="test", at_ms=AT)

    def tune(self, one: int, two: int, three: int) -> None:
        """Change a parameter as people do; the registry's version does not rise with it."""
        tunings, thing = SqlTunings(self.engine), self.things.thing(self.key(one))["id"]
        values = {("grace_s", "pause_s")[three % 2]: float(two) if two % 3 else None}
        told: dict[str, Any] = {"who": "ann", "why": "so", "at_ms": AT, "version": "v"}
        tunings.record(SCENE, thing, values, seen=tunings.last(SCENE), **told)

    def firms(self, one: int, two: int, _three: int) -> None:
        """Enter firms, with a class that the registry may not have had."""
        names = {f"F{n}": {"zh": f"企{n}", "en": f"firm {n}"} for n in (one % 5, 5 + two % 5)}
        ties = {f"F{one % 5}": f"F{5 + two % 5}"}
        SqlParties(self.engine).enter(FIRM, names, ties, (0, 100), at_ms=AT)

    def bulk(self, one: int, two: int, three: int) -> None:
        """Change many at once: some enter, some go or come back, some are tied or no longer."""
        intake = SqlIntake(self.engine)
        held = intake.held()
        rows = [row % len(held.id) for row in range(one, one + three % 6)]
        rows = sorted(set(rows))
        many = two % 4
        first = self.fresh + 1
        self.fresh += many
        added = {
            "key": [f"new-{n}" for n in range(first, first + many)],
            "kind": [1, 0, 0][:many], "width": [1, 2, 2][:many],
            "lon": [1.0] * many, "lat": [None] * many, "grid": [3] * many,
            "via": [None, -1, int(held.id[0])][:many],
            "name": ["{}"] * many, "attributes": ["{}"] * many,
            "valid_from_ms": [AT] * many, "valid_to_ms": [None, None, AT][:many],
        }  # fmt: skip
        ties = [held.ties[n % len(held.ties)] for n in range(two % 3)] if held.ties else []
        untied = [(n, int(held.id[a]), int(held.id[b]), s) for n, a, b, s in set(ties)]
        tied = [("feeds", -1, int(held.id[one % len(held.id)]), 1)] if many else []
        change = Change(added, edited(held, rows, three), tied, untied)
        note = Note(
            number=intake.number(), at_ms=AT + one, who="ann", file="a.csv", sha256="", counts={}
        )
        intake.enter(change, note, expected=held.version)


def edited(held: Held, rows: list[int], how: int) -> dict[str, list[Any]]:
    """Lay rows down as they are, but for their ends: those in use go, the others come back."""
    columns: dict[str, list[Any]] = {"id": [int(held.id[row]) for row in rows]}
    for name in FIELDS:
        column = getattr(held, name.removesuffix("_ms"))
        columns[name] = [column[row] for row in rows]
    for name in ("lon", "lat"):
        columns[name] = [None if np.isnan(each) else float(each) for each in columns[name]]
    columns["grid"] = [int(each) for each in columns["grid"]]
    columns["valid_from_ms"] = [int(each) for each in columns["valid_from_ms"]]
    columns["via"] = [int(held.id[via]) if via >= 0 else None for via in columns["via"]]
    turned = how % 2 == 0
    columns["valid_to_ms"] = [
        (None if end >= 0 else AT) if turned else (int(end) if end >= 0 else None)
        for end in columns["valid_to_ms"]
    ]
    return columns


NUMBER = st.integers(0, 400)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["enter", "edit", "retire", "relate", "set_parameter", "tune", "firms", "bulk", "read"]
        ),
        NUMBER | st.integers(0, 3),
        NUMBER,
        NUMBER,
    ),
    min_size=1,
    max_size=12,
)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(STEPS)
@example([("enter", 0, 4, 0), ("read", 0, 0, 0), ("edit", 0, 0, 0)])  # a gateway's gateway
def test_what_changed_is_read_as_a_whole_reading_gives_it(
    engine: Engine, steps: list[Step]
) -> None:
    """Whatever was done, one at a time or many at once, and however much since the last reading."""
    town = Town(engine)
    held = town.registry.load()
    for step in [*steps, ("read", 0, 0, 0)]:
        if step[0] == "read":
            held = renewed(town, held)
        else:
            town.do(step)


def renewed(town: Town, held: Registry) -> Registry:
    """Go on with a registry, and hold it against a whole reading."""
    whole, now = town.registry.load(), town.registry.renewed(held)
    if now is not None:
        assert same(now, whole)
        assert now.edition == whole.edition
    return now or whole


Doing = Callable[[Town], None]


@pytest.mark.parametrize(
    "done",
    [
        lambda town: town.enter(0, 0, 0),
        lambda town: town.things.edit("gateway-0001", lat=29.8),
        lambda town: town.things.retire("parking_magnet-0005", at_ms=AT),
        lambda town: town.things.retire("gateway-0001", at_ms=AT),
        lambda town: town.things.relate("new", "gateway-0000", "gateway-0001", at_ms=AT),
        lambda town: town.tune(5, 4, 0),
        lambda town: town.firms(0, 0, 0),
        lambda town: town.bulk(10, 3, 4),
    ],
)
def test_a_change_of_a_few_things_is_read_as_such(done: Doing, engine: Engine) -> None:
    """No whole reading is needed after it; what did not change is not asked for."""
    town = Town(engine)
    held = town.registry.load()
    assert town.registry.renewed(held) is held
    done(town)
    now = town.registry.renewed(held)

    assert now is not None
    assert same(now, town.registry.load())
    assert not same(now, held)


def test_a_gateway_that_comes_back_finds_its_devices(engine: Engine) -> None:
    """Nothing was written about them, and yet they report through it again; ties hold again."""
    town = Town(engine)
    before = town.registry.load()
    row = int(before.rows["gateway-0001"])
    town.things.retire("gateway-0001", at_ms=AT)
    gone = town.registry.renewed(before)
    intake = SqlIntake(engine)
    held = intake.held()
    note = Note(number=intake.number(), at_ms=AT, who="a", file="f", sha256="", counts={})
    intake.enter(Change({}, edited(held, [row], 0)), note, expected=held.version)
    assert gone is not None
    back = town.registry.renewed(gone)

    assert back is not None
    assert (gone.via >= 0).sum() < (before.via >= 0).sum()
    assert same(back, before)


def test_a_long_stretch_of_things_is_read_as_such(engine: Engine) -> None:
    """Beside single ones, and with what hangs on them."""
    town = Town(engine, 8 * THINGS)
    held = town.registry.load()
    for row in (4, *range(7, 7 + THINGS), 9 + THINGS):
        town.things.edit(held.key[row], lon=1.0)
    now = town.registry.renewed(held)

    assert now is not None
    assert same(now, town.registry.load())
    assert np.count_nonzero(now.lon != held.lon) == THINGS + 3  # one has no place: NaN is no NaN


def test_where_much_has_changed_all_is_read(engine: Engine) -> None:
    """A bulk import of a large share costs less that way, and so does the first fill."""
    town = Town(engine)
    held = town.registry.load()
    for number in range(THINGS // 3):
        town.things.edit(held.key[number], lon=1.0)

    assert town.registry.renewed(held) is None


def test_what_is_of_another_store_is_not_built_upon(
    sqlite_template: Path, tmp_path: Path, engine: Engine
) -> None:
    """Nor what is of this one before it was put back: the numbers go on, but they mean others."""
    path, kept = tmp_path / "now.db", tmp_path / "kept.db"
    shutil.copy(sqlite_template, path)
    here = connect(path)
    town = Town(here)
    early = town.registry.load()
    here.dispose()
    shutil.copy(path, kept)
    town.things.retire("gateway-0001", at_ms=AT)
    held = town.registry.load()
    here.dispose()
    for each in tmp_path.glob("now.db*"):
        each.unlink()
    shutil.copy(kept, path)
    town.things.retire("gateway-0000", at_ms=AT)
    town.things.retire("parking_magnet-0005", at_ms=AT)

    assert held.edition[0] < town.registry.edition()[0]
    assert town.registry.renewed(held) is None
    now = town.registry.renewed(early)
    assert now is not None
    assert same(now, town.registry.load())
    assert Town(engine).registry.renewed(held) is None
    assert town.registry.renewed(replace(held, edition=(0, 0))) is None
    here.dispose()


def test_only_the_newest_changes_stay_noted(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who has seen any of them reads what came after; who has been away for longer reads all."""
    monkeypatch.setattr(changes, "KEPT", 3)
    town = Town(engine)
    held, keys = [town.registry.load()], town.keys()
    for key in [each for each in keys if each.startswith("parking_magnet")][:5]:
        town.things.retire(key, at_ms=AT)
        held.append(town.registry.load())
    renewed = [town.registry.renewed(each) for each in held]
    with engine.connect() as connection:
        noted = connection.execute(every_table().tables["registry_changes"].select()).all()

    assert len(noted) == 3
    assert renewed[:3] == [None] * 3
    assert all(each is not None and same(each, held[-1]) for each in renewed[3:])
