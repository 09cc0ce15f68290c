"""Which partition a thing belongs to: where the bus deals what its credential says."""

import numpy as np
from hypothesis import given, strategies as st

from borough.core.frames import ROWS, Frame
from borough.core.partitions import Part, dealt, home_of_series, homes
from borough.testing.backends import small_registry

KEYS = st.lists(st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True), max_size=20)


def fnv(key: str) -> int:
    """Hash by the letter: FNV-1a, 32 bits, as published."""
    hashed = 2_166_136_261
    for letter in key.encode():
        hashed = (hashed ^ letter) * 16_777_619 % 2**32
    return hashed


@given(KEYS, st.integers(1, 64))
def test_keys_are_dealt_as_by_the_published_hash(keys: list[str], count: int) -> None:
    """All at once gives what one after another gives."""
    assert dealt(keys, count).tolist() == [fnv(key) % count for key in keys]


def test_a_thing_is_where_its_gateway_is() -> None:
    """What reports through a gateway is in its partition, series and all; one of one is all."""
    registry = small_registry()
    home, count = homes(registry, 4), 4
    child = np.flatnonzero(registry.via >= 0)

    assert (home[child] == home[registry.via[child]]).all()
    assert home[registry.via < 0].tolist() == [
        fnv(registry.key[row]) % count for row in np.flatnonzero(registry.via < 0).tolist()
    ]
    assert (home_of_series(registry, count) == home[registry.row_of_series]).all()
    assert not homes(registry, 1).any()


def test_a_frame_keeps_some_of_its_rows() -> None:
    """Reports stay reports; what the frame says besides stays, too."""
    frame = Frame(
        ROWS, 5, 6, 7, 8, report=np.array([0, 0, 1]), series=np.array([3, 4, 5]),
        time=np.array([1, 1, 2]), value=np.array([0.5, 1.5, 2.5]),
    )  # fmt: skip
    some = frame.only(np.array([False, True, True]))

    assert (some.mqtt, some.http, some.now) == (7, 8, 5)
    assert some.report.tolist() == [0, 1]
    assert some.series.tolist() == [4, 5]
    assert Part(1, 2).journal == "journal.1"
