"""The district clock: one time for the whole process tree, which may run faster than the wall."""

from dataclasses import dataclass

from borough.core.errors import BadSetting


@dataclass(frozen=True, slots=True)
class DistrictClock:
    """Says what time it is in the district when the wall clock shows a given moment.

    ``start_ms`` was the district's time when the wall showed ``origin_ms`` (both ms, UTC);
    since then ``rate`` district seconds pass in a second.  With rate 1 and equal moments it is
    the wall clock.  It is plain data, so every process of a district can hold the same one.
    """

    start_ms: int
    rate: float
    origin_ms: int

    def __post_init__(self) -> None:
        if not 0 < self.rate <= 100_000:  # noqa: PLR2004 - more than a day a second helps nobody
            msg = f"clock.rate must be above 0 and at most 100000, not {self.rate}"
            raise BadSetting(msg)

    def now(self, wall_ms: float) -> int:
        """District time, in ms, when the wall clock shows *wall_ms*."""
        return self.start_ms + round((wall_ms - self.origin_ms) * self.rate)

    def wall(self, district_ms: float) -> int:
        """Wall time, in ms, at which the district will show *district_ms*.

        >>> DistrictClock(1000, 60.0, 500).wall(61_000)
        1500
        """
        return self.origin_ms + round((district_ms - self.start_ms) / self.rate)
