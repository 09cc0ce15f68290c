"""Desks one after the other at a real bus: what the next one reads nobody takes away from it."""

import asyncio
from contextlib import suppress
from typing import Any

import nats

from borough.app.desk.bell import fetched, subscription
from borough.storage.journal.streams import Deposit, store


def test_a_desk_that_wakes_up_takes_nothing_from_the_next(ground: Any) -> None:
    """It asks once more for detections before it hears that its lease is another's; so it may."""

    async def asked_by_both() -> list[bytes]:
        login = ground.bus.login("borough")
        bus = await nats.connect(
            f"nats://{login.host}:{login.port}", user=login.user, password=login.password
        )
        paused, following = [await subscription(bus.jetstream(), 1, epoch) for epoch in range(1, 3)]
        with ground.link() as link:
            store(link, [Deposit("detection.fire_lane", b"blocked")])
        with suppress(nats.errors.Error):
            await fetched(paused)
        heard = await fetched(following)
        await bus.close()
        return [each.data for each in heard]

    assert asyncio.run(asked_by_both()) == [b"blocked"]
