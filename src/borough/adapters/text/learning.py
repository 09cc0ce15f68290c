"""Learn a model from labelled messages, and how far it can be trusted from the same ones.

The model is ridge regression on the signs of the labels, one column each, solved by conjugate
gradients.  A gram counts by its rarity (inverse document frequency) and by how much it tells
about the label: the root of the Kullback-Leibler divergence between the labels of the messages
that hold it and those of all, drawn towards all where few hold it.  Confidence comes from
messages judged by models that never saw them nor a near-duplicate of them.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from borough.adapters.text import sparse
from borough.adapters.text.grams import BLOCKS, Codes, Places, Written, grams
from borough.adapters.text.likeness import same_text
from borough.adapters.text.limits import LIMITS, Limits
from borough.adapters.text.model import (
    AT_ONCE,
    Origin,
    Shares,
    Table,
    TextModel,
    clipped,
    counted,
    scaled,
    softmax,
)

SMALL = 1e-20
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Learned:
    """A model, and what models that never saw a message or its like said of it.

    ``scores`` float64[messages, labels] before calibration, ``truth`` the number of its label,
    ``fold`` the part in which it was kept back.
    """

    model: TextModel
    scores: Shares
    truth: Places
    fold: Places


def learned(
    texts: Sequence[str],
    labels: Sequence[str],
    groups: Places | None = None,
    *,
    about: str = "category",
    limits: Limits = LIMITS,
    progress: Progress = lambda *_: None,
) -> Learned:
    """Learn to tell *labels* (two different ones at least) from *texts*, as many.

    *groups* numbers near-duplicates, which stay together; they are looked for if not given.
    *progress* hears how many of the models are done.
    """
    names, truth = np.unique(np.asarray(labels, str), return_inverse=True)
    groups = same_text(texts, limits.near_duplicate) if groups is None else groups
    code = vocabulary(texts, limits.seen)
    counts = counts_of(texts, code)
    folds = grouped_folds(truth, groups, limits.folds)
    scores, met = _kept_back(counts, truth, folds, limits, progress)
    # A label all of whose messages are near-duplicates was unknown where they were kept back.
    slope, shift = calibrated(scores, truth) if met.all() else (1.0, np.zeros(len(names)))
    share = softmax(slope * scores + shift)
    scale, weight, bias = _fitted(counts, truth, len(names), limits)
    progress(limits.folds + 1, limits.folds + 1)
    told = np.flatnonzero(scale > 0)
    order = np.argsort(share.max(1), kind="stable")
    return Learned(
        TextModel(
            labels=tuple(str(name) for name in names),
            code=code[told],
            scale=scale[told],
            weight=weight[told].astype(np.float16).astype(np.float32),
            bias=bias,
            slope=slope,
            shift=shift,
            sure=share.max(1)[order],
            right=(met & (share.argmax(1) == truth))[order],
            origin=_origin(texts, labels, about),
        ),
        scores,
        truth,
        folds,
    )


def _kept_back(
    counts: Sequence[sparse.Rows], truth: Places, folds: Places, limits: Limits, progress: Progress
) -> tuple[Shares, NDArray[np.bool_]]:
    """Judge each fold by a model of the others: scores, and whether the label was known to it."""
    labels = int(truth.max()) + 1
    scores, met = np.zeros((len(truth), labels)), np.zeros(len(truth), bool)
    for done, fold in enumerate(np.unique(folds)):
        inside, outside = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        met[outside] = np.isin(truth[outside], truth[inside])
        if met[outside].any():
            scale, weight, bias = _fitted(_pick(counts, inside), truth[inside], labels, limits)
            scores[outside] = scaled(_pick(counts, outside), scale) @ weight + bias
        progress(done + 1, limits.folds + 1)
    return scores, met


def vocabulary(texts: Sequence[str], seen: int) -> Codes:
    """Collect the hashes of grams that are in at least *seen* messages, sorted."""
    found = []
    for i in range(0, len(texts), AT_ONCE):
        for each in grams(Written.of(clipped(texts[i : i + AT_ONCE]))):
            order = np.lexsort((each.message, each.code))
            code, message = each.code[order], each.message[order]
            again = (np.diff(code) == 0) & (np.diff(message) == 0)
            found.append(np.delete(code, 1 + np.flatnonzero(again)))
    code, many = np.unique(np.concatenate(found), return_counts=True)
    return code[many >= seen]


def counts_of(texts: Sequence[str], code: Codes) -> list[sparse.Rows]:
    """Count the grams of messages, block by block."""
    parts = [
        counted(Written.of(clipped(texts[i : i + AT_ONCE])), code)
        for i in range(0, len(texts), AT_ONCE)
    ]
    return [sparse.vstack([part[b] for part in parts], "csr") for b in range(len(BLOCKS))]


def grouped_folds(truth: Places, groups: Places, folds: int) -> Places:
    """Deal messages into folds, alike in labels, each group of near-duplicates into one.

    A label's groups are dealt in turn, the largest first, so the same input gives the same folds.
    """
    _, first, member = np.unique(groups, return_index=True, return_inverse=True)
    size = np.bincount(member)
    order = np.lexsort((_scattered(np.arange(len(first))), -size, truth[first]))
    fold = np.empty(len(first), np.int64)
    fold[order] = np.arange(len(first)) % folds
    return fold[member]


def _scattered(number: Places) -> Codes:
    """Shuffle numbers the same way each time."""
    mixed = number.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    return mixed ^ (mixed >> np.uint64(31))


def _pick(counts: Sequence[sparse.Rows], which: Places) -> list[sparse.Rows]:
    return [table[which] for table in counts]


def _fitted(
    counts: Sequence[sparse.Rows], truth: Places, labels: int, limits: Limits
) -> tuple[Table, Table, Shares]:
    """Fit one model: how telling each gram is, its weights, and the labels' bias."""
    signs = np.full((len(truth), labels), -1.0, np.float32)
    signs[np.arange(len(truth)), truth] = 1.0
    bias = signs.mean(0)
    scale = _telling(counts, truth, labels, limits)
    penalty = limits.ridge * sum(block.weight for block in BLOCKS)
    weight = _solved(scaled(counts, scale), signs - bias, penalty, limits.steps)
    return scale, weight, bias.astype(np.float64)


