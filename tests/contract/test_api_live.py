"""The live stream: nothing is missed that can be had, and nobody holds up the others."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from hypothesis import given, strategies as st

from borough.api.application import create
from borough.api.broadcast import Broadcast
from borough.api.limits import LIMITS
from borough.api.live import trimmed
from borough.core.clock import DistrictClock
from borough.core.people import Bounds, Grant, Who
from borough.testing.people import MemoryPeople
from borough.testing.serving import serving
from borough.testing.town import START_MS, registry_of, town

REGISTRY = registry_of(10)
CLOCK = DistrictClock(START_MS, 60.0, 0)
SMALL = replace(LIMITS, kept_events=4, lag_events=3, heartbeat_s=0.01)
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Spares the client from reading the machine's certificates."""


def data_of(frame: bytes) -> dict[str, Any]:
    """Read the data of a frame."""
    line = next(each for each in frame.decode().split("\n") if each.startswith("data: "))
    return dict(json.loads(line.removeprefix("data: ")))


def id_of(frame: bytes) -> str:
    """Read the id of a frame."""
    return next(e[4:] for e in frame.decode().split("\n") if e.startswith("id: "))


async def heard(stream: AsyncIterator[bytes], many: int) -> list[bytes]:
    """Take so many frames, leaving out heartbeats."""
    frames: list[bytes] = []
    while len(frames) < many:
        frame = await anext(stream)
        if not frame.startswith(b":"):
            frames.append(frame)
    return frames


def test_every_event_carries_both_clocks_and_where_its_thing_stands() -> None:
    """A page can draw it without asking again."""

    async def story() -> dict[str, Any]:
        live = Broadcast(CLOCK, REGISTRY, SMALL)
        stream = live.listen()
        await heard(stream, 1)
        live.publish("detection", {"thing": 2, "level": 1})
        return data_of((await heard(stream, 1))[0])

    said = asyncio.run(story())
    assert said["time"] == CLOCK.now(said["wall"])
    assert said["data"]["stands"]["key"] == REGISTRY.key[1]


@given(st.integers(0, 12), st.integers(0, 12))
def test_who_comes_back_hears_what_followed_or_is_told_that_it_is_gone(
    before: int, between: int
) -> None:
    """`complete` is true exactly when the frames after it close the gap."""

    async def story() -> None:
        live = Broadcast(CLOCK, REGISTRY, SMALL)
        live.publish("case", {"n": -1})
        first = live.listen()
        await heard(first, 1)
        seen = f"{live.start}-1"
        for n in range(before):
            live.publish("case", {"n": n})
            seen = id_of((await heard(first, 1))[0])
        for n in range(before, before + between):
            live.publish("case", {"n": n})
        again = live.listen(seen)
        hello = data_of((await heard(again, 1))[0])
        assert hello["data"]["complete"] == (between <= SMALL.kept_events)
        if hello["data"]["complete"]:
            caught = [data_of(each)["data"]["n"] for each in await heard(again, between)]
            assert caught == list(range(before, before + between))

    asyncio.run(story())


def test_ids_of_another_start_or_of_no_sense_mean_begin_anew() -> None:
    """After a restart nobody is led to believe that they missed nothing."""

    async def story() -> list[bool]:
        live = Broadcast(CLOCK, REGISTRY, SMALL)
        live.publish("case", {})
        seen = ["7-1", "x", f"{live.start}-", f"{live.start}-99", f"{live.start}-1e3", "-" * 64]
        frames = [(await heard(live.listen(each), 1))[0] for each in seen]
        return [data_of(each)["data"]["complete"] for each in frames]

    assert asyncio.run(story()) == [False] * 6


def test_who_heard_nothing_yet_can_come_back_too() -> None:
    """The greeting itself has an id: what happened since then is not lost."""

    async def story() -> tuple[bool, dict[str, Any]]:
        live = Broadcast(CLOCK, REGISTRY, SMALL)
        greeting = (await heard(live.listen(), 1))[0]
        live.publish("case", {"id": 1})
        hello, then = await heard(live.listen(id_of(greeting)), 2)
        return data_of(hello)["data"]["complete"], data_of(then)["data"]

    assert asyncio.run(story()) == (True, {"id": 1})


def test_who_cannot_keep_up_is_let_go_and_the_others_hear_on() -> None:
    """A listener costs at most its backlog; then its stream ends."""

    async def story() -> tuple[int, int, int]:
        live = Broadcast(CLOCK, REGISTRY, SMALL)
        slow, quick = live.listen(), live.listen()
        await heard(slow, 1)
        await heard(quick, 1)
        told = 0
        for n in range(10):
            live.publish("case", {"n": n})
            told += len(await heard(quick, 1))
        left = [frame async for frame in slow]
        return told, len(left), live.dropped

    assert asyncio.run(asyncio.wait_for(story(), 10)) == (10, 0, 1)


