"""The door for those who want to be told: server-sent events."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from functools import partial
from typing import Annotated, Any

import msgspec
from fastapi import Depends, Header
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import StreamingResponse

from borough.api.access import Given, reader, unchanged, within
from borough.api.door import Door
from borough.api.rights import rights
from borough.core.people import Bounds

router = Door(prefix="/api/v1", tags=["live 实时"], dependencies=[Depends(reader)])
OPEN = frozenset({b"hello", b"counts", b"detection", b"registry"})
"""Kinds of events that everybody hears whole."""
REQUEST = b"request"
WHICH = frozenset({"id", "case", "version"})


@router.get(
    "/live", summary="What happens, as it happens 实时推送", response_class=StreamingResponse
)
async def live(
    request: Request, ports: Given, last_event_id: Annotated[str, Header(max_length=64)] = ""
) -> StreamingResponse:
    """Follow what happens as server-sent events `detection`, `case`, `request` and `counts`.

    The data of each is JSON: `time` (ms, the district's), `wall` (ms, ours) and `data`. The
    first event, `hello`, says with `complete` whether everything after `Last-Event-ID` follows;
    if not, read the lists again. A comment is sent every 15 s. Listeners who cannot keep up
    are disconnected, and catch up when they return. Whoever is bounded to agencies or areas
    hears of a case only that it changed, and then reads what they may; of a request only who may
    read it. It ends soon after a session or a right of its listener has; who comes back is judged
    anew.
    """
    frames: AsyncIterator[bytes] = ports.live.listen(last_event_id)
    bounded = bool(await run_in_threadpool(within, request, ports))
    reach = request.state.who.reach(rights().roles, "requests.read")
    if bounded or not any(each.everywhere for each in reach):
        frames = trimmed(frames, reach, ports.district.grids.code, bounded=bounded)
    still = partial(run_in_threadpool, unchanged, request, ports)
    frames = judged_again(frames, still, ports.limits.ask_again_s)
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return StreamingResponse(frames, media_type="text/event-stream", headers=headers)


async def judged_again(
    frames: AsyncIterator[bytes], still: Callable[[], Awaitable[bool]], every_s: float
) -> AsyncIterator[bytes]:
    """Give the frames until a listener may *still* hear them no more; so often that is asked."""
    asked = time.monotonic()
    async for frame in frames:
        if time.monotonic() - asked >= every_s:
            if not await still():
                return
            asked = time.monotonic()
        yield frame


async def trimmed(
    frames: AsyncIterator[bytes], reach: Sequence[Bounds], grids: Sequence[str], *, bounded: bool
) -> AsyncIterator[bytes]:
    """Leave of what is about cases and people only which one it is, and its version.

    *reach* is where the listener may read requests: of others they hear nothing at all.
    """
    async for frame in frames:
        head, found, body = frame.partition(b"\ndata: ")
        kind = head.rpartition(b"event: ")[2]
        if not found or (kind != REQUEST and (kind in OPEN or not bounded)):
            yield frame
            continue
        said = msgspec.json.decode(body)
        if kind == REQUEST and not heard(said["data"], reach, grids):
            continue
        left = {name: value for name, value in said["data"].items() if name in WHICH}
        yield head + found + msgspec.json.encode({**said, "data": left}) + b"\n\n"


def heard(told: Any, reach: Sequence[Bounds], grids: Sequence[str]) -> bool:
    """Tell whether news of a request is for somebody: it is theirs, or was until now."""
    agencies = [told.get(name, "") for name in ("agency", "first_agency", "before")]
    where = spot(told.get("grid", -1), told.get("street", ""), grids)
    return any(each.covers(agencies, where) for each in reach)


def spot(grid: int, street: str, grids: Sequence[str]) -> str:
    """Give the code of where a request is: its grid's, or its street's where no grid is known."""
    return grids[grid] if 0 <= grid < len(grids) else street
