"""A plan with tasks of every kind, and a desk on a database that follows it."""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection, Engine

from borough.core import loop
from borough.core.approvals import SUSPENSION
from borough.core.cases import Case, Event, Plan
from borough.core.commands import Command
from borough.core.tasks import Task
from borough.engine.approvals import approvals
from borough.storage.sql import (
    SqlCases,
    SqlDesk,
    SqlErrands,
    SqlTasks,
    SqlTimers,
    Wish,
    suspensions,
)
from borough.testing.desks import MERGE_MS, MORNING, ZONE, edge

MINUTE, HOUR = 60_000, 3_600_000


def task(name: str, **more: Any) -> dict[str, Any]:
    """Declare a task of a worker that takes two hours."""
    words = {"zh": name, "en": name}
    said = {"name": name, "title": words, "holder": "worker", "within": "2 h", "basis": "made up"}
    return said | more


SIREN = {
    "name": "siren", "title": {"zh": "鸣笛", "en": "Siren"}, "property": "on", "value": 1,
    "from_level": 2, "within_s": 60,
}  # fmt: skip
TEXT: dict[str, Any] = {
    "step": [
        {"name": "look", "holder": "worker", "within_s": 600, "then": ["mend", "nothing"]},
        {"name": "mend", "holder": "crew", "within": "2 h", "then": ["look", "closed"]},
        {"name": "nothing", "holder": "desk", "within": "2 h", "then": ["closed"]},
    ],
    "task": [
        task("visit", when={"level": 1}, until={"step": ["nothing"]}, asks=["photo"],
             required=True, acknowledge_within="5 min",
             widen=[{"after": "15 min", "to": ["town"], "unless": "acknowledged"},
                    {"after": "30 min", "to": ["city", "fire"]}]),
        task("report", when={"level": 2}, until=[{"below": 2}, {"step": ["nothing"]}],
             repeats="1 h"),
        task("clear", when={"level": 2, "step": ["mend"]}, command=[SIREN],
             until=[{"below": 2, "answer": {"lift": "yes"}}, {"step": ["nothing"]}]),
        task("meet", when={"reached": 2, "below": 2}, asks=["lift"], repeats="1 h",
             until=[{"answer": {"lift": "yes"}}, {"level": 2}]),
        task("large", when={"step": ["mend"], "fact": {"diameter": {"from": 300}}}),
        task("after", when={"done": ["visit"]}, milestone=True),
        task("photo_again", when={"answer": {"photo": ["bad", "dark"]}}),
    ],
    "review": {"title": {"zh": "复盘", "en": "Look back"}, "holder": "desk", "within": "5 h",
               "basis": "made up", "asks": ["change"]},
}  # fmt: skip
PLAN = Plan.declared("fire_lane", TEXT).by(None, approvals())
ANSWERS = {"photo": "a.jpg", "lift": "yes", "change": "nothing"}


def wish(_edge: Mapping[str, Any]) -> Wish:
    """Ask for a case for whatever is seen."""
    return Wish(PLAN, MERGE_MS, 1, 3, {"zh": "滑", "en": "slide"})


def aims(thing: int, _command: Command) -> list[tuple[int, str]]:
    """Send a command to the thing itself."""
    return [(thing, f"v-{thing}")]


class Office:
    """A desk with its cases, tasks and timers on a database; one more of it is a restart."""

    def __init__(self, engine: Engine) -> None:
        plans = {"fire_lane": PLAN}
        self.errands = SqlErrands(engine, plans=plans, aims=aims)
        self.tasks = SqlTasks(engine, plans=plans, wrote=self.wrote)
        follow = [suspensions.follow, self.errands.follow, self.tasks.follow]
        self.cases = SqlCases(engine, prefix="YB", zone=ZONE, follow=follow)
        fires = {"task": self.tasks.fire, **suspensions.fires(self.cases)}
        self.timers = SqlTimers(engine, fires)
        self.desk = SqlDesk(engine, cases=self.cases)
        self.position = 10
        self.now = MORNING

    def wrote(self, connection: Connection, case: Case, event: Event) -> Case:
        """Write an event with all that follows from it."""
        return self.cases.wrote(connection, case, event)

    def hear(self, level: int) -> Case:
        """Take in that the level is now so."""
        self.position += 1
        told = edge(7, level, self.position, born=11) | {"time": self.now, "now": self.now}
        self.desk.take([told], self.position, wish)
        return self.cases.one(1)

    def one(self, name: str) -> Task:
        """Give the newest carrying-out of a task."""
        return [each for each in self.tasks.of_case(1) if each.name == name][-1]

    def act(self, verb: str, name: str, **more: Any) -> Task:
        """Let ann act on what a task is now."""
        one = self.one(name)
        told: dict[str, Any] = {"by": "ann", "at_ms": self.now, "seen": one.version, **more}
        if more.get("answers") is ANSWERS:
            told["answers"] = {key: ANSWERS[key] for key in PLAN.tasks[name].asks}
        return getattr(self.tasks, verb)(one.id, **told)[1]  # type: ignore[no-any-return]  # one of four acts

    def move(self, to: str, **more: Any) -> Case:
        """Let ann move the case, or close it as true."""
        told: dict[str, Any] = {
            "plan": PLAN, "by": "ann", "at_ms": self.now, "note": "so",
            "expected_version": self.cases.one(1).version, **more,
        }  # fmt: skip
        if to == "closed":
            return self.cases.close(1, "true", **told)
        return self.cases.move(1, to, **told)

    def suspend(self, ms: int) -> None:
        """Let the case stand still for a while, asked for by ann and granted by all who must."""
        how: dict[str, Any] = {"at_ms": self.now, "by": "ann", "note": "so"}
        to = self.now + ms
        self._do(lambda case: loop.asking(case, PLAN, SUSPENSION, to_ms=to, **how))
        while self.cases.one(1).asked:
            self._do(lambda case: loop.deciding(case, PLAN, granted=True, at_ms=self.now, by="bob"))

    def resume(self) -> None:
        """Let the case go on now."""
        self._do(lambda case: loop.resuming(case, PLAN, at_ms=self.now, by="ann"))

    def _do(self, make: Callable[[Case], Event]) -> None:
        self.cases.act(1, make, at_ms=self.now, expected_version=None)

    def states(self) -> dict[str, str]:
        """Give the state of the newest carrying-out of each task."""
        return {each.name: each.state for each in self.tasks.of_case(1)}

    def wait(self, ms: int) -> None:
        """Let time pass."""
        self.now += ms
        self.timers.fire(self.now)
