"""A version of history as files to copy: what a version names never changes, it only goes away."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from borough.core.errors import HistoryDamaged
from borough.storage.lake.closing import ENDING
from borough.storage.lake.lake import Lake
from borough.storage.lake.table import LOG

CHECKPOINT = ".checkpoint"


@dataclass(frozen=True, slots=True)
class Pinned:
    """One version of history: how far it holds the journal, its log, and the files it names.

    ``log`` holds the log's files themselves, for those are folded together as time goes on;
    ``files`` are paths below ``folder``, which stay for at least the grace of a vacuum.
    """

    folder: Path
    version: int
    position: int
    log: dict[str, bytes]
    files: list[str]

    def contents(self) -> Iterator[tuple[str, bytes]]:
        """Give every file of the version: its path below ``folder``, and its bytes.

        `HistoryDamaged` names a file that is not there.
        """
        yield from self.log.items()
        for each in self.files:
            try:
                yield each, (self.folder / each).read_bytes()
            except OSError as error:
                msg = f"a file of history cannot be read: {error}"
                raise HistoryDamaged(msg) from error


def pin(lake: Lake, partition: int) -> Pinned:
    """Hold fast to the version of history that is the newest just now."""
    table = lake.table
    position = table.committed(partition)
    listing = table.listing()
    names = [name for name in table.place.below(LOG).names("") if version_of(Path(name)) >= 0]
    known = [name for name in names if version_of(Path(name)) <= listing.version]
    folded = max((version_of(Path(name)) for name in known if CHECKPOINT in name), default=0)
    log = {
        f"observations/{LOG}/{name}": (table.place.folder / LOG / name).read_bytes()
        for name in known
        if version_of(Path(name)) >= folded
    }
    files = [f"observations/{path}" for path in listing.path.tolist()]
    files += [f"latest/{name}" for name in lake.closing.place.names(ENDING)[-1:]]
    return Pinned(lake.folder, listing.version, position, log, files)


def version_of(path: Path) -> int:
    """Give the version that a file of the log is about; -1 where it is about none."""
    head = path.name.partition(".")[0]
    return int(head) if head.isdecimal() else -1
