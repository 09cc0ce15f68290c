"""How two tellings of one stretch differ, and what closed cases say of each of them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

NEVER = 1 << 62
"""Later than any moment: where a detection that has not ended reaches to, in ms."""
GONE, FRESH, SAME, EARLIER, LATER = "gone", "fresh", "same", "earlier", "later"
JUDGED = ("true", "false", "duplicate")


@dataclass(frozen=True, slots=True)
class Firing:
    """One detection from its begin to its end, in ms of when we learnt of each.

    ``end`` is `NEVER` where it has not ended; ``worst`` is the highest level it reached.
    """

    id: str
    thing: int
    begin: int
    end: int
    worst: int
    worst_name: str
    version: str

    def meets(self, other: "Firing") -> bool:
        """Say whether both were open at some one moment, on one thing."""
        together = self.begin <= other.end and other.begin <= self.end
        return self.thing == other.thing and together


def firings(edges: Iterable[Mapping[str, Any]]) -> list[Firing]:
    """Put changes of level together to detections, in the order in which they began."""
    by_id: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for edge in edges:
        by_id[edge["id"]].append(edge)
    found = []
    for name, told in by_id.items():
        worst = max(told, key=lambda edge: int(edge["level"]))
        end = int(told[-1]["now"]) if told[-1]["level"] == 0 else NEVER
        begin = int(told[0]["now"])
        shown = worst["level"], worst["level_name"], told[0]["version"]
        found.append(Firing(name, int(told[0]["thing"]), begin, end, *shown))
    return sorted(found, key=lambda each: (each.begin, each.thing))


Pair = tuple[Firing | None, Firing | None]


def paired(before: Sequence[Firing], after: Sequence[Firing]) -> list[Pair]:
    """Match detections of two tellings that were open together on one thing, each at most once.

    The earliest ones are matched first; what has no match stands alone.
    """
    waiting: dict[int, list[Firing]] = defaultdict(list)
    for each in after:
        waiting[each.thing].append(each)
    pairs: list[Pair] = []
    for each in before:
        match = next((other for other in waiting[each.thing] if each.meets(other)), None)
        if match is not None:
            waiting[each.thing].remove(match)
        pairs.append((each, match))
    pairs += [(None, each) for rest in waiting.values() for each in rest]
    return sorted(pairs, key=lambda pair: min(each.begin for each in pair if each))


def changed(pair: Pair) -> str:
    """Say in a word what became of a detection: begun earlier or later, gone, fresh, same."""
    before, after = pair
    if before is None or after is None:
        return GONE if after is None else FRESH
    if before.begin == after.begin:
        return SAME
    return EARLIER if after.begin < before.begin else LATER


@dataclass(frozen=True, slots=True)
class Score:
    """How a telling fares against closed cases; each case counts once, however often it fires.

    ``true``, ``false`` and ``duplicate`` count the closed cases that it fires for, and ``known``
    all closed as true.  ``unjudged`` counts detections that belong to no closed case: nobody
    has said what they are.  Duplicates are in neither ratio.
    """

    fired: int
    true: int
    false: int
    duplicate: int
    unjudged: int
    known: int

    @property
    def precision(self) -> float | None:
        """Which share of the judged cases that it fires for was true; None if none was judged."""
        judged = self.true + self.false
        return self.true / judged if judged else None

    @property
    def recall(self) -> float | None:
        """Which share of the true cases that we know of it fires for; None if we know of none."""
        return self.true / self.known if self.known else None

    def told(self) -> dict[str, Any]:
        """Give the counts with the two ratios."""
        return {**asdict(self), "precision": self.precision, "recall": self.recall}


@dataclass(frozen=True, slots=True)
class Verdict:
    """A closed case: what it turned out to be, and the live detections that made it."""

    case: int
    outcome: str
    behind: tuple[Firing, ...]

    def touches(self, firing: Firing) -> bool:
        """Say whether a detection is about the same matter as this case."""
        return any(firing.meets(each) for each in self.behind)


def verdicts(live: Iterable[Firing], judged: Mapping[str, tuple[int, str]]) -> list[Verdict]:
    """Put live detections together to the closed cases behind them.

    *judged* holds the case and its outcome for each detection whose case was closed.
    """
    behind: dict[tuple[int, str], list[Firing]] = defaultdict(list)
    for each in live:
        if each.id in judged:
            behind[judged[each.id]].append(each)
    return [Verdict(*case, tuple(each)) for case, each in sorted(behind.items())]


def scored(told: Sequence[Firing], cases: Sequence[Verdict]) -> Score:
    """Hold what a telling says against the closed cases of the same stretch."""
    hit = [case for case in cases if any(map(case.touches, told))]
    true, false, duplicate = (sum(case.outcome == name for case in hit) for name in JUDGED)
    free = sum(not any(case.touches(each) for case in cases) for each in told)
    known = sum(case.outcome == JUDGED[0] for case in cases)
    return Score(len(told), true, false, duplicate, free, known)
