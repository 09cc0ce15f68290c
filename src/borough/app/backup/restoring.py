"""Restore a district from an archive into a folder that is not there yet.

The archive is read from end to end before anything is made.  Everything is then laid down in a
folder beside the wanted one, which gets its name last: either all is there, or nothing.
"""

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import msgspec

from borough.adapters.bus.config import config_path
from borough.adapters.bus.lanes import DOORS_STREAM, MQTT_STREAM
from borough.adapters.bus.link import Link
from borough.app.backup.archive import Manifest, contents, verified
from borough.app.backup.taking import RECORD, STREAMS, Tell, files_below, line
from borough.app.bus import bus_of
from borough.app.district_run import with_free_ports
from borough.app.settings import FILE, Settings
from borough.app.setup import DISTRICTS
from borough.app.tuning.replays import bus_running
from borough.core.errors import BadArchive, BadFrame, BadSetting
from borough.core.frames import decode
from borough.storage.journal.copies import Kept, Stretch, lay_down
from borough.storage.sql import connect
from borough.storage.sql.dump import Rows, is_empty, refill
from borough.storage.sql.schema import knows

PRIVATE = 0o600
LOOSE = "files/"
"""Parts that lie in the data folder itself."""
AS_FILES = (FILE, "checkpoints/", "district/", "scenes/", "history/", LOOSE)

ELSEWHERE = {
    "shared",
    "bus_name",
    "bus_servers",
    "bus_routes",
    "bus_route_port",
    "bus_copies",
}
"""Settings that place a district on machines; what is restored stands on this one alone."""


class Target(NamedTuple):
    """The data folder to make, the one beside it that is filled first, and a database or none."""

    data: Path
    fresh: Path
    database: str


def restore(archive: Path, data: Path, tell: Tell, database: str = "") -> tuple[Settings, Manifest]:
    """Lay the district of an archive down in *data*, which must be empty or not there.

    *database* is an empty PostgreSQL database to use in place of SQLite in the folder.  Ports
    that are taken on this machine are passed over.  Raises `BadArchive` before anything is
    made where the archive cannot be trusted, `BadSetting` where the target is not empty.
    """
    if data.exists() and any(data.iterdir()):
        msg = f"{data} is not empty; restore into a folder that is not there yet"
        raise BadSetting(msg)
    if database and not is_empty(connect(database)):
        msg = "the database to restore into is not empty"
        raise BadSetting(msg)
    manifest = verified(archive, lambda done, total: tell("verify", done, total))
    check(archive, manifest)
    fresh = data.with_name(f".{data.name}.restoring")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True, mode=0o700)
    try:
        settings = laid_down(archive, manifest, Target(data, fresh, database), tell)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    if data.exists():
        data.rmdir()
    fresh.replace(data)
    return replace(settings, data=str(data)), manifest


def check(archive: Path, manifest: Manifest) -> None:
    """Look whether this release can use what is in an archive; `BadArchive` names the part."""
    if not knows(manifest.revision):
        msg = f"{archive}: its tables (sql/, at {manifest.revision}) are of a later release"
        raise BadArchive(msg)
    for name, content in contents(archive):
        try:
            if name.startswith("streams/JOURNAL/"):
                for each in messages(content):
                    decode(each.body)
            elif name.startswith("sql/"):
                msgspec.msgpack.decode(content)
        except (BadFrame, ValueError, msgspec.DecodeError) as error:
            msg = f"{archive}: {name}: {error}"
            raise BadArchive(msg) from error


def laid_down(archive: Path, manifest: Manifest, target: Target, tell: Tell) -> Settings:
    """Write all parts into a fresh folder; what others may not read is made so at once."""
    whole = sum(name.startswith(AS_FILES) for name in manifest.parts)
    parts = (each for under in AS_FILES for each in contents(archive, under))
    for done, (name, content) in enumerate(parts, 1):
        put(target.fresh / name.removeprefix(LOOSE), content)
        tell("files", done, whole)
    settings = settled(target)
    engine = connect(settings.store)
    lay_streams(archive, manifest, settings, tell)
    refill(engine, manifest.revision, rows(archive, manifest, tell))
    engine.dispose()
    return settings


