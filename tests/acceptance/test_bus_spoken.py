"""What a live run said is told whole while it goes on, wherever each word of it is just then."""

from typing import Any

import msgspec
import pytest
from sqlalchemy import Engine

from borough.app.tuning.replays import said_live
from borough.storage.journal.streams import Deposit, store
from borough.storage.sql import SqlDetections
from borough.testing.desks import edge


class Overtaken(SqlDetections):
    """Detections of which the desk takes in what waits as soon as anybody has looked at them."""

    def __init__(self, engine: Engine, waiting: list[dict[str, Any]]) -> None:
        super().__init__(engine)
        self.waiting = waiting

    def offset(self) -> int:
        """Say what was taken, and have the rest taken."""
        found = super().offset()
        self._take()
        return found

    def edges(self, scene: str = "") -> list[dict[str, Any]]:
        """Give what was taken, and have the rest taken."""
        found = super().edges(scene)
        self._take()
        return found

    def _take(self) -> None:
        if self.waiting:
            self.apply(self.waiting, len(self.waiting))
            self.waiting = []


@pytest.mark.parametrize("address", ["sqlite"], indirect=True)
def test_what_is_taken_while_it_is_read_is_told_once(ground: Any, engine: Engine) -> None:
    """Neither lost between the bus and the database nor told by both."""
    said = [edge(7, 1, 10), edge(8, 1, 11), edge(7, 0, 12, born=10)]

    with ground.link() as link:
        bodies = map(msgspec.json.encode, said)
        store(link, [Deposit("detection.fire_lane", each) for each in bodies])
        told = said_live(link, Overtaken(engine, said))

    assert [(each["thing"], each["position"]) for each in told] == [(7, 10), (8, 11), (7, 12)]
