"""History: a Delta table of observations, written in journal order and read by DuckDB."""

from borough.storage.lake.lake import DaySize, Lake
from borough.storage.lake.rows import Buckets, Points
from borough.storage.lake.trouble import HistoryDamaged, HistoryFull

__all__ = ["Buckets", "DaySize", "HistoryDamaged", "HistoryFull", "Lake", "Points"]
