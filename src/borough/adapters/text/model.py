"""A linear model over grams: scores, calibrated confidence, and the words that weighed most."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from borough.adapters.text import sparse
from borough.adapters.text.grams import BLOCKS, Codes, Places, Written, grams
from borough.adapters.text.limits import LIMITS

Table = NDArray[np.float32]
Shares = NDArray[np.float64]
AT_ONCE = 1000
TINY = 1e-9
NEVER = 2.0
"""A confidence that none reaches."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a model comes from: what a reader of its decisions may ask."""

    version: str
    made: str
    digest: str
    messages: int
    about: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a model thinks of some messages, one row each, labels by number.

    `share` holds the calibrated probability of each label; they add up to 1.
    """

    share: Shares

    @property
    def best(self) -> Places:
        """The likeliest label."""
        return np.asarray(self.share.argmax(1), np.int64)

    @property
    def second(self) -> Places:
        """The next likely label: the two are what a person is offered."""
        return np.argsort(-self.share, axis=1, kind="stable")[:, 1]

    @property
    def confidence(self) -> Shares:
        """How probable the likeliest label is."""
        return np.asarray(self.share.max(1, initial=0.0))


@dataclass(frozen=True, slots=True)
class TextModel:
    """Labels, the grams that count, and their weights.  No gram can be read back from its hash.

    ``code`` uint64[n] sorted; ``scale`` float32[n] how telling a gram is; ``weight``
    float32[n, labels]; ``bias``, ``slope`` and ``shift`` float64[labels]: confidence is the
    softmax of ``slope`` times score plus ``shift``.  ``sure`` and ``right`` are the confidences
    of messages judged while they were kept back, rising, and whether they were right.
    """

    labels: tuple[str, ...]
    code: Codes
    scale: Table
    weight: Table
    bias: Shares
    slope: float
    shift: Shares
    sure: Shares
    right: NDArray[np.bool_]
    origin: Origin

    def scores(self, texts: Sequence[str]) -> Shares:
        """Score messages: float64[texts, labels], higher is likelier."""
        parts = [
            rows(Written.of(clipped(texts[i : i + AT_ONCE])), self.code, self.scale) @ self.weight
            for i in range(0, len(texts), AT_ONCE)
        ]
        return np.concatenate(parts) + self.bias if parts else np.zeros((0, len(self.labels)))

    def judge(self, texts: Sequence[str]) -> Judgement:
        """Say of each message how probable each label is."""
        return Judgement(softmax(self.slope * self.scores(texts) + self.shift))

    def threshold(self, precision: float = LIMITS.precision) -> float:
        """Give the lowest confidence above which so many were right while kept back.

        2.0, which nothing reaches, where there is none.
        """
        return threshold(self.sure, self.right, precision)

    def reasons(self, text: str, label: int, most: int = 5) -> list[tuple[str, float]]:
        """Name the words that spoke most for a label, with what they added to its score."""
        return _by_word(*self.spoken(text, label), most)

    def spoken(self, text: str, label: int) -> tuple[Written, Shares]:
        """Share out over the characters of a message what they add to the score of a label.

        Each character of a gram gets the same part.  The sum is the score without bias; over
        all labels the weights of a gram add up to nothing, so it is what sets this label apart.
        """
        written = Written.of(clipped([text]))
        held = np.zeros(len(written.characters))
        for block, found in zip(BLOCKS, grams(written), strict=True):
            place, there = placed(found.code, self.code)
            start, length, place = found.start[there], found.length[there], place[there]
            used, which, many = np.unique(place, return_inverse=True, return_counts=True)
            counts = (1 + np.log(many)) * self.scale[used]
            counts *= np.sqrt(block.weight) / max(float(np.linalg.norm(counts)), TINY)
            each = (self.weight[used, label] * counts / many)[which] / length
            offset = np.arange(length.sum()) - np.repeat(np.cumsum(length) - length, length)
            np.add.at(held, np.repeat(start, length) + offset, np.repeat(each, length))
        return written, held


def _by_word(written: Written, held: Shares, most: int) -> list[tuple[str, float]]:
    """Add up what characters hold, word by word, and keep the greatest."""
    if not len(held):
        return []
    text, borders = written.text(), [*written.word_start.tolist(), len(held)]
    total: dict[str, float] = {}
    for start, end in pairwise(borders):
        word = text[start:end]
        total[word] = total.get(word, 0.0) + float(held[start:end].sum())
    named = [(word, gain) for word, gain in total.items() if len(word) > 1 and gain > 0]
    return sorted(named, key=lambda each: -each[1])[:most]


def clipped(texts: Sequence[str]) -> list[str]:
    """Cut messages that are longer than anybody reads."""
    return [text[: LIMITS.characters] for text in texts]


def placed(code: Codes, known: Codes) -> tuple[Places, NDArray[np.bool_]]:
    """Find codes among the sorted known ones: where, and whether at all."""
    if not len(known):
        return np.zeros(len(code), np.int64), np.zeros(len(code), np.bool_)
    place = np.minimum(np.searchsorted(known, code), len(known) - 1)
    return place, known[place] == code


def counted(written: Written, known: Codes) -> list[sparse.Rows]:
    """Count the known grams of each message, a matrix for each block."""
    tables = []
    for found in grams(written):
        place, there = placed(found.code, known)
        ones = np.ones(there.sum(), np.float32)
        at = (found.message[there], place[there])
        tables.append(sparse.csr_matrix((ones, at), (written.count, len(known))))
    return tables


def scaled(counts: Sequence[sparse.Rows], scale: Table) -> sparse.Rows:
    """Weigh counts: their logarithm, how telling each gram is, and each block to its length."""
    total = None
    for block, table in zip(BLOCKS, counts, strict=True):
        data = (1 + np.log(table.data)) * scale[table.indices]
        owner = np.repeat(np.arange(table.shape[0]), np.diff(table.indptr))
        size = np.sqrt(np.bincount(owner, data**2, table.shape[0]))
        data = data * (np.sqrt(block.weight) / np.maximum(size, TINY))[owner]
        part = sparse.csr_matrix(
            (data.astype(np.float32), table.indices, table.indptr), table.shape
        )
        total = part if total is None else total + part
    return total


def rows(written: Written, known: Codes, scale: Table) -> sparse.Rows:
    """Make the rows of messages that a model multiplies."""
    return scaled(counted(written, known), scale)


def softmax(scores: Shares) -> Shares:
    """Turn scores into shares that add up to 1."""
    grown = np.exp(scores - scores.max(1, keepdims=True, initial=-np.inf))
    return np.asarray(grown / grown.sum(1, keepdims=True))


def threshold(sure: Shares, right: NDArray[np.bool_], precision: float) -> float:
    """Find the lowest confidence above which at least *precision* of the messages are right."""
    order = np.argsort(-sure, kind="stable")
    share = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    good = np.flatnonzero(share >= precision)
    return float(sure[order[good[-1]]]) if len(good) else NEVER
