"""Journals of partitions side by side, and who may write them: tried on a real bus."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from borough.adapters.bus.link import Link
from borough.core.errors import Stale
from borough.core.frames import ROWS, Frame
from borough.core.partitions import Part
from borough.storage.journal.journal import Journal, JournalTail
from borough.storage.journal.leases import BusLease, make_leases
from borough.testing.living import eventually

ONE, TWO = Part(0, 2), Part(1, 2)
HOLDS_S = 2.0


@pytest.fixture
def links(ground: Any) -> Iterator[list[Link]]:
    """Give links that serve nothing else."""
    with ExitStack() as stack:
        yield [stack.enter_context(ground.link()) for _ in range(4)]


def frame(value: float) -> Frame:
    """Make a frame of one row."""
    one = np.zeros(1, np.int64)
    return Frame(ROWS, 1, 1, report=one, series=one, time=one, value=np.array([value]))


def test_partitions_are_written_side_by_side_and_each_by_one(links: list[Link]) -> None:
    """Each has one writer, in whatever order they write; a second one is told that it is stale."""
    one, two, tail = Journal(links[0], ONE), Journal(links[1], TWO), links[2]
    places = [one.append(frame(1.0)), two.append(frame(2.0)), one.append(frame(3.0))]
    paused = Journal(links[3], ONE)
    places += one.extend([frame(4.0), frame(5.0)])

    assert places == sorted(places)
    with pytest.raises(Stale):
        paused.append(frame(9.0))
    told = [(each.sequence, each.frame.value[0]) for each in JournalTail(tail, part=ONE).rest()]
    assert told == [(places[0], 1.0), (places[2], 3.0), (places[3], 4.0), (places[4], 5.0)]
    last = two.last()
    assert last is not None
    assert last.sequence == places[1]


def test_who_claims_a_partition_ends_the_writing_of_whoever_had_it(links: list[Link]) -> None:
    """Nobody has to write anything first: one that was paused cannot write after the claim."""
    paused, next_one = Journal(links[0], ONE), Journal(links[1], ONE)
    next_one.claim(1)
    assert next_one.first() is None
    paused.append(replace(frame(1.0), mqtt=7, http=8))
    next_one = Journal(links[1], ONE)
    next_one.claim(5)

    with pytest.raises(Stale):
        paused.append(frame(2.0))
    last = next_one.last()
    assert last is not None
    assert (len(last.frame), last.frame.mqtt, last.frame.http, last.frame.wall) == (0, 7, 8, 5)


def test_a_lease_is_held_by_one_and_taken_when_it_is_not_renewed(links: list[Link]) -> None:
    """The bus says who is first, and forgets who does not renew; that one learns it."""
    make_leases(links[0], HOLDS_S)
    one, other = (BusLease(link, "stream.0", name) for link, name in zip(links, "ab", strict=False))

    assert one.take()
    assert not other.take()
    for _ in range(15):
        time.sleep(HOLDS_S / 10)
        assert one.renew()
    assert not other.take()
    eventually(other.take, "a lease that ran out")
    assert not one.renew()
    other.give_up()
    assert one.take()
