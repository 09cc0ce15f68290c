"""What a plan has done beside its steps: tasks for several agencies at once, and widening circles.

A task begins when its sentry comes to hold, such as a level reached or another task done, and
ends when somebody has done it or when what it was for is past.  Where nobody answers in time the
circle of those who are called widens.  All of it is data; nothing here knows any scene.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self, TypeVar

from borough.core.commands import NAME, Command
from borough.core.deadlines import Limit, Worktime
from borough.core.errors import BadRequest, BadScene
from borough.core.shapes import Key, fitted

SHORT = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(s|min|h|秒|分钟)\s*")
SECONDS = {"s": 1, "秒": 1, "min": 60, "分钟": 60, "h": 3600}
"""Short spans as people write them; they run on by day and by night."""
ACKNOWLEDGED, DONE = ENOUGH = ("acknowledged", "done")
"""What somebody must have done so that a circle need not widen."""
REVIEW = "review"
"""The task that looks back on a case once it is closed."""
HAPPENED = "happened"
"""An answer to it that may be left: when what was warned of happened, ISO 8601 with its zone."""
TASK = {
    "name": "text", "title": "words", "holder": "text", "within": "text", "basis": "text",
    "agency?": "text", "acknowledge_within?": "text", "when?": "tables", "until?": "tables",
    "asks?": "texts", "required?": "flag", "milestone?": "flag", "repeats?": "text",
    "widen?": "tables", "command?": "tables",
}  # fmt: skip
SENTRY = {
    "level?": "count", "below?": "count", "reached?": "count", "step?": "texts", "done?": "texts",
    "ended?": "texts", "answer?": "table", "fact?": "table",
}  # fmt: skip
WIDEN = {"after": "text", "to": "texts", "unless?": "text"}
LOOKING_BACK = {
    "title": "words", "holder": "text", "within": "text", "basis": "text", "agency?": "text",
    "asks?": "texts",
}  # fmt: skip
BOUNDS = {"from?": "number", "below?": "number", "known?": "flag"}
SPANS = ("within", "acknowledge_within", "repeats")
SINGLE = {"when", "until"}
"""Keys whose list of one table may be written as the table."""
Made = TypeVar("Made")
Facts = Mapping[str, Any]
"""What the registry says of the thing of a case, by the name of the attribute."""


@dataclass(frozen=True, slots=True)
class Known:
    """What a sentry looks at: the case at a moment, what was answered, and what is known.

    ``level``, ``worst`` (the highest so far) and ``step`` are those of the case, ``done`` and
    ``ended`` the names of tasks; ``open`` says that the case is not closed.
    """

    level: int
    worst: int
    step: str
    open: bool
    done: frozenset[str]
    ended: frozenset[str]
    answers: Mapping[str, Any]
    facts: Facts


@dataclass(frozen=True, slots=True)
class Sentry:
    """A condition on a case; it holds while every part of it that is given does.

    ``level`` is the least level and ``below`` the first one too high, ``reached`` the least that
    the case must have had at some time; the case is at one of ``steps``; all tasks of ``done``
    were done and all of ``ended`` are over; each of ``answers`` and ``facts`` (name to a value, a
    list of values, or a table of ``from``, ``below`` and ``known``) fits.
    """

    level: int = 0
    below: int | None = None
    reached: int = 0
    steps: frozenset[str] = frozenset()
    done: frozenset[str] = frozenset()
    ended: frozenset[str] = frozenset()
    answers: Mapping[str, Any] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def declared(cls, text: Mapping[str, Any]) -> Self:
        """Check one table; raises `BadScene`."""
        fitted(text, SENTRY)
        if not text:
            msg = f"it must say one of {', '.join(each.rstrip('?') for each in SENTRY)}"
            raise BadScene(msg)
        for key in ("answer", "fact"):
            for wanted in text.get(key, {}).values():
                if isinstance(wanted, Mapping):
                    fitted(wanted, BOUNDS, (key,))
        return cls(
            level=text.get("level", 0),
            below=text.get("below"),
            reached=text.get("reached", 0),
            steps=frozenset(text.get("step", ())),
            done=frozenset(text.get("done", ())),
            ended=frozenset(text.get("ended", ())),
            answers=text.get("answer", {}),
            facts=text.get("fact", {}),
        )

    def holds(self, known: Known) -> bool:
        """Tell whether it holds."""
        return (
            known.level >= self.level
            and (self.below is None or known.level < self.below)
            and known.worst >= self.reached
            and (not self.steps or known.step in self.steps)
            and known.done >= self.done
            and known.ended >= self.ended
            and all(fits(known.answers.get(name), want) for name, want in self.answers.items())
            and all(fits(known.facts.get(name), want) for name, want in self.facts.items())
        )


def fits(given: Any, wanted: Any) -> bool:
    """Tell whether a value is the wanted one, one of a list, or within bounds.

    Numbers written as text count as numbers, for people type answers.

    >>> fits("600", {"from": 300}), fits(None, {"known": False}), fits("yes", ["yes", "no"])
    (True, True, True)
    """
    if isinstance(wanted, list):
        return any(fits(given, each) for each in wanted)
    if not isinstance(wanted, Mapping):
        return bool(given is not None and str(given) == str(wanted))
    known = given is not None and given != ""
    if "known" in wanted and known is not bool(wanted["known"]):
        return False
    if not {"from", "below"} & wanted.keys():
        return True
    try:
        number = float(given)
    except (TypeError, ValueError):
        return False
    low, high = wanted.get("from", -float("inf")), wanted.get("below", float("inf"))
    return bool(low <= number < high)


@dataclass(frozen=True, slots=True)
class Widening:
    """Who is called as well ``after`` a time from the start, unless enough was done by then."""

    after: Limit
    to: tuple[str, ...]
    unless: str = DONE

    @classmethod
    def declared(cls, text: Mapping[str, Any]) -> Self:
        """Check one ``[[task.widen]]`` table; raises `BadScene`."""
        fitted(text, WIDEN)
        unless = text.get("unless", DONE)
        if unless not in ENOUGH:
            msg = f"unless = {unless!r} is not one of {', '.join(ENOUGH)}"
            raise BadScene(msg, key=("unless",))
        return cls(span(text, "after"), tuple(text["to"]), unless)


@dataclass(frozen=True, slots=True)
class TaskPlan:
    """What a plan says of one task: who does it, when it begins and ends, and by when.

    ``holder`` is a kind of post or of agency, or an agency; ``agency`` answers for it where it
    is another.  It is due ``within`` a limit, and acknowledged before that where ``answer`` is
    set.  ``basis`` says where those limits come from.  It begins when a sentry of ``when`` comes
    to hold (at once where there is none) and is skipped once one of ``until`` does.  ``required``
    ones keep a case from being closed.  One that ``repeats`` begins again when it was done.
    """

    name: str
    title: Mapping[str, str]
    holder: str
    within: Limit
    basis: str
    agency: str = ""
    answer: Limit | None = None
    when: tuple[Sentry, ...] = ()
    until: tuple[Sentry, ...] = ()
    asks: tuple[str, ...] = ()
    required: bool = False
    milestone: bool = False
    repeats: Limit | None = None
    widens: tuple[Widening, ...] = ()
    commands: tuple[Command, ...] = ()

    @classmethod
    def declared(cls, text: Mapping[str, Any]) -> Self:
        """Check one ``[[task]]`` table; raises `BadScene` that names the key within it."""
        whole: dict[str, Any] = {
            key: [each] if single(key, each) else each for key, each in dict(text).items()
        }
        fitted(whole, TASK)
        if not NAME.fullmatch(whole["name"]):
            msg = f"name = {whole['name']!r} must be a short word of a-z, 0-9 and _"
            raise BadScene(msg, key=("name",))
        spans = {key: span(whole, key) for key in SPANS if key in whole}
        return cls(
            name=whole["name"],
            title=whole["title"],
            holder=whole["holder"],
            within=spans["within"],
            basis=whole["basis"],
            agency=whole.get("agency", ""),
            answer=spans.get("acknowledge_within"),
            when=many(whole, "when", Sentry.declared),
            until=many(whole, "until", Sentry.declared),
            asks=tuple(whole.get("asks", ())),
            required=whole.get("required", False),
            milestone=whole.get("milestone", False),
            repeats=spans.get("repeats"),
            widens=many(whole, "widen", Widening.declared),
            commands=many(whole, "command", Command.declared),
        )

    @classmethod
    def looking_back(cls, text: Any) -> Self:
        """Check the ``[review]`` table: what must be written down once a case is closed."""
        return cls.declared({**fitted(text, LOOKING_BACK), "name": REVIEW})

    def begins(self, known: Known) -> bool:
        """Tell whether a case as it is now calls for the task."""
        return known.open and (not self.when or any(each.holds(known) for each in self.when))

    def ends(self, known: Known) -> bool:
        """Tell whether what the task is for is past."""
        return any(each.holds(known) for each in self.until)

    def check(self, taken: Sequence[Any], tasks: Sequence[Any], steps: Sequence[str]) -> None:
        """Raise `BadScene` where its name is *taken*, or a sentry names what the plan lacks."""
        if self.name in taken:
            msg = f"{self.name!r} is the name of another task or step, or of the {REVIEW}"
            raise BadScene(msg, key=("name",))
        for key, sentries in (("when", self.when), ("until", self.until)):
            for number, each in enumerate(sentries):
                lost = {"step": each.steps - {*steps}, "task": (each.done | each.ended) - {*tasks}}
                for what, names in lost.items():
                    if names:
                        msg = f"{key}: there is no {what} {', '.join(sorted(names))}"
                        raise BadScene(msg, key=(key, number))
                if self.name in each.done | each.ended:
                    msg = f"{key}: it waits for itself"
                    raise BadScene(msg, key=(key, number))

    @property
    def limits(self) -> Iterator[tuple[Key, Limit]]:
        """Give each limit of it with the key where it stands."""
        yield ("within",), self.within
        for key, limit in (("acknowledge_within", self.answer), ("repeats", self.repeats)):
            if limit is not None:
                yield (key,), limit
        for number, each in enumerate(self.widens):
            yield ("widen", number, "after"), each.after


def over(limit: Limit, clock: Worktime | None, at_ms: int) -> int:
    """Say when a limit that begins at a moment is over, ms UTC."""
    return clock.due(limit, at_ms).at_ms if clock is not None else at_ms + limit.lasts_ms


def tasks(plan: str, text: Mapping[str, Any], steps: Sequence[str]) -> dict[str, TaskPlan]:
    """Read the ``[[task]]`` tables of a plan with these steps, by name, and its ``[review]``.

    Raises `BadScene`, naming the plan, the task and the key.
    """
    given = text.get("task", [])
    if not isinstance(given, list) or not all(isinstance(each, Mapping) for each in given):
        msg = f"plan {plan}: task must be [[task]] tables"
        raise BadScene(msg, key=("task",))
    called = [each.get("name") for each in given]
    taken = [[*steps, REVIEW, *called[:number]] for number in range(len(called))]
    made = {}
    for number, each in enumerate(given):
        try:
            one = TaskPlan.declared(each)
            one.check(taken[number], called, steps)
        except BadScene as error:
            msg = f"plan {plan}: task {called[number]!r}: {error}"
            raise BadScene(msg, key=("task", number, *error.key)) from error
        made[one.name] = one
    if REVIEW in text:
        try:
            made[REVIEW] = TaskPlan.looking_back(text[REVIEW])
        except BadScene as error:
            msg = f"plan {plan}: {REVIEW}: {error}"
            raise BadScene(msg, key=(REVIEW, *error.key)) from error
    return made


def single(key: str, given: Any) -> bool:
    """Tell a table that stands where a list of them is meant."""
    return key in SINGLE and isinstance(given, Mapping)


def span(text: Mapping[str, Any], key: str) -> Limit:
    """Read a limit: ``15 min`` and ``2 h`` run on; ``4工作时`` and the like count as they say."""
    if match := SHORT.fullmatch(text[key]):
        return Limit.of_seconds(float(match[1]) * SECONDS[match[2]])
    try:
        return Limit.read(text[key])
    except BadRequest as error:
        msg = f"{key}: {error}, or 15 min"
        raise BadScene(msg, key=(key,)) from error


def many(text: Mapping[str, Any], key: str, make: Callable[[Any], Made]) -> tuple[Made, ...]:
    """Make something of each table of a list; `BadScene` says which one is wrong."""
    made = []
    for number, each in enumerate(text.get(key, ())):
        try:
            made.append(make(each))
        except BadScene as error:
            msg = f"{key}: {error}"
            raise BadScene(msg, key=(key, number, *error.key)) from error
    return tuple(made)
