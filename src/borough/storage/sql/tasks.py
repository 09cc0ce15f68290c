"""Tasks in SQL: what a plan has several agencies do, begun and ended with the events of a case.

The table changes in the transaction of the entry in the case's log, and so do the timers of what
runs out; `SqlTasks.follow` does what follows from any event of a case, and `SqlTasks.fire` what
follows from time.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any

from sqlalchemy import Connection, Engine, RowMapping, bindparam, or_, select

from borough.core import tasks as core
from borough.core.cases import Case, Event, Plan
from borough.core.circles import REVIEW, Facts, TaskPlan
from borough.core.errors import IllegalMove, NotFound
from borough.core.loop import pause
from borough.core.reviews import measured
from borough.core.tasks import BEGAN, FINISHED, LEFT, MILESTONE, RUNNING, VERBS, Task
from borough.storage.sql import tables as t
from borough.storage.sql.bundles import APART, bundling, kept, later
from borough.storage.sql.caselog import found, log_of
from borough.storage.sql.crews import crewed, recrewed
from borough.storage.sql.engines import reading, writing
from borough.storage.sql.paging import page
from borough.storage.sql.tasks_table import case_tasks as table
from borough.storage.sql.timers import SqlTimers, Timer

DESK = "desk"
"""Who acts where no person does."""
KIND = "task"
"""What a timer of a task is called; its ``ref`` is the task's id."""
MATTERS = frozenset({"opened", "joined", "level", "moved", "returned", "reworked", "reopened"}) | {
    FINISHED,
    LEFT,
}
"""Events after which tasks may begin or be past."""
SHIFTS = frozenset({"suspended", "resumed"})
"""Events with which the clocks of tasks are moved."""
Wrote = Callable[[Connection, Case, Event], Case]
"""Writes an event of a case with all that follows from it; gives the case after it."""
Party = tuple[str, str]
"""Who gets something: an agency and a post, each empty where there is none."""
Find = Callable[[Connection, Case, str, int], Party]
"""Says which agency and post a holder means for a case at a moment."""

FIELDS = tuple(field.name for field in fields(Task))
_C = table.c
_INSERT = table.insert()
_CHANGE = table.update().where(_C.id == bindparam("was_id"), _C.version == bindparam("was_version"))
_HOLD = select(_C.id).where(_C.id == bindparam("was_id")).with_for_update()
"""Whoever comes second waits here, and then sees what the first one did."""
_OF_CASE = select(table).where(_C.case_id == bindparam("case")).order_by(_C.begun)
_FACTS = select(t.things.c.attributes).where(t.things.c.id == bindparam("thing"))
"""Made once: building a statement costs more than running it."""


def nobody(_connection: Connection, _case: Case, _holder: str, _at_ms: int) -> Party:
    """Name no agency and no post, where it is not known who stands behind a holder."""
    return "", ""


