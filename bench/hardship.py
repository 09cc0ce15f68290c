"""Bad input under load: the good readings of others, and an account that adds up.

``borough bench hardship [--rate 2000] [--seconds 20] [--full 8] [--json]``

One gateway sends over QoS 1 what gateways should not: broken payloads, things and properties
that nobody knows, the same twice, old readings late, clocks hours ahead and behind, in shares
that ``SHARES`` names.  A program posts batches with bad rows.  Beside them another gateway sends
good readings; ``p99_ms`` is theirs, from sending to the journal.  ``unaccounted`` is by how much
the counters miss what was sent, over all reasons: received = stored + rejected.

Then the disk that holds the journal is filled for ``--full`` seconds, where mounting is allowed:
``full_disk`` says what came of it.  Nobody may hear an acknowledgement of what is not kept
(``lost``), who posts must be answered ``disk-full``, and once there is room all must go on by
itself (``back_s``) with counters that add up (``unaccounted``).

Meanwhile the history is slow: it lies in an object store that stands still for ``--slow`` of
every second.  ``history_behind`` is how many rows it lacks at the end of the sending, and
``history_lacks`` how many once it has caught up.
"""

import argparse
import itertools
import os
import random
import socket
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from _told import tell
from borough.app.district_run import pss_mb
from borough.app.setup import CREDENTIALS
from borough.core import packets
from borough.core.errors import BadSetting
from borough.core.frames import ROWS
from borough.testing.disks import disk, fill
from borough.testing.living import Living, eventually
from borough.testing.object_store import ObjectStore, running, stores
from borough.testing.senders import HttpSender, MqttSender, Sender, steady

HOUR_MS, MINUTE_MS = 3_600_000, 60_000
SHARES = {
    "good": 0.88, "unreadable": 0.01, "twice": 0.01, "disordered": 0.05, "behind": 0.02,
    "ahead": 0.02, "unknown-device": 0.005, "unknown-property": 0.005,
}  # fmt: skip
REJECTED = ("unreadable", "unknown-device", "unknown-property")
BURST = 50
ROWS_A_BATCH = 50
PATIENCE_S = 20.0
DISK_MB = 64


@dataclass
class Rough:
    """A gateway that sends bad and good, each acknowledged, and knows how much of which."""

    living: Living
    key: str
    token: str
    rate: float
    sent: Counter[str] = field(default_factory=Counter)
    over: threading.Event = field(default_factory=threading.Event)

    def words(self) -> Iterator[tuple[str, bytes]]:
        """Say one thing after the other: topic and payload."""
        registry, dice = self.living.held.registry, random.Random(1)  # noqa: S311 - no secret
        mine = np.flatnonzero(registry.via == registry.rows[self.key]).tolist()
        topic, said = "", b""
        for number, row in enumerate(itertools.cycle(mine)):
            kind = registry.kinds[int(registry.kind[row])].properties[0]
            value = min(max(sum(kind.normal) / 2, kind.low), kind.high)
            what = dice.choices(list(SHARES), list(SHARES.values()))[0]
            what = "good" if what == "twice" and not said else what
            self.sent[what] += 1
            if what == "twice":
                yield topic, said
                continue
            shift = {"disordered": -dice.randrange(MINUTE_MS, 10 * MINUTE_MS),
                     "behind": -3 * HOUR_MS, "ahead": 3 * HOUR_MS}.get(what, 0)  # fmt: skip
            at = self.living.now + shift
            device = f"nobody-{number}" if what == "unknown-device" else registry.key[row]
            name = "nothing" if what == "unknown-property" else kind.code
            text = b"{" if what == "unreadable" else b'{"v": %r, "t": %d}' % (value, at)
            if what == "good":
                topic, said = f"d/{self.key}/{device}/{name}", text
            yield f"d/{self.key}/{device}/{name}", text

    def work(self) -> None:
        """Send in bursts, and wait for the word of the bus after each."""
        words, begun, count = self.words(), time.monotonic(), 0
        where = (self.living.settings.host, self.living.settings.mqtt_port)
        with socket.create_connection(where, PATIENCE_S) as line:
            line.sendall(packets.connect(self.key, self.key, self.token))
            assert line.recv(4) == packets.GOOD_CONNACK  # noqa: S101 - its token is good
            while not self.over.is_set():
                some = [next(words) for _ in range(BURST)]
                numbered = enumerate(some, 1)
                line.sendall(b"".join(packets.publish(t.encode(), p, n) for n, (t, p) in numbered))
                heard, rest = 0, b""
                while heard < BURST:
                    numbers, rest = packets.acknowledged(rest + line.recv(65_536))
                    heard += len(numbers)
                count += BURST
                time.sleep(max(0.0, begun + count / self.rate - time.monotonic()))


