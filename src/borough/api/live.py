"""The door for those who want to be told: server-sent events."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Header
from starlette.responses import StreamingResponse

from borough.api.access import Given, reader

router = APIRouter(prefix="/api/v1", tags=["live 实时"], dependencies=[Depends(reader)])


@router.get(
    "/live", summary="What happens, as it happens 实时推送", response_class=StreamingResponse
)
async def live(
    ports: Given, last_event_id: Annotated[str, Header(max_length=64)] = ""
) -> StreamingResponse:
    """Follow what happens as server-sent events `detection`, `case` and `counts`.

    The data of each is JSON: `time` (ms, the district's), `wall` (ms, ours) and `data`. The
    first event, `hello`, says with `complete` whether everything after `Last-Event-ID` follows;
    if not, read the lists again. A comment is sent every 15 s. Listeners who cannot keep up
    are disconnected, and catch up when they return.
    """
    frames: AsyncIterator[bytes] = ports.live.listen(last_event_id)
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return StreamingResponse(frames, media_type="text/event-stream", headers=headers)
