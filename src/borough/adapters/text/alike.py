"""How alike a new request is to matters that are there: cosine to the middle of each.

How rare a run of characters is, is known beforehand from messages of all kinds, so that two
strangers who both write "please deal with it" are not taken for one matter.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from borough.adapters.text import sparse
from borough.adapters.text.grams import Block, Codes, Places, Written, grams
from borough.adapters.text.limits import LIMITS

RUNS = (Block("runs", 3),)
SHORTEST = 2
MANNERS = 0.02
"""Runs in a greater share of all messages are manners, and say nothing about what is meant."""


@dataclass(frozen=True, slots=True)
class Rarity:
    """Which runs were seen in how many of some messages: ``code`` sorted, ``many`` beside it."""

    code: Codes
    many: Places
    messages: int

    @classmethod
    def of(cls, texts: Sequence[str]) -> Self:
        """Count the runs of messages."""
        message, code = _runs(texts)
        pairs = np.unique(np.stack([code, message.astype(np.uint64)]), axis=1)
        known, many = np.unique(pairs[0], return_counts=True)
        return cls(known, many.astype(np.int64), len(texts))

    def of_code(self, code: Codes) -> np.ndarray:
        """Give the inverse document frequency of runs, 0 for those that everybody writes."""
        many = np.zeros(len(code))
        if len(self.code):
            place = np.minimum(np.searchsorted(self.code, code), len(self.code) - 1)
            many = np.where(self.code[place] == code, self.many[place], 0)
        rare = np.log((1 + self.messages) / (1 + many)) + 1
        return np.where(many > MANNERS * self.messages, 0.0, rare)


def alike(new: str, others: Sequence[str], matter: Places, rarity: Rarity) -> dict[int, float]:
    """Say how alike a text is to each matter of *others*, by the number of the matter.

    It is the cosine to the sum of the texts of a matter; those with nothing in common are left
    out.
    """
    if not others:
        return {}
    message, code = _runs([new, *others])
    known, column = np.unique(code, return_inverse=True)
    ones = np.ones(len(code))
    table = sparse.csr_matrix((ones, (message, column)), (1 + len(others), len(known) + 1))
    weight = np.append(rarity.of_code(known), 0.0)
    table.data = (1 + np.log(table.data)) * weight[table.indices]
    size = np.sqrt(np.asarray(table.multiply(table).sum(1)).ravel())
    table = sparse.diags(1 / np.maximum(size, 1e-9)) @ table
    numbers, which = np.unique(matter, return_inverse=True)
    member = sparse.csr_matrix((np.ones(len(which)), (which, np.arange(len(which)))))
    middles = member @ table[1:]
    length = np.sqrt(np.asarray(middles.multiply(middles).sum(1)).ravel())
    cosine = np.asarray((middles @ table[0].T).todense()).ravel() / np.maximum(length, 1e-9)
    return {int(numbers[at]): float(cosine[at]) for at in np.flatnonzero(cosine > 0)}


def compared(title: str, text: str) -> str:
    """Give what is compared of a message: its subject twice, and how its text begins."""
    return 2 * (title + "\n") + text[: LIMITS.merge_opening]


def _runs(texts: Sequence[str]) -> tuple[Places, Codes]:
    """Find the runs of each text that lie between two marks of punctuation."""
    written = Written.of(texts)
    (found,) = grams(written, RUNS)
    known, which = np.unique(written.characters, return_inverse=True)
    marks = np.array([not chr(each).isalnum() for each in known.tolist()], np.bool_)[which]
    before = np.concatenate([[0], np.cumsum(marks)])
    within = before[found.start + found.length] - before[found.start]
    kept = (found.length >= SHORTEST) & (within == 0)
    return found.message[kept], found.code[kept]
