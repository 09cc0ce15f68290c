"""Put requests about one matter together, by place, time and text; and see which are hot.

A request joins the matter whose middle it is most like, if that is alike enough, recent enough
and near enough; else it begins one of its own.  Comparing with a matter's middle, not with its
nearest member, keeps chains of half-likes from growing into one heap.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from borough.adapters.text import sparse
from borough.adapters.text.grams import Block, Places, Written, grams
from borough.adapters.text.limits import LIMITS, Limits

RUNS = (Block("runs", 3),)
SHORTEST, COMMON = 2, 0.1
DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Requests:
    """Requests as columns of one length.

    ``x`` and ``y`` are metres in any flat frame, NaN where no place is known; an unknown place
    keeps nothing apart.
    """

    subjects: Sequence[str]
    bodies: Sequence[str]
    time_ms: Places
    x: NDArray[np.float64]
    y: NDArray[np.float64]


@dataclass(slots=True)
class Matter:
    """What is known of a matter while requests come in: its size, last time and middle.

    ``square`` is the squared length of the sum of its members' rows.
    """

    square: float = 0.0
    last_ms: int = 0
    placed: int = 0
    x: float = 0.0
    y: float = 0.0

    def takes(self, requests: Requests, row: int, limits: Limits) -> bool:
        """Say whether a request is recent and near enough to belong here."""
        if requests.time_ms[row] - self.last_ms > limits.merge_days * DAY_MS:
            return False
        away = np.hypot(requests.x[row] - self.x, requests.y[row] - self.y)
        return not self.placed or not away > limits.merge_metres  # NaN is not far

    def add(self, requests: Requests, row: int, alike: float) -> None:
        """Take a request in; *alike* is its product with the sum of those who are here."""
        self.square += 1 + 2 * alike
        self.last_ms = int(requests.time_ms[row])
        if np.isfinite(requests.x[row] + requests.y[row]):
            self.placed += 1
            self.x += (float(requests.x[row]) - self.x) / self.placed
            self.y += (float(requests.y[row]) - self.y) / self.placed


@dataclass(frozen=True, slots=True)
class Merging:
    """The matter of each request, numbered from 0 in order of their first, and how alike.

    ``like`` is the cosine to the middle of the matter as it was then; 1 for the first of each.
    """

    matter: Places
    like: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Hot:
    """One matter within a window: how many people, how many requests, first and last."""

    matter: int
    people: int
    requests: int
    first_ms: int
    last_ms: int


def merged(requests: Requests, limits: Limits = LIMITS) -> Merging:
    """Merge requests; the rows may stand in any order, those of one moment go by row."""
    table = _likenesses(requests, limits.merge_opening)
    close = table @ table.T
    matter = np.full(len(requests.time_ms), -1, np.int64)
    like = np.ones(len(matter))
    matters: list[Matter] = []
    for row in np.argsort(requests.time_ms, kind="stable").tolist():
        others = close.indices[close.indptr[row] : close.indptr[row + 1]]
        alike = close.data[close.indptr[row] : close.indptr[row + 1]]
        there = matter[others] >= 0
        total = np.bincount(matter[others[there]], alike[there], len(matters))
        best, score = -1, limits.merge_alike
        for number in np.flatnonzero(total).tolist():
            cosine = float(total[number] / np.sqrt(matters[number].square))
            if cosine >= score and matters[number].takes(requests, row, limits):
                best, score = number, cosine
        if best < 0:
            best, score = len(matters), 1.0
            matters.append(Matter())
            total = np.append(total, 0.0)
        matter[row], like[row] = best, score
        matters[best].add(requests, row, float(total[best]))
    return Merging(matter, like)


def _likenesses(requests: Requests, opening: int) -> sparse.Rows:
    """Lay requests out so that the product of two rows is their cosine; the subject counts twice.

    Runs of 2 and 3 characters; those of one request only say nothing about likeness.
    """
    pairs = zip(requests.subjects, requests.bodies, strict=True)
    texts = [2 * (subject + "\n") + body[:opening] for subject, body in pairs]
    (found,) = grams(Written.of(texts), RUNS)
    long = found.length >= SHORTEST
    message, code = found.message[long], found.code[long]
    known, column = np.unique(code, return_inverse=True)
    ones = np.ones(len(code), np.float64)
    table = sparse.csr_matrix((ones, (message, column)), (len(texts), len(known) + 1))
    many = np.bincount(table.indices, minlength=table.shape[1])
    rare = np.log((1 + len(texts)) / (1 + many)) + 1
    rare[(many < 2) | (many > max(COMMON * len(texts), 20))] = 0  # noqa: PLR2004 - few texts share all
    table.data = (1 + np.log(table.data)) * rare[table.indices]
    owner = np.repeat(np.arange(len(texts)), np.diff(table.indptr))
    size = np.sqrt(np.bincount(owner, table.data**2, len(texts)))
    table.data /= np.maximum(size[owner], 1e-9)
    table.eliminate_zeros()
    return table


def hot(
    matter: Places, person: Sequence[str], time_ms: Places, *, since_ms: int, until_ms: int
) -> list[Hot]:
    """Rank the matters of a window by the people who raised them, not by how often they did.

    The window is from *since_ms* to before *until_ms*; the greatest first, ties by requests.
    """
    inside = np.flatnonzero((time_ms >= since_ms) & (time_ms < until_ms))
    found = []
    for number in np.unique(matter[inside]).tolist():
        rows = inside[matter[inside] == number]
        people = len({person[row] for row in rows.tolist()})
        times = time_ms[rows]
        found.append(Hot(number, people, len(rows), int(times.min()), int(times.max())))
    return sorted(found, key=lambda each: (-each.people, -each.requests, each.matter))
