"""Errands in SQL: commands that a plan lets people give to things, sent once and followed.

What is confirmed stands in the table in the very transaction that says so in the case's log; who
sends reads it from there.  So a kill loses nothing, and what was noted as sent is not sent again.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any

from sqlalchemy import Connection, Engine, RowMapping, bindparam, func, select

from borough.core import errands as core
from borough.core.cases import LEAVES, Case, Event, Plan
from borough.core.commands import AUTOMATIC, DAY_MS, Command
from borough.core.errands import (
    CONFIRMED,
    FAILED,
    LATE,
    PROPOSED,
    REFUSED,
    UNDER_WAY,
    UNSENT,
    WITHDRAWN,
    Errand,
)
from borough.core.errors import BadRequest, NotFound, Stale
from borough.core.tasks import BEGAN, FINISHED, LEFT, REVIEWED, RUNNING
from borough.storage.sql.bundles import later
from borough.storage.sql.caselog import found, log_of, written
from borough.storage.sql.engines import reading, writing
from borough.storage.sql.errand_table import errands as table
from borough.storage.sql.tasks_table import case_tasks

DESK = "desk"
"""Who acts where no person does."""
ASKS = frozenset({"opened", "joined", "level"})
"""Events after which more may be due where the case is."""
TASKS = frozenset({BEGAN, FINISHED, LEFT, REVIEWED})
"""Events with which a task begins or ends."""
Aim = tuple[int, str]
"""A thing that a command goes to: its id and its key."""
Aims = Callable[[int, Command], Sequence[Aim]]
"""Says where a command goes that is due on a case about a thing."""
Done = tuple[Case, Errand]

FIELDS = tuple(field.name for field in fields(Errand))
_C = table.c
_INSERT = table.insert()
_CHANGE = table.update().where(_C.id == bindparam("was_id"), _C.state == bindparam("was_state"))
_OF_CASE = (
    select(table)
    .where(_C.case_id == bindparam("case"))
    .order_by(_C.proposed_ms, func.length(_C.id), _C.id)
)
_T = case_tasks.c
_RUNNING = select(_T.name, _T.started_ms).where(
    _T.case_id == bindparam("case"), _T.state.in_(RUNNING)
)
_EARLIER = select(_C.confirmed_ms).where(
    _C.thing == bindparam("thing"),
    _C.command == bindparam("command"),
    _C.confirmed_ms > bindparam("since"),
)
_AWAITED = (
    select(table)
    .where(_C.state.in_(UNDER_WAY) | ((_C.state == FAILED) & (_C.ended_ms >= bindparam("since"))))
    .order_by(_C.confirmed_ms)
)
"""Made once: building a statement costs more than running it."""


class SqlErrands:
    """Keeps the errands of all cases, each change as an event of its case.

    ``plans`` say what may be commanded, ``aims`` where it goes, and ``automatic`` names those
    commands, as ``plan.command``, that the district lets be sent without a person.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        plans: Mapping[str, Plan],
        aims: Aims,
        automatic: Collection[str] = (),
    ) -> None:
        self._engine = engine
        self._plans = plans
        self._aims = aims
        self._automatic = frozenset(automatic)

    def of_case(self, case: int) -> list[Errand]:
        """Give the errands of a case, oldest first."""
        with reading(self._engine) as connection:
            return _of_case(connection, case)

    def one(self, errand: str) -> Errand:
        """Give an errand by id; or `NotFound`."""
        with reading(self._engine) as connection:
            return _one(connection, errand)

    def in_state(self, *states: str) -> list[Errand]:
        """Give all errands in some states, oldest first."""
        chosen = select(table).where(_C.state.in_(states)).order_by(_C.confirmed_ms, _C.id)
        with reading(self._engine) as connection:
            return [_errand(row) for row in connection.execute(chosen).mappings()]

    def awaited(self, since_ms: int) -> list[Errand]:
        """Give those of which a proof may still come: under way, or failed since a moment."""
        with reading(self._engine) as connection:
            waiting = connection.execute(_AWAITED, {"since": since_ms}).mappings()
            return [_errand(row) for row in waiting]

    def propose(
        self, case: int, command: str, *, by: str, at_ms: int, expected_version: int
    ) -> list[Done]:
        """Put a command of the case's step, or of a task, before people again, for each thing.

        A thing for which it waits or is under way is left out; `Stale`, `NotFound` or
        `BadRequest` where nothing is left.
        """
        with writing(self._engine) as connection:
            now = _seen(connection, case, expected_version)
            plan = self._plans[now.plan]
            places = [now.step, *_running(connection, now.id)]
            has = [p for p in places if command in {c.name for c in core.commands(plan, p)}]
            place = has[0] if has else now.step
            named = core.named(now, plan, command, place)
            busy = UNDER_WAY | {PROPOSED}
            taken = {
                (each.command, each.thing)
                for each in _of_case(connection, case)
                if each.state in busy
            }
            done = self._proposed(connection, now, named, taken, place=place, at_ms=at_ms, by=by)
            if not done:
                msg = f"command: {command} goes to nothing that does not have it already"
                raise BadRequest(msg)
            return done

    def confirm(
        self, errand: str, *, by: str, at_ms: int, expected_version: int,
        value: float | None = None, note: str = "",
    ) -> Done:  # fmt: skip
        """Decide that an errand be done; from here on it will be sent, exactly once.

        Raises `Stale`, `OverLimit`, `IllegalMove`, `BadRequest` or `NotFound`.
        """
        with writing(self._engine) as connection:
            one = _one(connection, errand)
            now = _seen(connection, one.case, expected_version)
            return self._confirmed(connection, now, one, at_ms, by, value=value, note=note)

    def refuse(self, errand: str, *, by: str, at_ms: int, expected_version: int, note: str) -> Done:
        """Decide that an errand be not done; *note* says why."""
        if not note.strip():
            msg = "note: say why it is not to be done"
            raise BadRequest(msg)
        with writing(self._engine) as connection:
            one = _one(connection, errand)
            now = _seen(connection, one.case, expected_version)
            return _changed(connection, now, one, REFUSED, at_ms=at_ms, by=by, says=note)

    def undo(
        self, errand: str, *, by: str, at_ms: int, expected_version: int, note: str = ""
    ) -> Done:
        """Take an errand back by the command that its plan names for that; a person decides so."""
        with writing(self._engine) as connection:
            one = _one(connection, errand)
            now = _seen(connection, one.case, expected_version)
            others = _of_case(connection, now.id)
            back = core.undoing(now, one, self._plans[now.plan], others)
            event = core.proposing(now, back, one.thing, one.key, at_ms=at_ms, by=by, undoes=one)
            now, fresh = _begun(connection, now, event)
            return self._confirmed(connection, now, fresh, at_ms, by, note=note)

    def come_to(self, errand: str, state: str, *, at_ms: int, by: str, **told: Any) -> Done | None:
        """Note what became of an errand; None where it can no longer come to that."""
        with writing(self._engine) as connection:
            one = _one(connection, errand)
            if one.state not in core.WAYS[state]:
                return None
            now = found(connection, one.case)
            return _changed(connection, now, one, state, at_ms=at_ms, by=by, **told)

    def expire(self, now_ms: int) -> list[Done]:
        """Note that those failed whose time is up without a proof; give them."""
        ended = [each for each in self.in_state(*UNDER_WAY) if each.until_ms < now_ms]
        done = []
        for each in ended:
            says = UNSENT if each.state == CONFIRMED else LATE
            done.append(self.come_to(each.id, FAILED, at_ms=now_ms, by=DESK, says=says))
        return [each for each in done if each]

    def follow(self, connection: Connection, case: Case, event: Event) -> Case:
        """Do what an event of a case means for its errands, in the transaction of the event.

        Leaving a step, or the end of a task, withdraws what was proposed there and not decided;
        being at one, or rising in level, proposes what is now due, and confirms what plan and
        district let go without a person.
        """
        plan = self._plans.get(case.plan)
        if plan is None or event.verb not in LEAVES | ASKS | TASKS:
            return case
        task = event.data["name"] if event.verb in TASKS else ""
        if task and not core.commands(plan, task):
            return case
        mine = _followed(connection, case.id, plan) if event.verb != "opened" else []
        for each in mine:
            if each.state == PROPOSED and _is_left(each, case, plan, event):
                case, _ = _changed(connection, case, each, WITHDRAWN, at_ms=event.at_ms, by=DESK)
        places = {case.step: case.since_ms if event.verb in ASKS else event.at_ms + 1}
        if event.verb in TASKS:
            places = {task: event.at_ms} if event.verb == BEGAN else {}
        elif event.verb in ASKS - {"opened"} and plan.tasks:  # a fresh case has none yet
            places |= _running(connection, case.id)
        for place, since in places.items():
            case = self._offered(
                connection, case, plan, (place, since), mine=mine, at_ms=event.at_ms
            )
        return case

    def _offered(
        self, connection: Connection, case: Case, plan: Plan, at: tuple[str, int],
        *, mine: Collection[Errand], at_ms: int,
    ) -> Case:  # fmt: skip
        """Propose what is due at a place where the case has been since a moment."""
        place, since = at
        taken = {
            (each.command, each.thing)
            for each in mine
            if (each.proposed_ms >= since and each.step == place) or each.state in UNDER_WAY
        }
        for command in core.due(case, plan, place):
            done = self._proposed(
                connection, case, command, taken, place=place, at_ms=at_ms, by=DESK
            )
            case = done[-1][0] if done else case
            if command.needs == AUTOMATIC and f"{plan.id}.{command.name}" in self._automatic:
                for _, errand in done:
                    case = self._by_itself(connection, case, errand, command, at_ms)
        return case

    def _by_itself(
        self, connection: Connection, case: Case, errand: Errand, command: Command, at_ms: int
    ) -> Case:
        earlier = _earlier(connection, errand, at_ms)
        if command.objection(case.level, at_ms, earlier):
            return case
        return self._confirmed(connection, case, errand, at_ms, DESK)[0]

    def _proposed(
        self, connection: Connection, case: Case, command: Command,
        taken: Collection[tuple[str, int]], *, place: str, at_ms: int, by: str,
    ) -> list[Done]:  # fmt: skip
        done: list[Done] = []
        for thing, key in self._aims(case.thing, command):
            if (command.name, thing) not in taken:
                event = core.proposing(case, command, thing, key, place=place, at_ms=at_ms, by=by)
                done.append(_begun(connection, case, event))
                case = done[-1][0]
        return done

    def _confirmed(
        self, connection: Connection, case: Case, errand: Errand, at_ms: int, by: str, **chosen: Any
    ) -> Done:
        command = core.declared(self._plans[case.plan], errand)
        event = core.confirming(
            case, errand, command, at_ms=at_ms, by=by,
            earlier=_earlier(connection, errand, at_ms), **chosen,
        )  # fmt: skip
        return _written(connection, case, errand, event)


