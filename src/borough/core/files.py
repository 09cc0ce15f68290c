"""Attachments: photos and papers that belong to a case, known by what their bytes say.

What an attachment is called, or what a browser says of it, proves nothing: its first bytes do.
Its digest stands in the case's log, so it cannot be swapped; it can be taken down, and then the
log still says that it was there, what it was, and why it is gone.
"""

import re
import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from borough.core.cases import Case, Event, sayable
from borough.core.errors import BadRequest

__all__ = [
    "ATTACHED", "DETACHED", "ENDINGS", "MP4", "PDF", "PHOTOS", "Attachment", "answering",
    "attaching",
    "boxes", "carried", "detaching", "media_of", "secrets_of", "whole",
]  # fmt: skip
ATTACHED, DETACHED = "attached", "detached"
JPEG, PNG, WEBP, PDF, MP4 = "image/jpeg", "image/png", "image/webp", "application/pdf", "video/mp4"
PHOTOS = frozenset({JPEG, PNG, WEBP})
ENDINGS: Mapping[str, str] = {JPEG: "jpg", PNG: "png", WEBP: "webp", PDF: "pdf", MP4: "mp4"}
"""What may be attached: media types, and how the names of such files end."""
NAMED = re.compile(r"f\d+-\d+")
"""What the id of an attachment looks like: the case's id, and the number of its event."""
NAME_LONGEST = 120
HEAD = struct.Struct(">I4s")
HEAD_LONG = 16
FOLDERS = frozenset({b"moov", b"trak"})
TELLING = frozenset({b"udta", b"meta", b"uuid"})
"""Boxes of a film that hold other boxes, and those that say where, when and by whom."""
TAIL = 1024
"""Bytes at the end of a PDF among which its end mark must be."""
Span = tuple[bytes, int, int]
"""A box of a film: its type, where it begins, and its length with its head."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file on a case: ``size`` in bytes, ``width`` and ``height`` in pixels or 0.

    ``sha256`` is of the bytes as they came, ``shared`` of the copy that people are given and
    ``thumbnail`` of the small picture, empty where there is none.
    """

    name: str
    media: str
    size: int
    sha256: str
    shared: str
    thumbnail: str = ""
    width: int = 0
    height: int = 0
    id: str = ""
    case: int = 0
    seq: int = 0
    at_ms: int = 0
    by: str = ""
    removed_ms: int | None = None
    removed_by: str = ""
    why: str = ""


TOLD = ("name", "media", "size", "sha256", "shared", "thumbnail", "width", "height")
"""What the log says of an attachment."""


def media_of(head: bytes) -> str:
    """Say by its first 16 bytes what a file is; empty where it is none of ours.

    >>> media_of(b"%PDF-1.7"), media_of(b"GIF89a")
    ('application/pdf', '')
    """
    if head.startswith(b"\xff\xd8\xff"):
        return JPEG
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return PNG
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return WEBP
    if head.startswith(b"%PDF-"):
        return PDF
    return MP4 if head[4:8] == b"ftyp" else ""


def whole(media: str, content: bytes | memoryview) -> bool:
    """Say whether a PDF or a film has the end, or the parts, that one must have."""
    if media == PDF:
        return b"%%EOF" in bytes(content[-TAIL:])
    try:
        names = {name for name, _, _ in boxes(content)}
    except BadRequest:
        return False
    return {b"ftyp", b"moov", b"mdat"} <= names


def boxes(content: bytes | memoryview, start: int = 0, end: int = -1) -> Iterator[Span]:
    """Walk the boxes of a film (ISO 14496-12) that lie side by side from *start* to *end*.

    Raises `BadRequest` where they do not fit.
    """
    end = len(content) if end < 0 else end
    while start < end:
        if start + HEAD.size > end:
            msg = "file: a box of the film is cut short"
            raise BadRequest(msg)
        size, name = HEAD.unpack_from(content, start)
        least = HEAD.size
        if size == 1 and start + HEAD_LONG <= end:
            size, least = int.from_bytes(content[start + 8 : start + 16], "big"), HEAD_LONG
        elif size == 0:
            size = end - start
        if not least <= size <= end - start:
            msg = "file: a box of the film is longer than the film"
            raise BadRequest(msg)
        yield name, start, size
        start += size


def secrets_of(content: bytes | memoryview, start: int = 0, end: int = -1) -> Iterator[Span]:
    """Walk those boxes of a film that say where and by whom it was taken, however deep they lie."""
    for name, place, size in boxes(content, start, end):
        if name in TELLING:
            yield name, place, size
        elif name in FOLDERS:
            yield from secrets_of(content, place + HEAD.size, place + size)


def attaching(case: Case, file: Attachment, *, at_ms: int, by: str) -> Event:
    """Attach a file to a case; closed cases take files too, as they take remarks."""
    name = " ".join(file.name.replace("\\", "/").rpartition("/")[2].split())[:NAME_LONGEST]
    seq = case.version + 1
    told = {each: getattr(file, each) for each in TOLD} | {"name": name or "file"}
    return sayable(Event(seq, at_ms, by, ATTACHED, {"file": f"f{case.id}-{seq}", **told}))


def detaching(case: Case, file: Attachment, why: str, *, at_ms: int, by: str) -> Event:
    """Take a file down; its bytes go, and *why* stays."""
    if not why.strip():
        msg = "note: say why the file is taken down"
        raise BadRequest(msg)
    if file.removed_ms is not None:
        msg = f"file: {file.id} was taken down already"
        raise BadRequest(msg)
    data = {"file": file.id, "sha256": file.sha256, "note": why}
    return sayable(Event(case.version + 1, at_ms, by, DETACHED, data))


def carried(case: int, events: Iterable[Event]) -> dict[str, Attachment]:
    """Say what files a case has after all its events, those that were taken down included."""
    files: dict[str, Attachment] = {}
    for event in events:
        data = event.data
        if event.verb == ATTACHED:
            told = {name: data[name] for name in TOLD}
            files[data["file"]] = Attachment(
                **told, id=data["file"], case=case, seq=event.seq, at_ms=event.at_ms,
                by=event.actor,
            )  # fmt: skip
        elif event.verb == DETACHED:
            gone = {"removed_ms": event.at_ms, "removed_by": event.actor, "why": data["note"]}
            files[data["file"]] = replace(files[data["file"]], **gone)
    return files


def answering(event: Event) -> list[tuple[str, str]]:
    """List the answers of an event that name files: the answer's name, and the file's id."""
    answers = event.data.get("answers")
    found = answers.items() if isinstance(answers, Mapping) else ()
    return [
        (str(name), each)
        for name, given in found
        for each in (given if isinstance(given, list) else [given])
        if isinstance(each, str) and NAMED.fullmatch(each)
    ]
