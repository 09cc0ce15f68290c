"""A history that stays away: the journal holds what it lacks, and no more is taken in."""

from collections.abc import Iterator
from contextlib import ExitStack
from itertools import count, islice

import httpx
import numpy as np
import pytest

from borough.adapters.bus.link import Link
from borough.core.errors import BadSetting
from borough.storage.journal.copies import Stretch, stretch_of
from borough.storage.journal.streams import JOURNAL
from borough.testing.disks import disk, fill
from borough.testing.living import Living, Rows, eventually
from borough.testing.senders import Reading, steady

HISTORY_MB, JOURNAL_MB = 16, 16
ROWS, MOST, RATE = 40_000, 60, 1_200.0
"""Readings in a batch, and so many batches at most: each is half a megabyte in the journal, and its
times, a millisecond each, are over before the next one where district time flies so."""


@pytest.fixture
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Living]:
    """Start a district with a history on a small disk, and with a small journal."""
    folder = tmp_path_factory.mktemp("away") / "data"
    with ExitStack() as disks:
        try:
            disks.enter_context(disk(folder / "history", HISTORY_MB))
        except BadSetting as refused:
            pytest.skip(str(refused))
        living = Living.made(folder, rate=RATE, journal_mb=JOURNAL_MB)
        try:
            living.start()
            yield living
        finally:
            living.stop()


def test_a_history_that_stays_away_costs_no_reading(small: Living) -> None:
    """A full journal drops nothing that the history lacks; with the history back, all goes on."""
    ballast = fill(small.settings.folder / "history")
    posted, readings = Rows(), steady(small, "dwell", 0.0)
    for number in count():
        posted += said(small, number, readings)
        if small.pulse("stream").get("held"):
            break
        assert number < MOST, "the journal never was full"
    late = said(small, MOST + 1, readings)
    before = stretch(small)
    ballast.unlink()
    eventually(lambda: not small.pulse("stream").get("held"), "a stream that takes in again")
    eventually(lambda: not (posted + late) - small.archived(), "all readings in the history")

    assert before.first == 1
    assert small.archived()[next(iter(late))] == 1
    eventually(lambda: stretch(small).first > 1, "room made of what the history has")


def said(living: Living, number: int, readings: Iterator[Reading]) -> Rows:
    """Post a batch of readings that fit nowhere in little room, and give them."""
    chance = np.random.default_rng(number)
    told = list(islice(readings, ROWS))
    values = chance.uniform(0, 500, len(told)).tolist()
    rows = [
        {"thing": each.thing, "property": each.name, "time": each.time, "value": value}
        for each, value in zip(told, values, strict=True)
    ]
    auth = ("gw-0001", living.token)
    answer = httpx.post(
        f"{living.url}/api/v1/observations", json={"observations": rows}, auth=auth, timeout=30.0
    )
    assert answer.status_code == httpx.codes.OK, answer.text
    assert answer.json()["accepted"] == len(rows), answer.text
    return Rows((each.series, each.time, value) for each, value in zip(told, values, strict=True))


def stretch(living: Living) -> Stretch:
    """Say from where to where the journal reaches."""
    with Link(living.bus.login("borough"), "test") as link:
        return stretch_of(link, JOURNAL)
