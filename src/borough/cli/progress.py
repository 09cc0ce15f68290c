"""Progress of long work: bars on a terminal, plain lines elsewhere; always on standard error."""

import sys
import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress as Bars, TaskID, TextColumn, TimeElapsedColumn

PLAIN_S = 2.0
"""Plain lines come no more often than this, except for the last of a step."""


class Progress:
    """Shows how far each named step is; `tell` is what long work is handed."""

    def __init__(self) -> None:
        self.console = Console(stderr=True)
        self.bars = Bars(
            TextColumn("{task.description:<14}"),
            BarColumn(),
            TextColumn("{task.completed:,.0f} / {task.total:,.0f}"),
            TimeElapsedColumn(),
            console=self.console,
        )
        self.tasks: dict[str, TaskID] = {}
        self.told: dict[str, float] = {}

    def __enter__(self) -> Self:
        if self.console.is_terminal:
            self.bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.console.is_terminal:
            self.bars.stop()

    def tell(self, what: str, done: int, total: int) -> None:
        """Say that *done* of *total* of a step are finished."""
        if not self.console.is_terminal:
            self._line(what, done, total)
            return
        if what not in self.tasks:
            self.tasks[what] = self.bars.add_task(what, total=max(total, 1))
        self.bars.update(self.tasks[what], completed=done, total=max(total, 1))

    def _line(self, what: str, done: int, total: int) -> None:
        now = time.monotonic()
        if done < total and now - self.told.get(what, 0.0) < PLAIN_S:
            return
        self.told[what] = now
        sys.stderr.write(f"{what}: {done:,} / {total:,}\n")
        sys.stderr.flush()
