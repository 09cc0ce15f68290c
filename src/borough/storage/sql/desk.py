"""The desk's one transaction: detections, the cases they ask for, and how far it has read."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Engine, bindparam, select

from borough.core import moves as core
from borough.core.cases import TRUE, Case, Plan
from borough.core.errors import Stale
from borough.storage.sql import tables as t
from borough.storage.sql.bundles import APART, Together, bundle_of, bundling, kept, later
from borough.storage.sql.caselog import found, newest
from borough.storage.sql.cases import DESK, SqlCases
from borough.storage.sql.detections import MANY, taken_in
from borough.storage.sql.engines import writing


@dataclass(frozen=True, slots=True)
class Wish:
    """What case a detection should have.

    It is opened by ``plan`` in ``grid`` when the level reaches ``from_level``; a detection on
    the same thing within ``merge_ms`` of the last sign joins the case instead.  For ``gather_ms``
    it is seen whether it is part of something larger.  ``event`` is the code of what it is.
    """

    plan: Plan
    merge_ms: int
    from_level: int
    grid: int
    title: Mapping[str, str]
    gather_ms: int = 0
    level_names: Mapping[str, str] = field(default_factory=dict)
    event: str = ""


@dataclass(frozen=True, slots=True)
class Taken:
    """What was news: edges as they came, and the cases that they opened or changed.

    ``quiet`` are the places, among the edges, of those that people are not to hear of now.
    """

    edges: list[dict[str, Any]]
    cases: list[Case]
    quiet: frozenset[int] = frozenset()


_OWN = select(t.detections.c.id, t.detections.c.case_id).where(
    t.detections.c.id.in_(bindparam("detections", expanding=True))
)
_BELONGS = (
    t.detections.update()
    .where(t.detections.c.id == bindparam("detection"))
    .values(case_id=bindparam("of_case"), outcome=bindparam("came_to"))
)
"""Made once: building a statement costs more than running it."""

TRIES = 5
"""How often a batch is tried in which another writer was faster."""
Decide = Callable[[Mapping[str, Any]], Wish | None]
Sift = Callable[[Connection, Sequence[Mapping[str, Any]], Decide], frozenset[int]]
"""Says of which edges, by their places, people are not to hear now: shelved, or part of others."""


def keep_nothing(
    _connection: Connection, _edges: Sequence[Mapping[str, Any]], _decide: Decide
) -> frozenset[int]:
    """Let people hear of everything at once."""
    return frozenset()


class SqlDesk:
    """Takes detections in exactly once, with the cases that follow from them.

    ``together`` says how much of one transaction is written at once; `bundles.one_by_one` is the
    slow and clear way, which says the same.
    """

    def __init__(
        self, engine: Engine, *, cases: SqlCases, sift: Sift = keep_nothing,
        together: Together = bundling,
    ) -> None:  # fmt: skip
        self._engine = engine
        self._cases = cases
        self._sift = sift
        self._together = together

    def take(self, edges: Sequence[Mapping[str, Any]], sequence: int, decide: Decide) -> Taken:
        """Take in edges up to *sequence* of their stream, in one transaction.

        *decide* says of an edge whose detection has no case which case it should have, if any.
        What was taken in before changes nothing; when anything fails, nothing was taken in.
        Where another writer was faster, it is done again with what that one wrote.
        """
        for _ in range(TRIES - 1):
            with suppress(Stale):
                return self._taken(edges, sequence, decide)
        return self._taken(edges, sequence, decide)

    def _taken(self, edges: Sequence[Mapping[str, Any]], sequence: int, decide: Decide) -> Taken:
        with writing(self._engine) as connection, self._together(connection):
            return self.within(connection, edges, sequence, decide)

    def within(
        self,
        connection: Connection,
        edges: Sequence[Mapping[str, Any]],
        sequence: int,
        decide: Decide,
    ) -> Taken:
        """Do what `take` says in a transaction that is open already."""
        decide = _once(decide)
        fresh = taken_in(connection, edges, sequence)
        quiet = self._sift(connection, fresh, decide)
        looked_up(connection, fresh)
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
        own = _owners(connection, [edge["id"]]).get(edge["id"])
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
            if wish.event:
                told["event"] = wish.event
            case = self._cases.opened(connection, wish.plan, **told, **signs)
        _belong(connection, edge["id"], case)
        return case

    def outage(
        self, connection: Connection, wish: Wish, edge: Mapping[str, Any], **told: Any
    ) -> Case:
        """Open the case of a detection that is about an area and no single thing."""
        signs = {"level": edge["level"], "detection": edge["id"], "at_ms": edge["now"]}
        about = {"scene": edge["scene"], "thing": 0, **told}
        case = self._cases.opened(connection, wish.plan, **about, **signs)
        _belong(connection, edge["id"], case)
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


def _once(decide: Decide) -> Decide:
    """Ask about each edge of a batch once."""
    known: dict[tuple[str, int], Wish | None] = {}

    def asked(edge: Mapping[str, Any]) -> Wish | None:
        key = (edge["id"], edge["position"])
        if key not in known:
            known[key] = decide(edge)
        return known[key]

    return asked


def _joinable(connection: Connection, edge: Mapping[str, Any], merge_ms: int) -> Case | None:
    """Find the case that a detection belongs to: open, or heard of or closed not long ago."""
    case = newest(connection, edge["scene"], [edge["thing"]]).get(edge["thing"])
    if case is None or case.closed_ms is None:
        return case
    last = max(case.closed_ms, case.heard_ms)
    return case if edge["now"] - last <= merge_ms else None


def looked_up(connection: Connection, edges: Sequence[Mapping[str, Any]]) -> None:
    """Read at once what a bundle will be asked for: whose detections are, and what cases there are.

    Without a bundle each is read when it is needed.
    """
    if bundle_of(connection) is None:
        return
    _owners(connection, [edge["id"] for edge in edges])
    about: dict[str, set[int]] = {}
    for edge in edges:
        about.setdefault(edge["scene"], set()).add(edge["thing"])
    for scene, things in about.items():
        newest(connection, scene, sorted(things))


def _owners(connection: Connection, detections: Sequence[str]) -> Mapping[str, int | None]:
    """Say to which case each of some detections belongs."""
    known = kept(connection, t.detections)
    asked = [each for each in detections if each not in known]
    for start in range(0, len(asked), MANY):
        some = {"detections": asked[start : start + MANY]}
        rows = connection.execute(_OWN, some, execution_options=APART)
        known |= {row.id: row.case_id for row in rows}
    return known


def _belong(connection: Connection, detection: str, case: Case) -> None:
    kept(connection, t.detections)[detection] = case.id
    row = {"detection": detection, "of_case": case.id, "came_to": case.outcome or None}
    later(connection, t.detections, _BELONGS, row)
