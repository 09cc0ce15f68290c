"""Turn what went wrong into an answer: the only place where an error gets an HTTP status.

An answer is a problem document (RFC 9457) with a ``code`` that programs can rely on, a
``title`` in the language the caller prefers, ``titles`` in all of them, and a ``detail``, with
``details`` in all of them, that says what to do about this very request.
"""

import json
import logging
from collections.abc import Mapping
from typing import Any

import msgspec
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.responses import Response

from borough.api.details import details
from borough.api.refusals import (
    TITLES,
    BadFields,
    Explained,
    NothingTaken,
    NotSignedIn,
    TooLarge,
    WrongAddress,
)
from borough.core.errors import (
    BadBatch,
    BadFact,
    BadFile,
    BadParameter,
    BadReading,
    BadRequest,
    BadRules,
    BadSheet,
    BoroughError,
    BusDown,
    Busy,
    CalendarHole,
    Forbidden,
    IllegalMove,
    NotFound,
    OffShift,
    OutsideDistrict,
    OverLimit,
    Stale,
    UnknownCode,
)

STATUSES: Mapping[type[BoroughError], int] = {
    BadFields: 422,
    NothingTaken: 422,
    NotSignedIn: 401,
    TooLarge: 413,
    WrongAddress: 421,
    BadBatch: 422,
    BadFact: 422,
    BadFile: 422,
    BadParameter: 422,
    BadReading: 422,
    BadRequest: 400,
    BadRules: 422,
    BadSheet: 422,
    Busy: 429,
    BusDown: 503,
    Forbidden: 403,
    IllegalMove: 409,
    NotFound: 404,
    OutsideDistrict: 422,
    OverLimit: 409,
    OffShift: 409,
    CalendarHole: 409,
    Stale: 409,
    UnknownCode: 422,
    BoroughError: 500,
}
CODES = {404: "not-found", 405: "bad-request", 401: "not-signed-in", 403: "forbidden"}
"""What the framework's own refusals are called; any other is a bad request."""
MEDIA = "application/problem+json"
OURS = 500
"""From this status on it was our fault."""
AGAIN = {503: "5"}
"""After how many seconds what fails with a status is to be tried again; sooner it rarely helps."""
TEXT = {"type": "string"}
DECLARED: dict[int | str, dict[str, Any]] = {
    "default": {
        "description": "A problem document 问题说明",
        "content": {
            MEDIA: {
                "schema": {
                    "type": "object",
                    "required": ["type", "title", "titles", "status", "code", "detail", "instance"],
                    "properties": {
                        "type": TEXT,
                        "title": TEXT,
                        "titles": {"type": "object", "required": ["zh", "en"]},
                        "status": {"type": "integer", "minimum": 400, "maximum": 599},
                        "code": {"type": "string", "pattern": "^[a-z]+(-[a-z]+)*$"},
                        "detail": TEXT,
                        "details": {"type": "object", "required": ["zh", "en"]},
                        "instance": TEXT,
                        "fields": {"type": "array"},
                    },
                }
            }
        },
    }
}
"""What every endpoint may answer besides, for the reference."""
log = logging.getLogger(__name__)


def status_of(error: BoroughError) -> int:
    """Give the status of an error: its own class's, or else its nearest ancestor's."""
    return next(STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES)


def problem(where: HTTPConnection, error: BoroughError) -> Response:
    """Answer with an error of ours."""
    extra = dict(error.extra) if isinstance(error, Explained) else {}
    if "fields" in extra:
        title = TITLES[error.code]["zh"]
        extra["fields"] = [
            {**each, "details": details(each["detail"], title)} for each in extra["fields"]
        ]
    headers = {"www-authenticate": "Bearer"} if isinstance(error, NotSignedIn) else {}
    status = status_of(error)
    if status in AGAIN:
        headers["retry-after"] = AGAIN[status]
    return document(where, status, error.code, str(error), extra=extra, headers=headers)


def document(
    where: HTTPConnection,
    status: int,
    code: str,
    detail: str,
    *,
    extra: Mapping[str, Any],
    headers: Mapping[str, str],
) -> Response:
    """Write the problem document."""
    titles = TITLES.get(code, TITLES["borough"])
    both = details(detail, titles["zh"])
    said = {
        "type": f"urn:borough:problem:{code}",
        "title": titles[language(where)],
        "titles": titles,
        "status": status,
        "code": code,
        "detail": both[language(where)],
        "details": both,
        "instance": where.url.path,
        **extra,
    }
    try:
        body = msgspec.json.encode(said)
    except UnicodeEncodeError:  # a name that was sent as half a character
        body = json.dumps(said).encode()
    return Response(body, status, media_type=MEDIA, headers=dict(headers))


def language(where: HTTPConnection) -> str:
    """Choose between our two languages as the caller's browser prefers."""
    return "zh" if where.headers.get("accept-language", "").lower().startswith("zh") else "en"


def install(app: FastAPI) -> None:
    """Have every error that leaves an endpoint answered here."""
    app.add_exception_handler(BoroughError, _ours)
    app.add_exception_handler(RequestValidationError, _fields)
    app.add_exception_handler(HTTPException, _plain)
    app.add_exception_handler(Exception, _unexpected)


async def _ours(where: HTTPConnection, error: Exception) -> Response:
    assert isinstance(error, BoroughError)  # noqa: S101 - the framework's signature is wider
    if status_of(error) >= OURS:
        log.error("%s: %s", where.url.path, error)
    return problem(where, error)


async def _fields(where: HTTPConnection, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - as above
    fields = [
        {
            "field": ".".join(map(str, each["loc"][1:])) or "body",
            "detail": each["msg"],
        }
        for each in error.errors()
    ]
    names = ", ".join(sorted({each["field"] for each in fields}))
    return problem(where, BadFields(f"look at {names}", fields))


async def _plain(where: HTTPConnection, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - as above
    code = CODES.get(error.status_code, "bad-request")
    return document(
        where, error.status_code, code, str(error.detail), extra={}, headers=error.headers or {}
    )


async def _unexpected(where: HTTPConnection, error: Exception) -> Response:
    log.error("%s: %r", where.url.path, error)
    return problem(where, BoroughError("this is our fault; the server's log says more"))
