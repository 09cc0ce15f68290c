"""Senders of bad input: bad and good in shares, one without end, and batches with bad rows."""

import io
import itertools
import json
import random
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx
import numpy as np
import polars as pl

from _ground import fine
from borough.adapters.sparkplug.messages import payload_class
from borough.core import packets
from borough.testing.living import Living
from borough.testing.senders import steady

HOUR_MS, MINUTE_MS = 3_600_000, 60_000
SHARES = {
    "good": 0.875, "unreadable": 0.01, "twice": 0.01, "disordered": 0.05, "behind": 0.02,
    "ahead": 0.02, "unknown-device": 0.005, "unknown-class": 0.005, "unknown-property": 0.005,
}  # fmt: skip
LOUD = 1_000.0
"""Messages a second of a device that talks without end."""
BURST = 50
ROWS_A_BATCH = 50
PAUSE_S = 0.1
PATIENCE_S = 20.0
STRANGER = "yb-teapot-00001"
"""Of a class that the district does not have."""
Words = Iterator[tuple[str, bytes]]


class Speaker(threading.Thread):
    """A connection of a gateway that says *words* in bursts at a rate, and how many it has sent.

    *who* is client id, name and token.  Where it is *sure* it sends with QoS 1, and waits for the
    word of the bus after each burst.
    """

    def __init__(
        self,
        living: Living,
        who: tuple[str, str, str],
        words: Words,
        pace: float,
        *,
        sure: bool = True,
    ) -> None:
        super().__init__(daemon=True)
        self.living, self.who, self.words, self.pace, self.sure = living, who, words, pace, sure
        self.count = 0
        self.over = threading.Event()
        self.ended = False

    def run(self) -> None:
        """Send until told that it is over."""
        where = (self.living.settings.host, self.living.settings.mqtt_port)
        begun = time.monotonic()
        with socket.create_connection(where, PATIENCE_S) as line:
            line.sendall(packets.connect(*self.who))
            assert line.recv(4) == packets.GOOD_CONNACK  # noqa: S101 - its token is good
            while not self.over.is_set():
                some = itertools.islice(self.words, BURST)
                numbered = enumerate(some, 1) if self.sure else ((0, each) for each in some)
                line.sendall(b"".join(packets.publish(t, said, n) for n, (t, said) in numbered))
                heard, rest = 0 if self.sure else BURST, b""
                while heard < BURST:
                    numbers, rest = packets.acknowledged(rest + line.recv(65_536))
                    heard += len(numbers)
                self.count += BURST
                time.sleep(max(0.0, begun + self.count / self.pace - time.monotonic()))
        self.ended = True


def rough(living: Living, key: str, seed: int, sent: Counter[str]) -> Words:
    """Say bad and good, one after the other: topic and payload; *sent* counts how much of which."""
    registry, dice = living.held.registry, random.Random(seed)  # noqa: S311 - no secret
    mine = np.flatnonzero(registry.via == registry.rows[key]).tolist()
    kinds = [registry.kinds[number] for number in registry.kind[mine].tolist()]
    known = [
        (registry.key[row], kind.properties[0].code, fine(kind.properties[0]))
        for row, kind in zip(mine, kinds, strict=True)
    ]
    last = (f"d/{key}/{known[0][0]}/{known[0][1]}", b"%r" % known[0][2])
    for number, (device, name, value) in enumerate(itertools.cycle(known)):
        what = dice.choices(list(SHARES), list(SHARES.values()))[0]
        sent[what] += 1
        if what == "twice":
            yield last
            continue
        if what == "unknown-class":
            yield stranger(key, number)
            continue
        shift = {"disordered": -dice.randrange(MINUTE_MS, 10 * MINUTE_MS),
                 "behind": -3 * HOUR_MS, "ahead": 3 * HOUR_MS}.get(what, 0)  # fmt: skip
        thing = f"nobody-{number}" if what == "unknown-device" else device
        topic = f"d/{key}/{thing}/{'nothing' if what == 'unknown-property' else name}"
        said = b'{"v": %r, "t": %d}' % (value, living.now + shift)
        if what == "good":
            last = topic, said
        yield topic, b"{" if what == "unreadable" else said


def stranger(key: str, number: int) -> tuple[str, bytes]:
    """Speak for a thing of a class that nobody knows: a report, or what Sparkplug calls a birth."""
    if number % 2:
        return f"d/{key}/{STRANGER}", b'{"steam": 1}'
    payload = payload_class()(timestamp=1)
    payload.metrics.add(name="steam", datatype=10, double_value=1.0)
    return f"spBv1.0/bench/DBIRTH/{key}/{STRANGER}", bytes(payload.SerializeToString())


def loud(living: Living, key: str, row: int) -> Words:
    """Say one property of one device without end."""
    registry = living.held.registry
    first = registry.kinds[int(registry.kind[row])].properties[0]
    topic, value = f"d/{key}/{registry.key[row]}/{first.code}", fine(first)
    while True:
        yield topic, b'{"v": %r, "t": %d}' % (value, living.now)


class Posting(threading.Thread):
    """A program whose batches hold two bad rows each; it adds up what it was told."""

    def __init__(self, living: Living) -> None:
        super().__init__(daemon=True)
        self.living = living
        self.batches = self.received = self.accepted = 0
        self.rejected: Counter[str] = Counter()
        self.over = threading.Event()
        self.ended = False

    def run(self) -> None:
        """Post batch after batch."""
        rows = steady(self.living, "battery", 50.0)
        with httpx.Client(
            base_url=self.living.url, auth=("gw-0001", self.living.token), timeout=PATIENCE_S
        ) as door:
            for written in itertools.cycle((in_json, in_arrow)):
                if self.over.wait(PAUSE_S):
                    break
                batch = [
                    {"thing": r.thing, "property": r.name, "time": r.time, "value": r.value}
                    for r in itertools.islice(rows, ROWS_A_BATCH)
                ]
                batch[0]["value"] = 1e9
                batch[1]["thing"] = STRANGER
                media, body = written(batch)
                head = {"content-type": media}
                told = door.post("/api/v1/observations", content=body, headers=head).json()
                self.batches += 1
                self.received += told["received"]
                self.accepted += told["accepted"]
                self.rejected.update(told["rejected"])
        self.ended = True

    @property
    def misses(self) -> int:
        """By how much what it was told misses what it has sent: two bad rows in each batch."""
        good = abs(self.accepted - self.batches * (ROWS_A_BATCH - 2))
        reasons = ("out-of-range", "unknown-device")
        return good + sum(abs(self.rejected[reason] - self.batches) for reason in reasons)


def in_json(rows: list[dict[str, Any]]) -> tuple[str, bytes]:
    """Write rows as JSON, with its media type."""
    return "application/json", json.dumps({"observations": rows}).encode()


def in_arrow(rows: list[dict[str, Any]]) -> tuple[str, bytes]:
    """Write rows as an Arrow stream, with its media type."""
    stream = io.BytesIO()
    pl.DataFrame(rows).write_ipc_stream(stream, compat_level=pl.CompatLevel.oldest())
    return "application/vnd.apache.arrow.stream", stream.getvalue()
