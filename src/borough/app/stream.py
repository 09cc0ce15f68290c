"""The stream: doors to journal to scenes to detections and history, in one plain loop.

    take (reader)  →  decode  →  journal  →  scenes  →  detections, history  →  acknowledge

Nothing is acknowledged before the journal has it, and a checkpoint is written only once the
detections that it contains are on the bus, so a kill at any point loses nothing and says
nothing twice.  What happens here itself takes 0.1 to 0.4 ms a turn (docs/why/hot-path.md).
"""

import contextlib
import logging
import threading
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from borough.adapters.bus.link import Link
from borough.adapters.limits import Limits
from borough.adapters.mqtt import Decoder
from borough.adapters.reader import Chunk, Marks
from borough.app import checkpoints, pulse
from borough.app.bus import bus_of, lay_streams
from borough.app.clocks import wall_ms
from borough.app.counters import Counters
from borough.app.district import Ground
from borough.app.lake import lake_of
from borough.app.lending import Lending, together
from borough.app.logs import event
from borough.app.pulse import Pulse
from borough.app.renewal import RegistryWatch
from borough.app.settings import Settings
from borough.app.tuning.changes import standing_before
from borough.app.turns import Allowed, Turns, culprit
from borough.core.errors import BoroughError
from borough.core.frames import DERIVED, NOW, ROWS, TUNED, Frame
from borough.core.observations import REPORT_BITS
from borough.core.partitions import WHOLE, Part
from borough.core.registry import heard_alike
from borough.core.tunings import Change
from borough.engine.catalog import BUILT_IN, find_sound
from borough.engine.pipeline import Pipeline, Said
from borough.storage.journal.journal import Journal, JournalTail
from borough.storage.journal.letters import deposits_of
from borough.storage.journal.streams import Deposit, store
from borough.storage.lake.appender import Appender
from borough.storage.sql import SqlTunings, connect

log = logging.getLogger(__name__)
SELDOM_S = 20.0
"""Of several partitions each commits to the history as many times as seldom, up to this: a commit
costs 40 ms however little is in it."""
Prepared = tuple[int, Pipeline, Decoder]
"""Up to which tuning it is, and what works with a registry."""


