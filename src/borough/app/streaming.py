"""The stream role: recover, then take, decide and acknowledge until told to stop."""

import gc
import logging
import signal
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, closing, nullcontext
from functools import partial
from pathlib import Path

from borough.adapters.bus.link import Link
from borough.adapters.reader import Reader
from borough.adapters.sparkplug.state import Presence
from borough.app import checkpoints, pulse
from borough.app.bus import bus_of, has_room
from borough.app.checkpoints import Rhythm
from borough.app.clocks import wall_ms
from borough.app.holding import Holding
from borough.app.logs import event
from borough.app.renewal import RegistryWatch
from borough.app.settings import Settings
from borough.app.stream import Stream
from borough.app.tuning.changes import Inbox
from borough.core.errors import BusDown, Stale
from borough.core.observations import REPORT_BITS
from borough.core.partitions import WHOLE, Part
from borough.storage.journal.journal import Journal
from borough.storage.journal.room import LOOK_S, Room

log = logging.getLogger(__name__)

MANY = 30_000
"""A take of so many messages is cut short."""
AGAIN_S = 0.3


def spare(stream: Stream, needed: Callable[[Path], int] = checkpoints.oldest) -> int:
    """Give the last frame of the journal that is in the history and in the checkpoints *needed*."""
    waits, committed = stream.appender.waiting, stream.appender.committed >> REPORT_BITS
    return min(committed if waits else stream.archived, needed(stream.folder) >> REPORT_BITS)


def await_room(stream: Stream, room: Room, stop: threading.Event) -> None:
    """Take nothing in while the journal is full of what the history lacks: those who send wait.

    No time passes for the scenes meanwhile, so nobody is silent who could not be heard.
    """
    if room.made(partial(spare, stream)):
        return
    log.warning("the journal is full of what the history lacks", extra=event("history-full"))
    stream.checkpoint(wait=True)  # else the one before could hold back what the history has
    while not room.made(partial(spare, stream, checkpoints.latest)) and not stop.wait(LOOK_S):
        stream.catch_up()
        stream.pulse.beat(**stream.facts(), held=True)


def loop(
    stream: Stream,
    reader: Reader,
    inbox: Inbox,
    watch: RegistryWatch,
    stop: threading.Event,
    *,
    room: Room,
) -> bool:
    """Take, decide, acknowledge, until told to stop; `BusDown` when the bus goes away.

    True where the process is to end, because what a scene holds comes free only with it.
    """
    tick_s = stream.settings.tick_ms / 1000
    behind_since = time.monotonic()
    next_tick = time.monotonic()
    rhythm = Rhythm(stream.settings.checkpoint_s)
    while not stop.is_set():
        await_room(stream, room, stop)
        chunk = reader.take(max(0.0, next_tick - time.monotonic()), most=MANY)
        if len(chunk):
            stream.take(chunk)
            reader.ack(chunk)
        reader.tell(stream.decoder.host.wishes(stream.now))
        behind_since = behind_since if chunk.behind else time.monotonic()
        stream.backlog_s = time.monotonic() - behind_since
        if time.monotonic() >= next_tick:
            stream.tune(inbox.take())
            wall = wall_ms()
            stream.tell_time(stream.clock.now(wall), wall)
            next_tick = max(next_tick + tick_s, time.monotonic())
            stream.catch_up()
            stream.take_up(watch)
            if not stream.look_after():
                return True
        if rhythm.due(stream.kept_s):
            stream.checkpoint()
            gc.collect()
            rhythm.taken()
        if stream.pulse.due:
            stream.pulse.beat(**stream.facts())
    return False


def run(settings: Settings) -> None:
    """Run the stream role until it is told to stop; when the bus goes away, begin again."""
    stop = threading.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: stop.set())
    watch = RegistryWatch(settings, several=settings.partitions)
    while not stop.is_set():
        try:
            work = once if settings.partitions == 1 else hold
            if work(settings, watch, stop):
                return
        except BusDown as error:
            log.warning("%s", error, extra=event(error.code))
            if not has_room(bus_of(settings)):
                pulse.touch(settings.folder, "stream")  # who waits for room is not stuck
            stop.wait(AGAIN_S)


def hold(settings: Settings, watch: RegistryWatch, stop: threading.Event) -> bool:
    """Work for one partition for as long as it is ours, or until told to stop; as `loop` says."""
    holding = Holding.awaited(settings, stop)
    if holding is None:
        return False

    def told(*_: object) -> None:
        stop.set()
        holding.over.set()

    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, told)
    holding.start()
    try:
        with Link(bus_of(settings).login("borough"), "claim") as link:
            Journal(link, holding.part).claim(wall_ms())
        return once(settings, watch, holding.over, holding.part)
    except Stale as error:
        log.warning("partition %d: %s", holding.part.number, error, extra=event(error.code))
        return False
    finally:
        holding.close()


def presence(settings: Settings, part: Part) -> AbstractContextManager[object]:
    """Have edge nodes told that their host is there; machines are heard by the first partition."""
    if part.number or not settings.sparkplug_host:
        return nullcontext()
    return Presence(bus_of(settings), settings.sparkplug_host)


def once(
    settings: Settings, watch: RegistryWatch, stop: threading.Event, part: Part = WHOLE
) -> bool:
    """Recover, then run until told to stop or until the bus goes away; as `loop` says."""
    stream = Stream(settings, watch.begin(), part)
    try:
        stream.recover()
        watch.prepare = stream.prepared
        gc.freeze()  # what is here by now stays; the collector need not look at it again,
        haste = settings.clock_rate > 1
        room = Room(stream.links[1], stream.journal, settings.journal_days, part)
        gc.disable()  # and for the little that comes it looks at each checkpoint
        with (
            Reader(bus_of(settings), stream.marks, stream.limits, part, haste=haste) as reader,
            closing(Inbox(settings, stream.tuned)) as inbox,
            presence(settings, part),
        ):
            over = loop(stream, reader, inbox, watch, stop, room=room)
        stream.checkpoint(wait=True)
        return over
    finally:
        stream.pulse.beat(force=True, **stream.facts())
        stream.close()
