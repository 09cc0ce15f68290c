"""Several machines say what a single process says, whatever is done to them meanwhile.

One script is told to two districts: to one that is a single process, and to one of three servers
of a bus in networks of their own, PostgreSQL, and partitions whose workers are killed, paused and
added while it is told.  One server is killed and one cut off.  At the end all gateways fall silent
while there is no desk: the next one finds what they are signs of, and does not hurry.

The suite plays it once over two partitions.  The long form has four, a slower clock, and each
blow three times::

    MANY_MACHINES=whole python -m pytest tests/acceptance/test_many_machines.py
"""

import os
import signal
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Self

import numpy as np
import pytest
from sqlalchemy import Engine

from borough.adapters.bus.link import Link
from borough.app.bus import serves
from borough.app.clocks import wall_ms
from borough.app.doctor.asking import Question
from borough.app.doctor.findings import Patient
from borough.app.doctor.several import copies, duty, partitions
from borough.app.tuning.replays import replayed, untaken
from borough.core.errors import BusDown
from borough.core.frames import DERIVED, LENT, ROWS, Frame
from borough.core.observations import Index
from borough.core.partitions import Part, dealt, home_of_series, homes
from borough.storage.journal.journal import last_entry
from borough.storage.sql import SqlCases
from borough.storage.sql.engines import reading
from borough.storage.sql.shelf_tables import outages
from borough.testing.living import Living, eventually
from borough.testing.machines import Machine, closing, one_bus
from borough.testing.networks import Network, network
from borough.testing.postgres import running
from borough.testing.scripts import Script, Teller, balance_meters
from borough.testing.senders import Caller

WHOLE = os.environ.get("MANY_MACHINES") == "whole"
PARTS, ROUNDS, PACE = (4, 3, 20) if WHOLE else (2, 1, 30)
"""Partitions, how often each blow is dealt, and how many times as fast as the wall's the clock of
the district runs: of several servers one that comes back may hold all up for half a minute, which
must not be the quarter of an hour after which a gateway is missed."""
SHARE = 0.04
"""Large enough for ten gateways: more silent at once than are told one by one."""
CUT_S = 4.0
COPIES_S = 240.0
"""A server that comes back takes seconds to catch up, and minutes on a machine that has no time."""
CALM = 33 * 60 // PACE
"""So many turns without trouble at the end, in which a window of a balance begins and ends."""
ALLOW_MS = 60_000
"""How long a window of a balance waits for who is late; see pipe_leak/scene.toml."""


