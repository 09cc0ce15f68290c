"""Play a matter through a desk by its own clock: edges, people's acts, and whatever runs out."""

from collections.abc import Mapping
from typing import Any

from borough.app.clocks import wall_ms
from borough.app.desk.desk import Desk
from borough.app.desk.verbs import VERBS
from borough.core.clock import DistrictClock
from borough.core.tasks import Task
from borough.storage.sql.engines import reading
from borough.storage.sql.timers import SqlTimers

STILL = 1e-9
"""The rate of a clock that stands: however slow the machine, no act is a ms later than it is."""


class Played:
    """A desk whose clock stands where it was set, and moves from one thing to the next."""

    def __init__(self, desk: Desk, scene: str, thing: int, levels: tuple[str, ...]) -> None:
        self.desk = desk
        self.scene = scene
        self.thing = thing
        self.levels = levels
        self.position = 0
        self.detection = ""

    def at(self, now_ms: int) -> int:
        """Set the district's clock to a moment."""
        self.desk.clock = DistrictClock(now_ms, STILL, wall_ms())
        return now_ms

    def until(self, now_ms: int) -> None:
        """Let time pass up to a moment; what runs out on the way is noted when it does."""
        while True:
            with reading(self.desk.engine) as connection:
                due = SqlTimers.due(connection, now_ms, 1)
            if not due:
                break
            self.desk.timers.fire(self.at(due[0].due_ms or now_ms))
        self.at(now_ms)

    def hears(self, level: str, now_ms: int) -> None:
        """Take in that the level of the thing changed."""
        self.until(now_ms)
        self.position += 1
        number = self.levels.index(level)
        self.detection = self.detection or f"{self.scene}-{self.thing}-{self.position}"
        edge = {
            "id": self.detection, "scene": self.scene, "thing": self.thing, "level": number,
            "level_name": level, "position": self.position, "time": now_ms, "now": now_ms,
            "values": {}, "before": {}, "after": {}, "version": "0" * 12, "by": "scene",
        }  # fmt: skip
        self.desk.take([edge], self.position)
        if not number:
            self.detection = ""

    def asks(self, verb: str, **ask: Any) -> Mapping[str, Any]:
        """Ask the desk for something as a person does."""
        return VERBS[verb](self.desk, {"by": "ann", **ask}).ok

    def task(self, name: str) -> Task:
        """Give the newest carrying-out of a task of the newest case."""
        case = self.desk.cases.find(limit=1)[0].id
        return [each for each in self.desk.tasks.of_case(case) if each.name == name][-1]

    def acts(self, verb: str, name: str, **more: Any) -> None:
        """Acknowledge, finish, skip or hand over a task."""
        task = self.task(name)
        self.asks(f"task_{verb}", task=task.id, version=task.version, **more)
