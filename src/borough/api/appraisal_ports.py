"""What the doors to 综合评价 need of the rest of the product."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

Row = Mapping[str, Any]


class Appraisals(Protocol):
    """How well cases were handled, counted from their logs; moments in ms, UTC."""

    def indicators(
        self, from_ms: int, to_ms: int, until_ms: int, /, *, by: str, level: str, scene: str
    ) -> Row:
        """Work out every indicator by group, for the cases reported in the period."""
        ...

    def scores(self, from_ms: int, to_ms: int, until_ms: int, /, *, score: str) -> Row:
        """Score posts or agencies."""
        ...

    def behind(
        self, from_ms: int, to_ms: int, until_ms: int, /, *, count: str, by: str, level: str,
        group: str, scene: str,
    ) -> Sequence[Row]:  # fmt: skip
        """List the cases behind a count."""
        ...

    def records(self, from_ms: int, to_ms: int, until_ms: int, /) -> Sequence[Row]:
        """Tell how each scene did: precision, and times to open, to arrive, to close."""
        ...
