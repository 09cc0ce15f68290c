"""Tasks: what several agencies do at once on one case, each from its start to its end.

Every change of a task is an event of its case, and what a task is now is the fold of those
events and nothing else.  The functions here decide what begins and ends after an event, and
whether somebody may do what they ask for; the store writes the events down.

    started ─> acknowledged ─> done
       │            ├────────> skipped (with a reason, or because what it was for is past)
       └────────────┘  handed over: started again, for others
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from borough.core.cases import CLOSED, FALSE, TRUE, Case, Event, Plan, fold, sayable
from borough.core.circles import ACKNOWLEDGED, DONE, HAPPENED, REVIEW, Facts, Known, TaskPlan, over
from borough.core.errors import BadRequest, IllegalMove, Stale

STARTED, SKIPPED = "started", "skipped"
RUNNING = frozenset({STARTED, ACKNOWLEDGED})
"""States of a task that somebody still has to end."""
STATES = (STARTED, ACKNOWLEDGED, DONE, SKIPPED)
BEGAN, ANSWERED, FINISHED, LEFT, HANDED, SHIFTED, WIDENED, LATE, REVIEWED, MILESTONE = VERBS = (
    "task_started", "task_acknowledged", "task_done", "task_skipped", "task_handed",
    "task_shifted", "task_widened", "task_late", "reviewed", "milestone",
)  # fmt: skip
TURNS = frozenset({"opened", "reopened"})
"""Events with which a round of a case begins; what was answered before does not count."""
PAST, OVER, AGAIN = "what it was for is past", "the case is over", "the case is open again"
"""Why a task was skipped by itself."""
MOMENTS = ("answer_ms", "due_ms")
"""By when something of a task is to be so."""
Call = Mapping[str, Any]
"""Who is called as well ``at_ms``, ``to`` a list, ``unless`` somebody did so much by then.

``at_work`` says that the moment was counted in working time.
"""


@dataclass(frozen=True, slots=True)
class Task:
    """What one carrying-out of a task of a plan is now; times in ms, 0 where it is not so yet.

    ``number`` counts from 1 how often the case has had it.  ``holder`` and ``agency`` have it,
    at ``post`` where one was on shift; ``circle`` are those called besides, and ``calls`` those
    who will be.  It should be acknowledged by ``answer_ms`` and done by ``due_ms``;
    ``unanswered`` and ``late`` say that it was not.  ``begun`` and ``version`` are the numbers of
    the first and the last entry about it in the log.  ``says`` is why it was skipped, or a note.
    """

    id: str
    case: int
    name: str
    number: int
    holder: str
    agency: str
    post: str
    state: str
    required: bool
    milestone: bool
    started_ms: int
    answer_ms: int
    due_ms: int
    acknowledged_ms: int
    ended_ms: int
    by: str
    says: str
    answers: Mapping[str, Any]
    circle: tuple[str, ...]
    calls: tuple[Call, ...]
    unanswered: bool
    late: bool
    begun: int
    version: int

    @property
    def runs(self) -> bool:
        """Tell whether somebody still has to end it."""
        return self.state in RUNNING

    @property
    def next_ms(self) -> int | None:
        """When something of it runs out next; None where nothing does."""
        return min((at for at, _, _ in self._awaits()), default=None)

    def _awaits(self) -> Iterator[tuple[int, str, Mapping[str, Any]]]:
        """Give what happens by itself as time passes: when, and the event's verb and data."""
        if not self.runs:
            return
        if self.state == STARTED and self.answer_ms and not self.unanswered:
            yield self.answer_ms, LATE, {"of": ACKNOWLEDGED, "due_ms": self.answer_ms}
        if not self.late:
            yield self.due_ms, LATE, {"of": DONE, "due_ms": self.due_ms}
        for each in self.calls:
            if each["unless"] == DONE or self.state == STARTED:
                yield each["at_ms"], WIDENED, {"to": each["to"], "at_ms": each["at_ms"]}

    def ringing(self, case: Case, *, at_ms: int, by: str) -> Event | None:
        """Note what has run out first by a moment; None where nothing has."""
        due = [each for each in self._awaits() if each[0] <= at_ms]
        if not due:
            return None
        _, verb, data = min(due, key=lambda each: each[0])
        return Event(case.version + 1, at_ms, by, verb, {"task": self.id, **data})

    def then(self, event: Event) -> "Task":
        """Say what it is after an event about it; `IllegalMove` where it is over already."""
        if not self.runs:
            msg = f"{self.name} of {self.id} is {self.state} already"
            raise IllegalMove(msg)
        data, at = event.data, event.at_ms
        ends = {"ended_ms": at, "by": event.actor, "says": data.get("note", "")}
        changed: dict[str, Any] = {}
        if event.verb == ANSWERED:
            changed = {"state": ACKNOWLEDGED, "acknowledged_ms": at, "by": event.actor}
        elif event.verb in {FINISHED, REVIEWED}:
            answered = self.acknowledged_ms or at
            changed = {**ends, "state": DONE, "answers": data["answers"]}
            changed |= {"acknowledged_ms": answered}
        elif event.verb == LEFT:
            changed = {**ends, "state": SKIPPED}
        elif event.verb == HANDED:
            whom = {key: data[key] for key in ("holder", "agency", "post")}
            changed = {**whom, "state": STARTED, "acknowledged_ms": 0, "by": event.actor}
        elif event.verb == LATE:
            changed = {"unanswered" if data["of"] == ACKNOWLEDGED else "late": True}
        elif event.verb == SHIFTED:
            changed = {**{key: data[key] for key in MOMENTS}, "calls": tuple(data["calls"])}
        elif event.verb == WIDENED:
            changed = {"circle": (*self.circle, *data["to"]), "calls": self._uncalled(data)}
        return replace(self, version=event.seq, **changed)

    def _uncalled(self, data: Mapping[str, Any]) -> tuple[Call, ...]:
        made = (data["at_ms"], data["to"])
        return tuple(each for each in self.calls if (each["at_ms"], each["to"]) != made)


