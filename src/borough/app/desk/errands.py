"""The desk's errands: what was confirmed goes out, and what becomes of it is heard.

One thread does it all: it sends what stands confirmed in the database, reads the journal for
observations that prove it, hears what devices say of it, and notes what nobody proved in time.
A kill between two of these loses nothing, for the next desk begins with what the database says.
"""

import logging
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import msgspec
import numpy as np

from borough.adapters.bus.courier import Courier, Heard
from borough.adapters.bus.link import Link
from borough.app.bus import AGAIN_S, bus_of
from borough.app.clocks import wall_ms
from borough.app.desk.answers import shown
from borough.app.desk.desk import Desk
from borough.app.logs import event
from borough.core.cases import Case
from borough.core.commands import HOUR_MS
from borough.core.errands import ACKNOWLEDGED, CONFIRMED, FAILED, PROVED, SENT, Errand
from borough.core.errors import BoroughError
from borough.core.frames import Frame
from borough.core.observations import Index
from borough.storage.journal.journal import JournalTail

log = logging.getLogger(__name__)

TURN_S = 0.2
"""How long a turn listens for devices; so long at most may a confirmed command wait."""
BEFORE_MS = 5_000
"""How far before a confirmation the journal is read again, on the wall clock."""
DESK = "desk"
GONE = "the thing is not in the registry any more"
Done = tuple[Case, Errand]
News = tuple[str, Mapping[str, Any]]


class Proofs:
    """Reads the journal for as long as some errand waits for its proof."""

    def __init__(self, desk: Desk, link: Link) -> None:
        self.desk = desk
        self.link = link
        self.tail: JournalTail | None = None
        self.series: dict[int, list[Errand]] = {}

    def await_all(self, errands: Iterable[Errand]) -> None:
        """Wait for the proofs of these, and of no others; the journal is read from the oldest."""
        waiting = list(errands)
        registry = self.desk.ground.registry
        self.series = {}
        for each in waiting:
            if each.key in registry.rows:
                number = registry.series_of(each.key, each.proof)
                self.series.setdefault(number, []).append(each)
        if not waiting:
            self.tail = None
        elif self.tail is None:
            first = min(each.confirmed_ms for each in waiting)
            self.tail = JournalTail(self.link, since_ms=self.desk.clock.wall(first) - BEFORE_MS)

    def found(self) -> list[tuple[Errand, float, int]]:
        """Give the errands that were proved meanwhile, each with value and time."""
        proved: dict[str, tuple[Errand, float, int]] = {}
        while self.tail is not None and self.series:
            entries = self.tail.take(0.0)
            for _, frame in entries:
                for errand, value, time in self._in(frame):
                    proved.setdefault(errand.id, (errand, value, time))
            if not entries:
                break
        return list(proved.values())

    def _in(self, frame: Frame) -> Iterable[tuple[Errand, float, int]]:
        wanted: Index = np.fromiter(self.series, np.int32)
        for row in np.flatnonzero(np.isin(frame.series, wanted)).tolist():
            value, time = float(frame.value[row]), int(frame.time[row])
            for errand in self.series[int(frame.series[row])]:
                if errand.is_proved_by(value, time):
                    yield errand, value, time


class Errands(threading.Thread):
    """The thread that carries commands out; `close` ends it after the turn in hand."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(name="errands", daemon=True)
        self.desk = desk
        self.bus = bus_of(desk.settings)
        self.over = threading.Event()

    def run(self) -> None:
        """Work until closed; what goes wrong is told, and begun again from the database."""
        while not self.over.is_set():
            try:
                with (
                    Link(self.bus.login("doors"), "commands") as devices,
                    Link(self.bus.login("borough"), "proofs") as ours,
                    Link(self.bus.login("borough"), "news") as live,
                ):
                    courier, proofs = Courier(devices), Proofs(self.desk, ours)
                    while not self.over.is_set():
                        self.turn(courier, proofs, live)
            except BoroughError as error:
                log.warning("commands wait: %s", error, extra=event(error.code))
                self.over.wait(AGAIN_S)

    def close(self) -> None:
        """Stop after the turn in hand."""
        self.over.set()
        self.join(2.0)

    def turn(self, courier: Courier, proofs: Proofs, live: Link) -> None:
        """Do once what there is to do: send, hear, prove, and give up on what is too late."""
        errands, now = self.desk.errands, self.desk.now()
        for idle in (live, *([] if proofs.tail else [proofs.link])):
            idle.messages(0.0)  # nothing comes; but who leaves the bus's PINGs lie is cut off
        done: list[Sequence[Done | None]] = []
        waiting = errands.awaited(now - HOUR_MS)
        if waiting:  # mostly nothing does, and this is asked five times a second
            done.append(errands.expire(now))
            done.append([self.send(courier, each, now) for each in errands.in_state(CONFIRMED)])
            waiting = errands.awaited(now - HOUR_MS)
        proofs.await_all(waiting)
        for errand, value, time in proofs.found():
            told = {"observed": value, "observed_ms": time, "says": ""}
            at = self.desk.now()
            done.append([errands.come_to(errand.id, PROVED, at_ms=at, by=errand.key, **told)])
        done.append([self.answered(each) for each in courier.heard(TURN_S)])
        for case, errand in (each for some in done for each in some if each):
            for kind, body in news(case, errand):
                text = msgspec.json.encode({**body, "wall": wall_ms()})
                live.publish(f"live.{kind}".encode(), text)

    def send(self, courier: Courier, errand: Errand, now: int) -> Done | None:
        """Hand a command over to the bus for as long as it may still be carried out; note it."""
        clock, credential = self.desk.clock, self.desk.credential(errand.key)
        if not credential:
            return self.desk.errands.come_to(errand.id, FAILED, at_ms=now, by=DESK, says=GONE)
        body = {
            "id": errand.id, "property": errand.property, "value": errand.value,
            "at": errand.confirmed_ms, "until": errand.until_ms,
        }  # fmt: skip
        keep_s = (clock.wall(errand.until_ms) - clock.wall(now)) / 1000
        topic = f"{credential}/{errand.key}/{errand.property}"
        courier.send(topic, errand.id, msgspec.json.encode(body), keep_s)
        return self.desk.errands.come_to(errand.id, SENT, at_ms=self.desk.now(), by=DESK)

    def answered(self, heard: Heard) -> Done | None:
        """Note what a device says of a command that went to it; of another it is no witness."""
        known = [e for e in self.desk.errands.in_state(SENT, ACKNOWLEDGED) if e.id == heard.errand]
        if not known or known[0].key != heard.device:
            return None
        if heard.credential != self.desk.credential(heard.device):
            return None
        state = ACKNOWLEDGED if heard.good else FAILED
        says = heard.says if heard.good else heard.says or "the device cannot do it"
        at = self.desk.now()
        return self.desk.errands.come_to(heard.errand, state, at_ms=at, by=heard.device, says=says)


def news(case: Case, errand: Errand) -> list[News]:
    """Say what the live stream tells of a change: the errand, and the case whose log has it."""
    return [("command", asdict(errand)), ("case", shown(case))]