class SqlTasks:
    """Keeps the tasks of all cases, each change as an event of its case.

    ``plans`` say what is to be done, and ``find`` who is meant by a holder.  ``wrote`` is how an
    event gets into a log, with everything else that follows from it.
    """

    def __init__(
        self, engine: Engine, *, plans: Mapping[str, Plan], wrote: Wrote, find: Find = nobody
    ) -> None:
        self._engine = engine
        self._plans = plans
        self._wrote = wrote
        self._find = find

    def of_case(self, case: int) -> list[Task]:
        """Give the tasks of a case, oldest first."""
        with reading(self._engine) as connection:
            return _of_case(connection, case)

    def one(self, task: str) -> Task:
        """Give a task by id; or `NotFound`."""
        with reading(self._engine) as connection:
            return _one(connection, task)

    def find(
        self, *, case: int | None = None, holder: str = "", agency: str = "", post: str = "",
        name: str = "", running_only: bool = True, limit: int = 100,
    ) -> list[Task]:  # fmt: skip
        """Give the tasks that fit, the one that is due first coming first.

        Those of a holder or an agency are also those for which it was called besides.
        """
        chosen = select(table).order_by(_C.due_ms, _C.id).limit(page(limit))
        for column, value in ((_C.holder, holder), (_C.agency, agency)):
            if value:
                called = _C.circle.contains(f"|{value}|", autoescape=True)
                chosen = chosen.where(or_(column == value, called))
        for column, wanted in ((_C.post, post), (_C.name, name), (_C.case_id, case)):
            if wanted:
                chosen = chosen.where(column == wanted)
        if running_only:
            chosen = chosen.where(_C.state.in_(RUNNING))
        with reading(self._engine) as connection:
            return [_task(row) for row in connection.execute(chosen).mappings()]

    def acknowledge(self, task: str, *, by: str, at_ms: int, seen: int) -> tuple[Case, Task]:
        """Say that a task was heard of and is in hand.

        Of two who act on what they saw one wins: raises `Stale`, `IllegalMove` or `NotFound`.
        """

        def event(_connection: Connection, case: Case, one: Task) -> Event:
            return core.acknowledging(case, one, seen, at_ms=at_ms, by=by)

        return self._acted(task, event)

    def finish(
        self, task: str, *, by: str, at_ms: int, seen: int, answers: Mapping[str, Any],
        note: str = "",
    ) -> tuple[Case, Task]:  # fmt: skip
        """Say that a task is done, with its answers; a look back is measured from the log.

        Raises `Stale`, `IllegalMove`, `BadRequest` or `NotFound`.
        """

        def event(connection: Connection, case: Case, one: Task) -> Event:
            plan = self._plans[case.plan]
            told: dict[str, Any] = {"at_ms": at_ms, "by": by, "answers": answers, "note": note}
            if one.name == REVIEW:
                log = log_of(connection, case.id)
                told["measured"] = measured(case.id, log, answers)
            return core.finishing(case, core.declared(plan, one), one, seen, **told)

        return self._acted(task, event)

    def skip(self, task: str, *, by: str, at_ms: int, seen: int, note: str) -> tuple[Case, Task]:
        """Leave a task undone, with the reason."""

        def event(_connection: Connection, case: Case, one: Task) -> Event:
            return core.skipping(case, one, seen, at_ms=at_ms, by=by, note=note)

        return self._acted(task, event)

    def hand(
        self, task: str, *, by: str, at_ms: int, seen: int, holder: str = "", agency: str = "",
        post: str = "", note: str = "",
    ) -> tuple[Case, Task]:  # fmt: skip
        """Hand a task over to another holder, agency or post."""

        def event(connection: Connection, case: Case, one: Task) -> Event:
            found_agency, found_post = self._find(connection, case, holder or one.holder, at_ms)
            keeps = not holder
            whom = {
                "holder": holder or one.holder,
                "agency": agency or (one.agency if keeps else found_agency),
                "post": post or ("" if agency else one.post if keeps else found_post),
            }
            return core.handing(case, one, seen, at_ms=at_ms, by=by, note=note, **whom)

        return self._acted(task, event)

    def _acted(
        self, task: str, make: Callable[[Connection, Case, Task], Event]
    ) -> tuple[Case, Task]:
        with writing(self._engine) as connection, bundling(connection):
            connection.execute(_HOLD, {"was_id": task})
            one = _one(connection, task)
            case = found(connection, one.case)
            after = self._wrote(connection, case, make(connection, case, one))
            return after, _one(connection, task)

    def fire(
        self, connection: Connection, case: Case | None, timer: Timer, now_ms: int
    ) -> Case | None:
        """Note what of a task has run out: not acknowledged, not done, a wider circle called."""
        task = _named(connection, timer.case, timer.ref)
        if case is None or not task.runs:
            return None
        changed = None
        while event := task.ringing(case, at_ms=now_ms, by=DESK):
            changed = case = self._wrote(connection, case, event)
            task = _named(connection, case.id, task.id)
        _set(connection, task)
        return changed

    def follow(self, connection: Connection, case: Case, event: Event) -> Case:
        """Do what an event of a case means for its tasks, in the transaction of the event.

        Raises `IllegalMove` where a case was closed over the heads of those who still have
        required tasks; then nothing has changed.
        """
        if event.verb == "opened":
            kept(connection, table)[case.id] = {}
        if event.verb in VERBS:
            self._kept(connection, case, event)
        plan = self._plans.get(case.plan)
        if plan is None or not plan.tasks:
            return case
        if case.closed_ms is not None:
            return self._ended(connection, case, plan, event)
        if event.verb in SHIFTS:
            return self._paused(connection, case, plan, event)
        return self._led_on(connection, case, plan, event) if event.verb in MATTERS else case

    def _led_on(self, connection: Connection, case: Case, plan: Plan, event: Event) -> Case:
        """Begin what an event calls for, and let go of what it makes past."""
        if event.verb == FINISHED:
            case = self._after_done(connection, case, plan, event)
        facts = _facts(connection, plan, case.thing)
        called_for = core.beginning(plan, case, log_of(connection, case.id), event, facts)
        if event.verb == "reopened":
            case = self._left(connection, case, event.at_ms, core.AGAIN, {REVIEW})
        while late := next(core.past(plan, case, log_of(connection, case.id), facts), None):
            case = self._let_go(connection, case, late, event.at_ms, core.PAST)
        for each in called_for:
            if each.name not in {one.name for one in _running(connection, case.id)}:
                case = self._started(connection, case, plan, each, at_ms=event.at_ms)
        return case

    def _paused(self, connection: Connection, case: Case, plan: Plan, event: Event) -> Case:
        """Let the tasks that a suspension found wait with their case; later ones run on."""
        since = max(each.seq for each in log_of(connection, case.id) if each.verb == "suspended")
        for each in _running(connection, case.id):
            moved = core.shifting(case, plan, each, pause(event), at_ms=event.at_ms, by=DESK)
            if moved and each.begun < since:
                case = self._wrote(connection, case, moved)
        return case

    def _ended(self, connection: Connection, case: Case, plan: Plan, event: Event) -> Case:
        """Let go of what is left when a case is over, and have it looked back on."""
        if event.verb not in {"closed", "cancelled"}:
            return case
        if held := core.holding(case, _running(connection, case.id)):
            msg = f"first do, or skip with a reason, what is required: {', '.join(held)}"
            raise IllegalMove(msg)
        case = self._left(connection, case, event.at_ms, core.OVER, plan.tasks.keys())
        if core.looks_back(plan, case):
            case = self._started(connection, case, plan, plan.tasks[REVIEW], at_ms=event.at_ms)
        return case

    def _left(
        self, connection: Connection, case: Case, at_ms: int, why: str, names: Iterable[str]
    ) -> Case:
        for each in _running(connection, case.id):
            if each.name in set(names):
                case = self._let_go(connection, case, each, at_ms, why)
        return case

    def _let_go(self, connection: Connection, case: Case, task: Task, at_ms: int, why: str) -> Case:
        event = core.changing(case, task, LEFT, at_ms=at_ms, by=DESK, note=why)
        return self._wrote(connection, case, event)

    def _after_done(self, connection: Connection, case: Case, plan: Plan, event: Event) -> Case:
        """Pass a milestone that a task was, and begin one again that repeats."""
        task = _named(connection, case.id, event.data["task"])
        if task.milestone:
            passed = core.passing(case, task, at_ms=event.at_ms, by=DESK)
            case = self._wrote(connection, case, passed)
        declared = plan.tasks.get(task.name)
        log, facts = log_of(connection, case.id), _facts(connection, plan, case.thing)
        now = core.known(case, log, {}, facts, since=task.begun)
        if declared is None or declared.ends(now):
            return case
        due = core.repeated(task, declared, plan, event.at_ms)
        if due is not None:
            case = self._started(connection, case, plan, declared, at_ms=event.at_ms, due_ms=due)
        return case

    def _started(
        self, connection: Connection, case: Case, plan: Plan, task: TaskPlan, *,
        at_ms: int, due_ms: int | None = None,
    ) -> Case:  # fmt: skip
        agency, post = self._find(connection, case, task.holder, at_ms)
        if task.agency:
            agency = self._find(connection, case, task.agency, at_ms)[0] or task.agency
        calls = [self._called(connection, case, each.to, at_ms) for each in task.widens]
        number = 1 + sum(each.name == task.name for each in _of_case(connection, case.id))
        event = core.starting(
            case, plan, task, agency=agency, post=post, at_ms=at_ms, by=DESK, calls=calls,
            number=number, due_ms=due_ms,
        )  # fmt: skip
        return self._wrote(connection, case, event)

    def _called(
        self, connection: Connection, case: Case, to: Iterable[str], at_ms: int
    ) -> list[str]:
        return [self._find(connection, case, each, at_ms)[0] or each for each in to]

    def _kept(self, connection: Connection, case: Case, event: Event) -> None:
        """Bring the row of a task and its timer up to date; `Stale` where another was faster."""
        if event.verb == MILESTONE:
            return
        if event.verb == BEGAN:
            task, mine = core.born(case.id, event), _mine(connection, case.id)
            later(connection, table, _INSERT, _row(task))
        else:
            mine = _mine(connection, case.id)
            was = mine.get(event.data["task"]) or _one(connection, event.data["task"])
            task = was.then(event)
            told = {"was_id": was.id, "was_version": was.version}
            msg = f"task {task.id} was changed by somebody else; read it again"
            later(connection, table, _CHANGE, _row(task) | told, stale=msg)
            recrewed(connection, was.post)
        mine[task.id] = task
        if event.verb == BEGAN:
            crewed(connection, task.post, task.started_ms)
        else:
            recrewed(connection, task.post)
        _set(connection, task)


