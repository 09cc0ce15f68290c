"""A town without posts and without alarms: every list is empty, and no roster is laid out."""

from collections.abc import Collection, Mapping, Sequence

from borough.api.ports import Row
from borough.core.errors import CalendarHole


class Unmanned:
    """Rosters of nobody."""

    def posts(self, *, at_ms: int, kind: str, grid: int | None, on_duty: bool) -> Sequence[Row]:  # noqa: ARG002 - nobody
        """There are no posts."""
        return []

    def areas(self, *, kind: str, parent: str | None) -> Sequence[Row]:  # noqa: ARG002 - none
        """There are no areas."""
        return []

    def shifts(self) -> Sequence[Row]:
        """There are no shifts."""
        return []

    def plan(self, day: str, _kind: str, /) -> Sequence[Row]:
        """No roster is laid out."""
        msg = f"at: there is no roster for {day}; none is laid out yet"
        raise CalendarHole(msg)

    def on_duty(
        self, _kind: str, _grid: int, at_ms: int, _skills: Collection[str], /
    ) -> Sequence[str]:
        """No roster is laid out."""
        msg = f"at: there is no roster for {at_ms}; none is laid out yet"
        raise CalendarHole(msg)

    def leaves(self, _since_ms: int, /) -> Sequence[Row]:
        """Nobody is away."""
        return []

    def own(self, _post: str, _since_ms: int, /) -> Row:
        """Nobody has a duty."""
        return {"duties": [], "leaves": []}

    def waiting(self) -> Mapping[str, int]:
        """Nothing waits."""
        return {}

    def patrols(self) -> Sequence[Row]:
        """There are no patrols."""
        return []

    def rounds(self, *, patrol: str, post: str, state: str, limit: int) -> Sequence[Row]:  # noqa: ARG002 - none
        """There are no rounds."""
        return []


class Unalarmed:
    """Nothing is shelved, and nothing is out."""

    def shelves(self, _now_ms: int, /, *, ended: bool) -> Sequence[Row]:  # noqa: ARG002 - none
        """Nothing is shelved."""
        return []

    def standing(self, _now_ms: int, /) -> Row:
        """It is quiet."""
        return {"alarms": 0, "flood": False, "out": []}
