"""Replays of a district's journal, beside what its live run said."""

from base64 import b64decode
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from borough.adapters.bus.config import command, is_ready
from borough.adapters.bus.link import Link
from borough.app.bus import bus_of
from borough.app.district import ground
from borough.app.settings import Settings
from borough.app.supervisor import Role, Supervisor
from borough.app.tuning.changes import standing_before
from borough.app.tuning.shares import Tell, in_shares, silent
from borough.app.turns import Turns
from borough.core.errors import NotFound
from borough.core.observations import REPORT_BITS
from borough.core.partitions import WHOLE, Part
from borough.engine.catalog import BUILT_IN, Found, find_sound
from borough.engine.district import read
from borough.engine.pipeline import Pipeline
from borough.engine.replay import ORDER, Comparison, compare, replay
from borough.storage.journal.copies import stretch_of
from borough.storage.journal.journal import Entry, JournalTail, first_entry
from borough.storage.journal.streams import JOURNAL
from borough.storage.sql import SqlDetections, SqlTunings, connect


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a replay said, beside what the live run had said of the same scenes."""

    zone: str
    records: int
    edges: list[dict[str, Any]]
    live: list[dict[str, Any]]

    def compared(self, since: int, until: int) -> Comparison:
        """Compare the changes that were learnt of between two moments, in ms."""
        return compare(*(within(each, since, until) for each in (self.live, self.edges)))


def within(edges: list[dict[str, Any]], since: int, until: int) -> list[dict[str, Any]]:
    """Keep the changes that were learnt of from *since* to before *until*."""
    return [each for each in edges if since <= each["now"] < until]


def replayed(
    settings: Settings, scene: str = "", tell: Tell = silent, processes: int = 1
) -> Replayed:
    """Hand the whole journal to one scene, or to all; the district may be running or not.

    Parameters change on the way where they changed in the live run.  With several *processes*
    each hears all of the journal and answers for its share of the things; a district of several
    partitions is replayed partition by partition.  The answer is the same, in the same order.
    What a running district says of records that came meanwhile is left out.
    """
    names = [each.scene.id for each in chosen_of(settings, scene)]
    with bus_running(settings), Link(bus_of(settings).login("borough"), "replay") as link:
        end = stretch_of(link, JOURNAL).last + 1 << REPORT_BITS
        work = partial(told_by, settings, scene)
        heard = list(in_shares(work, settings.parts, processes, tell))
        engine = connect(settings.store)
        detections = SqlDetections(engine)
        said = said_live(link, detections)
        engine.dispose()
    told = (edge for _, some in heard for edge in some)
    edges = sorted((each for each in told if each["position"] < end), key=ORDER)
    live = [each for each in said if each["scene"] in names and each["position"] < end]
    zone = read(Path(settings.district)).zone
    return Replayed(zone, max(records for records, _ in heard), edges, live)


def chosen_of(settings: Settings, scene: str) -> list[Found]:
    """Give one scene of a district that watches, or all if none is named; `NotFound` names them."""
    found, _ = find_sound(BUILT_IN, *map(Path, settings.scenes))
    names = [each.scene.id for each in found if each.senses]
    if scene not in ("", *names):
        msg = f"there is no scene {scene!r}; there are {', '.join(names)}"
        raise NotFound(msg)
    return [each for each in found if each.senses and scene in ("", each.scene.id)]


Heard = tuple[int, list[dict[str, Any]]]
"""How far a replay has read, and what it said."""


def told_by(settings: Settings, scene: str, share: Part, tell: Tell) -> Heard:
    """Replay what is said of one share of the things; the bus runs."""
    chosen = chosen_of(settings, scene)
    held = ground(settings)
    journal = WHOLE if settings.partitions == 1 else share
    with Link(bus_of(settings).login("borough"), "replay") as link:
        engine = connect(settings.store)
        tunings = SqlTunings(engine)
        before = tunings.settled(standing_before(first_entry(link, journal), tunings))
        engine.dispose()
        zone = held.district.zone
        pipeline = Pipeline(chosen, held.registry, zone, before, guard=Turns(), part=share)
        tail = JournalTail(link, part=journal)
        edges = list(replay(pipeline, counted(tail, tell)))
        return tail.sequence, edges


def counted(tail: JournalTail, tell: Tell) -> Iterable[Entry]:
    """Give all frames up to where the journal ends now, and say how far it is."""
    total, after = tail.behind, tail.sequence
    for entry in tail.rest():
        yield entry
        if entry.sequence - after < total:
            tell("replay", entry.sequence - after, total)
    tell("replay", max(total, 1), max(total, 1))


def said_live(link: Link, detections: SqlDetections, scene: str = "") -> list[dict[str, Any]]:
    """Give what the live run said, of one scene or all, each change once.

    What the desk takes meanwhile is in both places, so where it stands is read before what it has.
    """
    taken = detections.offset()
    found = [*untaken(link, taken), *detections.edges(scene)]
    return sorted({ORDER(each): each for each in found}.values(), key=ORDER)


def untaken(link: Link, offset: int) -> Iterator[dict[str, Any]]:
    """Give what the live run said and the desk has not taken: it was not there to listen."""
    last = int(link.call("$JS.API.STREAM.INFO.DETECTIONS")["state"]["last_seq"])
    for number in range(offset + 1, last + 1):
        found = link.call("$JS.API.STREAM.MSG.GET.DETECTIONS", {"seq": number}, missing=True)
        if found:
            yield msgspec.json.decode(b64decode(found["message"]["data"]))


@contextmanager
def bus_running(settings: Settings) -> Iterator[None]:
    """Make sure that the bus of a data folder runs; stop it afterwards if it did not."""
    bus = bus_of(settings)
    if is_ready(bus):
        yield
        return
    role = Role("bus", command(bus), lambda: is_ready(bus), pulsing=False)
    keeper = Supervisor(settings.folder, [role], lambda _: None)
    keeper.start()
    try:
        yield
    finally:
        keeper.stop()
