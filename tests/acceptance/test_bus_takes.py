"""How much the reader takes off the bus at once."""

import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from borough.adapters.reader import Marks, Reader
from borough.core.frames import ROWS, Frame, encode
from borough.storage.journal.streams import Deposit, store
from borough.testing.living import eventually

WAIT_S = 60.0
LATE_S = 1.0
"""How much later than a take begins something comes; a busy machine may be slow to begin it."""


@pytest.fixture
def reader(ground: Any) -> Iterator[Reader]:
    """Begin to read."""
    with Reader(ground.bus, Marks(), ground.limits) as made:
        yield made


def test_batches_are_taken_as_much_at_once_as_is_work_enough(ground: Any, reader: Reader) -> None:
    """Whoever has many rows to work off does not wait for more; none of them is left out."""
    many = np.arange(30_000)
    column = {"report": many, "series": many, "time": many, "value": many / 2}
    posted = [encode(Frame(ROWS, now, 1, **column)) for now in range(20)]
    with ground.link() as link:
        store(link, [Deposit("door.http", each) for each in posted])
    taken = []
    while chunk := reader.take(WAIT_S if len(taken) < 20 else 0.1, gather_s=5.0, most=6_000):
        assert chunk.weight == len(chunk.doors) * (1 + 30_000 // 10)
        taken += [frame.now for _, frame in chunk.doors]
        assert len(chunk.doors) < 10

    assert taken == list(range(20))


def test_a_take_says_whether_there_was_more_than_it_could_take(ground: Any, reader: Reader) -> None:
    """Who is cut short and waited for nothing is behind; who waited for the last is not."""
    device = ground.device()
    for number in range(1, 3001):
        device.say("d/gw-1/m-1/flow", b"%d" % number)
    device.say("d/gw-1/m-1/flow", b"0", 1)
    device.listen(1)  # the bus takes them in order, so that all are on their way to us
    eventually(lambda: reader.take(0.0, gather_s=0.0, most=1).behind, "a take that is cut short")
    while reader.counts.total() < 3001:
        reader.take(WAIT_S)
    late = threading.Timer(LATE_S, device.say, ("d/gw-1/m-1/flow", b"1"))
    late.start()
    waited = reader.take(WAIT_S, most=1)
    late.join()

    assert len(waited) == 1
    assert not waited.behind
