"""Bad input under load: the good readings of others, and an account that adds up.

``borough bench hardship [--rate 20000] [--seconds 20] [--full 8] [--json]``

Half of the messages come from quiet devices: good readings over QoS 0, by two gateways.  ``p50_ms``
and ``p99_ms`` are theirs alone, from sending to evaluated; null where there are none.  Beside them

- two gateways send over QoS 1 what gateways should not: broken payloads, things, properties and
  whole classes that nobody knows (the latter as Sparkplug, too), the same twice, old readings late,
  clocks hours ahead and behind, in shares that ``SHARES`` names;
- one device sends a thousand messages a second over QoS 0, of which what is too often is rejected,
  and another one as many over QoS 1, which are all taken;
- a program posts batches with bad rows and rows of an unknown class, as JSON and as Arrow.

``unaccounted`` is by how much the counters miss what was sent, over all reasons: received = stored
+ rejected, with each of the three counted by itself; ``lost`` are quiet messages that the journal
does not hold.

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
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from _ground import account_of, end_of_journal, latency, send, targets_of
from _rough import LOUD, Posting, Speaker, Words, loud, rough
from _told import tell
from borough.app.district_run import pss_mb
from borough.app.setup import CREDENTIALS
from borough.core.errors import BadSetting
from borough.core.frames import ROWS
from borough.core.observations import Index
from borough.testing.disks import disk, fill
from borough.testing.living import Living, eventually
from borough.testing.object_store import ObjectStore, running, stores
from borough.testing.senders import HttpSender, MqttSender, Sender, steady

REJECTED = ("unreadable", "unknown-device", "unknown-class", "unknown-property")
LINES = 4
"""Connections of each gateway that sends bad and good."""
DISK_MB = 64
Counts = tuple[dict[str, int], Counter[str]]


def counted(living: Living) -> Counts:
    """Give the stream's counters, once they stand still."""
    seen: list[Any] = []

    def still() -> bool:
        time.sleep(1.0)
        pulse = living.pulse("stream")
        seen.append((pulse["counts"], Counter(pulse["rejected"])))
        return len(seen) > 1 and seen[-1] == seen[-2]

    eventually(still, "counters that stand still")
    return seen[-1]  # type: ignore[no-any-return] # just put there


def rows_of(living: Living, series: Index | None = None) -> int:
    """Count the rows of the journal that came through the doors, or those of some series."""
    found = (frame for _, frame in living.journal() if frame.kind == ROWS)
    return sum(
        len(each) if series is None else int(np.isin(each.series, series).sum()) for each in found
    )


def account(before: Counts, after: Counts, expected: dict[str, int], http: int) -> dict[str, Any]:
    """Hold the counters against what was sent; *http* is by how much those of the door miss."""
    grown = {name: after[0].get(name, 0) - before[0].get(name, 0) for name in after[0]}
    rejected = after[1] - before[1]
    counted = {**{name: grown.get(name, 0) for name in ("received", "stored", "clamped")},
               **rejected}  # fmt: skip
    misses = {name: counted.get(name, 0) - expected.get(name, 0) for name in counted | expected}
    misses["http"] = http
    between = grown["received"] - grown["stored"] - rejected.total()
    return {
        "received": grown["received"], "stored": grown["stored"], "rejected": dict(rejected),
        "clamped": grown.get("clamped", 0), "late": grown.get("late", 0),
        "between": between, "misses": misses,
        "unaccounted": abs(between) + sum(map(abs, misses.values())),
    }  # fmt: skip


