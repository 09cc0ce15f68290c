"""How long a partition stands still when the worker that holds it dies.

``borough bench moved [--kills 4] [--rate 2000] [--json]`` sets a synthetic district of two
partitions up and starts a bus, a desk and three streams: one stands by.  While gateways send
readings (QoS 0), `kill -9` strikes the worker of one partition and then of the other; the one that
was killed is started again and stands by next.  Right after each kill a gateway of that partition
says something (QoS 1).  ``moved_s`` is the longest time from a kill until the successor had
evaluated that word: it works frame by frame, so that is when it wrote the frame behind the one
with the word.  ``lease_s`` is how long a lease holds that nobody renews.
"""

import argparse
import signal
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from _ground import devices_of, fine, say, send, targets_of
from _told import tell
from borough.adapters.bus.link import Link
from borough.app.bus import bus_of
from borough.app.clocks import wall_ms
from borough.core.partitions import Part, dealt
from borough.core.registry import Registry
from borough.storage.journal.journal import JournalTail, last_entry
from borough.testing.living import eventually
from borough.testing.machines import Machine, closing
from borough.testing.senders import Caller
from partitions import begin, laid_out

PARTS, WORKERS = 2, 3
CALM_S = 5.0
"""Between two kills, so that each strikes a worker that is at work."""
LOOK_S, FOREVER_S = 0.2, 3_600.0


@dataclass(frozen=True, slots=True)
class Voice:
    """A gateway that is heard in one partition, and what it can say of one of its devices."""

    key: str
    token: str
    series: int
    topic: str
    value: float

    @classmethod
    def of(cls, registry: Registry, tokens: dict[str, str], part: int) -> "Voice":
        """Choose the first that belongs there."""
        keys = list(tokens)
        key = keys[dealt(keys, PARTS).tolist().index(part)]
        devices = devices_of(registry)
        row = int(devices[registry.via[devices] == registry.rows[key]][0])
        said = registry.kinds[registry.kind[row]].properties[0]
        topic = f"d/{key}/{registry.key[row]}/{said.code}"
        return cls(key, tokens[key], int(registry.first[row]), topic, fine(said))


def worker(machines: list[Machine], part: int) -> Machine:
    """Wait until some machine works for a partition, and give it."""
    found: list[Machine] = []

    def works() -> bool:
        found[:] = [each for each in machines if each.works_for(part)]
        return bool(found)

    eventually(works, f"a worker for partition {part}")
    return found[0]


def evaluated_ms(tail: JournalTail, voice: Voice, time_ms: int) -> int:
    """Read on until the frame behind the one that has a word; give when it was written, wall ms."""
    heard: list[int] = []
    there = False

    def behind() -> bool:
        nonlocal there
        for _, frame in tail.take(LOOK_S):
            if there:
                heard.append(frame.wall)
            there = there or bool(((frame.series == voice.series) & (frame.time == time_ms)).any())
        return bool(heard)

    eventually(behind, f"what {voice.key} said")
    return heard[0]


def moved(machines: list[Machine], voice: Voice, part: Part) -> float:
    """Kill the worker of a partition; give the seconds until its successor evaluates again."""
    settings = machines[0].settings
    held = worker(machines, part.number)
    eventually(lambda: any(each.pulse("stream").get("standby") for each in machines), "a spare one")
    with (
        Link(bus_of(settings).login("borough"), "bench") as link,
        Caller(machines[0], voice.key, voice.token) as caller,
    ):
        last = last_entry(link, part)
        tail = JournalTail(link, last.sequence if last else 0, part=part)
        killed_ms = wall_ms()
        held.signal("stream", signal.SIGKILL)
        held.ended("stream")
        time_ms = settings.clock.now(wall_ms())
        said = b'{"v": %r, "t": %d}' % (voice.value, time_ms)
        eventually(lambda: caller.say(voice.topic, said), "an acknowledgement")
        took = (evaluated_ms(tail, voice, time_ms) - killed_ms) / 1000
    say(f"partition {part.number} moved in {took:.1f} s")
    held.start("stream")
    return round(took, 2)


def measure(folder: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """Set up, kill, and say how long it took each time."""
    settings, registry, tokens = laid_out(folder, PARTS, asked)
    voices = [Voice.of(registry, tokens, part) for part in range(PARTS)]
    loud = devices_of(registry)
    for voice in voices:
        loud = loud[registry.via[loud] != registry.rows[voice.key]]
    targets = targets_of(folder / "loud.csv", registry, tokens, loud)
    machines = [Machine(settings)]
    machines += [Machine.beside(settings, folder / f"more-{n}") for n in range(1, WORKERS)]
    with closing(*machines):
        begin(machines)
        for number in range(PARTS):
            worker(machines, number)
        first = voices[0]
        eventually(lambda: Caller(machines[0], first.key, first.token).welcome, "an open gate")
        sending = send(settings, targets, [(asked.rate, FOREVER_S)], 0)
        try:
            took = []
            for number in range(asked.kills):
                time.sleep(CALM_S)
                part = Part(number % PARTS, PARTS)
                took.append(moved(machines, voices[part.number], part))
        finally:
            sending.kill()
            sending.wait()
    return {
        "kills": len(took), "moved_s": max(took), "each_s": took, "lease_s": settings.lease_s,
        "partitions": PARTS, "workers": WORKERS, "devices": asked.devices, "rate": asked.rate,
    }  # fmt: skip


def main() -> None:
    """Read the arguments, print the figures."""
    parser = argparse.ArgumentParser(prog="borough bench moved", description=__doc__)
    parser.add_argument("--kills", type=int, default=4)
    parser.add_argument("--devices", type=int, default=20_000)
    parser.add_argument("--gateways", type=int, default=64)
    parser.add_argument("--rate", type=float, default=2_000, help="messages a second meanwhile")
    parser.add_argument("--json", action="store_true", help="print only the JSON object")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="borough-moved-") as name:
        found = measure(Path(name), asked)
    tell(found, plain=asked.json)


if __name__ == "__main__":
    main()
