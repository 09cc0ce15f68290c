"""Open cases in memory, for those who try the API: every case is looked at, and counted."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from borough.core.cases import Case
from borough.core.errors import BadRequest
from borough.core.queue import FACETS, Page, Wanted
from borough.testing.memory import MemoryCases

KEYS = {
    "deadline": lambda case: (case.due_ms, case.id),
    "opened": lambda case: (-case.opened_ms, -case.id),
    "level": lambda case: (-case.level, -case.id),
}


class MemoryQueue:
    """The slow and clear way to a page; whoever is bounded by agencies sees theirs."""

    def __init__(self, cases: MemoryCases) -> None:
        self.cases = cases

    def page(self, wanted: Wanted, /, *, sort: str, after: str, limit: int) -> Page:
        """Look at every case."""
        told: dict[str, Any] = {"scene": "", "thing": None, "grid": None, "step": "", "post": ""}
        told |= {"open_only": True, "late_at_ms": None, "before": 0, "limit": 1000}
        there = self.cases.find(**told, within=wanted.within)
        return paged([each for each in there if placed(each, wanted)], wanted, sort, after, limit)


def placed(case: Case, wanted: Wanted) -> bool:
    """Tell whether a case is where it is wanted; bounds are not looked at."""
    return (
        (wanted.grids is None or case.grid in wanted.grids)
        and case.post == (wanted.post or case.post)
        and wanted.text in case.code
    )


def value(case: Case, name: str) -> Any:
    """Say what a case counts as."""
    return (case.plan, case.step) if name == "step" else getattr(case, name)


def paged(there: list[Case], wanted: Wanted, sort: str, after: str, limit: int) -> Page:
    """Choose, sort and count cases one by one; ``next`` is the number of those before it."""
    wishes: Mapping[str, Any] = dict(wanted.facets)
    if wanted.steps is not None:
        wishes = {**wishes, "step": wanted.steps}

    def fit(but: str = "") -> list[Case]:
        rest = {name: some for name, some in wishes.items() if name != but}
        return [each for each in there if all(value(each, name) in rest[name] for name in rest)]

    if after and not after.isdecimal():
        msg = f"after: {after!r} is not what a page gave"
        raise BadRequest(msg)
    first = int(after or 0)
    fits = sorted(fit(), key=KEYS[sort])
    counts = {
        name: dict(Counter(value(each, name) for each in fit(name))) for name in (*FACETS, "step")
    }
    following = str(first + limit) if len(fits) > first + limit else ""
    return Page(fits[first : first + limit], following, len(fits), counts)
