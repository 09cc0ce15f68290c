"""Read the bodies of forms: fields with one or several values, and files beside them."""

from dataclasses import dataclass, field
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import HTTP
from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from borough.api.refusals import TooLarge
from borough.core.errors import BadRequest

FIELDS = 200
"""Fields of a form."""
HEAD = 4_000
"""Bytes of the head of one part."""
PLAIN, PARTS = "application/x-www-form-urlencoded", "multipart/form-data"


@dataclass(frozen=True, slots=True)
class Sent:
    """A file that came with a form."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Body:
    """A form as it came: the values of each field, in their order, and its files."""

    fields: dict[str, list[str]] = field(default_factory=dict)
    files: list[Sent] = field(default_factory=list)

    def one(self, name: str) -> str:
        """Give the value of a field without space around it; empty where it is absent.

        Raises `BadRequest` where it was given more than once.
        """
        given = self.fields.get(name, [])
        if len(given) > 1:
            msg = f"{name}: 重复 it is there {len(given)} times"
            raise BadRequest(msg)
        return given[0].strip() if given else ""


async def read(request: Request, most: int) -> Body:
    """Read the body of a form; `TooLarge` beyond *most* bytes, `BadRequest` where it is none."""
    raw = bytearray()
    async for part in request.stream():
        raw += part
        if len(raw) > most:
            msg = f"a form may have {most} bytes"
            raise TooLarge(msg)
    said = request.headers.get("content-type", PLAIN)
    kind = said.partition(";")[0].strip().lower()
    if kind == PARTS:
        return await run_in_threadpool(parts, said, bytes(raw))
    if kind != PLAIN:
        msg = f"content-type: 应为 it must be {PLAIN} or {PARTS}, {kind[:80]!r}"
        raise BadRequest(msg)
    return plain(bytes(raw))


def plain(raw: bytes) -> Body:
    """Read a URL-encoded form in UTF-8."""
    body = Body()
    try:
        pairs = parse_qsl(
            raw.decode("utf-8"), keep_blank_values=True, errors="strict", max_num_fields=FIELDS
        )
    except ValueError as error:
        msg = f"body: 不是 UTF-8 表单 it is no form in UTF-8, or has over {FIELDS} fields"
        raise BadRequest(msg) from error
    for name, value in pairs:
        body.fields.setdefault(name, []).append(value)
    return body


def parts(said: str, raw: bytes) -> Body:
    """Read a form in parts (RFC 7578), in one go along it; what has a file name is a file."""
    boundary = headers(f"content-type: {said}".encode("latin-1", "replace")).get_boundary()
    between = f"\r\n--{boundary}".encode("latin-1", "replace")
    pieces = (b"\r\n" + raw).split(between)
    inner, end = pieces[1:-1], pieces[-1]
    if not boundary or not inner or not end.startswith(b"--") or len(inner) > FIELDS:
        msg = f"body: 表单各部分不完整 its parts cannot be told apart, or are over {FIELDS}"
        raise BadRequest(msg)
    body = Body()
    for each in inner:
        head, gap, content = each.partition(b"\r\n\r\n")
        told = headers(head.lstrip()) if gap and len(head) <= HEAD else EmailMessage(HTTP)
        name = told.get_param("name", header="content-disposition")
        file = told.get_filename()
        if not isinstance(name, str):
            msg = "body: 有一部分没有名称 a part of it has no name"
            raise BadRequest(msg)
        if file is not None:
            body.files.append(Sent(str(file), content))
            continue
        try:
            body.fields.setdefault(name, []).append(content.decode("utf-8"))
        except UnicodeDecodeError as error:
            msg = f"{name}: 不是 UTF-8 it is not UTF-8"
            raise BadRequest(msg) from error
    return body


def headers(raw: bytes) -> EmailMessage:
    """Read the head of a part."""
    read = BytesParser(EmailMessage, policy=HTTP).parsebytes(raw, headersonly=True)
    assert isinstance(read, EmailMessage)  # noqa: S101 - what the parser was asked to make
    return read
