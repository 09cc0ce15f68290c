"""History: a Delta table of observations, written in journal order and read by DuckDB."""

from borough.storage.lake.appender import Appender
from borough.storage.lake.compaction import Compacted
from borough.storage.lake.lake import Lake
from borough.storage.lake.retention import DaySize
from borough.storage.lake.rows import Buckets, Points

__all__ = [
    "Appender",
    "Buckets",
    "Compacted",
    "DaySize",
    "HistoryDamaged",
    "HistoryFull",
    "Lake",
    "Points",
]
