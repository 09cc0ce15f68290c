"""Windows of the district's own calendar: quarter hours, days, and hours of the day."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from borough.core.derives import DAY_S
from borough.core.observations import Index, Mask

DAY_MS = DAY_S * 1000


class Calendar:
    """Numbers windows of *window_s* seconds from local midnight, narrowed to hours of the day.

    Window numbers rise with time: local day since 1970 times the windows of a day, plus the
    place in the day.  Where clocks change, a day simply has a longer or a shorter window.
    """

    def __init__(self, zone: ZoneInfo, window_s: int, between: tuple[float, float]) -> None:
        self.zone = zone
        self.window_ms = window_s * 1000
        self.per_day = DAY_S // window_s
        self.between = between
        self._offsets: dict[int, int] = {}

    def window(self, time: Index) -> tuple[Index, Mask]:
        """Number the window of each moment (ms, UTC), and mark those within the chosen hours."""
        local = time + self._offset(time)
        hour = local % DAY_MS / 3_600_000
        return local // self.window_ms, (hour >= self.between[0]) & (hour < self.between[1])

    def end(self, window: int) -> int:
        """Say when a window ends, in ms UTC; the chosen hours end it earlier."""
        day, part = divmod(window, self.per_day)
        last = min(float((part + 1) * self.window_ms), self.between[1] * 3_600_000)
        local = datetime(1970, 1, 1) + timedelta(days=day, milliseconds=last)  # noqa: DTZ001 - local
        return round(local.replace(tzinfo=self.zone).timestamp() * 1000)

    def _offset(self, time: Index) -> Index:
        """Give how far local time is ahead of UTC; looked up once for each hour that occurs."""
        hour = time // 3_600_000
        if len(hour) and (hour == hour[0]).all():  # as in most batches
            return np.full(len(hour), self._ahead(int(hour[0])))
        hours, back = np.unique(hour, return_inverse=True)
        return np.array([self._ahead(each) for each in hours.tolist()], np.int64)[back]

    def _ahead(self, hour: int) -> int:
        if hour not in self._offsets:
            offset = datetime.fromtimestamp(hour * 3600, UTC).astimezone(self.zone).utcoffset()
            self._offsets[hour] = round((offset or timedelta()).total_seconds() * 1000)
        return self._offsets[hour]