@dataclass
class Both:
    """The district of one process and that of several machines, to whom the same is told."""

    alone: Living
    many: Living
    one: Machine
    machines: list[Machine]
    net: Network
    script: Script
    said: Counter[tuple[int, int, float]] = field(default_factory=Counter)
    cut: int = 2

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for each in self.machines:
            each.close()

    def worker(self, part: int) -> Machine:
        """Wait until some machine works for a partition, and give it."""
        found: list[Machine] = []

        def works() -> bool:
            found[:] = [each for each in self.machines if each.works_for(part)]
            return bool(found)

        eventually(works, f"a worker for partition {part}")
        return found[0]

    def heard(self) -> None:
        """Wait until each partition has journalled something new."""
        ends = self.ends()
        eventually(
            lambda: all(now > then for now, then in zip(self.ends(), ends, strict=True)),
            "news in each partition",
        )

    def ends(self) -> list[int]:
        """Give the last number of each partition's journal, from a server that can tell."""
        found: list[int] = []

        def told() -> bool:
            asked = {"subjects_filter": "journal.>"}
            with suppress(BusDown), Link(self.many.bus.login("borough"), "test", 2.0) as link:
                info = link.call("$JS.API.STREAM.INFO.JOURNAL", asked)
                counts = info["state"].get("subjects", {})
                found[:] = [int(counts.get(f"journal.{number}", 0)) for number in range(PARTS)]
            return bool(found)

        eventually(told, "a bus that tells of the journal")
        return found

    def ending(self) -> list[Frame]:
        """Give the last frame of each partition."""
        with Link(self.many.bus.login("borough"), "test") as link:
            found = [last_entry(link, Part(number, PARTS)) for number in range(PARTS)]
        return [each.frame for each in found if each]

    def followed(self, gone: Machine, part: int) -> None:
        """Wait until a machine other than the one that is gone works for a partition."""
        others = [each for each in self.machines if each is not gone]
        eventually(lambda: any(each.works_for(part) for each in others), "another worker")

    def asked(self, question: Question, number: int) -> list[bool]:
        """Let the doctor of a machine answer a question."""
        settings = self.machines[number].settings
        return [each.ok for each in question(Patient.at(settings.folder, settings, {}))]

    def added(self, folder: Path) -> None:
        """Kill a worker and add a machine: where there was no other one, it goes on there."""
        killed = self.worker(0)
        killed.signal("stream", signal.SIGKILL)
        killed.ended("stream")
        last = self.machines[-1].settings
        self.machines.append(Machine.beside(last, folder))
        self.machines[-1].start("stream")
        self.followed(killed, 0)
        killed.start("stream")
        eventually(lambda: killed.pulse("stream").get("standby"), "a worker that stands by")

    def paused(self) -> None:
        """Stop a worker in its tracks: another goes on, and it stands by once it wakes."""
        paused = self.worker(1)
        paused.signal("stream", signal.SIGSTOP)
        self.followed(paused, 1)
        paused.signal("stream", signal.SIGCONT)
        eventually(lambda: paused.pulse("stream").get("standby"), "one that stands by again")

    def server_killed(self) -> None:
        """Kill a server of the bus; the others go on without it."""
        self.machines[0].signal("bus", signal.SIGKILL)
        self.machines[0].ended("bus")
        self.heard()
        eventually(partial(self.lacks, 1), "a doctor who misses a copy")
        self.machines[0].start("bus")
        self.whole()

    def server_cut_off(self) -> None:
        """Pull a server's cable: no connection is closed, and nothing comes through any."""
        if self.net.name:
            self.net.cut(self.cut)
        else:
            self.machines[self.cut].signal("bus", signal.SIGSTOP)
        time.sleep(CUT_S)
        self.heard()
        if self.net.name:
            self.net.mend(self.cut)
        else:
            self.machines[self.cut].signal("bus", signal.SIGCONT)
        self.whole()

    def lacks(self, number: int) -> bool:
        """Say whether the doctor of a machine misses copies."""
        with suppress(BusDown):
            return self.asked(copies, number) == [False]
        return False

    def whole(self) -> None:
        """Wait until the bus has all copies again: of three servers one at a time may be gone."""

        def told() -> bool:
            with suppress(BusDown):
                return self.asked(copies, 0) == [True]
            return False

        eventually(told, "a bus with all its copies", COPIES_S)


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    """Start both districts by one clock, and tell them the script; what was done is done."""
    folder = tmp_path_factory.mktemp("machines")
    with network(3) as net, running() as postgres:
        alone = Living.made(folder / "alone", share=SHARE, rate=PACE)
        many = Living.made(
            folder / "machine-1", share=SHARE, rate=PACE, database=postgres.database(),
            partitions=PARTS, shared=str(folder / "shared"), lease_s=3.0,
        )  # fmt: skip
        clock = {
            "clock_origin_ms": wall_ms() + 1000,
            "clock_start_ms": many.settings.clock_start_ms,
        }
        alone.settings = replace(alone.settings, **clock)
        alone.settings.write()
        one = Machine(alone.settings)
        machines = one_bus(replace(many.settings, **clock), folder, network=net)
        while len(machines) < PARTS:
            machines.append(Machine.beside(machines[-1].settings, folder / f"more-{len(machines)}"))
        many.settings = machines[0].settings
        made = Both(alone, many, one, machines, net, Script.of(alone))
        with closing(one), made:
            for each in (one, *machines[:3]):
                each.start("bus")
            for living in (alone, many):
                eventually(partial(serves, living.settings), "a bus")
            for each in (one, machines[0]):
                each.start("desk")
            for each in (one, *machines[:PARTS]):
                each.start("stream")
            for part in range(PARTS):
                made.worker(part)
            one.await_pulse("stream")
            for living, door in ((alone, one), *((many, each) for each in machines[:3])):
                eventually(partial(lets_in, living, door), "an open gate")
            play(made, folder)
            yield made


def lets_in(living: Living, door: Machine) -> bool:
    """Say whether a gateway is let in; who knocks before a gate listens is kept waiting."""
    with Caller(door, "gw-0001", living.token) as caller:
        return caller.welcome


def play(both: Both, folder: Path) -> None:
    """Tell the script while everything happens; at last all fall silent, and it is noticed."""
    began = wall_ms()
    with (
        Teller(both.alone, both.script, [Machine(both.alone.settings)], began) as one,
        Teller(both.many, both.script, both.machines[:3], began) as other,
    ):
        both.heard()
        for number in range(ROUNDS):
            added = partial(both.added, folder / f"added-{number}")
            for blow in (added, both.paused, both.server_killed, both.server_cut_off):
                blow()
                both.heard()
        one.last = other.last = max(one.turn, other.turn) + CALM
    both.said = other.said
    desks = (both.alone, both.one), (both.many, both.machines[0])
    for _, machine in desks:  # before anybody is missed: what is noticed is then heard at once
        machine.signal("desk", signal.SIGKILL)
    for living, machine in desks:
        eventually(lambda at=living: lost(at) == len(both.script.gateways), "silence noticed")
        machine.start("desk")
        with living.kept() as engine:
            eventually(partial(whole, engine, len(both.script.gateways)), "an outage of all")
        living.await_desk()


def lost(living: Living) -> int:
    """Count what the bus holds of devices that are lost, whether a desk has taken it or not."""
    with Link(living.bus.login("borough"), "test") as link:
        return sum(each["scene"] == "lost_device" for each in untaken(link, 0))


