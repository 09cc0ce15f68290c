"""The door for those who want to be told: server-sent events."""

from collections.abc import AsyncIterator
from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Header
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import StreamingResponse

from borough.api.access import Given, reader, within

router = APIRouter(prefix="/api/v1", tags=["live 实时"], dependencies=[Depends(reader)])
OPEN = frozenset({b"hello", b"counts", b"detection", b"registry"})
"""Kinds of events that everybody hears whole."""
WHICH = frozenset({"id", "case", "version"})


@router.get(
    "/live", summary="What happens, as it happens 实时推送", response_class=StreamingResponse
)
async def live(
    request: Request, ports: Given, last_event_id: Annotated[str, Header(max_length=64)] = ""
) -> StreamingResponse:
    """Follow what happens as server-sent events `detection`, `case` and `counts`.

    The data of each is JSON: `time` (ms, the district's), `wall` (ms, ours) and `data`. The
    first event, `hello`, says with `complete` whether everything after `Last-Event-ID` follows;
    if not, read the lists again. A comment is sent every 15 s. Listeners who cannot keep up
    are disconnected, and catch up when they return. Whoever is bounded to agencies or areas
    hears of a case only that it changed, and then reads what they may.
    """
    frames: AsyncIterator[bytes] = ports.live.listen(last_event_id)
    if await run_in_threadpool(within, request, ports):
        frames = trimmed(frames)
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return StreamingResponse(frames, media_type="text/event-stream", headers=headers)


async def trimmed(frames: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Leave of what is about cases and people only which one it is, and its version."""
    async for frame in frames:
        head, found, body = frame.partition(b"\ndata: ")
        if not found or head.rpartition(b"event: ")[2] in OPEN:
            yield frame
            continue
        said = msgspec.json.decode(body)
        left = {name: value for name, value in said["data"].items() if name in WHICH}
        yield head + found + msgspec.json.encode({**said, "data": left}) + b"\n\n"