def test_counts_pass_by_without_pushing_out_what_must_be_caught_up_with() -> None:
    """They come every second; who comes back wants the detections and cases."""

    async def story() -> list[dict[str, Any]]:
        live = Broadcast(CLOCK, REGISTRY, SMALL)
        greeting = (await heard(live.listen(), 1))[0]
        live.publish("case", {"id": 1})
        for n in range(20):
            live.publish("counts", {"n": n})
        return [data_of(each)["data"] for each in await heard(live.listen(id_of(greeting)), 2)]

    assert asyncio.run(story()) == [{"complete": True}, {"id": 1}]


def test_a_silent_stream_says_that_it_is_still_there() -> None:
    """A comment keeps proxies from closing it; browsers pass over it."""

    async def story() -> bytes:
        stream = Broadcast(CLOCK, REGISTRY, SMALL).listen()
        await anext(stream)
        return await anext(stream)

    assert asyncio.run(story()).startswith(b":")


def test_closing_ends_every_stream() -> None:
    """A server that is told to stop is not held by those who listen."""

    async def story() -> list[bytes]:
        live = Broadcast(CLOCK, REGISTRY)
        stream = live.listen()
        await anext(stream)
        live.close()
        return [frame async for frame in stream]

    assert asyncio.run(story()) == []


def test_of_a_request_only_those_hear_who_may_read_it_and_they_only_which_one() -> None:
    """Its agency, the one before it and its area; another agency hears not even that it is."""
    grids = ("500112001001001", "500112002001001")
    told = {
        "id": 7, "agency": "water", "first_agency": "fire", "before": "roads", "grid": 1,
        "street": "500112002", "urgent": True,
    }  # fmt: skip

    async def heard_by(bounds: Bounds | None, *, bounded: bool = True) -> list[dict[str, Any]]:
        live = Broadcast(CLOCK, REGISTRY, SMALL)
        reach = [bounds] if bounds else []
        stream = trimmed(live.listen(), reach, grids, bounded=bounded)
        await heard(stream, 1)
        live.publish("request", told)
        live.publish("case", {"id": 1, "title": "words"})
        frames = [data_of((await heard(stream, 1))[0])["data"]]
        return frames if "title" in frames[0] or frames[0] == {"id": 1} else [
            *frames, data_of((await heard(stream, 1))[0])["data"]
        ]  # fmt: skip

    def of(*agencies: str, areas: tuple[str, ...] = ()) -> Bounds:
        return Bounds(frozenset(agencies), frozenset(areas))

    for mine in (of("water"), of("fire"), of("roads"), of("water", areas=("500112002",))):
        assert asyncio.run(heard_by(mine)) == [{"id": 7}, {"id": 1}]
    for mine in (of("gas"), of("water", areas=("500112001",)), None):
        assert asyncio.run(heard_by(mine)) == [{"id": 1}]
    assert asyncio.run(heard_by(None, bounded=False)) == [{"id": 1, "title": "words"}]


@pytest.mark.parametrize(
    ("then", "heard_on"),
    [
        (Who("li", "person", (Grant("duty_officer"),), session=1), True),
        (Who("li", "person", (Grant("field_worker"),), session=1), False),
        (None, False),
    ],
)
def test_a_stream_ends_with_the_right_to_hear_it(then: Who | None, *, heard_on: bool) -> None:
    """A session that was ended, or has other rights, hears no more; its holder is judged anew."""
    made = town(1)
    ports = replace(made, limits=replace(LIMITS, ask_again_s=0.0))
    assert isinstance(ports.people, MemoryPeople)
    first = Who("li", "person", (Grant("duty_officer"),), session=1)
    token = ports.people.let_in("token", first)
    headers = {"authorization": f"Bearer {token}"}
    with (
        serving(create(ports), ports.live) as served,
        httpx.stream("GET", f"{served.url}/api/v1/live", headers=headers, verify=NO_TLS) as line,
    ):
        lines = line.iter_lines()
        while next(lines):
            pass
        ports.people.known.clear()
        if then:
            ports.people.let_in("token", then)
        served.call(lambda: ports.live.publish("counts", {"n": 1}))
        said = next((each for each in lines if each.startswith("event: counts")), None)
        assert (said is not None) == heard_on
