"""Take a backup of a district, running or not, at one moment of its journal.

What is noted, in this order and within about a second: the database (a snapshot that others do
not disturb), the newest checkpoint, the end of the detections, the newest version of history,
and last the end of the journal, once it holds all that the doors had answered for when the
backup began.  Everything noted before follows from the journal up to there, so a restored
district reads on from the checkpoint and comes to what an undisturbed one says.  Only then
are the bytes copied; what is written meanwhile belongs to the next backup.
"""

import os
import struct
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import msgspec

from borough.adapters.bus.config import is_ready
from borough.adapters.bus.lanes import DOORS_STREAM, MQTT_STREAM
from borough.adapters.bus.link import Link
from borough.app.backup.archive import ENDING, FORMAT, Manifest, Writer
from borough.app.bus import bus_of, prepared
from borough.app.district_run import with_free_ports
from borough.app.lake import lake_of
from borough.app.settings import FILE, Settings
from borough.app.tuning.replays import bus_running
from borough.core.errors import BadSetting, Stale
from borough.core.observations import REPORT_BITS
from borough.engine.district import read
from borough.storage.journal.copies import Kept, Stretch, copied, stretch_of
from borough.storage.journal.journal import last_entry
from borough.storage.journal.streams import JOURNAL, stream_names
from borough.storage.lake import Lake
from borough.storage.lake.copying import Pinned, pin
from borough.storage.sql import SqlRegistry, connect
from borough.storage.sql.dump import Snapshot, snapshot

STREAMS = [JOURNAL, *(each for each in stream_names() if each not in {JOURNAL, DOORS_STREAM})]
DOORS = {MQTT_STREAM: "doors", DOORS_STREAM: "borough"}
"""Streams that hold what was answered for and is not journalled yet, and whose they are."""
RECORD = struct.Struct("<QHI")
"""Before each message of a stream: its number, and the lengths of subject and body."""
CHUNK_BYTES = 32 << 20
PATIENCE_S = 20.0
"""How long a backup waits for the stream to journal what the doors have answered for."""
REMADE = {"bus", "run", "logs", "history", "checkpoints", FILE}
"""What a backup takes in a way of its own, or what is made anew."""
Tell = Callable[[str, int, int], None]


class Cut(NamedTuple):
    """What was noted at the moment of the backup."""

    checkpoint: tuple[str, bytes] | None
    streams: dict[str, Stretch]
    history: Pinned
    marks: dict[str, int]
    unjournalled: int
    now: int
    tuned: int


def back_up(data: Path, target: Path, tell: Tell) -> tuple[Path, Manifest]:
    """Write a backup of the district in *data* to *target*, a file or an existing folder.

    Gives where it is and what it holds; nothing is left behind where it fails.  Raises
    `BadSetting` for what `whole` refuses.
    """
    settings = Settings.read(data)
    whole(settings)
    settings = reachable(settings)
    district = read(Path(settings.district))
    engine = connect(settings.store)
    made = datetime.now(UTC)
    manifest = Manifest(
        FORMAT, version("borough"), district.id, dict(district.name),
        SqlRegistry(engine).meta().get("synthetic", {}), made.isoformat(timespec="seconds"),
    )  # fmt: skip
    if target.is_dir():
        target /= f"{district.id}-{made:%Y%m%dT%H%M%SZ}{ENDING}"
    if target.exists():
        msg = f"{target} is there already; a backup overwrites nothing"
        raise BadSetting(msg)
    lake = lake_of(settings, district.zone, memory_mb=256, threads=1)
    try:
        with bus_running(settings), snapshot(engine) as held, Writer(target, manifest) as writer:
            offset = held.offset("detections")
            cut = noted(settings, lake)
            if cut.tuned > held.highest("tunings", "number"):
                msg = "a parameter was changed at this very moment; take the backup again"
                raise Stale(msg)
            manifest.revision = held.revision
            manifest.moment_ms, manifest.unjournalled = cut.now, cut.unjournalled
            manifest.positions = positions(cut, offset)
            copy_small(writer, settings, cut, target)
            copy_rows(writer, held, tell)
            for stream, stretch in cut.streams.items():
                copy_stream(writer, settings, stream, stretch, tell)
            copy_history(writer, cut.history, tell)
            writer.close()
    finally:
        lake.close()
        engine.dispose()
    return target, manifest


def whole(settings: Settings) -> None:
    """Refuse, as `BadSetting`, partitions that have no moment in common and what is not ours."""
    if settings.partitions > 1:
        msg = (
            f"partitions: there are {settings.partitions}, and an archive holds one; back up the "
            "database, the shared folder and the bus instead, see docs/howto/cluster.md"
        )
        raise BadSetting(msg)
    if settings.history:
        msg = (
            f"history: it lies at {settings.history}, which a backup does not take; back up the "
            "database, the data folder and the object store instead, see docs/howto/cluster.md"
        )
        raise BadSetting(msg)


def reachable(settings: Settings) -> Settings:
    """Give settings with which a bus that does not run can be started beside what else does."""
    if is_ready(bus_of(settings)):
        return settings
    moved = with_free_ports(settings)
    prepared(moved)
    return moved


