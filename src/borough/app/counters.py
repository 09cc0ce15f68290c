"""Counters of the stream: what came in, and what became of it, each counted where it happens.

Received = stored + rejected, unless a reading fell between: then the difference stays.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import msgspec

from borough.adapters.mqtt import Readings
from borough.adapters.reader import Chunk
from borough.core.frames import DERIVED, ROWS, Frame

KINDS = {ROWS: "stored", DERIVED: "derived"}
"""As what the rows of a frame are counted, by its kind."""
ONLY_HERE = ("messages", "clamped")
"""What no journal holds, beside what was received and not stored."""


class Counters:
    """How many of what: ``counts`` by name, and of ``rejected`` readings by reason.

    ``received`` readings are counted as they are found in messages and batches, before anything
    is made of them; ``stored`` ones as rows of the frames that the journal has confirmed.
    """

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter(received=0)
        self.rejected: Counter[str] = Counter()

    def take(self, chunk: Chunk, readings: Readings, journalled: Mapping[str, int]) -> None:
        """Count a chunk, what was read in it, and how many rows of which kind are journalled.

        All at once, so that whoever looks in between sees what adds up.
        """
        self.counts.update(
            messages=len(chunk.subjects),
            received=readings.received + chunk.batched,
            clamped=readings.clamped,
        )
        for kind, rows in journalled.items():
            self.counts[KINDS.get(kind, kind)] += rows
        self.rejected.update(readings.rejected)
        if chunk.damaged:
            self.rejected["damaged"] += chunk.damaged

    def hear(self, frame: Frame) -> None:
        """Count a frame that the journal holds and that was not counted before we died."""
        if frame.kind in KINDS:
            self.counts[KINDS[frame.kind]] += len(frame)
        if frame.kind == ROWS:
            self.counts["received"] += len(frame)

    def save(self) -> bytes:
        """Give what a checkpoint keeps."""
        return msgspec.json.encode({"counts": self.counts, "rejected": self.rejected})

    def load(self, kept: bytes) -> None:
        """Go on from a checkpoint."""
        told = msgspec.json.decode(kept)
        self.counts, self.rejected = Counter(told["counts"]), Counter(told["rejected"])

    def recall(self, pulse: Mapping[str, Any]) -> None:
        """Go on counting what no journal holds from where a pulse was, if that is newer.

        What was stored since the checkpoint is then heard from the journal.
        """
        told = Counter(pulse.get("counts", {}))
        beside = max(each["received"] - each["stored"] for each in (self.counts, told))
        self.counts["received"] = self.counts["stored"] + beside
        for name in ONLY_HERE:
            self.counts[name] = max(self.counts[name], told[name])
        self.rejected |= Counter(pulse.get("rejected", {}))
