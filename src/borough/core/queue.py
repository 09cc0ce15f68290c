"""The queue: the open cases, as whoever is on duty wants to see them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from borough.core.cases import Case
from borough.core.errors import BadRequest
from borough.core.people import Within

FACETS = ("scene", "holder", "agency", "source", "band", "urgent")
"""What cases are chosen by and counted by, beside their steps."""
SORTS = ("deadline", "opened", "level")
"""By what they may be sorted: the next to be due, the newest, or the gravest first."""
Stage = tuple[str, str]
"""A plan and a step of it."""
Counts = Mapping[str, Mapping[Any, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which open cases are wanted; whatever is not said leaves all.

    ``facets`` holds values by name, any of which will do; ``steps`` the steps wanted, with their
    plans; ``grids`` numbers of grids; ``text`` a part of the code; ``within`` the bounds of
    whoever asks.
    """

    facets: Mapping[str, Collection[Any]] = field(default_factory=dict)
    steps: frozenset[Stage] | None = None
    grids: Collection[int] | None = None
    post: str = ""
    text: str = ""
    within: Within = ()

    def __post_init__(self) -> None:
        if stray := self.facets.keys() - set(FACETS):
            msg = f"{min(stray)}: cases are not chosen by it"
            raise BadRequest(msg)

    @property
    def placed(self) -> bool:
        """Tell whether anything is asked for of which no counts are kept."""
        return self.grids is not None or bool(self.post or self.text or self.within)


@dataclass(frozen=True, slots=True)
class Page:
    """Some open cases, where to go on (empty at the end), and how many of what there are.

    ``counts`` counts, for each facet, the cases by its values, as if it alone was not asked for;
    ``step`` counts by pairs of plan and step.
    """

    cases: Sequence[Case]
    next: str
    total: int
    counts: Counts
