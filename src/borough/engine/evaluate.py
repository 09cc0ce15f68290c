"""Evaluate: facts through a formula and a rule set to points, ranks and classes, from a snapshot.

A snapshot holds all that a result depends on: the values and the numbers of the facts, who is
evaluated with whom, the rule set as it was written, and the digest of the formula's code.  The
same snapshot gives the same result, whatever the store says by then.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Any

import numpy as np

from borough.core.errors import BadFact, BadRules
from borough.core.formulas import MOST, Formula, Scheme
from borough.core.observations import Floats, Index
from borough.core.periods import Period
from borough.core.rules import SPREAD, RuleSet
from borough.core.scoring import CAPPED, FLOORED, NEGATIVE, UNKNOWN, Points, Scores, scored

MARKS = {CAPPED: "capped", FLOORED: "floored", UNKNOWN: "unknown", NEGATIVE: "negative"}
Snapshot = Mapping[str, Any]
Row = dict[str, Any]


@dataclass(frozen=True)
class Evaluated:
    """The result of one snapshot, still as columns; ``rows`` spells it out."""

    snapshot: Snapshot
    classes: tuple[str, ...]
    scheme: Scheme
    rules: RuleSet
    facts: Mapping[str, Floats]
    into: Index
    measures: Mapping[str, Floats]
    scores: Scores

    @cached_property
    def rows(self) -> list[Row]:
        """Give one plain row for each subject, in the order of the snapshot."""
        return [self._row(i) for i in range(len(self.snapshot["subjects"]))]

    @cached_property
    def digest(self) -> str:
        """Name the result: the SHA-256 of the snapshot and of all rows."""
        return digest([self.snapshot, self.rows])

    def tally(self) -> dict[str, dict[str, int]]:
        """Count the classes of each group, ``none`` being those that are not graded."""
        counted: dict[str, dict[str, int]] = {}
        for row in self.rows:
            if row["group"]:
                group = counted.setdefault(row["group"], {})
                name = row["class"] or "none"
                group[name] = group.get(name, 0) + 1
        return counted

    def _row(self, i: int) -> Row:
        scores, subjects = self.scores, self.snapshot["subjects"]
        number = int(scores.group[i])
        group = self.rules.groups[number] if number >= 0 else None
        mine = scores.graded & (scores.group == number)
        return {
            "subject": subjects[i],
            "name": self.snapshot["names"][i],
            "group": group.id if group else "",
            "into": subjects[int(self.into[i])] if self.into[i] != i else "",
            "graded": bool(scores.graded[i]),
            "score": float(scores.score[i]) if group else None,
            "rank": int(scores.rank[i]),
            "of": int(mine.sum()) if scores.graded[i] else 0,
            "adjustment": float(scores.adjustment[i]),
            "earned": self._class(int(scores.earned[i])),
            "class": self._class(int(scores.level[i])),
            "level": int(scores.level[i]),
            "terms": [self._term(each, i) for each in scores.points if each.group == number],
            "remarks": list(self._remarks(i)),
        }

    def _class(self, level: int) -> str:
        return self.classes[level - 1] if level else ""

    def _term(self, points: Points, i: int) -> Row:
        marks = int(points.marks[i])
        against = (
            {"least": points.least, "most": points.most}
            if points.term.method == SPREAD
            else {"benchmark": points.benchmark}
        )
        return {
            "measure": points.term.measure,
            "value": plain(points.value[i]),
            **against,
            "weight": points.term.weight,
            "points": float(points.points[i]),
            "marks": [word for bit, word in MARKS.items() if marks & bit],
        }

    def _remarks(self, i: int) -> list[Row]:
        """Say what about a firm is not as with all others, in both languages."""
        said: list[Row] = []
        if self.into[i] != i:
            key = self.snapshot["subjects"][int(self.into[i])]
            said.append(remark("merged", f"并入 {key} 评价", f"evaluated with {key}"))
        elif self.scores.group[i] < 0:
            said.append(remark("outside", "不在评价范围", "in no group of the rule set"))
        for exempt, here in zip(self.rules.exemptions, self.scores.exempted, strict=True):
            if here[i]:
                said.append({"code": "not-graded", **exempt.name, "as": exempt.treated_as})
        for move, here in zip(self.rules.moves, self.scores.moved, strict=True):
            if here[i]:
                said.append({"code": "moved", **move.name, "from": self._class(
                    int(self.scores.earned[i]))})  # fmt: skip
        for each in self.scores.points:
            if each.group == self.scores.group[i]:
                said += self._noticed(each, i)
        return said

    def _noticed(self, points: Points, i: int) -> list[Row]:
        measure = self.scheme.measures[points.term.measure]
        zh, en, marks = measure.name["zh"], measure.name["en"], int(points.marks[i])
        if marks & UNKNOWN:
            held = {each: plain(self.facts[each][i]) for each in measure.inputs}
            told = ", ".join(f"{k} = {'?' if v is None else f'{v:g}'}" for k, v in held.items())
            got = f"{float(points.points[i]):g}"
            return [
                remark(
                    "unknown",
                    f"{zh}无法计算（{told}），按规则得 {got} 分",
                    f"{en} cannot be worked out ({told}); {got} points by the rules",
                )
            ]
        if marks & NEGATIVE:
            floored = bool(marks & FLOORED)
            return [
                remark(
                    "negative",
                    f"{zh}为负{'，按下限计分' if floored else ''}",
                    f"{en} is below zero{', points are at the floor' if floored else ''}",
                )
            ]
        return []


def remark(code: str, zh: str, en: str) -> Row:
    """Say something in both languages, with a code for programs."""
    return {"code": code, "zh": zh, "en": en}


def evaluated(
    formula: Formula, scheme: Scheme, classes: Sequence[str], snapshot: Snapshot
) -> Evaluated:
    """Work out what a snapshot comes to.

    ``classes`` names the classes, the best first.  Raises `BadRules` for a rule set that cannot
    be used for the period, and `BadFact` for firms that are evaluated with each other in a ring.
    """
    period = Period.read(snapshot["period"])
    rules = RuleSet.read(snapshot["rules"], period)
    into = np.array(snapshot["into"], np.int64)
    _one_deep(snapshot["subjects"], into)
    facts = merged(scheme, snapshot["inputs"], into)
    measures = formula.measures(facts)
    if measures.keys() != scheme.measures.keys():
        msg = (
            f"formula: its measures and those declared differ: {measures.keys() ^ scheme.measures}"
        )
        raise BadRules(msg)
    alone = into == np.arange(len(into))
    scores = scored(rules, tuple(classes), measures, facts, alone)
    return Evaluated(snapshot, tuple(classes), scheme, rules, facts, into, dict(measures), scores)


def merged(
    scheme: Scheme, inputs: Mapping[str, Mapping[str, Any]], into: Index
) -> dict[str, Floats]:
    """Lay facts out as columns, and add those of firms that are evaluated with another to it."""
    columns = {}
    for name, each in scheme.inputs.items():
        said = (
            np.array(inputs[name]["value"], float) if name in inputs else np.full(len(into), np.nan)
        )
        own = np.where(np.isnan(said), each.absent, said)
        if each.merges == MOST:
            total = np.full(len(into), -np.inf)
            np.fmax.at(total, into, own)
            total[np.isinf(total)] = np.nan
        else:
            total = np.zeros(len(into))
            np.add.at(total, into, own)
        columns[name] = np.where(into == np.arange(len(into)), total, own)
    return columns


def _one_deep(subjects: Sequence[str], into: Index) -> None:
    again = np.flatnonzero(into[into] != into)
    if len(again):
        child, parent = subjects[int(again[0])], subjects[int(into[again[0]])]
        msg = (
            f"merged_into: {child} is evaluated with {parent}, which is itself evaluated with "
            "another; name the firm that is evaluated"
        )
        raise BadFact(msg)


def plain(value: float) -> float | None:
    """Turn NaN, "not known", into what JSON says for it."""
    return None if value != value else float(value)  # noqa: PLR0124 - only NaN differs from itself


def digest(value: Any) -> str:
    """Give the SHA-256 (hex) of plain data, the same for equal data."""
    text = json.dumps(
        value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
    )
    return sha256(text.encode()).hexdigest()