def _is_left(errand: Errand, case: Case, plan: Plan, event: Event) -> bool:
    """Tell whether an event ends the step, or the task, at which something was proposed."""
    if event.verb in TASKS:
        return event.verb != BEGAN and event.data["name"] == errand.step
    return event.verb in LEAVES and (case.closed_ms is not None or errand.step not in plan.tasks)


def _running(connection: Connection, case: int) -> dict[str, int]:
    """Give when each task of a case that runs was started, by its name."""
    return {row[0]: row[1] for row in connection.execute(_RUNNING, {"case": case})}


def _begun(connection: Connection, case: Case, event: Event) -> Done:
    after, errand = written(connection, case, event), core.begun(case.id, event)
    later(connection, table, _INSERT, _row(errand))
    return after, errand


def _changed(
    connection: Connection, case: Case, errand: Errand, to: str, *, at_ms: int, by: str, **told: Any
) -> Done:
    event = core.changing(case, errand, to, at_ms=at_ms, by=by, **told)
    return _written(connection, case, errand, event)


def _written(connection: Connection, case: Case, errand: Errand, event: Event) -> Done:
    """Write an event of an errand, and what it is after it; `Stale` where another was faster."""
    after, then = written(connection, case, event), errand.then(event)
    was = {"was_id": errand.id, "was_state": errand.state}
    if connection.execute(_CHANGE, _row(then) | was).rowcount != 1:
        msg = f"command {errand.id} was changed by somebody else; read it again"
        raise Stale(msg)
    return after, then