def _set(connection: Connection, task: Task) -> None:
    """Set the one timer of a task to what runs out next, or drop it."""
    due = task.next_ms
    if due is None:
        SqlTimers.drop(connection, task.case, KIND, task.id)
    else:
        SqlTimers.set(connection, task.case, KIND, task.id, due)


def _row(task: Task) -> dict[str, Any]:
    row = {name: getattr(task, name) for name in FIELDS}
    circle = "|" + "".join(f"{each}|" for each in task.circle)
    return {**row, "case_id": row.pop("case"), "circle": circle, "calls": list(task.calls)}


def _task(row: RowMapping) -> Task:
    told = {name: row["case_id" if name == "case" else name] for name in FIELDS}
    circle = tuple(each for each in told["circle"].split("|") if each)
    return Task(**{**told, "circle": circle, "calls": tuple(told["calls"])})


def _mine(connection: Connection, case: int) -> dict[str, Task]:
    """Give the tasks of a case by id, oldest first."""
    known = kept(connection, table)
    if case not in known:
        rows = connection.execute(_OF_CASE, {"case": case}, execution_options=APART).mappings()
        known[case] = {row["id"]: _task(row) for row in rows}
    mine: dict[str, Task] = known[case]
    return mine


def _of_case(connection: Connection, case: int) -> list[Task]:
    return list(_mine(connection, case).values())