def put(path: Path, content: bytes) -> None:
    """Write a file that only we may read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(PRIVATE)
    path.write_bytes(content)


def settled(target: Target) -> Settings:
    """Fit the settings to where the district is now, and keep them."""
    data, fresh, database = target
    given = json.loads((fresh / FILE).read_text("utf-8"))
    scenes = [str(data / "scenes" / str(number)) for number in range(len(given.get("scenes", ())))]
    other = ELSEWHERE | ({"host"} if given.get("bus_servers") else set())
    given = {name: value for name, value in given.items() if name not in other}
    given |= {"district": str(placed(fresh, data)), "scenes": scenes, "database": database}
    (fresh / FILE).write_text(json.dumps(given), "utf-8")
    settings = with_free_ports(Settings.read(fresh))
    settings.write()
    return settings


def placed(fresh: Path, data: Path) -> Path:
    """Say where the tables of the district are: with the product, if those are the same."""
    own = fresh / "district"
    for known in DISTRICTS.iterdir():
        if known.is_dir() and same(known, own):
            shutil.rmtree(own)
            return known
    return data / "district"


def same(one: Path, other: Path) -> bool:
    """Say whether two folders hold the same files."""
    held = [
        {path.relative_to(folder): path.read_bytes() for path in files_below(folder)}
        for folder in (one, other)
    ]
    return held[0] == held[1]


def lay_streams(archive: Path, manifest: Manifest, settings: Settings, tell: Tell) -> None:
    """Fill the streams of a bus of our own; the doors' streams go on behind their marks."""
    at = manifest.positions
    with bus_running(settings):
        for stream in STREAMS:
            wanted = Stretch(at[f"{stream}.first"], at[f"{stream}.last"])
            with line(settings, "borough") as link:
                lay_down(link, stream, wanted, entries(archive, stream, wanted, tell))
        for stream, user, subject in (
            (MQTT_STREAM, "doors", "$MQTT.msgs.>"),
            (DOORS_STREAM, "borough", "door.>"),
        ):
            with line(settings, user) as link:
                begin(link, stream, subject, at[f"{stream}.mark"] + 1)
    bus = bus_of(settings)
    config_path(bus).unlink(missing_ok=True)
    shutil.rmtree(settings.folder / "run", ignore_errors=True)
    shutil.rmtree(settings.folder / "logs", ignore_errors=True)


def begin(link: Link, stream: str, subject: str, first: int) -> None:
    """Make a stream of the doors that counts on where the old one was journalled up to."""
    config = {"name": stream, "subjects": [subject], "storage": "file", "first_seq": first}
    if stream == MQTT_STREAM:
        config["retention"] = "interest"
    link.call(f"$JS.API.STREAM.CREATE.{stream}", config)


def entries(archive: Path, stream: str, wanted: Stretch, tell: Tell) -> Iterator[Kept]:
    """Give the messages of a stream as the archive holds them."""
    whole = wanted.last - wanted.first + 1
    for _, content in contents(archive, f"streams/{stream}/"):
        for each in messages(content):
            yield each
            tell(stream.lower(), each.sequence - wanted.first + 1, whole)


def messages(content: bytes) -> Iterator[Kept]:
    """Read messages laid out one behind another; `ValueError` where they are not."""
    place = 0
    while place < len(content):
        if place + RECORD.size > len(content):
            msg = f"a message begins at {place} of {len(content)} bytes and does not end"
            raise ValueError(msg)
        sequence, name, size = RECORD.unpack_from(content, place)
        place += RECORD.size
        subject, body = content[place : place + name], content[place + name : place + name + size]
        if len(body) != size:
            msg = f"message {sequence} is cut short"
            raise ValueError(msg)
        place += name + size
        yield Kept(sequence, subject.decode(), body)


def rows(archive: Path, manifest: Manifest, tell: Tell) -> Iterator[Rows]:
    """Give the rows of the database, those first that others point to."""
    whole, done = sum(manifest.counts.values()), 0
    for name, content in contents(archive, "sql/"):
        columns, some = msgspec.msgpack.decode(content)
        yield Rows(name.partition("-")[2].removesuffix(".gz"), columns, some)
        done += len(some)
        tell("database", done, whole)