def noted(settings: Settings, lake: Lake) -> Cut:
    """Note what belongs together; the database's snapshot is held already."""
    with line(settings, "borough") as ours, line(settings, "doors") as theirs:
        links = {"borough": ours, "doors": theirs}
        wanted = {name: stretch_of(links[own], name).last for name, own in DOORS.items()}
        checkpoint = newest(settings.checkpoints())
        streams = {name: stretch_of(ours, name) for name in STREAMS[1:]}
        history = pin(lake, 0)
        until = time.monotonic() + PATIENCE_S
        while True:
            last = last_entry(ours)
            marks = {MQTT_STREAM: 0, DOORS_STREAM: 0}
            if last is not None:
                marks = {MQTT_STREAM: last.frame.mqtt, DOORS_STREAM: last.frame.http}
            behind = sum(max(wanted[name] - marks[name], 0) for name in wanted)
            if not behind or time.monotonic() > until:
                break
            time.sleep(0.05)
        journal = stretch_of(ours, JOURNAL)
        end = last.sequence if last else journal.last
        streams = {JOURNAL: Stretch(journal.first, end), **streams}
        now, tuned = (last.frame.now, last.frame.tuned) if last else (0, 0)
        return Cut(checkpoint, streams, history, marks, behind, now, tuned)


def positions(cut: Cut, offset: int) -> dict[str, int]:
    """Say how far each part is: sequence numbers of streams, and positions as sequences."""
    told = {f"{name}.{end}": number for name, stretch in cut.streams.items()
            for end, number in stretch._asdict().items()}  # fmt: skip
    kept = int(Path(cut.checkpoint[0]).stem) >> REPORT_BITS if cut.checkpoint else 0
    told |= {"checkpoint": kept, "history": max(cut.history.position, -1) >> REPORT_BITS}
    return {**told, "database": offset, **{f"{name}.mark": at for name, at in cut.marks.items()}}


def newest(folder: Path) -> tuple[str, bytes] | None:
    """Take the newest checkpoint as it is; its writer may replace it by a newer one meanwhile."""
    for _ in range(3):
        for path in sorted(folder.glob("*.npz"), reverse=True):
            try:
                return path.name, path.read_bytes()
            except FileNotFoundError:
                break
    return None


def copy_small(writer: Writer, settings: Settings, cut: Cut, target: Path) -> None:
    """Copy settings, tables of the district, scenes of the operator's own, and loose files.

    Of loose files those are left out that others remove meanwhile.
    """
    data = settings.folder
    writer.add(FILE, (data / FILE).read_bytes())
    for name, folder in folders(settings):
        for path in files_below(folder):
            writer.add(f"{name}/{path.relative_to(folder)}", path.read_bytes())
    for top in dict.fromkeys((data, settings.common)):
        for path in files_below(top):
            first = path.relative_to(top).parts[0]
            ours = first in REMADE or first.startswith("registry.db")
            if ours or target.name in path.name or path.name.endswith(ENDING):
                continue
            with suppress(FileNotFoundError):
                writer.add(f"files/{path.relative_to(top)}", path.read_bytes())
    if cut.checkpoint is not None:
        writer.add(f"checkpoints/{cut.checkpoint[0]}", cut.checkpoint[1])


def folders(settings: Settings) -> Iterator[tuple[str, Path]]:
    """Name the folders that stand outside of the data folder and belong to the district."""
    yield "district", Path(settings.district)
    for number, each in enumerate(settings.scenes):
        yield f"scenes/{number}", Path(each)


def files_below(folder: Path) -> list[Path]:
    """List the files of a folder, what Python leaves there aside; folders may go meanwhile."""
    every = (Path(top, name) for top, _, names in os.walk(folder) for name in names)
    return sorted(
        path
        for path in every
        if path.is_file() and not path.is_symlink() and "__pycache__" not in path.parts
    )


def copy_rows(writer: Writer, held: Snapshot, tell: Tell) -> None:
    """Copy every row of every table."""
    writer.manifest.counts = held.counts()
    whole, done = sum(writer.manifest.counts.values()), 0
    for number, rows in enumerate(held.rows()):
        content = msgspec.msgpack.encode([rows.columns, rows.rows])
        writer.add(f"sql/{number:06d}-{rows.table}.gz", content)
        done += len(rows.rows)
        tell("database", done, whole)


def copy_stream(
    writer: Writer, settings: Settings, stream: str, stretch: Stretch, tell: Tell
) -> None:
    """Copy the messages of a stream, many in a part."""
    whole = stretch.last - stretch.first + 1
    with line(settings, "borough") as link:
        for first, content, last in chunks(copied(link, stream, stretch)):
            writer.add(f"streams/{stream}/{first:020d}.gz", content)
            tell(stream.lower(), last - stretch.first + 1, whole)


def chunks(entries: Iterable[Kept]) -> Iterator[tuple[int, bytes, int]]:
    """Lay messages out one behind another: the number of the first, the bytes, of the last."""
    waiting: list[bytes] = []
    first, size, last = 0, 0, 0
    for each in entries:
        subject = each.subject.encode()
        first = first if waiting else each.sequence
        waiting += [RECORD.pack(each.sequence, len(subject), len(each.body)), subject, each.body]
        size, last = size + len(each.body), each.sequence
        if size >= CHUNK_BYTES:
            yield first, b"".join(waiting), last
            waiting, size = [], 0
    if waiting:
        yield first, b"".join(waiting), last


def copy_history(writer: Writer, history: Pinned, tell: Tell) -> None:
    """Copy the files that one version of history names."""
    whole = len(history.log) + len(history.files)
    for done, (name, content) in enumerate(history.contents(), 1):
        writer.add(f"history/{name}", content)
        tell("history", done, whole)


@contextmanager
def line(settings: Settings, user: str) -> Iterator[Link]:
    """Open a connection to the bus of a district as one of our own."""
    with Link(bus_of(settings).login(user), "backup") as link:
        yield link