def born(case: int, event: Event) -> Task:
    """Say what a task is after the event that started it."""
    data = event.data
    same = {
        key: data[key]
        for key in ("name", "number", "holder", "agency", "post", "required", "milestone")
    }
    return Task(
        id=data["task"], case=case, **same, state=STARTED, started_ms=event.at_ms,
        answer_ms=data["answer_ms"], due_ms=data["due_ms"], acknowledged_ms=0, ended_ms=0, by="",
        says="", answers={}, circle=(), calls=tuple(data["calls"]), unanswered=False, late=False,
        begun=event.seq, version=event.seq,
    )  # fmt: skip


def carried(case: int, events: Iterable[Event]) -> dict[str, Task]:
    """Fold the log of a case into its tasks, by id, oldest first."""
    now: dict[str, Task] = {}
    for event in events:
        if event.verb == BEGAN:
            fresh = born(case, event)
            now[fresh.id] = fresh
        elif event.verb in VERBS and event.verb != MILESTONE:
            name = event.data["task"]
            now[name] = now[name].then(event)
    return now


def known(
    case: Case, log: Sequence[Event], tasks: Mapping[str, Task], facts: Facts, *, since: int
) -> Known:
    """Say what a sentry sees of a case; of answers and *tasks*, what came after entry *since*."""
    latest = {each.name: each for each in tasks.values()}
    fresh = {name: each for name, each in latest.items() if each.version > since}
    answers: dict[str, Any] = {}
    for event in log:
        if event.seq > since:
            answers |= event.data.get("answers") or {}
    return Known(
        level=case.level,
        worst=case.worst,
        step=case.step,
        open=case.closed_ms is None,
        done=frozenset(name for name, each in fresh.items() if each.state == DONE),
        ended=frozenset(name for name, each in fresh.items() if not each.runs),
        answers=answers,
        facts=facts,
    )