@dataclass
class Posting:
    """A program whose batches hold a bad row each; it adds up what it was told."""

    living: Living
    accepted: int = 0
    rejected: int = 0
    received: int = 0
    over: threading.Event = field(default_factory=threading.Event)

    def work(self) -> None:
        """Post batch after batch."""
        rows = steady(self.living, "battery", 50.0)
        with httpx.Client(
            base_url=self.living.url, auth=("gw-0001", self.living.token), timeout=PATIENCE_S
        ) as door:
            while not self.over.wait(0.1):
                batch = [
                    {"thing": r.thing, "property": r.name, "time": r.time, "value": r.value}
                    for r in itertools.islice(rows, ROWS_A_BATCH)
                ]
                batch[0]["value"] = 1e9
                told = door.post("/api/v1/observations", json={"observations": batch}).json()
                self.received += told["received"]
                self.accepted += told["accepted"]
                self.rejected += sum(told["rejected"].values())


def counted(living: Living) -> tuple[dict[str, int], Counter[str]]:
    """Give the stream's counters, once they stand still."""
    seen: list[Any] = []

    def still() -> bool:
        time.sleep(1.0)
        pulse = living.pulse("stream")
        seen.append((pulse["counts"], Counter(pulse["rejected"])))
        return len(seen) > 1 and seen[-1] == seen[-2]

    eventually(still, "counters that stand still")
    return seen[-1]  # type: ignore[no-any-return] # just put there


def waits(living: Living, mine: set[int]) -> dict[str, int]:
    """Say how long good readings took from sending to the journal, in ms."""
    late = []
    for _, frame in living.journal():
        if frame.kind == ROWS:
            which = np.isin(frame.series, list(mine))
            clock = living.settings.clock
            late += [frame.wall - clock.wall(each) for each in frame.time[which].tolist()]
    found = np.percentile(late, (50, 99)) if late else (0, 0)
    return {"p50_ms": round(found[0]), "p99_ms": round(found[1]), "good_readings": len(late)}


def account(
    before: tuple[dict[str, int], Counter[str]], after: tuple[dict[str, int], Counter[str]],
    rough: Rough, expected: dict[str, int],
) -> dict[str, Any]:  # fmt: skip
    """Hold the counters against what was sent."""
    grown = {name: after[0].get(name, 0) - before[0].get(name, 0) for name in after[0]}
    rejected = after[1] - before[1]
    misses = {
        "stored": grown["stored"] - expected["stored"],
        "received": grown["received"] - grown["stored"] - rejected.total(),
        "clamped": grown.get("clamped", 0) - rough.sent["ahead"],
        **{reason: rejected[reason] - rough.sent[reason] for reason in REJECTED},
    }
    strange = sum(many for reason, many in rejected.items() if reason not in REJECTED)
    return {
        "received": grown["received"], "stored": grown["stored"], "rejected": dict(rejected),
        "clamped": grown.get("clamped", 0), "late": grown.get("late", 0), "misses": misses,
        "unaccounted": sum(map(abs, misses.values())) + strange,
    }  # fmt: skip


