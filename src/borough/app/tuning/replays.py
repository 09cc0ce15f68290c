"""Replays of a district's journal, beside what its live run said."""

from base64 import b64decode
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
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
from borough.app.turns import Turns
from borough.core.errors import NotFound
from borough.engine.catalog import BUILT_IN, find_sound
from borough.engine.pipeline import Pipeline
from borough.engine.replay import Comparison, compare, replay
from borough.storage.journal.journal import Entry, JournalTail, first_entry
from borough.storage.sql import SqlDetections, SqlTunings, connect

Tell = Callable[[str, int, int], None]


def silent(_what: str, _done: int, _total: int) -> None:
    """Tell nobody how far it is."""


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


def replayed(settings: Settings, scene: str = "", tell: Tell = silent) -> Replayed:
    """Hand the whole journal to one scene, or to all; the district may be running or not.

    Parameters change on the way where they changed in the live run.
    """
    found, _ = find_sound(BUILT_IN, *map(Path, settings.scenes))
    found = [each for each in found if each.senses]
    chosen = [each for each in found if scene in ("", each.scene.id)]
    if not chosen:
        msg = f"there is no scene {scene!r}; there are {', '.join(f.scene.id for f in found)}"
        raise NotFound(msg)
    held = ground(settings)
    with bus_running(settings), Link(bus_of(settings).login("borough"), "replay") as link:
        tunings = SqlTunings(connect(settings.store))
        before = tunings.settled(standing_before(first_entry(link), tunings))
        pipeline = Pipeline(chosen, held.registry, held.district.zone, before, guard=Turns())
        tail = JournalTail(link)
        edges = list(replay(pipeline, counted(tail, tell)))
        records = tail.sequence
        detections = SqlDetections(connect(settings.store))
        said = detections.edges() + list(untaken(link, detections.offset()))
    names = {each.scene.id for each in chosen}
    live = [each for each in said if each["scene"] in names]
    return Replayed(held.district.zone, records, edges, live)


def counted(tail: JournalTail, tell: Tell) -> Iterable[Entry]:
    """Give all frames up to where the journal ends now, and say how far it is."""
    total, after = tail.behind, tail.sequence
    for entry in tail.rest():
        yield entry
        if entry.sequence - after < total:
            tell("replay", entry.sequence - after, total)
    tell("replay", max(total, 1), max(total, 1))


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