def beginning(
    plan: Plan, case: Case, events: Sequence[Event], event: Event, facts: Facts
) -> list[TaskPlan]:
    """List the tasks that an event calls for: their sentry did not hold before it, and does now.

    *events* is the whole log, which may go on after *event*.  What runs is not called for again,
    nor what would be past at once.
    """
    tasks = carried(case.id, events)
    running = {each.name for each in tasks.values() if each.runs}
    before = [each for each in events if each.seq < event.seq]
    now = known(case, events, tasks, facts, since=turned(events))
    past = known(case, (), {}, facts, since=case.version)
    rising = [
        each
        for each in plan.tasks.values()
        if each.name not in running | {REVIEW} and each.begins(now) and not each.ends(past)
    ]
    if not before or not rising:
        return rising
    earlier = carried(case.id, before)
    then = known(fold(case.id, before), before, earlier, facts, since=turned(before))
    return [each for each in rising if not each.begins(then)]


def turned(events: Sequence[Event]) -> int:
    """Give the number of the entry before which this round of the case had not begun."""
    return max((each.seq for each in events if each.verb in TURNS), default=1) - 1


def past(plan: Plan, case: Case, events: Sequence[Event], facts: Facts) -> Iterator[Task]:
    """Give the tasks that run although what they were for is past."""
    tasks = carried(case.id, events)
    for each in tasks.values():
        if each.runs and each.name in plan.tasks and plan.tasks[each.name].until:
            now = known(case, events, tasks, facts, since=each.begun)
            if plan.tasks[each.name].ends(now):
                yield each


def holding(case: Case, tasks: Iterable[Task]) -> list[str]:
    """Name the required tasks that keep a case from being closed as it was."""
    if case.outcome not in {TRUE, FALSE}:
        return []
    return [each.name for each in tasks if each.runs and each.required]


def looks_back(plan: Plan, case: Case) -> bool:
    """Tell whether a case that has just ended is to be looked back on."""
    return REVIEW in plan.tasks and case.step == CLOSED and case.outcome in {TRUE, FALSE}


def starting(
    case: Case, plan: Plan, task: TaskPlan, *, agency: str, post: str, at_ms: int, by: str,
    calls: Iterable[Sequence[str]] = (), number: int = 1, due_ms: int | None = None,
) -> Event:  # fmt: skip
    """Begin a task; *calls* are the parties of each widening, *due_ms* another end than usual."""
    ends = over(task.within, plan.clock, at_ms) if due_ms is None else due_ms
    answer = over(task.answer, plan.clock, at_ms) if task.answer else 0
    data = {
        "task": f"{case.code}.{case.version + 1}", "name": task.name, "number": number,
        "holder": task.holder, "agency": agency, "post": post, "required": task.required,
        "milestone": task.milestone, "answer_ms": answer, "due_ms": ends,
        "calls": [
            {"at_ms": over(each.after, plan.clock, at_ms), "unless": each.unless, "to": list(to),
             "at_work": each.after.at_work}
            for each, to in zip(task.widens, calls, strict=True)
        ],
    }  # fmt: skip
    return Event(case.version + 1, at_ms, by, BEGAN, data)


def repeated(task: Task, declared: TaskPlan, plan: Plan, at_ms: int) -> int | None:
    """Say when a task that was done is due again; None where it does not repeat."""
    if declared.repeats is None:
        return None
    after = over(declared.repeats, plan.clock, task.due_ms)
    return after if after > at_ms else over(declared.repeats, plan.clock, at_ms)


def acknowledging(case: Case, task: Task, seen: int, *, at_ms: int, by: str) -> Event:
    """Say that it was heard and is in hand; `IllegalMove` where somebody has said so already."""
    current(task, seen)
    if task.state == ACKNOWLEDGED:
        msg = f"{task.name} was acknowledged by {task.by} already"
        raise IllegalMove(msg)
    return changing(case, task, ANSWERED, at_ms=at_ms, by=by)