def _named(connection: Connection, case: int, task: str) -> Task:
    return _mine(connection, case).get(task) or _one(connection, task)


def _running(connection: Connection, case: int) -> list[Task]:
    return [each for each in _of_case(connection, case) if each.runs]


def _one(connection: Connection, task: str) -> Task:
    row = connection.execute(select(table).where(_C.id == task)).mappings().one_or_none()
    if row is None:
        msg = f"task: there is no {task!r}"
        raise NotFound(msg)
    return _task(row)


def _facts(connection: Connection, plan: Plan, thing: int) -> Facts:
    """Give what is known of a thing, where any task of a plan asks for it."""
    if not any(each.facts for task in plan.tasks.values() for each in (*task.when, *task.until)):
        return {}
    known = kept(connection, t.things)
    if thing not in known:
        told = connection.scalar(_FACTS, {"thing": thing})
        known[thing] = dict(told) if told else {}
    facts: Facts = known[thing]
    return facts


def differing(connection: Connection, case: int, events: Sequence[Event]) -> list[str]:
    """Say where the tasks of a case are not what its log says."""
    told = core.carried(case, events)
    kept = {each.id: each for each in _of_case(connection, case)}
    return [
        f"task {name} is not what the log says"
        for name in sorted(told.keys() | kept.keys())
        if told.get(name) != kept.get(name)
    ]
