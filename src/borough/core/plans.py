"""Plans: who holds a case at each step, for how long, and where it may go from there."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import isfinite
from typing import Any, Self

from borough.core import circles
from borough.core.approvals import Approvals
from borough.core.commands import Command
from borough.core.deadlines import Limit, Worktime
from borough.core.errors import BadScene, IllegalMove

CLOSED = "closed"
"""Where every plan ends; a case there has an outcome."""
TRUE, FALSE, DUPLICATE = OUTCOMES = ("true", "false", "duplicate")
"""What the matter turned out to be; it labels the detections that opened it."""
DECLINED, CANCELLED = "declined", "cancelled"
"""How a case ends that was not accepted or not opened, and one that was taken back as void."""
STAGES = ("report", "accept", "verify", "open", "dispatch", "dispose", "check", "close")
"""The places of a step in the routine loop, in order; a step without one has none of its guards."""
STEP_KEYS = {
    "name", "holder", "within", "within_s", "then", "asks", "title", "outcome", "command", "stage",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Step:
    """A stage of a plan: who holds the case, within which limit, and where it may go.

    ``asks`` names the answers that must be given on leaving it.  ``outcome``, where it is set,
    is the only one with which a case may be closed from here.  ``title`` is its name for people.
    ``commands`` is what machines may be told to do meanwhile.  ``stage`` is its place in the
    routine loop, one of `STAGES` or empty; the loop's guards hang on it.
    """

    name: str
    holder: str
    within: Limit
    then: tuple[str, ...]
    asks: tuple[str, ...] = ()
    title: Mapping[str, str] = field(default_factory=dict)
    outcome: str = ""
    commands: tuple[Command, ...] = ()
    stage: str = ""

    @classmethod
    def declared(cls, text: Mapping[str, Any]) -> Self:
        """Check one ``[[step]]`` table; raises `BadScene`."""
        stray = text.keys() - STEP_KEYS
        missing = {"name", "holder", "then"} - text.keys()
        outcome = text.get("outcome", "")
        wrong = {
            (min(stray, default=""), f"unknown key {', '.join(sorted(stray))}"): stray,
            ("name", f"{', '.join(sorted(missing))} is missing"): missing,
            ("then", "then must be a list of steps"): not isinstance(text.get("then"), list),
            ("then", "then must name at least one step"): not text.get("then"),
            ("asks", "asks must be a list of answers"): not isinstance(text.get("asks", []), list),
            ("title", "title must be a table of texts"): not isinstance(
                text.get("title", {}), Mapping
            ),
            ("outcome", f"outcome = {outcome!r} is not one of {', '.join(OUTCOMES)}"): (
                outcome and outcome not in OUTCOMES
            ),
            ("stage", f"stage = {text.get('stage')!r} is not one of {', '.join(STAGES)}"): (
                text.get("stage", STAGES[0]) not in STAGES
            ),
        }
        for (key, says), it_is in wrong.items():
            if it_is:
                msg = f"step {text.get('name', '?')!r}: {says}"
                raise BadScene(msg, key=(key,))
        limit = _limit(text)
        commands = _commands(str(text["name"]), text.get("command", []))
        return cls(
            name=str(text["name"]),
            holder=str(text["holder"]),
            within=limit,
            then=tuple(text["then"]),
            asks=tuple(text.get("asks", ())),
            title=dict(text.get("title", {})),
            outcome=outcome,
            commands=commands,
            stage=text.get("stage", ""),
        )


def _limit(text: Mapping[str, Any]) -> Limit:
    """Read ``within = "4工作时"``, or ``within_s`` for seconds that run on day and night."""
    says = ""
    if ("within" in text) == ("within_s" in text):
        key, says = "within", "it needs either within or within_s"
    elif "within" in text:
        key = "within"
        try:
            return circles.span({key: str(text[key])}, key)
        except BadScene as error:
            says = str(error)
    else:
        key, seconds = "within_s", text["within_s"]
        if isinstance(seconds, int | float) and seconds > 0 and isfinite(seconds):
            return Limit.of_seconds(seconds)
        says = f"within_s = {seconds!r} is not a number of seconds above 0"
    msg = f"step {text.get('name', '?')!r}: {says}"
    raise BadScene(msg, key=(key,))


def _commands(step: str, given: Any) -> tuple[Command, ...]:
    if not isinstance(given, list) or not all(isinstance(each, Mapping) for each in given):
        msg = f"step {step!r}: command must be [[step.command]] tables"
        raise BadScene(msg, key=("command",))
    try:
        made = tuple(Command.declared(each) for each in given)
    except BadScene as error:
        msg = f"step {step!r}: {error}"
        raise BadScene(msg, key=("command",)) from error
    names = [each.name for each in made]
    if len(set(names)) < len(names):
        msg = f"step {step!r}: two commands have the same name"
        raise BadScene(msg, key=("command",))
    return made


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps that a case of one scene may take, by name; it begins with the first.

    ``clock`` is the working time of the district in which the plan is followed.  ``tasks`` are
    what is to be done beside the steps, by name.
    """

    id: str
    steps: Mapping[str, Step]
    clock: Worktime | None = None
    rules: Approvals | None = None
    tasks: Mapping[str, circles.TaskPlan] = field(default_factory=dict)

    @property
    def first(self) -> Step:
        """Where every case of this plan begins."""
        return next(iter(self.steps.values()))

    def step(self, name: str) -> Step:
        """Give a step by name; `IllegalMove` where the plan has none of it."""
        if name not in self.steps:
            msg = f"plan {self.id} has no step {name!r}"
            raise IllegalMove(msg)
        return self.steps[name]

    def by(self, clock: Worktime | None, rules: Approvals | None = None) -> Self:
        """Give the plan as it is followed in a district; None for one without office hours.

        Raises `BadScene` where a step counts working time that the district does not have.
        """
        for number, each in enumerate(self.steps.values()):
            if each.within.at_work and clock is None:
                msg = f"step {each.name!r}: within: the district has no [work] hours to count"
                raise BadScene(msg, key=("step", number, "within"))
        for number, task in enumerate(self.tasks.values()):
            for key, limit in task.limits:
                if limit.at_work and clock is None:
                    where = (task.name,) if task.name == circles.REVIEW else ("task", number)
                    msg = f"task {task.name!r}: {key[0]}: the district has no [work] hours to count"
                    raise BadScene(msg, key=(*where, *key))
        return replace(self, clock=clock, rules=rules)

    def due(self, step: Step, at_ms: int) -> int:
        """Say when a step that begins at a moment should be over, ms UTC."""
        return self.ends(step.within, at_ms)

    def ends(self, limit: Limit, at_ms: int) -> int:
        """Say when a limit that begins at a moment is over, ms UTC."""
        if self.clock is not None:
            return self.clock.due(limit, at_ms).at_ms
        return at_ms + limit.lasts_ms

    def lasts(self, limit: Limit) -> int:
        """Give a limit in ms of its own time: of work, or of all time."""
        return self.clock.length(limit) if self.clock is not None else limit.lasts_ms

    def shifted(self, due_ms: int, pause: tuple[int, int], *, at_work: bool) -> int:
        """Move a deadline by a pause, ms UTC; *at_work* what of it is working time.

        A pause that ends before it starts is taken back.  What was due before it starts stays.
        """
        start_ms, end_ms = pause
        if due_ms < start_ms:
            return due_ms
        if self.clock is None or not at_work:
            return due_ms + end_ms - start_ms
        worked = [int(self.clock.worked(each)) for each in (due_ms, start_ms, end_ms)]
        return int(self.clock.when(worked[0] + worked[2] - worked[1]))

    @classmethod
    def declared(cls, name: str, text: Mapping[str, Any]) -> Self:
        """Check a parsed ``plan.toml``: every step leads on, is reached, and can be closed.

        Raises `BadScene`, naming the plan and the step.
        """
        steps = _steps(name, text.get("step"))
        plan = cls(name, {each.name: each for each in steps})
        names = [each.name for each in steps]
        twice = [each for number, each in enumerate(names) if each in names[:number]]
        wrong = {
            "it has no step": (not steps, ""),
            "two steps have the same name": (bool(twice), twice[0] if twice else ""),
            f"{CLOSED!r} is the end and cannot be a step": (CLOSED in plan.steps, CLOSED),
            **plan._loose_ends(),
        }
        for says, (it_is, step) in wrong.items():
            if it_is:
                msg = f"plan {name}: {says}"
                places = [number for number, each in enumerate(names) if each == step]
                key = ("then",) if says.startswith("then: ") else ()
                raise BadScene(msg, key=("step", places[-1], *key) if places else ())
        return replace(plan, tasks=circles.tasks(name, text, names))

    def _loose_ends(self) -> dict[str, tuple[bool, str]]:
        """Say of each way to be loose whether the plan is, and at which step."""
        leads = {each.name: set(each.then) for each in self.steps.values()}
        nowhere = set().union(*leads.values()) - leads.keys() - {CLOSED} if leads else set()
        astray = next((name for name, ends in leads.items() if ends & nowhere), "")
        back: dict[str, set[str]] = {}
        for start, ends in leads.items():
            for end in ends:
                back.setdefault(end, set()).add(start)
        unreached = leads.keys() - _reached(leads, self.first.name if leads else CLOSED)
        endless = leads.keys() - _reached(back, CLOSED)
        known = ", ".join([*leads, CLOSED])
        return {
            f"then: there is no step {', '.join(sorted(nowhere))}; there are {known}": (
                bool(nowhere), astray,
            ),
            f"nothing leads to {', '.join(sorted(unreached))}": (
                bool(unreached), min(unreached, default=""),
            ),
            f"from {', '.join(sorted(endless))} a case can never be closed": (
                bool(endless), min(endless, default=""),
            ),
        }  # fmt: skip


def _steps(plan: str, given: Any) -> list[Step]:
    if not isinstance(given, list) or not all(isinstance(each, Mapping) for each in given):
        msg = f"plan {plan}: it needs [[step]] tables"
        raise BadScene(msg)
    steps: list[Step] = []
    for number, each in enumerate(given):
        try:
            steps.append(Step.declared(each))
        except BadScene as error:
            msg = f"plan {plan}: {error}"
            raise BadScene(msg, key=("step", number, *error.key)) from error
    return steps


def _reached(leads: Mapping[str, set[str]], start: str) -> set[str]:
    seen, waiting = {start}, [start]
    while waiting:
        fresh = leads.get(waiting.pop(), set()) - seen
        seen |= fresh
        waiting += fresh
    return seen
