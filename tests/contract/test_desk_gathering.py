"""When a desk decides on what was gathered: not before it has taken all there is."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from borough.app.clocks import wall_ms
from borough.app.desk.bell import Bell, ended
from borough.app.desk.desk import Desk
from borough.app.desk.dispatch import Rhythm
from borough.app.settings import Settings
from borough.app.setup import folder_of
from borough.storage.sql.gathering import standing
from borough.testing.living import laid_out

MORNING = 1_720_569_600_000
AGO_MS = 600_000


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Give a desk that decides whenever it is asked, on a clock that all but stands still."""
    settings = Settings(
        str(tmp_path / "data"), str(folder_of("yubei")), clock_start_ms=MORNING, clock_rate=0.001,
        clock_origin_ms=wall_ms(),
    )  # fmt: skip
    laid_out(settings, share=0.005)
    made = Desk(settings)
    made.rhythm = Rhythm(0.0)
    return made


def lost(desk: Desk, number: int) -> dict[str, Any]:
    """Say that a gateway fell silent some time ago."""
    registry = desk.ground.registry
    things = [
        int(registry.id[row])
        for row, kind in enumerate(registry.kind.tolist())
        if registry.kinds[kind].role == "gateway"
    ]
    at, thing = desk.now() - AGO_MS, things[number]
    return {
        "id": f"lost_device-{thing}-{number}", "scene": "lost_device", "thing": thing, "level": 1,
        "level_name": "lost", "position": number, "time": at, "now": at, "values": {},
        "before": {}, "after": {}, "version": "0" * 12, "by": "scene",
    }  # fmt: skip


def waiting(desk: Desk) -> int:
    """Count the detections on which nobody has decided."""
    return int(standing(desk.engine, desk.gathering.calm, desk.now())["gathered"])


def test_what_was_gathered_waits_until_all_is_taken(desk: Desk) -> None:
    """A desk that comes back to many detections takes them all before it tells of any."""
    desk.take([lost(desk, 0)], 1)
    desk.weigh(complete=False)
    assert waiting(desk) == 1

    desk.weigh(complete=True)
    assert waiting(desk) == 0


def test_a_desk_has_all_there_is_once_the_bus_has_no_more(desk: Desk) -> None:
    """It begins not knowing, and knows again each time that nothing is left to be taken."""
    bell = Bell(desk, desk.settings)
    seen = [bell.complete]
    for left in (0, 3, 0):
        bell.left(left)
        seen.append(bell.complete)

    assert seen == [False, True, False, True]


def test_an_iterator_that_ends_too_soon_is_a_failure_and_no_desk_that_hangs() -> None:
    """Whatever a request trips over comes back to whoever asked, and the turn goes on."""

    async def asked() -> None:
        await asyncio.wait_for(asyncio.to_thread(ended, lambda: next(iter(()))), 10.0)

    with pytest.raises(RuntimeError, match="ended too soon"):
        asyncio.run(asked())
