"""Lending: what a partition takes in that others need, handed to them, each row exactly once.

A door may hand a row to any partition, and a derived thing may have its members in several.  Rows
that another partition owns or derives from are stored for it on the bus, in the order of our
journal, and it journals them as what is lent.  What is lent is never lent again.  The last message
that is stored says how far we have lent, so that after a death nothing is lent twice.
"""

from base64 import b64decode
from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from borough.adapters.bus.link import Link
from borough.core.frames import LENT, ROWS, Frame, encode
from borough.core.observations import Index, Mask
from borough.core.partitions import Part, home_of_series
from borough.core.registry import Registry
from borough.core.scenes import Scene
from borough.engine.derive import Members
from borough.storage.journal.streams import Deposit, store

DOORS = "DOORS"
_NAME = "Nats-Msg-Id: lent-"


class Lending:
    """What one partition owns, and what each other one wants of it."""

    def __init__(self, link: Link, registry: Registry, scenes: Iterable[Scene], part: Part) -> None:
        self._link = link
        self._part = part
        home = home_of_series(registry, part.of)
        self._mine = home == part.number
        self._wanted = {q: home == q for q in range(part.of) if q != part.number}
        for scene in scenes:
            for derivation in scene.derives:
                members = Members.of(derivation, registry)
                series = np.repeat(np.arange(len(members.many)), members.many)
                owner = home[members.result[members.target]]
                for q, wanted in self._wanted.items():
                    wanted[series[owner == q]] = True
        self._lent = {q: lent_up_to(link, part.number, q) for q in self._wanted}

    def mine(self, series: Index) -> Mask:
        """Mark the rows that are this partition's own."""
        return marked(self._mine, series)

    def lend(self, sequence: int, frame: Frame) -> None:
        """Store for others what they want of a frame that stands in our journal."""
        if frame.kind != ROWS:
            return
        deposits = []
        for q, wanted in self._wanted.items():
            rows = marked(wanted, frame.series)
            if sequence <= self._lent[q] or not rows.any():
                continue
            self._lent[q] = sequence
            lent = replace(frame.only(rows), kind=LENT, mqtt=0, http=0, tuned=0)
            deposits.append(
                Deposit(
                    f"door.{q}.lent.{self._part.number}",
                    encode(lent),
                    f"lent-{self._part.number}-{q}-{sequence}",
                )
            )
        store(self._link, deposits)


def marked(table: Mask, series: Index) -> Mask:
    """Look up series in a table; such as are above all that it has are not in it."""
    known = np.minimum(series, len(table) - 1)
    found: Mask = table[known] & (series < len(table))
    return found


def lent_up_to(link: Link, lender: int, borrower: int) -> int:
    """Say up to which number of its journal a partition has lent to another; 0 for nothing."""
    subject = f"door.{borrower}.lent.{lender}"
    found = link.call(f"$JS.API.STREAM.MSG.GET.{DOORS}", {"last_by_subj": subject}, missing=True)
    if not found:
        return 0
    head = b64decode(found["message"]["hdrs"]).decode()
    (name,) = (line for line in head.split("\r\n") if line.startswith(_NAME))
    return int(name.rpartition("-")[2])
