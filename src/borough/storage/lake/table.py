"""The Delta table behind history: its log, its listing of files, and the only way to change it."""

import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from deltalake import CommitProperties, DeltaTable, Transaction
from deltalake.exceptions import CommitFailedError, DeltaError
from deltalake.transaction import AddAction, RemoveAction
from numpy.typing import NDArray

from borough.core.errors import BadSetting, HistoryDamaged, HistoryFull, Stale
from borough.storage.lake.files import SCHEMA, is_late, run_of
from borough.storage.lake.places import Folder
from borough.storage.lake.trouble import opening, said, writing

LOG = "_delta_log"
KEEP = {
    "delta.logRetentionDuration": "interval 1 days",
    "delta.deletedFileRetentionDuration": "interval 1 days",
    "delta.checkpointInterval": "50",
}


@dataclass(frozen=True, slots=True)
class Listing:
    """The files of one version of the table as columns, by day, oldest rows first within one."""

    version: int
    path: NDArray[np.str_]
    day: NDArray[np.str_]
    run: NDArray[np.str_]
    rows: NDArray[np.int64]
    size: NDArray[np.int64]
    low: NDArray[np.int64]
    high: NDArray[np.int64]
    start: NDArray[np.int64]
    end: NDArray[np.int64]

    @classmethod
    def of(cls, table: DeltaTable) -> Self:
        """List what the table holds now."""
        actions = table.get_add_actions(flatten=True)
        path = np.array(actions["path"].to_pylist(), np.str_)
        order = np.argsort(path, kind="stable")
        path = path[order]
        day = np.array([each[4:].partition("/")[0] for each in path.tolist()], np.str_)
        run = np.array([run_of(each) for each in path.tolist()], np.str_)
        names = ("num_records", "size_bytes", "min.series", "max.series", "min.time", "max.time")
        numbers = (np.array(actions[name].to_pylist(), np.int64)[order] for name in names)
        return cls(table.version(), path, day, run, *numbers)

    def pick(self, which: NDArray[Any]) -> "Listing":
        """Keep only the chosen files."""
        columns = (getattr(self, name)[which] for name in self.__slots__[1:])
        return Listing(self.version, *columns)

    def within(self, low: int, high: int, start_ms: int, end_ms: int) -> "Listing":
        """Keep the files that may hold rows of series *low* to *high* in ``[start, end)``."""
        return self.pick(
            (self.low <= high) & (self.high >= low) & (self.start < end_ms) & (self.end >= start_ms)
        )

    def __len__(self) -> int:
        return len(self.path)

    @property
    def late(self) -> NDArray[np.bool_]:
        """Which of the files may repeat a (series, time) of another of them."""
        marked = np.array([is_late(run) for run in self.run.tolist()], bool)
        for place in np.flatnonzero(marked):
            beside = (self.run != self.run[place]) & (self.start <= self.end[place])
            beside &= (self.end >= self.start[place]) & (self.low <= self.high[place])
            marked[place] = bool(np.any(beside & (self.high >= self.low[place])))
        return marked


