"""What partitions lend each other: gathered, each row once, by one lender: tried on a real bus."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from borough.adapters.bus.link import Link
from borough.app.lending import SHARE, Lending, together
from borough.core.errors import Stale
from borough.core.frames import LENT, NOW, ROWS, Frame, decode
from borough.core.partitions import Part, homes
from borough.core.registry import Kind, Property, Registry
from borough.core.scenes import Scene
from borough.engine.catalog import BUILT_IN, find_sound
from borough.storage.journal.copies import copied, stretch_of
from borough.storage.journal.streams import make_streams

OURS, THEIRS = Part(1, 2), Part(0, 2)
NEAR, FAR, BALANCE = 0, 1, 2
"""Series: of a meter that is ours, of one that is theirs, and of the zone, theirs, of both."""
START = 1_000_000


@pytest.fixture
def links(ground: Any) -> Iterator[list[Link]]:
    """Give links that serve nothing else, on a bus that has its streams."""
    with ExitStack() as stack:
        made = [stack.enter_context(ground.link()) for _ in range(2)]
        make_streams(made[0])
        yield made


@pytest.fixture
def scene() -> Scene:
    """Give the scene that watches what zones lose."""
    (found,) = (each.scene for each in find_sound(BUILT_IN)[0] if each.scene.id == "pipe_leak")
    return found


@pytest.fixture
def zoned() -> Registry:
    """Give a zone that two meters feed, of which one is dealt elsewhere."""
    flow = Property("flow", {}, "L/s", -10, 100, (0, 1))
    kinds = (
        Kind("water_flow", {}, "device", (flow,), 60, 60, 0),
        Kind("zone_balance", {}, "derived", (replace(flow, code="net_flow"),), 900, 60, 0),
    )
    nowhere = np.zeros(3)
    feeds = (np.array([0, 1]), np.array([2, 2]), np.array([1, -1], np.int8))
    made = Registry(
        kinds, np.arange(1, 4), ("m-2", "m-1", "zone-2"), np.array([0, 0, 1]),
        np.array([0, 1, 2]), nowhere, nowhere, np.zeros(3, int), np.full(3, -1),
        relations={"feeds": feeds},
    )  # fmt: skip
    assert homes(made, 2).tolist() == [OURS.number, THEIRS.number, THEIRS.number]
    return made


def rows(series: int, now: int, *values: float) -> Frame:
    """Make a frame of what one series said."""
    many = len(values)
    return Frame(
        ROWS, now, now, 7, 8, report=np.arange(many, dtype=np.uint32),
        series=np.full(many, series, np.int32), time=np.full(many, now), value=np.array(values),
    )  # fmt: skip


def lent(ground: Any) -> list[list[float]]:
    """Read what is stored for them, message by message."""
    with ground.link() as link:
        told = [decode(each.body) for each in copied(link, "DOORS", stretch_of(link, "DOORS"))]
    assert {each.kind for each in told} <= {LENT}
    assert {(each.mqtt, each.http) for each in told} <= {(0, 0)}
    return [each.value.tolist() for each in told]


def test_what_a_window_wants_is_gathered_and_what_another_owns_goes_at_once(
    ground: Any, links: list[Link], zoned: Registry, scene: Scene
) -> None:
    """Rows of a member wait for a part of what the window allows; rows that are theirs do not."""
    lending = Lending(links[0], zoned, [scene], OURS)
    patient = min(each.allow_s for each in scene.derives) * 1000 // SHARE
    lending.lend(3, rows(NEAR, START, 1.0, 2.0))
    lending.lend(5, rows(NEAR, START + patient, 3.0))
    assert lent(ground) == []
    lending.lend(6, Frame(NOW, START + patient + 1, 0))
    assert lent(ground) == [[1.0, 2.0, 3.0]]
    lending.lend(8, rows(NEAR, START, 4.0))
    lending.lend(9, rows(FAR, START, 5.0))
    assert lent(ground) == [[1.0, 2.0, 3.0], [4.0, 5.0]]


def test_after_a_death_nothing_is_lent_twice_and_nothing_is_left_out(
    ground: Any, links: list[Link], zoned: Registry, scene: Scene
) -> None:
    """The next one reads the journal from further back, and lends what had only been gathered."""
    journal = [(3, rows(NEAR, START, 1.0)), (4, rows(FAR, START, 2.0)), (6, rows(NEAR, START, 3.0))]
    first = Lending(links[0], zoned, [scene], OURS)
    first.lend(*journal[0])
    first.hand_over()  # for a checkpoint that was never written
    second = Lending(links[1], zoned, [scene], OURS)
    for sequence, frame in journal:
        second.lend(sequence, frame)
    second.hand_over()

    assert lent(ground) == [[1.0], [2.0], [3.0]]


def test_one_that_wakes_up_cannot_lend_what_its_successor_has_lent(
    ground: Any, links: list[Link], zoned: Registry, scene: Scene
) -> None:
    """Under the other's names nobody would notice; the bus refuses it by the last message."""
    paused = Lending(links[0], zoned, [scene], OURS)
    paused.lend(3, rows(NEAR, START, 1.0))
    successor = Lending(links[1], zoned, [scene], OURS)
    successor.lend(3, rows(NEAR, START, 1.0))
    successor.lend(4, rows(FAR, START, 2.0))

    with pytest.raises(Stale):
        paused.hand_over()
    assert lent(ground) == [[1.0, 2.0]]


def test_what_is_lent_is_journalled_together_and_nothing_else_is() -> None:
    """Frames of lent rows become one, under the marks of the last; reports stay apart."""
    some = [replace(rows(NEAR, START, 1.0, 2.0), kind=LENT, http=n) for n in (4, 5)]
    empty, full = rows(NEAR, START), rows(FAR, START, 9.0)
    told = list(together([empty, *some]))
    assert [(each.kind, each.mqtt, each.http, each.value.tolist()) for each in told] == [
        (LENT, 7, 5, [1.0, 2.0, 1.0, 2.0])
    ]
    assert told[0].report.tolist() == [0, 1, 2, 3]
    assert [each.kind for each in together([full, *some])] == [ROWS, LENT]
    assert [len(each) for each in together([full, full])] == [1, 1]
    assert [each.http for each in together([empty])] == [8]
    assert list(together([])) == []