@dataclass
class Cast:
    """Who sends, by what they do, and what each of them has said."""

    living: Living
    tokens: dict[str, str]
    rate: float
    said: list[Counter[str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        registry = self.living.held.registry
        first, *bad = [*self.tokens][:3]
        each = (self.rate / 2 - 2 * LOUD) / (LINES * len(bad))
        self.posting = Posting(self.living)
        self.rough = []
        for key, n in itertools.product(bad, range(LINES)):
            self.said.append(Counter())
            words = rough(self.living, key, n, self.said[-1])
            self.rough.append(self.speaker(key, f"rough-{n}", words, each))
        mine = np.flatnonzero(registry.via == registry.rows[first]).tolist()
        named = [registry.kinds[int(registry.kind[row])].properties[0].code for row in mine]
        talkers = [row for row, name in zip(mine, named, strict=True) if name != "battery"][:2]
        self.loud = [
            self.speaker(first, f"loud-{n}", loud(self.living, first, row), LOUD, sure=n > 0)
            for n, row in enumerate(talkers)
        ]
        self.talked = registry.first[talkers]
        via = [registry.rows[key] for key in [*self.tokens][3:]]
        self.quiet = np.flatnonzero(np.isin(registry.via, via))

    def speaker(
        self, key: str, name: str, words: Words, pace: float, *, sure: bool = True
    ) -> Speaker:
        """Give a connection of a gateway."""
        who = f"{key}-{name}", key, self.tokens[key]
        return Speaker(self.living, who, words, pace, sure=sure)

    @property
    def sent(self) -> Counter[str]:
        """How much was said of which sort, bad and good."""
        return sum(self.said, Counter())

    def play(self, folder: Path, seconds: float) -> dict[str, Any]:
        """Let all of them send for so long; gives the account of the quiet ones."""
        settings, registry = self.living.settings, self.living.held.registry
        targets = targets_of(folder / "quiet.csv", registry, self.tokens, self.quiet)
        generator = send(settings, targets, [(self.rate / 2, seconds)], 0)
        others: list[Speaker | Posting] = [*self.rough, *self.loud, self.posting]
        for each in others:
            each.start()
        quiet = account_of(generator)
        for each in others:
            each.over.set()
        for each in others:
            each.join()
            assert each.ended, "a sender broke off"  # noqa: S101 - else the account means nothing
        return quiet

    def expected(self, quiet: int, held_back: int) -> dict[str, int]:
        """Say what the counters must have grown by."""
        said = self.sent
        others = quiet + sum(each.count for each in self.loud) + self.posting.accepted
        bad = sum(said[reason] for reason in REJECTED)
        return {
            "received": said.total() + others, "stored": said.total() + others - bad - held_back,
            "clamped": said["ahead"], "unreadable": said["unreadable"],
            "unknown-device": said["unknown-device"] + said["unknown-class"],
            "unknown-property": said["unknown-property"], "too-often": held_back,
        }  # fmt: skip


def measure(folder: Path, asked: argparse.Namespace, store: ObjectStore) -> dict[str, Any]:
    """Run a district, send, and add up."""
    os.environ.update(store.environment)
    eventually(lambda: stores(store.address), "a store that stores")
    at = f"{store.address}/history"
    living = Living.made(folder / "data", share=asked.share, rate=1.0, history=at)
    lines = (living.settings.folder / CREDENTIALS).read_text("utf-8").splitlines()[1:]
    tokens = dict(line.split(",") for line in lines if line.startswith("gw-"))
    cast = Cast(living, tokens, asked.rate)
    watched = np.zeros(len(living.held.registry.row_of_series), bool)
    watched[living.held.registry.first[cast.quiet]] = True
    try:
        living.start()
        weight = pss_mb(list(living.pids().values()))
        before, place = counted(living), end_of_journal(living.settings)
        with store.slow(asked.slow):
            quiet = cast.play(folder, asked.seconds)
        behind = rows_of(living) - held(living)
        after = counted(living)
        living.await_history()
        kept = [rows_of(living, cast.talked[n : n + 1]) for n in (0, 1)]
        held_back = cast.loud[0].count - kept[0]
        stored, late = latency(living.settings, place, watched)
        return {
            "rate": asked.rate, "seconds": asked.seconds, "sent": dict(cast.sent),
            **account(before, after, cast.expected(quiet["sent"], held_back), cast.posting.misses),
            "http": {name: getattr(cast.posting, name) for name in ("received", "accepted")}
            | {"rejected": dict(cast.posting.rejected)},
            "rates": {
                "quiet": round(quiet["rate"]),
                "rough": round(cast.sent.total() / quiet["seconds"]),
                "loud": [round(each.count / quiet["seconds"]) for each in cast.loud],
            },
            "loud": {"sent": [each.count for each in cast.loud], "stored": kept},
            "quiet": quiet["sent"], "lost": quiet["sent"] - stored,
            "p50_ms": late.get("p50_ms"), "p99_ms": late.get("p99_ms"),
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
    parser.add_argument("--rate", type=float, default=20_000, help="messages a second in all")
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
