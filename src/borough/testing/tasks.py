"""Tasks in memory: folded from the logs of cases in memory, as the database's are."""

from collections.abc import Sequence

from borough.core.errors import NotFound
from borough.core.tasks import Task, carried
from borough.testing.memory import MemoryCases


class MemoryTasks:
    """What the logs of some cases say of tasks."""

    def __init__(self, cases: MemoryCases) -> None:
        self.cases = cases

    def _all(self) -> list[Task]:
        return [
            each for case, log in self.cases.logs.items() for each in carried(case, log).values()
        ]

    def find(
        self,
        *,
        case: int | None,
        holder: str,
        agency: str,
        post: str,
        name: str,
        running_only: bool,
        limit: int,
    ) -> Sequence[Task]:
        """List tasks, the one due first coming first."""
        wanted = [
            each for each in self._all()
            if case in {None, each.case}
            and holder in {"", each.holder, *each.circle}
            and agency in {"", each.agency, *each.circle}
            and post in {"", each.post}
            and name in {"", each.name}
            and (each.runs or not running_only)
        ]  # fmt: skip
        return sorted(wanted, key=lambda each: (each.due_ms, each.id))[:limit]

    def one(self, task: str, /) -> Task:
        """Give one by id."""
        for each in self._all():
            if each.id == task:
                return each
        msg = f"task: there is no {task!r}"
        raise NotFound(msg)
