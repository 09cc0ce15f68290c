"""What the doors to tasks need: who has what to do."""

from collections.abc import Sequence
from typing import Protocol

from borough.core.tasks import Task


class Tasks(Protocol):
    """What several agencies do at once on cases."""

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
        """List tasks, the one due first coming first; also those for which somebody was called."""
        ...

    def one(self, task: str, /) -> Task:
        """Give one by id; `NotFound` if there is none."""
        ...
