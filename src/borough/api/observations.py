"""The door for observations over HTTP: batches in JSON, CSV or Arrow."""

import zlib
from typing import Annotated

from fastapi import Header
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from borough.api import answers, arrow_batches, decoding
from borough.api.access import Given, Writer
from borough.api.admission import Admission, Admitted
from borough.api.broadcast import wall_ms
from borough.api.door import Door
from borough.api.refusals import NothingTaken, TooLarge
from borough.api.tally import Tally
from borough.core.errors import BadRequest

router = Door(prefix="/api/v1", tags=["observations 观测"])
ALL, SOME = 200, 207
GZIP = 16
"""Added to the window's size, it tells zlib that a gzip head comes first."""
READERS = {"text/csv": decoding.from_csv, arrow_batches.MEDIA: arrow_batches.from_arrow}
"""What is not among these media types is JSON."""
KEY = 128
"""Characters in an Idempotency-Key."""
EXAMPLE = {
    "observations": [
        {"thing": "meter-1", "property": "flow", "time": 1720569600000, "value": 1.2},
        {"thing": "meter-1", "property": "pressure", "time": "2024-07-10T08:00:00+08:00",
         "value": 0.31},
    ]
}  # fmt: skip
BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"example": EXAMPLE},
            arrow_batches.MEDIA: {"schema": {"type": "string", "format": "binary"}},
            "text/csv": {"example": "thing,property,time,value\nmeter-1,flow,1720569600000,1.2\n"},
        },
    }
}


@router.post(
    "/observations",
    summary="Send observations 上报观测",
    openapi_extra=BODY,
    responses=answers.declared("application/json", status=SOME),
)
async def observations(
    request: Request,
    ports: Given,
    holder: Writer,
    idempotency_key: Annotated[str | None, Header(max_length=KEY)] = None,
) -> Response:
    """Take in observations; a good row is durable before the answer says so.

    Sign in with a device's or gateway's credential, as Basic `key:token`. Each row names a
    `thing` (the holder itself or one that reports through it), a `property` of its class, a
    `value` (number, true, false) and perhaps a `time` (ms, or ISO 8601 with an offset; now if
    left out; a time in the future is set to now). As an Arrow stream they are columns, names
    best dictionary encoded, and `series` may stand for `thing` and `property`. 200: all rows
    taken; 207: some; 422: none. Errors name row (from 1), field and code; the first 1000 are
    told, all are counted. 503 with `Retry-After` where nothing more can be kept just now: send
    the batch again. With an `Idempotency-Key`, a batch sent twice is taken once.
    """
    body = await body_of(request, ports.limits.body_bytes)
    if request.headers.get("content-encoding", "identity") != "identity":
        body = await run_in_threadpool(unpacked, request, body, ports.limits.body_bytes)
    admission: Admission = request.app.state.admission
    tally: Tally = request.app.state.tally
    media = request.headers.get("content-type", "application/json").partition(";")[0].strip()
    read = READERS.get(media, decoding.from_json)
    now = ports.clock.now(wall_ms())
    admitted = await run_in_threadpool(lambda: admission.admit(read(body), holder, now))
    fresh = True
    if len(admitted.rows.series):
        name = f"{holder}.{idempotency_key}" if idempotency_key else None  # keys have no dot
        fresh = await ports.doors.take(admitted.rows, name)
    tally.count(admitted, fresh=fresh)
    return told(admitted, fresh=fresh)


async def body_of(request: Request, limit: int) -> bytes:
    """Read the body, and no more of it than is allowed; `TooLarge` beyond."""
    declared = request.headers.get("content-length", "")
    parts: list[bytes] = []
    size = int(declared) if declared.isdecimal() else 0
    if size <= limit:
        size = 0
        async for part in request.stream():
            size += len(part)
            if size > limit:
                break
            parts.append(part)
    if size > limit:
        msg = f"a body may have {limit} bytes; send several smaller ones"
        raise TooLarge(msg)
    return b"".join(parts)


def unpacked(request: Request, body: bytes, limit: int) -> bytes:
    """Unpack a gzip body, to no more than is allowed."""
    if request.headers["content-encoding"] != "gzip":
        msg = "content-encoding: gzip, or none"
        raise BadRequest(msg)
    reader = zlib.decompressobj(zlib.MAX_WBITS | GZIP)
    try:
        plain = reader.decompress(body, limit + 1)
    except zlib.error as error:
        msg = f"the body is not gzip: {error}"
        raise BadRequest(msg) from error
    if len(plain) > limit:
        msg = f"a body may unpack to {limit} bytes; send several smaller ones"
        raise TooLarge(msg)
    if not reader.eof or reader.unused_data:
        msg = "the body is not one whole gzip stream"
        raise BadRequest(msg)
    return plain


def told(admitted: Admitted, *, fresh: bool) -> Response:
    """Say what was taken and what was not."""
    accepted = len(admitted.rows.series)
    refused = admitted.received - accepted
    said = {
        "received": admitted.received,
        "accepted": accepted,
        "duplicate": not fresh,
        "clamped": admitted.clamped,
        "rejected": admitted.rejected,
        "errors": admitted.errors,
    }
    if refused and not accepted:
        msg = f"not one of {refused} rows can be taken in; errors says why"
        raise NothingTaken(msg, said)
    return answers.json(said, SOME if refused else ALL)