class Stream:
    """One partition of a district: everything between its doors and its detections."""

    def __init__(self, settings: Settings, held: Ground, part: Part = WHOLE) -> None:
        self.settings = settings
        self.part = part
        self.clock = settings.clock
        self.folder = settings.checkpoints(part)
        self.limits = Limits.load()
        self.registry = held.registry
        self.decoder = Decoder(held.registry, self.limits)
        bus = bus_of(settings)
        self.links = [Link(bus.login("borough"), name) for name in ("journal", "said", "tail")]
        lay_streams(settings, self.links[1])
        self.journal = Journal(self.links[0], part)
        self.lake = lake_of(settings, held.district.zone)
        self.saved = checkpoints.newest(self.folder, own=True)
        self.engine = connect(settings.store)
        tunings = SqlTunings(self.engine)
        self.tuned = standing_before(self.journal.first(), tunings)
        settled = int((self.saved or {}).get("tuned", self.tuned))
        scenes, self.unusable = find_sound(BUILT_IN, *map(Path, settings.scenes))
        run = settings.folder / "run"
        self.pulse = Pulse(settings.folder, "stream")
        self.pipeline = Pipeline(
            scenes, held.registry, held.district.zone, tunings.settled(settled), part=part
        )
        self.lending = self._lending(held)
        codes = {each.scene.id: each.code() for each in scenes}
        self.culprit = culprit(run, codes, Allowed.declared().deaths)
        self.turns = Turns(run, alive=lambda: self.pulse.beat(**self.facts()))
        self.pipeline.guard = self.turns
        self.aside: set[str] = set()
        self.counters = Counters()
        self.marks = Marks()
        self.archived = self.previous = 0
        self.now = 0
        self.backlog_s = 0.0
        self.kept_s = checkpoints.BYTE_S * self.pipeline.weight
        self._saver: threading.Thread | None = None
        self.appender = Appender(  # the last, for its thread would outlive what fails here
            self.lake,
            part.number,
            every_rows=settings.archive_rows,
            every_s=max(settings.archive_s, min(settings.archive_s * part.of, SELDOM_S)),
        )

    def _lending(self, held: Ground) -> Lending | None:
        """Look up what other partitions want of this one, where there are any."""
        if self.part.single:
            return None
        scenes = [
            each.scene
            for each in find_sound(BUILT_IN, *map(Path, self.settings.scenes))[0]
            if each.senses
        ]
        return Lending(self.links[1], held.registry, scenes, self.part)

    def prepared(self, held: Ground) -> Prepared | None:
        """Make, beside the loop, what works with another registry, if it means another thing."""
        return None if heard_alike(held.registry, self.registry) else self._prepared(held)

    def _prepared(self, held: Ground) -> Prepared:
        tuned = self.pipeline.tuned
        scenes, _ = find_sound(BUILT_IN, *map(Path, self.settings.scenes))
        settled = SqlTunings(self.engine).settled(tuned)
        pipeline = Pipeline(scenes, held.registry, held.district.zone, settled, part=self.part)
        return tuned, pipeline, Decoder(held.registry, self.limits)

    def take_up(self, watch: RegistryWatch) -> None:
        """Go on with a registry that has changed: what is known of things and series stays."""
        found = watch.fresh()
        if found and not heard_alike(found[0].registry, self.registry):
            held, made = found
            tuned, pipeline, decoder = made or self._prepared(held)
            if tuned != self.pipeline.tuned:  # tuned meanwhile: new things would not know of it
                _, pipeline, decoder = self._prepared(held)
            pipeline.load(self.pipeline.state())
            pipeline.guard = self.turns
            decoder.take_over(self.decoder)
            self._hand_over()
            self.pipeline, self.decoder, self.registry = pipeline, decoder, held.registry
            self.lending = self._lending(held)
            self.checkpoint(wait=True)

    def recover(self) -> None:
        """Go on from the newest checkpoint: read what the journal holds beyond it."""
        if self.saved is not None:
            self.pipeline.load(self.saved)
            self.counters.load(self.saved["counts"].tobytes())
            if "sparkplug" in self.saved:
                self.decoder.host.load(self.saved["sparkplug"].tobytes(), int(self.saved["now"]))
        self._accuse(*self.culprit)
        before = self._recall()
        read, archived = (
            self.pipeline.position >> REPORT_BITS,
            self.appender.committed >> REPORT_BITS,
        )
        self.archived = max(archived, 0)
        self.previous = max(min(read, archived), 0)
        tail = JournalTail(self.links[2], self.previous, part=self.part)
        for sequence, frame in tail.rest():
            self.marks, self.now = Marks(frame.mqtt, frame.http), frame.now
            if sequence > read:
                self._hear(sequence, frame)
                self.counters.hear(frame)
            self._archive(sequence, frame)
            self.pulse.beat(**(self.facts() | before), recovering=True)
        last = self.journal.last()
        self.marks = Marks(last.frame.mqtt, last.frame.http) if last else Marks()
        self.tuned = last.frame.tuned if last else self.tuned
        self.saved = None
        wall = wall_ms()
        self._settle(self.clock.now(wall), wall)
        self.pulse.beat(force=True, **self.facts())

    def _accuse(self, scene: str, place: int) -> None:
        """Set aside the scene in whose turn we died, unless the checkpoint is past that place."""
        if scene and self.pipeline.position < place:
            why = f"the stream died in its turn again and again, at position {place}"
            self.pipeline.set_aside(scene, why)

    def _recall(self) -> dict[str, Any]:
        """Go on counting from the last pulse, if it was that of this partition.

        Gives what that pulse counted in all: it holds until the journal is read again.
        """
        folder = self.settings.folder
        known = pulse.read(folder, "stream") or pulse.last(folder, "stream")
        known = known if known.get("partition", 0) == self.part.number else {}
        self.counters.recall(known)
        return {name: known[name] for name in ("counts", "rejected") if name in known}

    def write(self, *frames: Frame) -> None:
        """Journal frames, let the scenes hear each, and pass on what they say."""
        self.journal.extend((replace(each, tuned=self.tuned) for each in frames), self._written)

    def _written(self, sequence: int, frame: Frame) -> None:
        self.now = frame.now
        self._hear(sequence, frame)
        self._archive(sequence, frame)
        self.marks = Marks(frame.mqtt, frame.http)

    def _hear(self, sequence: int, frame: Frame) -> None:
        said: Said = self.pipeline.read(frame.record(sequence), frame.cause)
        edges = [edge for each in said.edges for edge in each.spelled()]
        self.counters.counts["edges"] += len(edges)
        self._tell(edges)
        if self.lending is not None:
            self.lending.lend(sequence, frame)

    def _hand_over(self) -> None:
        """Lend what waits to be lent: what a checkpoint contains is not lent after it."""
        if self.lending is not None:
            self.lending.hand_over()

    def _tell(self, edges: list[dict[str, Any]]) -> None:
        """Put changes of level on the bus; the name makes the bus keep each one once."""
        store(
            self.links[1],
            [
                Deposit(
                    f"detection.{edge['scene']}",
                    msgspec.json.encode(edge),
                    f"{edge['id']}-{edge['position']}",
                )
                for edge in edges
            ],
        )

    def _archive(self, sequence: int, frame: Frame) -> None:
        """Hand a frame to the history; where that is full, the journal keeps it for later."""
        if self.previous <= self.archived < sequence and self._added(sequence, frame):
            self.archived = sequence
        self.previous = sequence

    def _added(self, sequence: int, frame: Frame) -> bool:
        if not len(frame):
            return True
        position = (sequence << REPORT_BITS) + (1 << REPORT_BITS) - 1
        if self.lending is None:
            return self.appender.add(frame.series, frame.time, frame.value, position)
        own = self.lending.mine(frame.series)
        return self.appender.add(frame.series[own], frame.time[own], frame.value[own], position)

    def catch_up(self) -> None:
        """Hand the history what it had no room for, read again from the journal."""
        if self.archived >= self.journal.sequence or self.appender.error is not None:
            return
        with Link(bus_of(self.settings).login("borough"), "archive") as link:
            for sequence, frame in JournalTail(link, self.archived, part=self.part).rest():
                if not self._added(sequence, frame):
                    return
                self.archived = sequence

    def _settle(self, now: int, wall: int) -> None:
        """Journal the results of derivations that are due, and what follows from them."""
        while due := self.pipeline.due():
            each = due[0]
            frame = Frame(
                DERIVED,
                now,
                wall,
                mqtt=self.marks.mqtt,
                http=self.marks.http,
                cause=each.cause,
                report=np.arange(len(each.series), dtype=np.uint32),
                series=each.series,
                time=each.time,
                value=each.value,
            )
            # Only the last part says that all are there; what is then written again is late.
            *parts, last = frame.parts()
            self.write(*(replace(part, cause=-1) for part in parts), last)
            self.counters.counts["derived"] += len(each.series)

    def tell_time(self, now: int, wall: int) -> None:
        """Write into the journal what time it is, and let time pass for every scene."""
        self.write(Frame(NOW, now, wall, mqtt=self.marks.mqtt, http=self.marks.http))
        self._settle(now, wall)

    def tune(self, changes: Iterable[Change]) -> None:
        """Write changes of parameters into the journal, each once; from there on they hold."""
        for change in changes:
            if change.number > self.tuned:
                wall = wall_ms()
                self.tuned = change.number
                frame = Frame(TUNED, self.clock.now(wall), wall, change=change)
                self.write(replace(frame, mqtt=self.marks.mqtt, http=self.marks.http))

    def take(self, chunk: Chunk) -> None:
        """Take in what the reader took off the bus."""
        wall = wall_ms()
        now = self.clock.now(wall)
        live = len(chunk.subjects) - len(chunk.acks)
        readings = self.decoder.decode(chunk.subjects, chunk.payloads, now, live)
        if readings.letters:
            letters = deposits_of("mqtt", readings.letters, now, self.limits.letter_bytes)
            store(self.links[1], letters)
        frames = list(together(chunk.frames(readings, now, wall)))
        self.write(*frames)
        journalled: Counter[str] = Counter()
        for frame in frames:
            journalled[frame.kind] += len(frame)
        self.counters.take(chunk, readings, journalled)
        if self.decoder.host.altered:
            self.checkpoint(wait=True)  # else a restart would read data by the births before

    def look_after(self) -> bool:
        """Say live which scenes were set aside or came back; False if one ate our memory.

        What it holds comes free only with the process.
        """
        glutton = self.turns.glutton()
        if glutton:
            self.pipeline.set_aside(glutton, "it takes more and more memory")
        now = set(self.pipeline.broken)
        for scene in sorted(now ^ self.aside):
            told = {"scene": scene, "set_aside": self.pipeline.broken.get(scene, "")}
            self.links[1].publish(b"live.scene", msgspec.json.encode(told))
            log.warning(
                "scene %s: %s", scene, told["set_aside"] or "back to work", extra=event("bad-scene")
            )
        if now != self.aside:
            self.aside = now
            self.checkpoint(wait=True)  # else a kill just now would have it tried again
        return not glutton

    def facts(self) -> dict[str, Any]:
        """Say how the stream is, for its pulse."""
        return {
            "backlog_s": round(self.backlog_s, 3),
            "counts": {**self.counters.counts, "late": self.pipeline.late},
            "rejected": dict(self.counters.rejected),
            "sparkplug": dict(self.decoder.host.counts),
            "broken": self.pipeline.broken | self.unusable,
            "tuned": self.tuned,
            **({} if self.part.single else {"partition": self.part.number}),
            "archive_error": str(self.appender.error or ""),
        }

    def checkpoint(self, *, wait: bool = False) -> None:
        """Keep where we are, beside the loop; or *wait*, and raise `DiskFull` and the like."""
        if self._saver is not None:
            if self._saver.is_alive() and not wait:
                return
            self._saver.join()
        begun = time.thread_time()
        self._hand_over()
        arrays = self.pipeline.state() if wait else self.pipeline.save()
        arrays["counts"] = np.frombuffer(self.counters.save(), np.uint8)
        arrays["now"] = np.array(self.now)
        arrays["sparkplug"] = np.frombuffer(self.decoder.host.save(), np.uint8)
        first = self.journal.first()
        checkpoints.drop_anchors(self.folder, (first.sequence - 1 if first else 0) << REPORT_BITS)
        copying_s = time.thread_time() - begun
        if wait:
            self._keep(arrays, copying_s, wait=True)
        else:
            self._saver = threading.Thread(target=self._keep, args=(arrays, copying_s))
            self._saver.start()

    def _keep(self, arrays: checkpoints.Arrays, copying_s: float, *, wait: bool = False) -> None:
        """Write a checkpoint, and note what it took of a processor in all."""
        begun = time.thread_time()
        try:
            checkpoints.write(self.folder, arrays)
        except BoroughError as error:  # the ones before it stay, and others follow
            if wait:
                raise
            log.warning("%s", error, extra=event(error.code))
        self.kept_s = copying_s + time.thread_time() - begun

    def prepare(self, chunks: Iterable[tuple[int, Any, Any, Any]]) -> None:
        """Journal prepared history, hour by hour, as if it had arrived then."""
        for now, series, at, value in chunks:
            wall = self.clock.wall(now)
            report = np.arange(len(series), dtype=np.uint32)
            frame = Frame(ROWS, now, wall, report=report, series=series, time=at, value=value)
            self.write(*frame.parts())
            self.tell_time(now, wall)
        self.checkpoint(wait=True)
        self.appender.flush()

    def close(self) -> None:
        """Let go; what is not in a checkpoint or the history is still in the journal."""
        if self._saver is not None:
            self._saver.join()
        for each in (self.appender.close, self.lake.close, *(link.close for link in self.links)):
            with contextlib.suppress(BoroughError):
                each()
        self.turns.close()
        self.engine.dispose()
