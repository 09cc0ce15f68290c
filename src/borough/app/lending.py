"""Lending: what a partition takes in that others need, handed to them, each row exactly once.

A door may hand a row to any partition, and a derived thing may have its members in several.  Rows
that another partition owns or derives from are stored for it on the bus, in the order of our
journal, and it journals them as what is lent.  What is lent is never lent again.  The last message
that is stored says how far we have lent, so that after a death nothing is lent twice; and it is
the fence: who has not stored it cannot store the next.

A message costs both sides some ms, however little it holds.  So rows that are only derived from
are gathered for a part of the district time that a window waits for what is late, and lent before
each checkpoint.  What another one owns is lent at once: its scenes wait for it.
"""

from base64 import b64decode
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from borough.adapters.bus.link import Link
from borough.core.frames import LENT, MOST_ROWS, ROWS, Frame, encode, joined
from borough.core.observations import Index, Mask
from borough.core.partitions import Part, home_of_series
from borough.core.registry import Registry
from borough.core.scenes import Scene
from borough.engine.derive import Members
from borough.storage.journal.streams import Deposit, store

DOORS = "DOORS"
SHARE = 10
"""Rows are gathered for this part of the time for which the least patient window waits."""
_NAME = "Nats-Msg-Id: lent-"


class Lent(NamedTuple):
    """What was lent last: our journal up to where, and which message of the bus said so."""

    sequence: int
    message: int


class Lending:
    """What one partition owns, and what each other one wants of it."""

    def __init__(self, link: Link, registry: Registry, scenes: Iterable[Scene], part: Part) -> None:
        self._link = link
        self._part = part
        home = home_of_series(registry, part.of)
        self._mine = home == part.number
        self._wanted = {q: home == q for q in range(part.of) if q != part.number}
        scenes = list(scenes)
        allowed = [each.allow_s for scene in scenes for each in scene.derives]
        self._gather_ms = min(allowed, default=0) * 1000 // SHARE
        for scene in scenes:
            for derivation in scene.derives:
                members = Members.of(derivation, registry)
                series = np.repeat(np.arange(len(members.many)), members.many)
                owner = home[members.result[members.target]]
                for q, wanted in self._wanted.items():
                    wanted[series[owner == q]] = True
        self._lent = {q: lent_up_to(link, part.number, q) for q in self._wanted}
        self._any = np.logical_or.reduce(list(self._wanted.values()))
        self._owned = (home >= 0) & ~self._mine
        self._waiting: list[tuple[int, Frame]] = []

    def mine(self, series: Index) -> Mask:
        """Mark the rows that are this partition's own."""
        return marked(self._mine, series)

    def lend(self, sequence: int, frame: Frame) -> None:
        """Gather what others want of a frame that stands in our journal; store it in time."""
        hurry = False
        if frame.kind == ROWS and len(frame):
            wanted = marked(self._any, frame.series)
            if wanted.any():
                some = frame.only(wanted)
                hurry = bool(marked(self._owned, some.series).any())
                if sum(len(each) for _, each in self._waiting) + len(some) > MOST_ROWS:
                    self.hand_over()
                self._waiting.append((sequence, some))
        since = self._waiting[0][1].now if self._waiting else frame.now
        if hurry or frame.now - since > self._gather_ms:
            self.hand_over()

    def hand_over(self) -> None:
        """Store for others all that was gathered; `Stale` if somebody else lends in our place."""
        asked = [each for q in self._wanted for each in self._deposits(q)]
        stored = store(self._link, [deposit for _, deposit in asked])
        for (q, _), message in zip(asked, stored, strict=True):
            self._lent[q] = Lent(self._waiting[-1][0], message)
        self._waiting = []

    def _deposits(self, borrower: int) -> Iterator[tuple[int, Deposit]]:
        """Lay out, as one message if any, what waits for another partition."""
        last = self._lent[borrower]
        wanted = self._wanted[borrower]
        fresh = [frame for sequence, frame in self._waiting if sequence > last.sequence]
        some = [frame.only(marked(wanted, frame.series)) for frame in fresh]
        if full := [frame for frame in some if len(frame)]:
            lent = replace(joined(full), kind=LENT, mqtt=0, http=0, tuned=0)
            own = self._part.number
            name = f"lent-{own}-{borrower}-{self._waiting[-1][0]}"
            yield borrower, Deposit(f"door.{borrower}.lent.{own}", encode(lent), name, last.message)


def together(frames: Iterable[Frame]) -> Iterator[Frame]:
    """Put frames of what was lent that follow each other into one; leave out what says nothing."""
    run: list[Frame] = []
    for frame in frames:
        rows = sum(map(len, run))
        alike = bool(run) and run[-1].kind == frame.kind == LENT
        if rows and not (alike and rows + len(frame) <= MOST_ROWS):
            yield joined(run)
            run = []
        run.append(frame)
    if run:
        yield joined(run)


def marked(table: Mask, series: Index) -> Mask:
    """Look up series in a table; such as are above all that it has are not in it."""
    known = np.minimum(series, len(table) - 1)
    found: Mask = table[known] & (series < len(table))
    return found


def lent_up_to(link: Link, lender: int, borrower: int) -> Lent:
    """Say up to where a partition has lent to another; 0 for nothing."""
    subject = f"door.{borrower}.lent.{lender}"
    found = link.call(f"$JS.API.STREAM.MSG.GET.{DOORS}", {"last_by_subj": subject}, missing=True)
    if not found:
        return Lent(0, 0)
    head = b64decode(found["message"]["hdrs"]).decode()
    (name,) = (line for line in head.split("\r\n") if line.startswith(_NAME))
    return Lent(int(name.rpartition("-")[2]), int(found["message"]["seq"]))
