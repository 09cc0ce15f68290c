"""Names in an Arrow column, each found once, without an object for each row."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from borough.api.admission import Coded
from borough.api.arrow_frames import require

LONGEST = 64
"""Bytes of a key or a property; a longer name is cut, and is then nobody's."""
FACTOR = np.uint64(0x9E3779B97F4A7C15)
"""2^64 divided by the golden ratio: spreads words over all bits (Knuth, vol. 3, 6.4)."""

MOST = 1 << 28
"""Bytes that the padded names of one batch may take."""


def coded(offsets: NDArray[Any], packed: memoryview) -> Coded:
    """Find the different names of a text column: each once, and its place for every row.

    Names are compared as padded bytes, by a hash first; where two names share one, all are
    sorted instead.  Raises ``ValueError`` where offsets fall or lead out of the text.
    """
    if not len(offsets):
        return Coded((), np.empty(0, np.int64))
    rises = (offsets[1:] >= offsets[:-1]).all()
    require(bool(offsets[0] >= 0 and rises and offsets[-1] <= len(packed)))
    wide = np.diff(offsets)
    data = np.append(np.frombuffer(packed, np.uint8), np.uint8(0))
    size = int(min(max(wide.max(initial=0), 1), LONGEST + 1))
    size += -size % 8
    require(len(wide) * size <= MOST)
    rows = np.zeros((len(wide), size), np.uint8)
    for at in range(size):
        inside = wide > at
        rows[inside, at] = data[offsets[:-1][inside] + at]
        require(bool(rows[inside, at].all()))  # a name holds no zero byte: that is our padding
    words = rows.view(np.uint64)
    mixed = np.zeros(len(rows), np.uint64)
    for column in words.T:
        mixed = (mixed ^ column) * FACTOR
        mixed ^= mixed >> np.uint64(29)
    _, first, place = np.unique(mixed, return_index=True, return_inverse=True)
    if not np.array_equal(words, words[first[place]]):
        _, first, place = np.unique(
            rows.view(f"S{size}").ravel(), return_index=True, return_inverse=True
        )
    names = tuple(rows[each].tobytes().rstrip(b"\0").decode() for each in first.tolist())
    return Coded(names, place.astype(np.int64))


def joined(column: Coded) -> Iterator[str]:
    """Give the name of every row; for dictionaries, whose rows are few."""
    return (column.names[code] for code in column.codes.tolist())
