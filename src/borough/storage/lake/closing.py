"""The newest row of each series in all merged files, kept aside so that nobody must search.

It is a shortcut and no more: it says which files it covers, and whoever asks for the latest
reads the others.  It is written before the merge that it covers is committed, so a crash
between the two leaves it covering files that do not exist, which harms nobody; and a
damaged one is as good as none.
"""

import json
import threading
from io import BytesIO
from typing import Any
from uuid import uuid4

from arro3.core import Array, RecordBatch
from arro3.io import write_parquet

from borough.core.errors import HistoryDamaged
from borough.storage.lake.files import LAYOUT
from borough.storage.lake.places import Folder
from borough.storage.lake.reading import Reader
from borough.storage.lake.rows import Points, first_of_each, settled
from borough.storage.lake.trouble import writing

COVERS = "borough.covers"
ENDING = ".parquet"
KEPT = 2
"""How many closings stay: the newest, and the one that somebody may just be reading."""


class Closing:
    """Files with one row for each series that any merge has seen; the greatest name counts."""

    def __init__(self, place: Folder, reader: Reader) -> None:
        self.place, self.reader = place, reader
        self._lock = threading.Lock()
        self._name = ""
        self._held = (Points.none(), frozenset[str]())

    def read(self) -> tuple[Points, frozenset[str]]:
        """Give its rows, one for each series in order, and the paths of the files it covers."""
        with self._lock:
            name = max(self.place.names(ENDING), default="")
            if name != self._name:
                self._name, self._held = name, self._load(name)
            return self._held

    def cover(self, newest: Points, paths: list[str], alive: frozenset[str], version: int) -> None:
        """Take in the newest rows of files that are about to join the *alive* ones.

        *version* is that of the table whose files are alive; of equals, the newest row wins
        that came last.
        """
        rows, covers = self.read()
        rows = settled(Points.joined([newest, rows]))
        rows = rows.pick(first_of_each(rows.series))
        columns: dict[str, Any] = {
            name: Array.from_numpy(getattr(rows, name)) for name in Points.__slots__
        }
        told = json.dumps(sorted((covers & alive) | set(paths)))
        packed = BytesIO()
        write_parquet(
            RecordBatch.from_pydict(columns),
            packed,
            compression="zstd(1)",
            key_value_metadata={COVERS: told},
            **LAYOUT,
        )
        with writing("the latest of history"):
            self.place.put(f"{version:020d}-{uuid4().hex[:8]}{ENDING}", packed.getvalue())
            for old in self.place.names(ENDING)[:-KEPT]:
                self.place.forget(old)

    def _load(self, name: str) -> tuple[Points, frozenset[str]]:
        """Read one; nothing at all if it cannot be read."""
        try:
            [path] = self.place.paths([name])
            rows, told = self.reader.whole(path, COVERS)
            return rows, frozenset(json.loads(told))
        except (HistoryDamaged, ValueError):
            return Points.none(), frozenset()
