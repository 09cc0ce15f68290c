"""The desk's one transaction: detections, the cases they ask for, and how far it has read."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Engine, bindparam, select

from borough.core import moves as core
from borough.core.cases import TRUE, Case, Plan
from borough.storage.sql import tables as t
from borough.storage.sql.caselog import case_of, found
from borough.storage.sql.cases import DESK, SqlCases
from borough.storage.sql.detections import taken_in
from borough.storage.sql.engines import writing


@dataclass(frozen=True, slots=True)
class Wish:
    """What case a detection should have.

    It is opened by ``plan`` in ``grid`` when the level reaches ``from_level``; a detection on
    the same thing within ``merge_ms`` of the last sign joins the case instead.  For ``gather_ms``
    it is seen whether it is part of something larger.
    """

    plan: Plan
    merge_ms: int
    from_level: int
    grid: int
    title: Mapping[str, str]
    gather_ms: int = 0
    level_names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Taken:
    """What was news: edges as they came, and the cases that they opened or changed.

    ``quiet`` are the places, among the edges, of those that people are not to hear of now.
    """

    edges: list[dict[str, Any]]
    cases: list[Case]
    quiet: frozenset[int] = frozenset()


_OWN = select(t.detections.c.case_id).where(t.detections.c.id == bindparam("detection"))
_BELONGS = t.detections.update().where(t.detections.c.id == bindparam("detection"))
_NEWEST = (
    select(t.cases)
    .where(t.cases.c.scene == bindparam("scene"), t.cases.c.thing == bindparam("thing"))
    .order_by(t.cases.c.id.desc())
    .limit(1)
)
"""Made once: building a statement costs more than running it."""

Decide = Callable[[Mapping[str, Any]], Wish | None]
Sift = Callable[[Connection, Sequence[Mapping[str, Any]], Decide], frozenset[int]]
"""Says of which edges, by their places, people are not to hear now: shelved, or part of others."""


def keep_nothing(
    _connection: Connection, _edges: Sequence[Mapping[str, Any]], _decide: Decide
) -> frozenset[int]:
    """Let people hear of everything at once."""
    return frozenset()


class SqlDesk:
    """Takes detections in exactly once, with the cases that follow from them."""

    def __init__(self, engine: Engine, *, cases: SqlCases, sift: Sift = keep_nothing) -> None:
        self._engine = engine
        self._cases = cases
        self._sift = sift

    def take(self, edges: Sequence[Mapping[str, Any]], sequence: int, decide: Decide) -> Taken:
        """Take in edges up to *sequence* of their stream, in one transaction.

        *decide* says of an edge whose detection has no case which case it should have, if any.
        What was taken in before changes nothing; when anything fails, nothing was taken in.
        """
        with writing(self._engine) as connection:
            return self.within(connection, edges, sequence, decide)

    def within(
        self,
        connection: Connection,
        edges: Sequence[Mapping[str, Any]],
        sequence: int,
        decide: Decide,
    ) -> Taken:
        """Do what `take` says in a transaction that is open already."""
        fresh = taken_in(connection, edges, sequence)
        quiet = self._sift(connection, fresh, decide)
        changed: dict[int, Case] = {}
        for place, edge in enumerate(fresh):
            case = None if place in quiet else self.follow(connection, edge, decide)
            if case:
                changed[case.id] = case
        return Taken(fresh, list(changed.values()), quiet)

    def follow(
        self, connection: Connection, edge: Mapping[str, Any], decide: Decide
    ) -> Case | None:
        """Do what a change of level means for cases: open one, join one, or tell its own."""
        own = connection.scalar(_OWN, {"detection": edge["id"]})
        if own is not None:
            return self._heard(connection, found(connection, own), edge, decide)
        if not edge["level"] or edge.get("suppressed_by"):
            return None
        wish = decide(edge)
        if wish is None or edge["level"] < wish.from_level:
            return None
        signs = {"level": edge["level"], "detection": edge["id"], "at_ms": edge["now"]}
        earlier = _joinable(connection, edge, wish.merge_ms)
        if earlier:
            event = core.joining(earlier, wish.plan, by=DESK, **signs)
            case = self._cases.wrote(connection, earlier, event)
        else:
            told = {"scene": edge["scene"], "thing": edge["thing"], "grid": wish.grid}
            told["title"] = wish.title
            case = self._cases.opened(connection, wish.plan, **told, **signs)
        belongs = {"case_id": case.id, "outcome": case.outcome or None}
        connection.execute(_BELONGS, belongs | {"detection": edge["id"]})
        return case

    def outage(
        self, connection: Connection, wish: Wish, edge: Mapping[str, Any], **told: Any
    ) -> Case:
        """Open the case of a detection that is about an area and no single thing."""
        signs = {"level": edge["level"], "detection": edge["id"], "at_ms": edge["now"]}
        about = {"scene": edge["scene"], "thing": 0, **told}
        case = self._cases.opened(connection, wish.plan, **about, **signs)
        belongs = {"case_id": case.id, "outcome": None}
        connection.execute(_BELONGS, belongs | {"detection": edge["id"]})
        return case

    def _heard(
        self, connection: Connection, case: Case, edge: Mapping[str, Any], decide: Decide
    ) -> Case | None:
        """Tell a case that its detection changed; one closed as put right reopens if it rises."""
        level = edge["level"]
        if level == case.level:
            return None
        signs = {"level": level, "detection": edge["id"], "at_ms": edge["now"], "by": DESK}
        wish = decide(edge) if case.outcome == TRUE and level > case.level else None
        event = core.joining(case, wish.plan, **signs) if wish else core.hearing(case, **signs)
        return self._cases.wrote(connection, case, event)


def _joinable(connection: Connection, edge: Mapping[str, Any], merge_ms: int) -> Case | None:
    """Find the case that a detection belongs to: open, or heard of or closed not long ago."""
    about = {"scene": edge["scene"], "thing": edge["thing"]}
    row = connection.execute(_NEWEST, about).mappings().one_or_none()
    if row is None:
        return None
    case = case_of(row)
    if case.closed_ms is None:
        return case
    last = max(case.closed_ms, case.heard_ms)
    return case if edge["now"] - last <= merge_ms else None