def out(engine: Engine) -> list[tuple[str, int, int]]:
    """Give the outages: level, area, and how many things are in it."""
    with reading(engine) as connection:
        rows = connection.execute(outages.select()).mappings().all()
    return [(row["level"], row["area"], row["members"]) for row in rows]


def whole(engine: Engine, members: int) -> bool:
    """Say whether one outage has so many members."""
    return [each[2] for each in out(engine)] == [members]


def levels(living: Living) -> dict[tuple[str, int], list[int]]:
    """Give the levels that each scene saw at each thing, one after the other as it saw them.

    That is the journal's order: after a kill word comes late, and what a look at the clock said
    before may be about a later time.
    """
    found: dict[tuple[str, int], list[int]] = defaultdict(list)
    for each in living.edges():
        if each["thing"]:
            found[each["scene"], each["thing"]].append(each["level"])
    return dict(found)


def cases(living: Living) -> list[tuple[Any, ...]]:
    """Give what detections decide of the cases, in no order."""
    with living.kept() as engine:
        found = SqlCases(engine).find(limit=1000)
    return sorted((c.scene, c.thing, c.plan, c.level, c.worst, c.merged) for c in found)


def derived(living: Living) -> Counter[tuple[int, int, float]]:
    """Count the results of derivations in the journal."""
    rows: Counter[tuple[int, int, float]] = Counter()
    for _, frame in living.journal():
        if frame.kind == DERIVED:
            columns = frame.series.tolist(), frame.time.tolist(), frame.value.tolist()
            rows.update(zip(*columns, strict=True))
    return rows


def missed(living: Living, ends: Index) -> set[int]:
    """Name the ends of windows that a meter's word was too late for, as the journal has it."""
    meters, found = balance_meters(living), set[int]()
    for _, frame in living.journal():
        if frame.kind in {ROWS, LENT}:
            time = frame.time[np.isin(frame.series, meters)]
            time = time[time < ends[-1]]
            end = ends[np.searchsorted(ends, time, "right")]
            found.update(end[end + ALLOW_MS <= frame.now].tolist())
    return found


def test_each_scene_says_of_each_thing_what_one_process_says(both: Both) -> None:
    """Every thing goes through the same levels, and no partition was without any."""
    live, alone = levels(both.many), levels(both.alone)

    assert live == alone
    registry = both.alone.held.registry
    home = dict(zip(registry.id.tolist(), homes(registry, PARTS).tolist(), strict=True))
    for scene in ("fire_lane", "lost_device"):
        assert {home[thing] for name, thing in live if name == scene} == set(range(PARTS)), scene


def test_an_outage_of_gateways_in_all_partitions_is_one(both: Both) -> None:
    """All gateways fall silent: one outage with all of them, as where one process hears all."""
    with both.many.kept() as many, both.alone.kept() as one:
        live, alone = out(many), out(one)

    assert live == alone
    assert [members for _, _, members in live] == [len(both.script.gateways)]
    assert {*dealt(both.script.gateways, PARTS).tolist()} == set(range(PARTS))


def test_cases_are_those_of_one_process(both: Both) -> None:
    """The desk opens the same cases, and as many detections join each."""
    assert cases(both.many) == cases(both.alone)
    assert cases(both.many)


def test_what_is_derived_across_partitions_is_what_one_process_derives(both: Both) -> None:
    """Balances of zones whose meters report to several partitions are told once, and the same.

    The clock runs so fast that the minute for which a window waits is gone in a second: one that
    closes during a blow, or on a busy machine, may miss a meter, and is then not told.
    """
    registry = both.alone.held.registry
    home = home_of_series(registry, PARTS)
    assert len({*home[balance_meters(both.alone)].tolist()}) == PARTS
    live, alone = derived(both.many), derived(both.alone)

    assert {*live.values()} == {1}
    ends = np.unique([end for _, end, _ in (live | alone)])
    late = missed(both.many, ends) | missed(both.alone, ends)
    due = {row for row in alone if row[1] not in late}
    assert due
    assert due == {row for row in live if row[1] not in late}


def test_a_replay_by_several_processes_says_what_was_said(both: Both) -> None:
    """Partition by partition, after all those deaths, and to the position."""
    settings = both.many.settings
    end = min(frame.now for frame in both.ending())
    both.heard()
    both.heard()  # who writes the next but one frame has told what came of the last
    done = replayed(settings, processes=PARTS)
    compared = done.compared(0, end)

    assert (compared.missing, compared.extra) == ([], [])
    assert compared.same


def test_the_doctor_finds_all_copies_each_partition_and_a_desk_on_duty(both: Both) -> None:
    """Once all is quiet, each machine with a server of the bus can tell."""
    both.whole()
    assert both.asked(partitions, 0) == [True] * 2 * PARTS
    assert both.asked(duty, 0) == [True]


def test_what_was_acknowledged_is_there_once(both: Both) -> None:
    """Each word is in the journal as often as it was said; it was said again if unanswered."""
    rows = both.many.journalled()

    assert {row: n for row, n in both.said.items() if not 1 <= rows[row] <= n} == {}
    assert not {*rows} - {*both.said}
