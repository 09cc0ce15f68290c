"""From measures to points, ranks and classes, as a rule set says; columns in, columns out."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import floor

import numpy as np

from borough.core.errors import BadRules
from borough.core.observations import Floats, Index, Mask
from borough.core.rules import AVERAGE, BEST, BY_SHARE, MEDIAN, REFUSE, SPREAD, RuleSet, Term

CAPPED, FLOORED, UNKNOWN, NEGATIVE = 1, 2, 4, 8
"""Marks on the points of a term: cut to the cap, raised to the floor, value not known (and the
missing rule applied), value below zero.  They add up."""
NOWHERE = -1


@dataclass(frozen=True, slots=True)
class Points:
    """What one term came to for the firms of its group; NaN and 0 for all others.

    ``benchmark`` is what a value is compared with, and with a spread the least and the most.
    """

    group: int
    term: Term
    benchmark: float
    least: float
    most: float
    value: Floats
    points: Floats
    marks: Index


@dataclass(frozen=True, slots=True)
class Scores:
    """What a rule set makes of measures; one row for each firm.

    ``group`` is the number of its group or -1 where it is in none; ``graded`` says whether it is
    ranked, ``rank`` (1 is the best, equals share one) is 0 where it is not.  ``earned`` is the
    class by rank or score, ``level`` the class after moves; both count from 1, the best, and are
    0 where there is no class.  ``moved`` holds for each move of the rules where it applied.
    """

    group: Index
    graded: Mask
    score: Floats
    rank: Index
    earned: Index
    level: Index
    points: tuple[Points, ...]
    adjustment: Floats
    moved: tuple[Mask, ...]
    exempted: tuple[Mask, ...]


def scored(
    rules: RuleSet, classes: tuple[str, ...], measures: Mapping[str, Floats],
    facts: Mapping[str, Floats], alone: Mask,
) -> Scores:  # fmt: skip
    """Score, rank and class firms.

    ``classes`` names the classes, the best first; ``alone`` is false where a firm is evaluated
    as a part of another.  Where rules speak of a fact they may name a measure too.  Raises
    `BadRules` where the rules speak of a measure, fact or class that is not there, or refuse to
    go on without a value.
    """
    facts = {**facts, **measures}
    _known(rules, classes, measures, facts)
    group = _grouped(rules, facts, alone)
    exempted = tuple((facts[each.fact] > 0) & (group >= 0) for each in rules.exemptions)
    graded = (group >= 0) & ~np.logical_or.reduce([*exempted, np.zeros(len(group), bool)])
    points = tuple(
        _pointed(number, term, measures[term.measure], group == number, graded)
        for number, each in enumerate(rules.groups)
        for term in each.terms
    )
    adjustment = _adjustment(rules, facts, group >= 0)
    total = np.sum([each.points for each in points], axis=0) + adjustment
    score = np.where(group >= 0, np.round(total, rules.decimals), np.nan)
    rank = _ranked(score, group, graded)
    earned = _classed(rules, classes, score, rank, np.where(graded, group, NOWHERE))
    moved = tuple((facts[each.fact] > 0) & graded for each in rules.moves)
    level = _moved(rules, classes, earned, moved)
    return Scores(group, graded, score, rank, earned, level, points, adjustment, moved, exempted)


def _known(
    rules: RuleSet, classes: tuple[str, ...],
    measures: Mapping[str, Floats], facts: Mapping[str, Floats],
) -> None:  # fmt: skip
    spoken = [term.measure for group in rules.groups for term in group.terms]
    asked = [group.fact for group in rules.groups if group.fact]
    asked += [each.fact for each in rules.adjustments] + [each.fact for each in rules.moves]
    asked += [each.fact for each in rules.exemptions]
    named = [name for name, _ in rules.cuts]
    named += [each for move in rules.moves for each in (move.at_best, move.at_worst) if each]
    named += [each.treated_as for each in rules.exemptions if each.treated_as]
    for what, used, there in (
        ("measure", spoken, measures.keys()), ("fact", asked, facts.keys()),
        ("class", named, set(classes)),
    ):  # fmt: skip
        for each in used:
            if each not in there:
                msg = f"rule set {rules.id}: there is no {what} {each!r}; there are " + (
                    ", ".join(sorted(there))
                )
                raise BadRules(msg)


def _grouped(rules: RuleSet, facts: Mapping[str, Floats], alone: Mask) -> Index:
    group = np.full(len(alone), NOWHERE, np.int32)
    for number, each in reversed(list(enumerate(rules.groups))):
        belongs = facts[each.fact] >= each.at_least if each.fact else np.ones(len(alone), bool)
        group[belongs & alone] = number
    return group


def _pointed(number: int, term: Term, value: Floats, mine: Mask, graded: Mask) -> Points:
    """Give the points of one term to the firms of one group."""
    known, peers = mine & np.isfinite(value), mine & graded & np.isfinite(value)
    among = value[peers]
    least, most = (float(among.min()), float(among.max())) if len(among) else (0.0, 0.0)
    benchmark = _benchmark(term, among, most)
    with np.errstate(invalid="ignore"):  # NaN is "not known" and stays NaN
        if term.method == SPREAD:
            width = most - least
            place = (value - least) / width if width > 0 else np.where(known, 1.0, np.nan)
            share = term.low + (1 - term.low) * place
        else:
            share = value / benchmark if benchmark > 0 else np.where(known, 0.0, np.nan)
        raw = term.weight * share
        points = raw.clip(term.floor * term.weight, term.cap * term.weight)
        marks = (
            CAPPED * (raw > points) + FLOORED * (raw < points) + NEGATIVE * (known & (value < 0))
        )
    unknown = mine & ~known
    if term.missing == REFUSE and (unknown & graded).any():
        msg = f"{term.measure}: not known of row {int(np.flatnonzero(unknown & graded)[0])}"
        raise BadRules(msg)
    earned = points[peers]
    average = float(earned.mean()) if term.missing == AVERAGE and len(earned) else 0.0
    points = np.where(unknown, max(average, term.floor * term.weight, 0.0), points)
    marks = np.where(unknown, UNKNOWN, marks)
    return Points(
        number, term, benchmark, least, most,
        np.where(mine, value, np.nan), np.where(mine, points, 0.0), np.where(mine, marks, 0),
    )  # fmt: skip


def _benchmark(term: Term, among: Floats, most: float) -> float:
    if not isinstance(term.benchmark, str):
        return term.benchmark
    if not len(among):
        return 0.0
    if term.benchmark == BEST:
        return most
    return float(np.median(among) if term.benchmark == MEDIAN else np.mean(among))


def _adjustment(rules: RuleSet, facts: Mapping[str, Floats], evaluated: Mask) -> Floats:
    total = np.zeros(len(evaluated))
    for each in rules.adjustments:
        given = np.nan_to_num(facts[each.fact]) * each.points
        total += np.where(evaluated, given.clip(each.low, each.high), 0.0)
    return total


def _ranked(score: Floats, group: Index, graded: Mask) -> Index:
    """Number the graded firms of each group from the best; equal scores share the better rank."""
    rank = np.zeros(len(score), np.int64)
    for number in np.unique(group[graded]).tolist():
        mine = graded & (group == number)
        rank[mine] = 1 + np.searchsorted(np.sort(-score[mine]), -score[mine], side="left")
    return rank


def _classed(
    rules: RuleSet, classes: tuple[str, ...], score: Floats, rank: Index, group: Index
) -> Index:
    """Class the firms of a group; a share reaches down to the rank nearest to it, halves up."""
    level = np.where(group == NOWHERE, 0, len(classes))
    for name, number in reversed(rules.cuts):
        if rules.by == BY_SHARE:
            for each in np.unique(group[group != NOWHERE]).tolist():
                mine = group == each
                reach = floor(np.count_nonzero(mine) * number + 0.5)
                level[mine & (rank <= reach)] = 1 + classes.index(name)
        else:
            level[(group != NOWHERE) & (score >= number)] = 1 + classes.index(name)
    return level


def _moved(
    rules: RuleSet, classes: tuple[str, ...], earned: Index, moved: tuple[Mask, ...]
) -> Index:
    """Apply the moves in the order of the rules."""
    level = earned.copy()
    for move, mine in zip(rules.moves, moved, strict=True):
        best = 1 + classes.index(move.at_best) if move.at_best else 1
        worst = 1 + classes.index(move.at_worst) if move.at_worst else len(classes)
        level[mine] = (level[mine] + move.down).clip(best, worst)
    return level