def finishing(
    case: Case, declared: TaskPlan, task: Task, seen: int, *, at_ms: int, by: str,
    answers: Mapping[str, Any], note: str = "", measured: Mapping[str, Any] | None = None,
) -> Event:  # fmt: skip
    """Say that a task is done, with the answers it asks for and no others.

    Raises `BadRequest` where one is missing, or where nobody asked: an answer may end what others
    do, so only those give it who are asked.
    """
    current(task, seen)
    asked = {*declared.asks, *((HAPPENED,) if task.name == REVIEW else ())}
    if stray := answers.keys() - asked:
        msg = f"answers.{min(stray)}: {task.name} does not ask for it"
        raise BadRequest(msg)
    for name in declared.asks:
        if answers.get(name) is None or answers[name] == "":
            msg = f"answers.{name}: {task.name} asks for it"
            raise BadRequest(msg)
    told: dict[str, Any] = {"answers": dict(answers), "note": note}
    if task.name == REVIEW:
        return changing(case, task, REVIEWED, at_ms=at_ms, by=by, **told, measured=measured or {})
    return changing(case, task, FINISHED, at_ms=at_ms, by=by, **told)


def skipping(
    case: Case, task: Task, seen: int, *, at_ms: int, by: str, note: str
) -> Event:  # fmt: skip
    """Leave a task undone; *note* says why."""
    current(task, seen)
    if not note.strip():
        msg = f"note: say why {task.name} is left undone"
        raise BadRequest(msg)
    return changing(case, task, LEFT, at_ms=at_ms, by=by, note=note)


def handing(
    case: Case, task: Task, seen: int, *, holder: str, agency: str, post: str, at_ms: int, by: str,
    note: str = "",
) -> Event:  # fmt: skip
    """Hand a task over to others; they have to acknowledge it anew, and its end stays."""
    current(task, seen)
    if (holder, agency, post) == (task.holder, task.agency, task.post):
        msg = f"holder: {task.name} is with them already"
        raise BadRequest(msg)
    whom = {"holder": holder, "agency": agency, "post": post}
    return changing(case, task, HANDED, at_ms=at_ms, by=by, note=note, **whom)


def shifting(
    case: Case, plan: Plan, task: Task, pause: tuple[int, int], *, at_ms: int, by: str
) -> Event | None:
    """Move what of a task has not run out when a pause of its case starts; None where all has.

    What counts working time moves by the working time of the pause; see `Plan.shifted`.
    """
    declared = plan.tasks.get(task.name)
    answer, within = (declared.answer, declared.within) if declared else (None, None)
    was: dict[str, Any] = {each: getattr(task, each) for each in MOMENTS}
    was["calls"] = [*task.calls]
    moved: dict[str, Any] = {
        name: plan.shifted(was[name], pause, at_work=limit is not None and limit.at_work)
        for name, limit in zip(MOMENTS, (answer, within), strict=True)
    }
    moved["calls"] = [
        {**each, "at_ms": plan.shifted(each["at_ms"], pause, at_work=each.get("at_work", False))}
        for each in task.calls
    ]
    return None if moved == was else changing(case, task, SHIFTED, at_ms=at_ms, by=by, **moved)


def changing(case: Case, task: Task, verb: str, *, at_ms: int, by: str, **told: Any) -> Event:
    """Note that a task came to something; `IllegalMove` where it is over."""
    event = Event(case.version + 1, at_ms, by, verb, {"task": task.id, "name": task.name, **told})
    task.then(event)
    return sayable(event)


def passing(case: Case, task: Task, *, at_ms: int, by: str) -> Event:
    """Note that a milestone of the plan was reached."""
    told = {"milestone": task.name, "task": task.id}
    return Event(case.version + 1, at_ms, by, MILESTONE, told)


def current(task: Task, seen: int) -> None:
    """Raise `Stale` where a task has changed since somebody saw it."""
    if task.version != seen:
        msg = f"{task.name} is at version {task.version}, and you saw {seen}"
        raise Stale(msg)


def declared(plan: Plan, task: Task) -> TaskPlan:
    """Find what the plan says of a task; `IllegalMove` where it has no such task any more."""
    if task.name not in plan.tasks:
        msg = f"plan {plan.id} has no task {task.name!r} any more"
        raise IllegalMove(msg)
    return plan.tasks[task.name]
