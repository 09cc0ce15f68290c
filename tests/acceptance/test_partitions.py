"""Two partitions, three workers: one dies, one is paused, and all is as if one had done it all."""

import signal
import subprocess
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import pytest

from borough.adapters.bus.config import command
from borough.adapters.bus.link import Link
from borough.app.bus import bus_of, prepared, serves
from borough.app.clocks import wall_ms
from borough.app.tuning.trials import Trial, tried
from borough.core.frames import DERIVED, NOW, Frame
from borough.core.observations import REPORT_BITS
from borough.core.partitions import Part, home_of_series, homes
from borough.core.registry import Registry
from borough.engine.catalog import BUILT_IN, find_sound
from borough.engine.derive import Derived
from borough.engine.pipeline import Pipeline
from borough.storage.journal.journal import Entry, JournalTail
from borough.storage.lake import Lake
from borough.testing.living import Living, eventually
from borough.testing.machines import Machine, closing
from borough.testing.senders import MqttSender, lanes, mixed, steady

PARTS = [Part(0, 2), Part(1, 2)]


@dataclass
class Town:
    """A district in two partitions, and the machines that work for it."""

    living: Living
    machines: list[Machine]
    tails: dict[Part, tuple[Link, JournalTail, list[Entry]]] = field(default_factory=dict)

    def worker(self, part: Part, gone: Machine | None = None) -> Machine:
        """Wait until some machine, other than one that is gone, works for a partition; give it."""
        found: list[Machine] = []

        def works() -> bool:
            others = (each for each in self.machines if each is not gone)
            found[:] = [each for each in others if each.works_for(part.number)]
            return bool(found)

        eventually(works, f"a worker for {part}")
        return found[0]

    def frames(self, part: Part) -> list[Entry]:
        """Read on in the journal of a partition; gives all of it."""
        if part not in self.tails:
            link = Link(self.living.bus.login("borough"), "test")
            self.tails[part] = link, JournalTail(link, part=part), []
        _, tail, entries = self.tails[part]
        while more := tail.take(0.2):
            entries += more
            if more[-1].frame.wall > wall_ms() - 500:
                break
        return entries

    def both(self) -> list[tuple[int, Part, Frame]]:
        """Read the journals of both partitions, in the order in which they were written."""
        told = [(at, part, frame) for part in PARTS for at, frame in self.frames(part)]
        return sorted(told, key=lambda each: each[0])

    def await_more(self, part: Part) -> None:
        """Wait until more rows have come into a partition."""
        last = max((at for at, frame in self.frames(part) if len(frame)), default=0)
        eventually(
            lambda: any(at > last and len(frame) for at, frame in self.frames(part)),
            f"more rows in {part}",
        )

    def await_desk(self) -> None:
        """Wait until the desk has heard all that is said of what both journals hold by now."""
        for part in PARTS:  # who writes the next but one frame has told what came of these
            many = len(self.frames(part)) + 1
            eventually(lambda at=part, n=many: len(self.frames(at)) > n, "a journal that goes on")
        self.living.await_desk()


