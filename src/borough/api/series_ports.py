"""What the doors to series need: observations as columns, the newest and all there were."""

from typing import Protocol

from borough.core.observations import Floats, Index


class Points(Protocol):
    """Stored observations as columns, ordered by time within each series."""

    @property
    def series(self) -> Index:
        """The series of each row."""
        ...

    @property
    def time(self) -> Index:
        """When it was so, ms."""
        ...

    @property
    def value(self) -> Floats:
        """What it was."""
        ...


class Buckets(Protocol):
    """Observations summed up over stretches of time; only stretches that hold any."""

    @property
    def series(self) -> Index:
        """The series of each row."""
        ...

    @property
    def start(self) -> Index:
        """Where the stretch begins, ms."""
        ...

    @property
    def value(self) -> Floats:
        """The sum, as it was asked for: mean, min, max..."""
        ...

    @property
    def count(self) -> Index:
        """How many observations it holds."""
        ...


class Latest(Protocol):
    """The newest value of every series, kept in arrays that change in place."""

    @property
    def time(self) -> Index:
        """When each series was last heard, ms; 0 or less if never."""
        ...

    @property
    def value(self) -> Floats:
        """What each series said last; NaN if it never spoke."""
        ...


class History(Protocol):
    """Everything that was observed."""

    def many(self, series: Index, start_ms: int, end_ms: int, limit: int | None, /) -> Points:
        """Give what each series said from *start_ms* to before *end_ms*; the newest *limit*."""
        ...

    def buckets(
        self, series: Index, start_ms: int, end_ms: int, bucket: str, how: str, /
    ) -> Buckets:
        """Sum up by stretches of the district's own calendar: ``minute``, ``day``, ``year``..."""
        ...
