"""The one place that looks at the wall clock."""

import time


def wall_ms() -> int:
    """What the wall clock shows, in ms since the epoch, UTC."""
    return time.time_ns() // 1_000_000
