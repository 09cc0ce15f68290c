"""Put requests about one matter together, by place, time and text; and see which are hot.

A request joins the matter whose middle it is most like, if that is alike enough, recent enough
and near enough; else it begins one of its own.  Comparing with a matter's middle, not with its
nearest member, keeps chains of half-likes from growing into one heap.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from borough.adapters.text.grams import Block, Places, Written, grams
from borough.adapters.text.limits import LIMITS, Limits

RUNS = (Block("runs", 3),)
SHORTEST, COMMON = 2, 0.1
DAY_MS = 86_400_000


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


def merged(
    subjects: Sequence[str],
    bodies: Sequence[str],
    time_ms: Places,
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    limits: Limits = LIMITS,
) -> Merging:
    """Merge requests: columns of the same length, in any order of time.

    *x* and *y* are metres in any flat frame, NaN where no place is known; an unknown place
    keeps nothing apart.  The result does not depend on the order of the rows, but for requests
    of the same moment.
    """
    table = _likenesses(subjects, bodies, limits.merge_opening)
    close = table @ table.T
    order = np.argsort(time_ms, kind="stable")
    matter = np.full(len(order), -1, np.int64)
    like = np.ones(len(order))
    sums: list[float] = []  # squared length of the sum of a matter's members
    members: list[list[int]] = []
    last: list[int] = []
    for row in order.tolist():
        near = slice(close.indptr[row], close.indptr[row + 1])
        others, alike = close.indices[near], close.data[near]
        there = matter[others] >= 0
        total = np.bincount(matter[others[there]], alike[there], len(members))
        best, score = -1, limits.merge_alike
        for number in np.flatnonzero(total).tolist():
            cosine = total[number] / np.sqrt(sums[number])
            recent = time_ms[row] - last[number] <= limits.merge_days * DAY_MS
            if cosine >= score and recent and _near(x, y, row, members[number], limits):
                best, score = number, cosine
        if best < 0:
            best = len(members)
            members.append([])
            sums.append(0.0)
            last.append(0)
            total = np.zeros(best + 1)
            score = 1.0
        matter[row], like[row] = best, score
        members[best].append(row)
        sums[best] += 1 + 2 * total[best]
        last[best] = int(time_ms[row])
    return Merging(matter, like)


def _near(
    x: NDArray[np.float64], y: NDArray[np.float64], row: int, members: list[int], limits: Limits
) -> bool:
    """Say whether a request lies near the middle of a matter, or either has no place."""
    xs, ys = x[members], y[members]
    known = np.isfinite(xs) & np.isfinite(ys)
    if not known.any() or not np.isfinite(x[row] + y[row]):
        return True
    away = np.hypot(xs[known].mean() - x[row], ys[known].mean() - y[row])
    return bool(away <= limits.merge_metres)


def _likenesses(subjects: Sequence[str], bodies: Sequence[str], opening: int) -> sparse.csr_matrix:
    """Lay requests out so that the product of two rows is their cosine; the subject counts twice.

    Runs of 2 and 3 characters; those of one request only say nothing about likeness.
    """
    texts = [2 * (s + "\n") + b[:opening] for s, b in zip(subjects, bodies, strict=True)]
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