def _telling(counts: Sequence[sparse.Rows], truth: Places, labels: int, limits: Limits) -> Table:
    """Say of each gram how rare it is and how much it tells about the label; 0 if too rare."""
    usual = np.bincount(truth, minlength=labels) / len(truth)
    one_of = np.eye(labels, dtype=np.float32)[truth]
    within = sum(_ones(table).T @ one_of for table in counts)
    many = within.sum(1)
    rare = np.log((1 + len(truth)) / (1 + many)) + 1
    drawn = (within + limits.held_to_prior * usual) / (many + limits.held_to_prior)[:, None]
    ratio = np.log(np.maximum(drawn, SMALL) / np.maximum(usual, SMALL))
    tells = np.maximum((drawn * ratio).sum(1), 0.0)
    return np.where(many >= limits.seen, rare * np.sqrt(tells), 0.0).astype(np.float32)


def _ones(table: sparse.Rows) -> sparse.Rows:
    ones = np.ones_like(table.data)
    return sparse.csr_matrix((ones, table.indices, table.indptr), table.shape)


def _solved(rows: sparse.Rows, signs: Table, penalty: float, steps: int) -> Table:
    """Solve (X'X + penalty) W = X'T for all labels at once by conjugate gradients."""
    across = rows.T.tocsr()
    left = across @ signs
    weight, way = np.zeros_like(left), left.copy()
    size = (left * left).sum(0)
    for _ in range(steps):
        pushed = across @ (rows @ way) + penalty * way
        step = size / np.maximum((way * pushed).sum(0), SMALL)
        weight += step * way
        left -= step * pushed
        before, size = size, (left * left).sum(0)
        way = left + size / np.maximum(before, SMALL) * way
    return np.asarray(weight, np.float32)


def calibrated(scores: Shares, truth: Places) -> tuple[float, Shares]:
    """Find the slope and the shift of each label that make shares of kept-back scores likeliest.

    Temperature scaling with a bias for each label (Guo et al. 2017).
    """
    from scipy.optimize import minimize  # noqa: PLC0415 - slow to load, and only for learning

    hit = (np.arange(len(truth)), truth)
    labels = scores.shape[1]

    def loss(at: Shares) -> tuple[float, Shares]:
        share = softmax(np.exp(at[0]) * scores + at[1:])
        wrong = share.copy()
        wrong[hit] -= 1
        rise = (wrong * scores).sum() * np.exp(at[0]) / len(truth)
        slope = np.concatenate([[rise], wrong.sum(0) / len(truth) + 1e-4 * at[1:]])
        cost = -np.log(np.maximum(share[hit], SMALL)).mean() + 0.5e-4 * (at[1:] ** 2).sum()
        return float(cost), slope

    start = np.concatenate([[1.0], np.zeros(labels)])
    found = minimize(
        loss, start, jac=True, method="L-BFGS-B", bounds=[(-3, 5)] + [(-9, 9)] * labels
    )
    return float(np.exp(found.x[0])), found.x[1:]


def _origin(texts: Sequence[str], labels: Sequence[str], about: str) -> Origin:
    """Say what a model was learned from, in a way that two people can compare."""
    digest = hashlib.sha256()
    for part in chain.from_iterable(zip(texts, labels, strict=True)):
        digest.update(part.encode("utf-8", "replace") + b"\0")
    made = datetime.now(UTC).isoformat(timespec="seconds")
    return Origin(version("borough"), made, digest.hexdigest(), len(texts), about)
