"""Which messages are nearly the same text."""

from collections.abc import Sequence

import numpy as np

from borough.adapters.text import sparse
from borough.adapters.text.grams import Block, Places, Written, grams
from borough.adapters.text.limits import LIMITS

SHINGLES = (Block("shingles", 5),)
LENGTH = 5
HASHES, ROWS = 128, 2
"""64 bands of two rows: a pair alike by 0.3 is looked at with probability 0.998."""
SEED = 20260101


def same_text(texts: Sequence[str], alike: float = LIMITS.near_duplicate) -> Places:
    """Number the groups of messages that share at least *alike* of their 5-character runs.

    The measure is Jaccard's; pairs are proposed by MinHash (Broder 1997) in bands and then
    measured exactly, and a group is what pairs connect.  int64 per message, from 0.
    """
    from scipy.sparse import csgraph  # noqa: PLC0415 - slow to load, and only for learning

    (found,) = grams(Written.of(texts), SHINGLES)
    long = found.length == LENGTH
    message, code = found.message[long], found.code[long]
    vocabulary, column = np.unique(code, return_inverse=True)
    held = sparse.csr_matrix(
        (np.ones(len(code), np.float32), (message, column)), (len(texts), len(vocabulary) + 1)
    )
    held.data[:] = 1.0
    left, right = _proposed(held, vocabulary)
    close = _jaccard(held, left, right) >= alike
    pairs = (np.ones(close.sum()), (left[close], right[close]))
    _, group = csgraph.connected_components(sparse.coo_matrix(pairs, (len(texts), len(texts))))
    return np.asarray(group, np.int64)


def _proposed(held: sparse.Rows, vocabulary: np.ndarray) -> tuple[Places, Places]:
    """Pair each message with the first of those that share a band of minima with it."""
    some = np.flatnonzero(np.diff(held.indptr))
    draws = np.random.default_rng(SEED).integers(1, 2**63, (HASHES, 2), np.uint64)
    minima = np.empty((HASHES, len(some)), np.uint64)
    for row, (factor, shift) in zip(minima, draws, strict=True):
        mixed = (vocabulary ^ shift) * (factor | np.uint64(1))
        mixed ^= mixed >> np.uint64(29)
        row[:] = np.minimum.reduceat(mixed[held.indices], held.indptr[some]) if len(some) else 0
    left, right = [], []
    for band in minima.reshape(HASHES // ROWS, ROWS, -1):
        key = band[0] * np.uint64(0x9E3779B97F4A7C15) ^ band[1]
        order = np.argsort(key, kind="stable")
        again = np.flatnonzero(key[order][1:] == key[order][:-1])
        left.append(some[order[again]])
        right.append(some[order[again + 1]])
    pairs = np.unique(np.stack([np.concatenate(left), np.concatenate(right)]), axis=1)
    return pairs[0], pairs[1]


def _jaccard(held: sparse.Rows, left: Places, right: Places) -> np.ndarray:
    """Measure pairs: what both have, of what either has."""
    both = np.asarray(held[left].multiply(held[right]).sum(1)).ravel()
    size = np.diff(held.indptr)
    return np.asarray(both / np.maximum(size[left] + size[right] - both, 1))
