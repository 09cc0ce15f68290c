"""Topics that were met mean what they would to who meets them for the first time."""

from dataclasses import replace

import numpy as np
import pytest
from sqlalchemy import Engine

from borough.adapters.topics import REASONS, Topics
from borough.core.registry import Registry
from borough.storage.sql import SqlRegistry, SqlThings
from borough.testing.backends import small_registry

UNKNOWN = -1 - REASONS.index("unknown-device")


def met(registry: Registry) -> list[bytes]:
    """Give a topic of each device, and one for each of its properties."""
    through = [
        (registry.key[via], key) for key, via in zip(registry.key, registry.via, strict=True)
    ]
    names = [f"d.{gate}.{key}" for gate, key in through]
    return [f"{name}{end}".encode() for name in names for end in ("", ".occupied", ".battery")]


def all_of(topics: Topics, subjects: list[bytes]) -> list[int]:
    """Look them all up."""
    return [topics[subject] for subject in subjects]


SMALL = small_registry()
VIA, KIND = SMALL.via.copy(), SMALL.kind.copy()
VIA[5], KIND[5] = 0, 1
KINDS = SMALL.kinds
TURNED = replace(KINDS[0], properties=KINDS[0].properties[::-1])


def later(**columns: object) -> Registry:
    """Give the small registry with other columns."""
    return replace(SMALL, **columns)


@pytest.mark.parametrize(
    "now",
    [
        small_registry(60),
        small_registry(20),
        later(id=np.append(SMALL.id[:-1], 99), key=(*SMALL.key[:-1], "another")),
        later(via=VIA),
        later(first=SMALL.first + 5),
        later(kind=np.where(np.arange(40) == 5, 1, small_registry().kind)),
        later(kinds=(TURNED, *KINDS[1:])),
    ],
)
def test_what_was_met_means_the_same_as_to_a_blank_table(now: Registry) -> None:
    """Things have come, have gone, report through others, or are of another class."""
    before, after, blank = Topics(SMALL), Topics(now), Topics(now)
    subjects = met(SMALL) + met(now)
    all_of(before, subjects)
    after.take_over(before)

    assert all_of(after, subjects) == all_of(blank, subjects)


def test_where_things_were_only_entered_nothing_is_looked_up_again(engine: Engine) -> None:
    """All that was met is known at once, and the new thing is when it first speaks."""
    SqlRegistry(engine).save_all(small_registry())
    held = SqlRegistry(engine).load()
    before = Topics(held)
    codes = all_of(before, met(held))
    assert before[b"d.gateway-0001.new"] == UNKNOWN
    SqlThings(engine).add(
        key="new", kind="parking_magnet", lon=None, lat=None, grid=1, via="gateway-0001", at_ms=1
    )
    now = SqlRegistry(engine).renewed(held)
    assert now is not None
    after = Topics(now)
    after.take_over(before)

    assert dict(after) == dict(before)
    assert all_of(after, met(held)) == codes
    assert after.row(after[b"d.gateway-0001.new"]) == now.rows["new"]
