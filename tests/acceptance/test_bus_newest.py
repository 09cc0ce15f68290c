"""The newest values, as the api follows them in the journal."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from borough.app.settings import Settings
from borough.app.web import Follower
from borough.core.errors import BoroughError
from borough.core.frames import ROWS, Frame
from borough.engine.latest import Latest
from borough.storage.journal.journal import SUBJECT, Journal
from borough.storage.journal.streams import Deposit, store
from borough.testing.living import eventually


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_newest_values_that_nobody_follows_any_more_are_told_and_not_waited_for(
    ground: Any, tmp_path: Path
) -> None:
    """What is no record of the journal ends who reads it; who asks for room hears that at once."""
    bus = ground.bus
    settings = Settings(
        str(tmp_path), "yubei", host=bus.host, bus_port=bus.port, mqtt_port=bus.mqtt_port
    )
    latest = Latest(2)
    follower = Follower(latest, settings)
    column = np.arange(2)
    with ground.link() as link:
        Journal(link).append(Frame(ROWS, 1, 1, 0, 0, -1, *(column,) * 4))
        eventually(lambda: latest.value[1] == 1, "the newest value")
        follower.make_room(3)
        assert len(latest.time) == 3

        store(link, [Deposit(SUBJECT, b"no frame", "1")])

    eventually(lambda: not follower.thread.is_alive(), "the end of the thread")
    with pytest.raises(BoroughError, match="latest has ended"):
        follower.make_room(4)
    follower.close()
