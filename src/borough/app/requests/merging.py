"""Which matter a new request belongs to: by place, time and text, among those still open."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from borough.adapters.text.alike import Rarity, alike, compared
from borough.adapters.text.limits import LIMITS
from borough.core.requests import (
    ACCEPTED,
    ANSWERED,
    WAITING,
    Filing,
    Request,
    RequestRules,
    Spot,
    apart_m,
)
from borough.edge.citizens.writing import messages

DAY_MS = 86_400_000
OPEN = (WAITING, ACCEPTED, ANSWERED)
MOST = 400
"""Requests that one is compared with, the newest: their texts take some 50 ms."""
SHOWN = 3
COMMON = 1_500
"""Synthetic messages from which it is known which words everybody uses."""


@dataclass(frozen=True, slots=True)
class Likely:
    """A case that a request may belong to; ``sure`` where it joins by itself."""

    case: int
    alike: float
    requests: int
    sure: bool

    def as_json(self) -> dict[str, Any]:
        """Give it as plain data."""
        return {"case": self.case, "alike": round(self.alike, 3), "requests": self.requests}


@cache
def rarity() -> Rarity:
    """Say which words everybody uses."""
    return Rarity.of([compared(each.subject, each.text) for each in messages(COMMON, 1)])


def likely(
    draft: Filing,
    spot: Spot,
    category: str,
    others: Sequence[Request],
    rules: RequestRules,
    *,
    now_ms: int,
) -> list[Likely]:
    """List the cases that a request may belong to, the likeliest first.

    *others* are open requests.  A secret request is compared with none.
    """
    near = [
        each
        for each in others
        if not each.secret and not draft.secret and distance(draft, spot, each) != FAR
    ]
    if not near:
        return []
    matter = np.array([each.case_id for each in near], np.int64)
    texts = [compared(each.title, each.text) for each in near]
    scores = alike(compared(draft.title, draft.text), texts, matter, rarity())
    found = []
    for case, score in scores.items():
        if score < rules.propose_alike:
            continue
        mine = [each for each in near if each.case_id == case]
        last = max(each.received_ms for each in mine)
        sure = (
            score >= rules.join_alike
            and now_ms - last <= rules.join_days * DAY_MS
            and any(each.category == category for each in mine)
            and any(distance(draft, spot, each, rules.join_metres) == HERE for each in mine)
        )
        found.append(Likely(case, score, len(mine), sure))
    return sorted(found, key=lambda each: (-each.sure, -each.alike))[:SHOWN]


HERE, PERHAPS, FAR = "here", "perhaps", "far"


def distance(draft: Filing, spot: Spot, other: Request, metres: float = LIMITS.merge_metres) -> str:
    """Say whether a request is where another is; what neither names keeps them not apart."""
    points = (draft.lon, draft.lat, other.lon, other.lat)
    known = [each for each in points if each is not None]
    if len(known) == len(points):
        return HERE if apart_m(*known) <= metres else FAR
    if spot.community and other.community:
        return HERE if spot.community == other.community else FAR
    if spot.street and other.street:
        return PERHAPS if spot.street == other.street else FAR
    return PERHAPS
