"""Questions to the history table, answered by DuckDB from the files that can hold the answer.

DuckDB is handed a list of files, newest first, and never looks at the table's log; it may
load no extension and has no network.  Its `file_index` is the age of a row: where two files
can hold the same (series, time), the smaller index has the last word.
"""

from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from borough.core.observations import Index
from borough.storage.lake.places import Folder
from borough.storage.lake.rows import Points, settled
from borough.storage.lake.table import Listing
from borough.storage.lake.trouble import opening

if TYPE_CHECKING:
    import duckdb

SETTINGS = (
    "SET GLOBAL autoinstall_known_extensions = false",
    "SET GLOBAL autoload_known_extensions = false",
    "SET GLOBAL allow_community_extensions = false",
    "SET GLOBAL perfect_ht_threshold = 18",
    "SET GLOBAL lock_configuration = true",
)
"""Up to 262,144 buckets (18 bits) are counted in a plain array, where DuckDB by itself would
hash them from 4,096 on: two thirds of the time, for some 6 MB of each thread.  Global, for each
question has a cursor, and a cursor begins with none of what was set in its parent alone."""
FEW = 32
"""Up to so many series are written into the question; more are joined."""
APART = 16
"""Up to so many files are read each by itself: of several together DuckDB forgets between which
bounds their series and times lie, and counts no bucket in an array."""


class Reader:
    """A DuckDB of our own with bounded memory and threads; safe from several threads."""

    def __init__(self, place: Folder, spill: Path, memory_mb: int, threads: int) -> None:
        self._place = place
        self._config: dict[str, Any] = {
            "memory_limit": f"{memory_mb}MB",
            "threads": threads,
            "temp_directory": str(spill),
        }
        self._lock = Lock()
        self._duck: duckdb.DuckDBPyConnection | None = None

    def _cursor(self) -> "duckdb.DuckDBPyConnection":
        """Give a cursor of our DuckDB, which begins with the first question."""
        # A fifth of a second to load: a role that was killed serves first and asks later.
        import duckdb  # noqa: PLC0415 - see above

        with self._lock:
            if self._duck is None:
                self._duck = duckdb.connect(config=self._config)
                for setting in SETTINGS:
                    self._duck.execute(setting)
            return self._duck.cursor()

    def ask(
        self,
        sql: str,
        files: Listing,
        wanted: Index | range | None = None,
        late: Listing | None = None,
        whole: Listing | None = None,
        **values: int,
    ) -> dict[str, NDArray[Any]]:
        """Run a question over some files.

        ``{files}``, ``{late}`` and ``{wanted}`` stand for its inputs, ``{apart}`` for its files
        where nobody asks which is older, ``{whole[0]}`` for the first of those of which each row
        is asked for; *wanted* holds series numbers in order, each once.  *values* stand in it as
        they are: DuckDB counts faster by a number that it knows when it plans.
        """
        with self._cursor() as cursor, opening("history"):
            chosen = "true"
            if wanted is not None:
                chosen = _chosen(wanted)
                if "wanted" in chosen:
                    cursor.register("wanted", {"number": wanted})
            text = sql.format(
                files=self._source(files),
                apart=self._apart(files),
                late=self._source(late) if late else "",
                whole=self._one_by_one(whole) if whole else (),
                wanted=chosen,
                **values,
            )
            return cursor.execute(text).fetchnumpy()

    def rows(
        self, files: Listing, start_ms: int, end_ms: int, wanted: Index | range | None = None
    ) -> Points:
        """Fetch rows of ``[start, end)`` settled: no (series, time) twice."""
        if not len(files):
            return Points.none()
        rank = ", file_index AS age" if files.late.any() else ""
        found = self.ask(
            f"SELECT series, time, value{rank} FROM {{files}}"  # noqa: S608 - both are ours
            " WHERE time >= {start} AND time < {end} AND {wanted}",
            files,
            wanted,
            start=start_ms,
            end=end_ms,
        )
        points = Points.of(found["series"], found["time"], found["value"])
        if rank:
            points = points.pick(np.argsort(found["age"], kind="stable"))
        return settled(points)

    def _source(self, files: Listing) -> str:
        paths = self._place.paths(files.path[::-1].tolist())
        return f"read_parquet({paths!r}, hive_partitioning = false)"

    def _apart(self, files: Listing) -> str:
        if len(files) > APART:
            return self._source(files)
        return f"({' UNION ALL '.join(f'FROM {each}' for each in self._one_by_one(files))})"

    def _one_by_one(self, files: Listing) -> list[str]:
        return [self._source(files.pick(np.array([place]))) for place in range(len(files))]

    def whole(self, name: str, key: str) -> tuple[Points, str]:
        """Read a file of ours from end to end, and what it says of itself under *key*."""
        with self._cursor() as cursor, opening("history"):
            told = cursor.execute(
                "SELECT decode(value) FROM parquet_kv_metadata($name) WHERE decode(key) = $key",
                {"name": name, "key": key},
            ).fetchone()
            found = cursor.execute(
                "SELECT series, time, value FROM read_parquet($name)", {"name": name}
            ).fetchnumpy()
        rows = Points.of(found["series"], found["time"], found["value"])
        return rows, str(told[0]) if told else ""

    def close(self) -> None:
        """Give back memory and threads."""
        if self._duck is not None:
            self._duck.close()


def _chosen(wanted: Index | range) -> str:
    """Say in SQL that a row belongs to one of the wanted series, as cheaply as can be."""
    low, high = int(wanted[0]), int(wanted[-1])
    between = f"series BETWEEN {low} AND {high}"
    if isinstance(wanted, range):
        return between
    if len(wanted) == 1:
        return f"series = {low}"
    step = (high - low) // (len(wanted) - 1)
    if high - low == step * (len(wanted) - 1) and bool(np.all(np.diff(wanted) == step)):
        return between if step == 1 else f"{between} AND (series - {low}) % {step} = 0"
    if len(wanted) <= FEW:
        return f"series IN ({', '.join(map(str, wanted.tolist()))})"
    return f"{between} AND series IN (SELECT number FROM wanted)"  # noqa: S608 - numbers are ours