def _row(errand: Errand) -> dict[str, Any]:
    row = {name: getattr(errand, name) for name in FIELDS}
    return {**row, "case_id": row.pop("case")}


def _errand(row: RowMapping) -> Errand:
    return Errand(**{name: row["case_id" if name == "case" else name] for name in FIELDS})


def _of_case(connection: Connection, case: int) -> list[Errand]:
    return [_errand(row) for row in connection.execute(_OF_CASE, {"case": case}).mappings()]


def _followed(connection: Connection, case: int, plan: Plan) -> Collection[Errand]:
    """Give the same; where the log is read anyway, for the tasks of the plan, from that."""
    if not plan.tasks:
        return _of_case(connection, case)
    return core.carried(case, log_of(connection, case)).values()


def _one(connection: Connection, errand: str) -> Errand:
    row = connection.execute(select(table).where(_C.id == errand)).mappings().one_or_none()
    if row is None:
        msg = f"command: there is no {errand!r}"
        raise NotFound(msg)
    return _errand(row)


def _earlier(connection: Connection, errand: Errand, at_ms: int) -> Sequence[int]:
    asked = {
        "thing": errand.thing, "command": errand.command, "since": max(at_ms - DAY_MS, 0),
    }  # fmt: skip
    return connection.scalars(_EARLIER, asked).all()


def _seen(connection: Connection, case: int, version: int) -> Case:
    now = found(connection, case)
    if now.version != version:
        msg = f"case {now.code} is at version {now.version}, and you saw {version}"
        raise Stale(msg)
    return now


def differing(connection: Connection, case: int, events: Iterable[Event]) -> list[str]:
    """Say where the errands of a case are not what its log says."""
    told, kept = core.carried(case, events), {each.id: each for each in _of_case(connection, case)}
    names = sorted(told.keys() | kept.keys())
    return [
        f"command {name} is not what the log says"
        for name in names
        if told.get(name) != kept.get(name)
    ]
