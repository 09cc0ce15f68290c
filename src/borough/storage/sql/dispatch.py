"""Dispatch in SQL: every case whose step is for a kind of post finds somebody on duty.

`SqlDispatch.follow` puts a case that comes to a step among those that wait, in the transaction of
the event; what is urgent, and what goes to a desk, is given at once.  `SqlDispatch.turn` weighs
the others together.  Whom a person chose no rule overrules.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine, bindparam, func, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from borough.core import moves
from borough.core.cases import ARRIVES, ENDS, Case, Event
from borough.engine.dispatch import Order, Rules, decided
from borough.engine.handing import Handing
from borough.storage.sql import tables as t
from borough.storage.sql.bundles import bundle_of, bundling, kept, later, waiting
from borough.storage.sql.caselog import found, looked_up
from borough.storage.sql.counting import upsert
from borough.storage.sql.crews import Crew, busy, calls_of, crew, crewed
from borough.storage.sql.duties import EVERYWHERE, check
from borough.storage.sql.engines import reading, writing
from borough.storage.sql.handing_table import handings as table
from borough.storage.sql.musters import Muster, Spot
from borough.storage.sql.rosters import SqlRosters

DESK = "desk"
"""Who acts where no person does."""
WAITING, GIVEN, KEPT = "waiting", "given", "kept"
AGAIN = "answer"
"""What an order is called for a case that somebody else did not take up."""
Pair = tuple[Mapping[str, Any], Case]
"""A row of the table and its case."""
Wrote = Callable[[Connection, Case, Event], Case]
Where = Callable[[Case], Spot | None]
_C = table.c
_ONE = select(table).where(_C.case_id == bindparam("case"))
_DROP = table.delete().where(_C.case_id == bindparam("case"))
_PUT = {
    name: adding.on_conflict_do_update(
        index_elements=["case_id"],
        set_={each.name: adding.excluded[each.name] for each in _C if not each.primary_key},
    )
    for name, adding in (("sqlite", sqlite_insert(table)), ("postgresql", postgresql_insert(table)))
}
_SET = table.update().where(_C.case_id == bindparam("of_case"))
_ANSWERED = _SET.values(answered=True)
_GIVE = _SET.values({name: bindparam(name) for name in ("post", "state", "given_ms", "answered")})
_HOLDERS = select(_C.holder).where(_C.state == WAITING).distinct()
_WAITING = (
    select(table)
    .where(_C.state == WAITING, _C.holder == bindparam("holder"))
    .order_by(_C.due_ms, _C.case_id)
    .limit(bindparam("most"))
)
_UNANSWERED = (
    select(table)
    .where(_C.state == GIVEN, _C.answered.is_(False), _C.tries < bindparam("tries"))
    .where(_C.given_ms < bindparam("before"))
    .where(_C.holder.in_(bindparam("kinds", expanding=True)))
    .order_by(_C.given_ms, _C.case_id)
    .limit(bindparam("most"))
)
_OF_POST = (
    select(_C.case_id).where(_C.post == bindparam("post"), _C.state != WAITING).order_by(_C.case_id)
)
_KINDS = select(t.posts.c.kind, t.posts.c.agency).distinct()
"""Made once: building a statement costs more than running it."""


class SqlDispatch:
    """Gives cases to posts by the rules, and writes down why.

    ``wrote`` is how an event gets into a log, with all that follows from it; ``where`` says where
    a case is (degrees).
    """

    def __init__(
        self, engine: Engine, *, rosters: SqlRosters, wrote: Wrote, where: Where,
        rules: Rules | None = None, handing: Handing | None = None,
    ) -> None:  # fmt: skip
        self._engine = engine
        self._rosters = rosters
        self._wrote = wrote
        self._where = where
        self.rules = rules or Rules.shipped()
        self.handing = handing or Handing.shipped()
        self._muster: Muster | None = None
        with reading(engine) as connection:
            kinds = connection.execute(_KINDS).all()
        self._kinds = frozenset(kind for kind, _ in kinds)
        indoors = [(kind, agency) for kind, agency in kinds if kind not in self.handing.kinds]
        self._desks = {agency: kind for kind, agency in sorted(indoors)}

    def kind(self, holder: str) -> str:
        """Name the kind of post that is meant: the holder itself, or a desk of that agency."""
        return holder if holder in self._kinds else self._desks.get(holder, "")

    @property
    def zone(self) -> ZoneInfo:
        """The district's time zone."""
        return self._rosters.zone

    def follow(self, connection: Connection, case: Case, event: Event) -> Case:
        """Do what an event of a case means for who has it, in the transaction of the event."""
        if event.verb in ENDS:
            connection.execute(_DROP, {"case": case.id})
        elif event.verb in ARRIVES:
            return self._arrived(connection, case, event)
        elif event.verb == "assigned":
            self._assigned(connection, case, event)
        elif event.actor != DESK:
            connection.execute(_ANSWERED, {"of_case": case.id})
        return case

    def find(self, connection: Connection, case: Case, holder: str, at_ms: int) -> tuple[str, str]:
        """Name the agency and the post that a holder means for a case at a moment.

        Each is empty where there is none.
        """
        holder = self.kind(holder)
        if not holder:
            return "", ""
        self._rosters.ready(connection, at_ms)
        crowd = self._crew(connection, holder, at_ms, case.grid)
        kind = self.handing.kinds.get(holder)
        takes_s = kind.takes_s if kind else 0.0
        post = crowd.soonest(self._where(case), at_ms, takes_s, self.rules)
        return (crowd.agency[post], post) if post else ("", "")

    def check(self, connection: Connection, post: str, at_ms: int) -> None:
        """Raise where a person may not give a post anything now; see `duties.check`."""
        self._rosters.ready(connection, at_ms)
        check(connection, post, at_ms, self.zone)

    def may_take(self, post: str, at_ms: int) -> None:
        """Do what `check` says, in a transaction of its own."""
        with writing(self._engine) as connection:
            self.check(connection, post, at_ms)

    def turn(self, now_ms: int) -> list[Case]:
        """Weigh what waits, and hand on what was not taken up; gives the cases that changed."""
        self._rosters.keep_ready(now_ms)
        with reading(self._engine) as connection:
            if not (self._muster and self._muster.in_force(connection, now_ms)):
                self._muster = Muster.read(connection, now_ms)
            holders = list(connection.scalars(_HOLDERS))
            silent = [row["case_id"] for row in self._unanswered(connection, now_ms)]
        changed: dict[int, Case] = {}
        for holder in holders:
            with writing(self._engine) as connection, bundling(connection):
                for case in self._shared_out(connection, holder, now_ms):
                    changed[case.id] = case
        if silent:
            with writing(self._engine) as connection, bundling(connection):
                for case in self._handed_on(connection, silent, now_ms, AGAIN):
                    changed[case.id] = case
        return list(changed.values())

    def left(self, connection: Connection, post: str, at_ms: int, why: str) -> list[Case]:
        """Take all its open cases from a post that is away, and give them to others."""
        mine = list(connection.scalars(_OF_POST, {"post": post}))
        return self._handed_on(connection, mine, at_ms, why)

    def _arrived(self, connection: Connection, case: Case, event: Event) -> Case:
        """Put a case among those that wait; give it at once where there is nothing to weigh."""
        holder = self.kind(case.holder) or self.kind(case.agency)
        if case.closed_ms is not None or not holder or case.post:
            if event.verb != "opened":
                connection.execute(_DROP, {"case": case.id})
            return case
        at, limit_ms = event.at_ms, self.handing.urgent_s * 1000
        urgent = case.urgent or case.due_ms - at <= limit_ms
        row = {
            "case_id": case.id, "holder": holder, "state": WAITING, "post": "",
            "urgent": urgent, "since_ms": at, "due_ms": case.due_ms, "given_ms": 0,
            "answered": False, "tries": 0, "passed": [],
        }  # fmt: skip
        at_once = urgent or holder not in self.handing.kinds
        if at_once:  # who is there is read before anything waits that would be written for it
            self._rosters.ready(connection, at)
            if bundle_of(connection):
                left = 0 if event.verb == "opened" else case.id  # a new case leaves nobody
                self._crew(connection, holder, at, case.grid, but=left)
        later(connection, table, _PUT[connection.dialect.name], row)
        waiting(connection, table)[case.id] = kept(connection, table)[case.id] = row
        if not at_once:
            return case
        given = self._given(connection, holder, [(row, case)], at, at_once=True)
        return given[0] if given else case

    def _assigned(self, connection: Connection, case: Case, event: Event) -> None:
        """Keep who has it: for good where a person chose, or took it back."""
        post, by_hand = event.data["post"], event.actor != DESK
        state = KEPT if by_hand else GIVEN if post else WAITING
        row = {"post": post, "state": state, "given_ms": event.at_ms, "answered": by_hand}
        mine = kept(connection, table).get(case.id)
        if mine is not None and mine["state"] == WAITING:
            mine |= row
            if case.id not in waiting(connection, table):
                later(connection, table, _GIVE, {**row, "of_case": case.id})
            if state != WAITING:
                crewed(connection, post, event.at_ms)
            return
        if connection.execute(_GIVE, {**row, "of_case": case.id}).rowcount:
            return
        made = row | {
            "case_id": case.id, "holder": case.holder, "urgent": case.urgent,
            "since_ms": case.since_ms, "due_ms": case.due_ms, "tries": 0, "passed": [],
        }  # fmt: skip
        connection.execute(upsert(connection, table).values(made).on_conflict_do_nothing())

    def _unanswered(self, connection: Connection, now_ms: int) -> list[dict[str, Any]]:
        """Give what was given and not taken up in its time."""
        ways, answers = self.handing, [k for k, each in self.handing.kinds.items() if each.answers]
        told = {"tries": int(ways.tries), "kinds": answers, "most": int(ways.most)}
        told["before"] = int(now_ms - min(ways.answer_s, ways.answer_urgent_s) * 1000)
        rows = map(dict, connection.execute(_UNANSWERED, told).mappings())
        return [row for row in rows if row["given_ms"] + self._patience(row) <= now_ms]

    def _patience(self, row: Mapping[str, Any]) -> float:
        ways = self.handing
        return 1000 * (ways.answer_urgent_s if row["urgent"] else ways.answer_s)

    def _shared_out(self, connection: Connection, holder: str, now_ms: int) -> list[Case]:
        """Weigh the cases that wait for a kind of post; where nobody of it is on duty, none."""
        if holder in self.handing.kinds and not self._crew(connection, holder, now_ms).posts:
            return []
        asked = {"holder": holder, "most": int(self.handing.most)}
        rows = connection.execute(_WAITING, asked).mappings().all()
        looked_up(connection, [row["case_id"] for row in rows])
        pairs = [(dict(row), found(connection, row["case_id"])) for row in rows]
        return self._given(connection, holder, pairs, now_ms)

    def _handed_on(
        self, connection: Connection, cases: Iterable[int], at_ms: int, why: str
    ) -> list[Case]:
        """Take cases from who has them, and give each to somebody else at once if anybody is."""
        made = []
        for number in cases:
            case = found(connection, number)
            row = connection.execute(_ONE, {"case": number}).mappings().one()
            passed = [*row["passed"], row["post"]]
            after = {"state": WAITING, "post": "", "passed": passed, "tries": row["tries"] + 1}
            fresh = {**row, **after}
            pair = [(fresh, case)]
            given = self._given(connection, row["holder"], pair, at_ms, at_once=True, again=why)
            if not given and why != AGAIN:
                told = {"rule": why, "passed": passed}
                event = moves.assigning(case, "", at_ms=at_ms, by=DESK, why=told)
                given = [self._wrote(connection, case, event)]
            if given:
                kept = {name: after[name] for name in ("passed", "tries")}
                connection.execute(_SET.values(kept), {"of_case": number})
                made += given
            else:  # nobody else is there: it stays where it is
                connection.execute(_SET.values(given_ms=at_ms), {"of_case": number})
        return made

    def _given(
        self, connection: Connection, holder: str, pairs: Sequence[Pair],
        now_ms: int, *, at_once: bool = False, again: str = "",
    ) -> list[Case]:  # fmt: skip
        """Decide for cases that wait for one kind of post, and write down what was decided."""
        if not pairs:
            return []
        if holder in self.handing.kinds:
            crowd = self._crew(connection, holder, now_ms)
            best = self._best(crowd, pairs, now_ms, at_once=at_once)
            made = [(case, post, self._why(order, crowd, post)) for case, post, order in best]
        else:
            made = self._at_desks(connection, holder, pairs, now_ms)
        changed = []
        for case, post, why in made:
            told = {**why, **({"again": again} if again else {})}
            event = moves.assigning(case, post, at_ms=now_ms, by=DESK, why=told)
            changed.append(self._wrote(connection, case, event))
        return changed

    def _at_desks(
        self, connection: Connection, holder: str,
        pairs: Sequence[Pair], now_ms: int,
    ) -> list[tuple[Case, str, dict[str, Any]]]:  # fmt: skip
        """Give each case to the least busy of those who look after its grid from a desk."""
        crowds: dict[int, Crew] = {}
        made = []
        for row, case in pairs:
            if case.grid not in crowds:
                crowds[case.grid] = self._crew(connection, holder, now_ms, case.grid)
            crowd = crowds[case.grid]
            ready = [each for each in crowd.posts if each not in row["passed"]]
            if not ready:
                continue
            post = min(ready, key=lambda each: (crowd.load[each], each))
            why = {"rule": "desk", "load": crowd.load[post], "considered": len(ready)}
            crowd.load[post] += 1
            made.append((case, post, why | {"rules": self.rules.version}))
        return made

    def _best(
        self, crowd: Crew, pairs: Sequence[Pair], now_ms: int, *, at_once: bool
    ) -> list[tuple[Case, str, Order]]:
        """Weigh cases against those who go out; what waited too long is given at once."""
        made = []
        passed = {each for row, _ in pairs for each in row["passed"]}
        crowd = crowd.without(passed) if at_once else crowd
        if not crowd.posts:
            return []
        spots = [self._where(case) for _, case in pairs]
        patience = self.handing.patience_s * 1000
        urgent = [
            at_once or row["urgent"] or now_ms - row["since_ms"] > patience for row, _ in pairs
        ]
        kind = self.handing.kinds.get(pairs[0][0]["holder"])
        takes_s = kind.takes_s if kind else 0.0
        calls, flags = calls_of(crowd, spots, [row for row, _ in pairs], urgent, takes_s)
        for order in decided(
            self.rules, calls, flags, crowd.workers(now_ms, takes_s), now_ms / 1000
        ):
            row, case = pairs[order.call]
            post = crowd.posts[order.worker]
            if (order.waits and not urgent[order.call]) or post in row["passed"]:
                continue
            made.append((case, post, order))
        return made

    def _why(self, order: Order, crowd: Crew, post: str) -> dict[str, Any]:
        """Say what a decision was weighed by."""
        told: dict[str, Any] = {"rule": order.rule, **order.reason}
        asked = order.pairs.instance
        call, worker = int(order.pairs.call[order.row]), int(order.pairs.worker[order.row])
        told["distance_m"] = round(
            float(asked.way_s[call, worker]) * self.rules.speed_m_s / self.rules.detour
        )
        told |= {"load": crowd.load[post], "considered": int(asked.fits[call].sum())}
        return told | {"rules": self.rules.version}

    def _crew(
        self, connection: Connection, holder: str, at_ms: int, grid: int = EVERYWHERE,
        *, but: int = 0,
    ) -> Crew:  # fmt: skip
        return crew(
            connection, holder, at_ms, but=but, muster=self._muster,
            grid=None if holder in self.handing.kinds or grid == EVERYWHERE else grid,
            fresh_ms=self.handing.fresh_s * 1000,
        )  # fmt: skip

    def waiting(self) -> dict[str, int]:
        """Count the cases that wait, by kind of post."""
        chosen = select(_C.holder, func.count()).where(_C.state == WAITING).group_by(_C.holder)
        with reading(self._engine) as connection:
            return {row[0]: int(row[1]) for row in connection.execute(chosen)}

    def loads(self, posts: Collection[str]) -> dict[str, int]:
        """Count what each of some posts has."""
        with reading(self._engine) as connection:
            return busy(connection, posts)
