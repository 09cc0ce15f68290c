"""A thing that talks without end loses what is too much, and nobody else loses anything."""

from collections import Counter

import numpy as np
from hypothesis import given, strategies as st

from borough.adapters.limits import Limits
from borough.adapters.mqtt import Decoder
from borough.adapters.pace import Pace
from borough.core.registry import Kind, Property, Registry

MOST, STRETCH_MS = 3, 1000


@given(st.lists(st.tuples(st.integers(0, 900), st.lists(st.integers(0, 3), max_size=12))))
def test_it_counts_as_one_would_by_hand(chunks: list[tuple[int, list[int]]]) -> None:
    """The first few of each thing in each stretch of time pass, in the order in which they came."""
    pace, now = Pace(4, MOST, STRETCH_MS), 0
    said: Counter[tuple[int, int]] = Counter()
    for later, things in chunks:
        now += later
        beyond = []
        for at, thing in enumerate(things):
            said[now // STRETCH_MS, thing] += 1
            if said[now // STRETCH_MS, thing] > MOST:
                beyond.append(at)
        assert pace.beyond(np.array(things, np.int64), now).tolist() == beyond


def registry() -> Registry:
    """A gateway, and two meters behind it."""
    flow = Property("flow", {"zh": "流量", "en": "flow"}, "m3/h", 0, 100, (0, 1))
    kinds = tuple(Kind(role, {}, role, (flow,), 60, 60, 0) for role in ("gateway", "device"))
    row, nobody = np.arange(3), np.zeros(3)
    via = np.array([-1, 0, 0])
    keys = ("gw-1", "m-1", "m-2")
    return Registry(kinds, row + 1, keys, np.array([0, 1, 1]), row, nobody, nobody, row, via)


def test_what_is_too_much_is_rejected_by_name_and_the_account_adds_up() -> None:
    """One letter stands for all of it; what was acknowledged is never held back."""
    limits = Limits.load()
    many = limits.device_messages + 500
    loud, quiet = [b"d.gw-1.m-1.flow", b"d.gw-1.m-1"], b"d.gw-1.m-2.flow"
    subjects = [loud[at % 2] for at in range(many)] + [quiet, loud[0]]
    payloads = [(b"1", b'{"flow":1}')[at % 2] for at in range(many)] + [b"2", b"3"]
    readings = Decoder(registry(), limits).decode(subjects, payloads, 0, live=many + 1)

    assert readings.rejected == {"too-often": 500}
    assert [letter.reason for letter in readings.letters] == ["too-often"]
    assert readings.value[-2:].tolist() == [2, 3]
    assert readings.received == len(subjects)
