"""Write answers: JSON, CSV, and documents that seldom change."""

import csv
import gzip
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from io import StringIO
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

CSV = "text/csv; charset=utf-8"
ROWS_AT_ONCE = 5_000


def json(data: Any, status: int = 200) -> Response:
    """Answer in JSON; NaN and infinities become null."""
    return Response(msgspec.json.encode(data), status, media_type="application/json")


def declared(*media: str, status: int = 200) -> dict[int | str, dict[str, Any]]:
    """Declare, for the reference, in which media types besides JSON an endpoint answers."""
    kinds: dict[str, Any] = {each.partition(";")[0]: {} for each in media}
    return {status: {"description": "As asked 按所请求的格式", "content": kinds}}


def wants_csv(request: Request) -> bool:
    """Say whether the caller asked for a table, with ``format=csv`` or an Accept header."""
    asked = request.query_params.get("format")
    return asked == "csv" or (asked is None and "text/csv" in request.headers.get("accept", ""))


def table(name: str, head: Sequence[str], rows: Iterable[Sequence[Any]]) -> Response:
    """Answer with a CSV file, written as it is read."""
    disposition = {"content-disposition": f'attachment; filename="{name}.csv"'}
    return StreamingResponse(_lines(head, rows), media_type=CSV, headers=disposition)


def _lines(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    text = StringIO()
    text.write("\ufeff")  # without it Excel takes the file for the local code page
    pen = csv.writer(text)
    pen.writerow(head)
    for number, row in enumerate(rows, 1):
        pen.writerow(row)
        if number % ROWS_AT_ONCE == 0:
            yield text.getvalue().encode()
            text.seek(0)
            text.truncate()
    yield text.getvalue().encode()


class Document:
    """A large answer that seldom changes: packed once, and not sent to those who have it."""

    def __init__(self, body: bytes, media: str, level: int = 6) -> None:
        self.body = body
        self.media = media
        self.packed = gzip.compress(body, level, mtime=0)
        self.tag = f'"{sha256(body).hexdigest()[:16]}"'

    def answer(self, request: Request) -> Response:
        """Send it, packed if the caller can unpack it, or say that it has not changed."""
        headers = {"etag": self.tag, "cache-control": "no-cache", "vary": "accept-encoding"}
        if self.tag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        if "gzip" in request.headers.get("accept-encoding", ""):
            headers["content-encoding"] = "gzip"
            return Response(self.packed, media_type=self.media, headers=headers)
        return Response(self.body, media_type=self.media, headers=headers)