class Table:
    """A Delta table in a folder; every change is one commit, and a reader sees it at once."""

    def __init__(self, place: Folder, zone: str) -> None:
        self.place = place
        self._lock = threading.Lock()
        self._table = _open(place, zone)
        self._seen: int | None = None
        self._listing = Listing.of(self._table)

    def listing(self) -> Listing:
        """List the files of the newest version; costs two `stat` if nothing was committed."""
        with self._lock:
            self._refresh()
            return self._listing

    def committed(self, partition: int) -> int:
        """How far the journal of a partition is in the table; -1 if it never was."""
        with self._lock:
            self._refresh()
            return self._mark(partition)

    def commit(
        self,
        add: list[AddAction],
        remove: Listing | None = None,
        mark: tuple[int, int, int] | None = None,
    ) -> None:
        """Add and remove files in one commit.

        *mark* says how far it brings a journal: (partition, position before, position).
        `Stale`: somebody else marked this partition or removed one of these files meanwhile,
        nothing is changed.  `HistoryFull`: the log cannot be written, nothing is changed.
        """
        gone = [] if remove is None else _removals(remove, changes=not add)
        marks = None if mark is None else [Transaction(_app(mark[0]), mark[2])]
        with self._lock:
            self._refresh()
            if mark is not None and self._mark(mark[0]) != mark[1]:
                msg = f"partition {mark[0]} is written up to {self._mark(mark[0])}, not {mark[1]}"
                raise Stale(msg)
            if remove is not None and not np.isin(remove.path, self._listing.path).all():
                msg = "history was merged or expired by somebody else meanwhile"
                raise Stale(msg)
            try:
                self._write([*add, *gone], CommitProperties(app_transactions=marks))
            except HistoryFull:
                self._refresh()
                if not add or add[0].path not in self._listing.path:
                    raise  # else it is committed, and only the folding of the log failed
            self._refresh()

    def vacuum(self, grace_hours: int) -> int:
        """Delete the files that nothing refers to and that are older than the grace."""
        with self._lock, opening("history"):
            self._refresh()
            gone = self._vacuum(grace_hours, dry_run=True)
            count = sum(map(self.place.has, gone))
            if count:  # a vacuum of nothing would fill the log
                self._vacuum(grace_hours, dry_run=False)
            return count

    def _vacuum(self, grace_hours: int, *, dry_run: bool) -> list[str]:
        return self._table.vacuum(
            grace_hours, dry_run=dry_run, enforce_retention_duration=False, full=True
        )

    def _write(self, actions: list[AddAction | RemoveAction], properties: CommitProperties) -> None:
        try:
            self._table.create_write_transaction(
                actions, "append", SCHEMA, ["day"], commit_properties=properties
            )
        except CommitFailedError as error:
            msg = f"history was changed by somebody else meanwhile: {said(error)}"
            raise Stale(msg) from error
        except (OSError, DeltaError) as error:
            msg = f"the log of history cannot be written: {said(error)}"
            raise HistoryFull(msg) from error

    def _mark(self, partition: int) -> int:
        position = self._table.transaction_version(_app(partition))
        return -1 if position is None else position

    def _refresh(self) -> None:
        """Read what was committed since; the log's folder says whether there is anything."""
        following = f"{LOG}/{self._table.version() + 1:020d}.json"
        with opening("the log of history"):
            try:
                changed = self.place.changed(LOG)
                known = changed is not None and changed == self._seen
                if known and not self.place.has(following):
                    return
                self._table.update_incremental()
            except OSError as error:
                msg = f"the log of history is gone: {said(error)}"
                raise HistoryDamaged(msg) from error
            self._seen = changed
            if self._listing.version != self._table.version():
                self._listing = Listing.of(self._table)


def _open(place: Folder, zone: str) -> DeltaTable:
    """Open the table in a folder, or begin one; its description keeps its time zone."""
    told = f"Observations of a district; days are those of {zone}"
    with writing("history"), opening("history"):
        if not DeltaTable.is_deltatable(place.address):
            with suppress(CommitFailedError):  # another process has just begun it
                DeltaTable.create(
                    place.address,
                    SCHEMA,
                    mode="ignore",
                    partition_by=["day"],
                    description=told,
                    configuration=KEEP,
                )
        table = DeltaTable(place.address)
    if table.metadata().description != told:
        msg = f"{place.address}: {table.metadata().description}, not {zone}"
        raise BadSetting(msg)
    return table


def _app(partition: int) -> str:
    return f"journal-{partition}"


def _removals(files: Listing, *, changes: bool) -> list[RemoveAction]:
    now = time.time_ns() // 1_000_000
    each = zip(files.path.tolist(), files.size.tolist(), files.day.tolist(), strict=True)
    return [RemoveAction(path, changes, now, size, {"day": day}) for path, size, day in each]
