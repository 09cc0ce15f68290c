"""Two desks at one database: one is on duty, the other takes over for good."""

import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec
import pytest
from sqlalchemy import Engine

from borough.adapters.bus.config import command
from borough.adapters.bus.link import Link
from borough.app.bus import bus_of, prepared, serves
from borough.storage.journal.streams import Deposit, store
from borough.storage.sql import SqlDetections, connect
from borough.testing.desks import edge
from borough.testing.living import Living, eventually
from borough.testing.machines import Machine, closing
from borough.testing.postgres import Postgres

MAGNET = "firelane_mag"


@dataclass
class Pair:
    """Two machines with a desk each, and what they have in common."""

    machines: list[Machine]
    magnets: list[int]
    engine: Engine
    said: int = 0

    def say(self, magnets: list[int]) -> None:
        """Put detections on the bus, as the stream would."""
        settings = self.machines[0].settings
        deposits = []
        for each in magnets:
            self.said += 1
            body = msgspec.json.encode(edge(self.magnets[each], 1, self.said))
            deposits.append(Deposit("detection.fire_lane", body, f"said-{self.said}"))
        with Link(bus_of(settings).login("borough"), "test") as link:
            store(link, deposits)

    def await_taken(self) -> None:
        """Wait until all that was said is in the database."""
        detections = SqlDetections(self.engine)
        eventually(lambda: detections.offset() >= self.said, "a desk that takes detections")

    def found(self) -> list[int]:
        """Give the positions of the detections that were taken."""
        positions = [each["position"] for each in SqlDetections(self.engine).edges()]
        return sorted(positions)


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory, postgres: Postgres) -> Iterator[Pair]:
    """Set a district up on PostgreSQL, with a bus and two machines with a desk each."""
    tmp_path = tmp_path_factory.mktemp("standby")
    living = Living.made(tmp_path / "one", database=postgres.database(), lease_s=3.0)
    one = Machine(living.settings)
    prepared(living.settings)
    other = Machine.beside(living.settings, tmp_path / "other")
    bus = subprocess.Popen([*command(bus_of(living.settings)), "-l", str(tmp_path / "bus.log")])  # noqa: S603 - our own command
    registry = living.held.registry
    kind = [each.code for each in registry.kinds].index(MAGNET)
    engine = connect(living.settings.store)
    try:
        eventually(lambda: serves(living.settings), "a bus")
        with closing(one, other):
            one.start("desk")
            eventually(lambda: "taken" in one.pulse("desk"), "a desk on duty")
            other.start("desk")
            eventually(lambda: other.pulse("desk").get("standby"), "a desk that stands by")
            yield Pair([one, other], registry.id[registry.kind == kind].tolist(), engine)
    finally:
        engine.dispose()
        bus.kill()
        bus.wait()


def test_a_killed_desk_is_followed_by_its_standby(pair: Pair) -> None:
    """After SIGKILL the other desk goes on, and all is taken once."""
    one, other = pair.machines
    pair.say([0, 1])
    pair.await_taken()

    one.signal("desk", signal.SIGKILL)
    pair.say([2, 3])
    pair.await_taken()

    eventually(lambda: "taken" in other.pulse("desk"), "the other desk on duty")
    assert pair.found() == [1, 2, 3, 4]


def test_a_paused_desk_that_wakes_up_cannot_write(pair: Pair) -> None:
    """Paused, it loses the lease; awake again, it changes nothing, ends, and stands by anew."""
    one, other = pair.machines
    one.start("desk")
    eventually(lambda: one.pulse("desk").get("standby"), "a desk that stands by again")

    other.signal("desk", signal.SIGSTOP)
    pair.say([2, 4])
    pair.await_taken()
    other.signal("desk", signal.SIGCONT)
    pair.say([0, 4])

    assert other.ended("desk") != 0
    assert "held by another" in other.printed("desk")
    pair.await_taken()
    assert pair.found() == [1, 2, 3, 4, 5, 6, 7, 8]
    assert "taken" in one.pulse("desk")
