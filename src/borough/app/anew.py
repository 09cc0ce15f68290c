"""Where the streams of a bus begin that has lost what it stored: behind all that is known of them.

What the desk has taken, what the history holds and what checkpoints contain is known by its place.
Streams that counted from 1 again would give those places away a second time: what comes would be
taken for what is known, and nobody would hear of it until they had counted past it.
"""

from pathlib import Path

from borough.app import checkpoints
from borough.app.settings import Settings
from borough.core.observations import REPORT_BITS
from borough.engine.district import read
from borough.storage.journal.streams import JOURNAL
from borough.storage.sql import SqlDetections, connect

DETECTIONS = "DETECTIONS"


def behind_all(settings: Settings) -> dict[str, int]:
    """Say from which number on streams count: that behind the last one known, or 1 if none is."""
    if set(settings.roles) == {"bus"}:  # a machine that need not reach the database
        return {}
    engine = connect(settings.store)
    detections = SqlDetections(engine)
    taken, place = detections.offset(), detections.place()
    engine.dispose()
    known = [checkpoints.latest(settings.checkpoints(each)) for each in settings.parts]
    furthest = max(place, *known)
    if settings.history or (settings.common / "history").exists():
        furthest = max(furthest, archived(settings))
    return {DETECTIONS: taken + 1, JOURNAL: max(furthest >> REPORT_BITS, 0) + 1}


def archived(settings: Settings) -> int:
    """Say up to which place the history holds the journal, of the partition that is furthest."""
    # Nobody else who waits for the bus needs it, and it takes a second to load.
    from borough.app.lake import lake_of  # noqa: PLC0415 - see above

    lake = lake_of(settings, read(Path(settings.district)).zone)
    try:
        return max(lake.committed(each.number) for each in settings.parts)
    finally:
        lake.close()
