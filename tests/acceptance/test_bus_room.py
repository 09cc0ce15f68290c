"""Room in the streams, the journal above all: what can be spared is dropped, and nothing else."""

import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from borough.core.errors import BusDown
from borough.core.frames import ROWS, Frame
from borough.core.partitions import Part
from borough.storage.journal.journal import Journal, first_entry
from borough.storage.journal.room import Room
from borough.storage.journal.streams import make_streams

MOST_BYTES = 64 << 20
WEEK = 7.0
MOMENT = 0.2 / 86_400
"""A fifth of a second, in days."""


@pytest.fixture
def link(ground: Any) -> Iterator[Any]:
    """Give a link to a bus whose journal holds 64 MB."""
    with ground.link() as link:
        make_streams(link, journal={"max_bytes": MOST_BYTES})
        yield link


def frame(number: int) -> Frame:
    """Make a frame of some 400 kB that tells its number."""
    chance = np.random.default_rng(number)
    rows = np.arange(20_000)
    return Frame(ROWS, number, number, 0, 0, -1, rows, rows, rows, chance.uniform(size=20_000))


def filled(journal: Journal) -> int:
    """Write until the journal takes no more; gives how many frames it took."""
    for number in range(1_000):
        try:
            journal.append(frame(number))
        except BusDown:
            return number
    pytest.fail("the journal never was full")


def first(link: Any, part: Part) -> int:
    """Give the number of the oldest frame that is there."""
    entry = first_entry(link, part)
    assert entry
    return entry.sequence


def test_a_full_journal_refuses_and_drops_nothing_that_is_still_needed(link: Any) -> None:
    """What the history lacks is not dropped for what comes next: there is no room, and we say so.

    So it was with a journal that an earlier release made, which dropped its oldest by itself.
    """
    journal = Journal(link)
    many = filled(journal)
    room = Room(link, Journal(link), WEEK)

    assert not room.made(lambda: 0)
    assert first(link, Part()) == 1
    assert Journal(link).sequence == many


def test_what_can_be_spared_makes_room_oldest_first(link: Any) -> None:
    """With room again the journal takes more, and no more is dropped than is needed."""
    many = filled(Journal(link))
    journal = Journal(link)
    room = Room(link, journal, WEEK)

    assert room.made(lambda: many)
    assert 1 < first(link, Part()) < many // 2
    assert journal.append(frame(0)) == many + 1


def test_no_more_is_dropped_than_can_be_spared(link: Any) -> None:
    """Where little can be spared, little is dropped, and that there is no room is still told."""
    filled(Journal(link))
    room = Room(link, Journal(link), WEEK)

    assert not room.made(lambda: 1)
    assert first(link, Part()) == 2


def test_frames_go_when_their_days_are_over_but_the_newest_stays(link: Any) -> None:
    """The newest frame says how far the doors are taken in, however old it is."""
    journal = Journal(link)
    journal.extend(frame(number) for number in range(5))
    time.sleep(0.5)
    last = journal.append(frame(5))
    kept = Room(link, journal, WEEK)
    room = Room(link, journal, MOMENT)

    assert kept.made(lambda: last)
    assert first(link, Part()) == 1
    assert room.made(lambda: 3)
    assert first(link, Part()) == 4
    time.sleep(0.5)
    assert Room(link, journal, MOMENT).made(lambda: last)
    assert first(link, Part()) == last


def test_a_partition_drops_its_own_frames_only(link: Any) -> None:
    """What another partition may need is the business of who writes it."""
    ours, theirs = Part(0, 2), Part(1, 2)
    with_others = [Journal(link, ours), Journal(link, theirs)]
    for number in range(5):
        for each in with_others:
            each.append(frame(number))
    time.sleep(0.5)

    assert Room(link, with_others[1], MOMENT, theirs).made(lambda: 10)
    assert (first(link, ours), first(link, theirs)) == (1, 10)


def test_streams_are_declared(ground: Any) -> None:
    """Every stream keeps within bytes; the door and the journal refuse what is more."""
    with ground.link() as link:
        names = link.call("$JS.API.STREAM.NAMES")["streams"]
        configs = [link.call(f"$JS.API.STREAM.INFO.{name}")["config"] for name in names]

    assert sorted(names) == ["DEAD", "DETECTIONS", "DOORS", "JOURNAL"]
    assert all(config["max_bytes"] > 0 for config in configs)
    refusing = {config["name"] for config in configs if config["discard"] == "new"}
    assert refusing == {"DOORS", "JOURNAL"}


def test_a_district_may_keep_more_or_less_of_its_journal(ground: Any) -> None:
    """Settings change a stream that is there already."""
    with ground.link() as link:
        make_streams(link, journal={"max_bytes": 10**9, "max_age": 60})
        config = link.call("$JS.API.STREAM.INFO.JOURNAL")["config"]

    assert (config["max_bytes"], config["max_age"]) == (10**9, 60 * 10**9)