def own(frame: Frame, part: Part, registry: Registry) -> Frame:
    """Keep the rows that belong to the partition in whose journal they stand."""
    return frame.only(home_of_series(registry, part.of)[frame.series] == part.number)


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Start a bus, a desk, and three workers for two partitions."""
    folder = tmp_path_factory.mktemp("parts")
    living = Living.made(
        folder / "one", share=0.01, database=f"sqlite:///{folder / 'registry.db'}",
        partitions=len(PARTS), shared=str(folder / "shared"), lease_s=3.0,
    )  # fmt: skip
    prepared(living.settings)
    machines = [Machine(living.settings)]
    machines += [Machine.beside(living.settings, folder / each) for each in ("two", "three")]
    bus = subprocess.Popen([*command(bus_of(living.settings)), "-l", str(folder / "bus.log")])  # noqa: S603 - our own command
    try:
        eventually(lambda: serves(living.settings), "a bus")
        with closing(*machines):
            machines[0].start("desk")
            for each in machines:
                each.start("stream")
            made = Town(living, machines)
            for part in PARTS:
                made.worker(part)
            yield made
            for link, _, _ in made.tails.values():
                link.close()
    finally:
        bus.kill()
        bus.wait()


def test_workers_die_and_pause_and_all_is_told_once(town: Town) -> None:
    """Kill one worker, pause another: the spare one and then the first go on, and none twice."""
    living = town.living
    readings = mixed(lanes(living), steady(living, "flow", 12.0))
    with MqttSender(living, readings) as sender:
        for part in PARTS:
            town.await_more(part)
        killed = town.worker(PARTS[0])
        killed.signal("stream", signal.SIGKILL)
        killed.ended("stream")
        town.worker(PARTS[0], gone=killed)
        town.await_more(PARTS[0])
        killed.start("stream")
        eventually(lambda: killed.pulse("stream").get("standby"), "a worker that stands by")

        paused = town.worker(PARTS[1])
        paused.signal("stream", signal.SIGSTOP)
        town.worker(PARTS[1], gone=paused)
        town.await_more(PARTS[1])
        paused.signal("stream", signal.SIGCONT)
        eventually(lambda: paused.pulse("stream").get("standby"), "one that stands by again")
        for part in PARTS:
            town.await_more(part)
        sender.hush()
        said, acknowledged = sender.ledger.said, sender.ledger.acknowledged

    eventually(lambda: not acknowledged - set(living.journalled()), "all that was acknowledged")
    rows = living.journalled()
    assert {row: n for row, n in rows.items() if row in said and n != 1} == {}


def test_each_thing_is_told_of_as_one_process_would(town: Town) -> None:
    """Every change of level is that of a pipeline that knows no partitions, to the position."""
    living = town.living
    registry = living.held.registry
    home = dict(zip(registry.id.tolist(), homes(registry, len(PARTS)).tolist(), strict=True))
    told = {part.number: town.frames(part).copy() for part in PARTS}
    town.await_desk()
    wanted = set()
    for part in PARTS:
        whole = Pipeline(find_sound(BUILT_IN)[0], registry, living.held.district.zone)
        for at, frame in told[part.number]:
            heard = frame if frame.kind in {NOW, DERIVED} else own(frame, part, registry)
            edges = whole.read(heard.record(at), frame.cause).edges
            wanted |= {
                (each["id"], each["position"], each["level"])
                for each in (edge for some in edges for edge in some.spelled())
                if home[each["thing"]] == part.number
            }
    live = {
        (each["id"], each["position"], each["level"])
        for each in living.edges()
        if each["position"] >> REPORT_BITS <= told[home[each["thing"]]][-1].sequence
    }

    assert live
    assert live == wanted


def test_what_is_derived_is_what_one_process_would_derive(town: Town) -> None:
    """Balances of zones whose meters report to different partitions are those of one pipeline."""
    living = town.living
    registry = living.held.registry
    whole = Pipeline(find_sound(BUILT_IN)[0], registry, living.held.district.zone)
    eventually(lambda: any(each.kind == DERIVED for _, _, each in town.both()), "a balance")
    balances: Counter[tuple[int, int, float]] = Counter()
    apart: Counter[tuple[int, int, float]] = Counter()
    for at, part, frame in town.both():
        if frame.kind == DERIVED:
            apart.update(rows_of(frame))
        elif frame.kind != NOW or part == PARTS[0]:
            heard = frame if frame.kind == NOW else own(frame, part, registry)
            for each in whole.read(heard.record(at)).derived:
                balances.update(rows_of(each))
    last = max(time for _, time, _ in apart)

    assert apart
    assert within(apart, last) == within(balances, last)


def rows_of(frame: Frame | Derived) -> Iterable[tuple[int, int, float]]:
    """Give the rows of a frame as tuples."""
    return zip(frame.series.tolist(), frame.time.tolist(), frame.value.tolist(), strict=True)


def within(rows: Counter[tuple[int, int, float]], last: int) -> Counter[tuple[int, int, float]]:
    """Keep what is of a time before the last."""
    return Counter({row: n for row, n in rows.items() if row[1] < last})


def test_history_holds_each_row_once(town: Town) -> None:
    """A row is archived by the partition that it belongs to, wherever it came in."""
    living = town.living
    lake = Lake(living.settings.common / "history", living.held.district.zone)
    try:
        ends = [max(at for at, frame in town.frames(part) if len(frame)) for part in PARTS]
        eventually(
            lambda: all(
                lake.committed(p.number) >> 24 >= end for p, end in zip(PARTS, ends, strict=True)
            ),
            "history up to the journals",
        )
    finally:
        lake.close()
    eventually(lambda: not living.unlike(), "a history like the journals")


def test_a_trial_tells_of_each_partition_what_was_told_live(town: Town) -> None:
    """With the values in force it says what the live run said, in one process and in two."""
    settings = town.living.settings
    end = min(town.frames(part)[-1].frame.now for part in PARTS)
    town.await_desk()
    asked = Trial("fire_lane", {"grace_s": 3600}, to_ms=end)
    one, two = (tried(settings, asked, processes=each) for each in (1, 2))

    assert one["as_live"]["same"] > 0
    assert one["as_live"] | {"same": 0} == {"same": 0, "missing": 0, "extra": 0}
    assert one["counts"]["gone"] + one["counts"]["later"] > 0
    assert two == one
