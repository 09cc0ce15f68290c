"""Doors to files on cases: attached, looked at, taken down."""

import secrets
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import Body, Query
from pydantic import Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from borough.api import answers
from borough.api.access import Given, Operator
from borough.api.bodies import Exact
from borough.api.door import Door
from borough.api.imports import store
from borough.core.errors import NotFound
from borough.core.files import ENDINGS, PHOTOS, Attachment

router = Door(prefix="/api/v1/cases/{case}/files", tags=["files 附件"])
MADE = 201
THUMBNAIL_MEDIA = "image/jpeg"
BODY = {
    "requestBody": {
        "required": True,
        "content": {each: {"schema": {"type": "string", "format": "binary"}} for each in ENDINGS},
    }
}
GUARDED = {
    "content-security-policy": "default-src 'none'; sandbox",
    "x-content-type-options": "nosniff",
    "cache-control": "private, no-cache",
}
"""A file that somebody sent in is never a page of ours."""


class TakeDown(Exact):
    """Why it goes."""

    note: str = Field(min_length=1, max_length=2_000)


@router.post("", summary="Attach a file 上传附件", openapi_extra=BODY, status_code=MADE)
async def attach(
    request: Request,
    ports: Given,
    who: Operator,
    case: int,
    name: Annotated[str, Query(max_length=200, description="what it is called")] = "photo",
) -> Response:
    """Attach a photo (JPEG, PNG, WebP), a PDF or a film (MP4), sent as the body.

    What it is, its bytes say, not its name. 422 `bad-file` where they do not fit. Its SHA-256
    stands in the case's log; people are given a copy without place, camera and owner.
    """
    files = ports.outward.files
    await run_in_threadpool(ports.cases.one, case)
    upload = ports.uploads / f"file-{secrets.token_hex(8)}"
    try:
        await store(request, upload, files.most)
        found = await run_in_threadpool(files.looked_at, upload, name)
        asked = {"case": case, "upload": upload.name, "told": asdict(found), "by": who}
        made = await ports.desk.ask("attach_file", asked)
    finally:
        await run_in_threadpool(cleared, [upload, *files.copies(upload)])
    return answers.json(told(Attachment(**made)), MADE)


def cleared(paths: list[Path]) -> None:
    """Delete what an upload left behind."""
    for path in paths:
        path.unlink(missing_ok=True)


@router.get("", summary="Files of a case 附件列表")
def files(ports: Given, case: int) -> Response:
    """List the files of a case; of one that was taken down it says by whom and why."""
    return answers.json({"files": [told(each) for each in ports.outward.files.of_case(case)]})


@router.get(
    "/{file}", summary="One file 下载附件", responses=answers.declared(*ENDINGS, "application/json")
)
def one(
    ports: Given,
    case: int,
    file: str,
    copy: Annotated[Literal["shared", "thumbnail"], Query()] = "shared",
) -> Response:
    """Give the copy that people may see, or its thumbnail: without place, camera and owner."""
    found = present(ports.outward.files.one(case, file))
    if copy == "thumbnail":
        if not found.thumbnail:
            msg = f"file: {file} has no thumbnail"
            raise NotFound(msg)
        path = ports.outward.files.path(found.thumbnail)
        return given(path, THUMBNAIL_MEDIA, f"{file}-thumbnail.jpg", inline=True)
    path = ports.outward.files.path(found.shared)
    return given(path, found.media, called(found), inline=found.media in PHOTOS)


@router.get("/{file}/original", summary="As it came 下载原件", responses=answers.declared(*ENDINGS))
def original(ports: Given, case: int, file: str) -> Response:
    """Give the bytes as they came, with all that is in them; for whoever must prove something."""
    found = present(ports.outward.files.one(case, file))
    return given(ports.outward.files.path(found.sha256), found.media, called(found), inline=False)


@router.post("/{file}/remove", summary="Take a file down 撤下附件")
async def remove(
    ports: Given, who: Operator, case: int, file: str, act: Annotated[TakeDown, Body()]
) -> Response:
    """Take a file down: its bytes go; what it was, and why it went, stays in the log."""
    asked = {"case": case, "file": file, "note": act.note, "by": who}
    return answers.json(told(Attachment(**await ports.desk.ask("detach_file", asked))))


def present(file: Attachment) -> Attachment:
    """Raise `NotFound` where a file was taken down."""
    if file.removed_ms is not None:
        msg = f"file: {file.id} was taken down: {file.why}"
        raise NotFound(msg)
    return file


def called(file: Attachment) -> str:
    """Give a name that ends as its content does."""
    ending = ENDINGS[file.media]
    return file.name if file.name.lower().endswith(f".{ending}") else f"{file.name}.{ending}"


def given(path: Path, media: str, name: str, *, inline: bool) -> Response:
    """Answer with a file."""
    how = "inline" if inline else "attachment"
    return FileResponse(
        path, media_type=media, filename=name, content_disposition_type=how, headers=GUARDED
    )


def told(file: Attachment) -> dict[str, Any]:
    """Tell a file as a list shows it."""
    row = asdict(file)
    return {**row, "thumbnail": bool(row["thumbnail"]), "shared": bool(row["shared"])}