def measure(folder: Path, asked: argparse.Namespace, store: ObjectStore) -> dict[str, Any]:
    """Run a district, send, and add up."""
    os.environ.update(store.environment)
    eventually(lambda: stores(store.address), "a store that stores")
    at = f"{store.address}/history"
    living = Living.made(folder / "data", share=asked.share, rate=1.0, history=at)
    lines = (living.settings.folder / CREDENTIALS).read_text("utf-8").splitlines()
    key, _, token = next(line for line in lines[2:] if line.startswith("gw-")).partition(",")
    rough, posting = Rough(living, key, token, asked.rate), Posting(living)
    try:
        living.start()
        weight = pss_mb(list(living.pids().values()))
        before = counted(living)
        threads = [threading.Thread(target=each.work) for each in (rough, posting)]
        with (
            store.slow(asked.slow),
            MqttSender(living, steady(living, "occupied", 0.0)) as good,
        ):
            for each in threads:
                each.start()
            time.sleep(asked.seconds)
            for each in (rough, posting):
                each.over.set()
            for thread in threads:
                thread.join()
            good.hush()
        behind = living.journalled().total() - held(living)
        after = counted(living)
        living.await_history()
        sent = rough.sent.total() - sum(rough.sent[reason] for reason in REJECTED)
        stored = sent + posting.accepted + len(good.ledger.said)
        found = account(before, after, rough, {"stored": stored})
        series = {row[0] for row in good.ledger.said}
        return {
            "rate": asked.rate, "seconds": asked.seconds, "sent": dict(rough.sent), **found,
            "http": {name: getattr(posting, name) for name in ("received", "accepted", "rejected")},
            **waits(living, series),
            "history_behind": behind,
            "history_lacks": len(living.journalled().keys() - living.archived().keys()),
            "pss_mb": [weight, pss_mb(list(living.pids().values()))],
        }  # fmt: skip
    finally:
        living.stop()


def filled(folder: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """Fill the disk of the journal under load, make room, and hold what came of it together."""
    with ExitStack() as stack:
        try:
            store = stack.enter_context(disk(folder / "data" / "bus" / "store", DISK_MB))
        except BadSetting as refused:
            return {"skipped": str(refused)}
        living = Living.made(folder / "data", share=0.001)
        stack.callback(living.stop)
        living.start()
        senders = (
            stack.enter_context(MqttSender(living, steady(living, "battery", 20.0))),
            stack.enter_context(HttpSender(living, steady(living, "dwell", 1.0))),
        )
        acknowledged = [len(each.ledger.acknowledged) for each in senders]
        eventually(lambda: grown(senders, acknowledged), "acknowledgements")
        ballast = fill(store)
        time.sleep(asked.full / 2)
        acknowledged = [len(each.ledger.acknowledged) for each in senders]
        time.sleep(asked.full / 2)
        silent = not any(map(grown, [[each] for each in senders], [[n] for n in acknowledged]))
        answer = httpx.get(f"{living.url}/readyz")
        ballast.unlink()
        began = time.monotonic()
        eventually(lambda: grown(senders, acknowledged), "acknowledgements again")
        back = time.monotonic() - began
        for each in senders:
            each.hush()
        counts, rejected = counted(living)
        kept = living.journalled()
        said = [each.ledger.acknowledged for each in senders]
        return {
            "seconds": asked.full, "silent": silent, "status": answer.status_code,
            "code": answer.json()["code"], "back_s": round(back, 1),
            "acknowledged": sum(map(len, said)), "lost": len(set().union(*said) - kept.keys()),
            "duplicated": sum(many - 1 for many in kept.values()),
            "unaccounted": abs(counts["stored"] - kept.total())
            + abs(counts["received"] - counts["stored"] - rejected.total()),
        }  # fmt: skip


def grown(senders: Sequence[Sender], than: list[int]) -> bool:
    """Say whether each has heard more acknowledgements than these."""
    return all(len(s.ledger.acknowledged) > n for s, n in zip(senders, than, strict=True))


def held(living: Living) -> int:
    """Count the rows that the history holds."""
    lake = living.lake()
    try:
        return sum(day.rows for day in lake.days())
    finally:
        lake.close()


def main() -> None:
    """Read the arguments, print the figures."""
    parser = argparse.ArgumentParser(prog="borough bench hardship", description=__doc__)
    parser.add_argument("--rate", type=float, default=2_000, help="messages a second, bad and good")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--share", type=float, default=0.02, help="of the fleet's devices")
    parser.add_argument("--slow", type=float, default=0.5, help="share of a second without history")
    parser.add_argument("--full", type=float, default=8.0, help="seconds with a full journal disk")
    parser.add_argument("--json", action="store_true", help="print only the JSON object")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="borough-hardship-") as name, running() as store:
        found = measure(Path(name), asked, store)
    if asked.full:
        with tempfile.TemporaryDirectory(prefix="borough-full-") as name:
            found["full_disk"] = filled(Path(name), asked)
    tell(found, plain=asked.json)


if __name__ == "__main__":
    main()
