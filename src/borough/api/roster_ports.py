"""What the doors of rosters and shelves need of the rest of the product."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Protocol

Row = Mapping[str, Any]


class Rosters(Protocol):
    """Who works where and when."""

    def posts(self, *, at_ms: int, kind: str, grid: int | None, on_duty: bool) -> Sequence[Row]:
        """List posts with their duty and what they have at a moment."""

    def areas(self, *, kind: str, parent: str | None) -> Sequence[Row]:
        """List areas of the tree of grids."""

    def shifts(self) -> Sequence[Row]:
        """List shifts."""

    def plan(self, day: str, kind: str, /) -> Sequence[Row]:
        """List the duties of a day; `CalendarHole` where none are laid out."""

    def on_duty(
        self, kind: str, grid: int, at_ms: int, skills: Collection[str], /
    ) -> Sequence[str]:
        """Name who is on duty; `CalendarHole` for a day that is not laid out."""

    def leaves(self, since_ms: int, /) -> Sequence[Row]:
        """List leave that is not over."""

    def own(self, post: str, since_ms: int, /) -> Row:
        """Give one post's ``duties`` from a moment on, and its ``leaves`` without why."""

    def waiting(self) -> Mapping[str, int]:
        """Count the cases that wait, by kind of post."""

    def patrols(self) -> Sequence[Row]:
        """List patrols with how many of their rounds were done and missed."""

    def rounds(self, *, patrol: str, post: str, state: str, limit: int) -> Sequence[Row]:
        """List rounds, the one that is due first coming first."""


class Alarms(Protocol):
    """What people are not to hear of, and how many alarms there are."""

    def shelves(self, now_ms: int, /, *, ended: bool) -> Sequence[Row]:
        """List what is shelved."""

    def standing(self, now_ms: int, /) -> Row:
        """Say how many alarms there were of late, whether there is a flood, and what is out."""
