"""Sort whole numbers: by far the most of what is sorted here, and quickest as packed words."""

import numpy as np
from numpy.typing import NDArray

from borough.core.observations import Index

_HIGH, _LOW = 32, (1 << 32) - 1


def in_order(numbers: Index) -> NDArray[np.int64]:
    """Give the order that a stable argsort gives: where each comes from, equal ones as they were.

    Numbers must lie between 0 and 2**31 - 1, and there may be as many.  Each is packed into one
    word with its place, and NumPy sorts words in 7 ns each, whatever their order; by two digits of
    16 bits it took 15 to 20, and a stable argsort of numbers in no order takes 85.

    >>> in_order(np.array([7, 3, 7, 3])).tolist()
    [1, 3, 0, 2]
    """
    packed = numbers.astype(np.int64)
    packed <<= _HIGH
    packed |= np.arange(len(packed))
    packed.sort()
    packed &= _LOW
    return packed
