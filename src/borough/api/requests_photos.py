"""Photos that citizens add to their request: by its receipt, looked at, attached to its case."""

import secrets
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request as Asked
from starlette.responses import Response

from borough.api import answers
from borough.api.access import Given, address_of
from borough.api.door import Door
from borough.api.files import cleared
from borough.api.imports import store
from borough.api.ports import Ports
from borough.api.requests_public import by_receipt, turnstile
from borough.core.errors import BadFile, IllegalMove
from borough.core.files import ENDINGS, PHOTOS, Attachment
from borough.core.requests import CLOSED, REFUSED, Request

router = Door(prefix="/api/v1/requests", tags=["requests 诉求"])
BODY = {
    "requestBody": {
        "required": True,
        "content": {
            each: {"schema": {"type": "string", "format": "binary"}} for each in sorted(PHOTOS)
        },
    }
}


@router.post(
    "/receipts/{receipt}/photos", status_code=201, summary="Add a photo 补充照片",
    openapi_extra=BODY,
)  # fmt: skip
async def photo(
    asked: Asked,
    ports: Given,
    receipt: str,
    name: Annotated[str, Query(max_length=200, description="what it is called")] = "photo",
) -> Response:
    """Attach a photo (JPEG, PNG, WebP), sent as the body, to the request of a receipt.

    What it is, its bytes say. 422 `bad-file` where it is none or there are too many, 409 where
    the request is over. The copy that people see has no place in it. Sent twice it is kept once.
    """
    most = ports.requests.rules.public["photos"]
    limits = {name: most * value for name, value in ports.requests.rules.public.items()}
    turnstile(asked, "photos").enter(address_of(asked), limits)
    request = await run_in_threadpool(by_receipt, ports, receipt)
    if request.state in {CLOSED, REFUSED}:
        msg = f"receipt: {request.code} 已办结，不能再补充 it is over and takes no more"
        raise IllegalMove(msg)
    files = ports.outward.files
    upload = ports.uploads / f"file-{secrets.token_hex(8)}"
    try:
        await store(asked, upload, files.most)
        found = await run_in_threadpool(files.looked_at, upload, name)
        if found.media not in PHOTOS:
            kinds = ", ".join(ENDINGS[each] for each in sorted(PHOTOS))
            msg = f"file: 不是照片 it is {found.media} and no photo ({kinds})"
            raise BadFile(msg)
        before = await run_in_threadpool(sent_with, ports, request)
        if found.sha256 not in {each.sha256 for each in before}:
            if len(before) >= most:
                msg = f"file: 一件诉求至多 {most} 张照片 a request may have {most} photos"
                raise BadFile(msg)
            told: dict[str, Any] = {"case": request.case_id, "upload": upload.name}
            told |= {"told": asdict(found), "by": sender(request)}
            await ports.desk.ask("attach_file", told)
    finally:
        await run_in_threadpool(cleared, [upload, *files.copies(upload)])
    kept = await run_in_threadpool(sent_with, ports, request)
    return answers.json({"photos": len(kept), "most": most, "sha256": found.sha256}, 201)


def sender(request: Request) -> str:
    """Name, in the log of a case, whoever sent a photo with a request."""
    return f"request {request.code}"


def sent_with(ports: Ports, request: Request) -> list[Attachment]:
    """Give the photos that came with a request and were not taken down."""
    files = ports.outward.files.of_case(request.case_id)
    return [each for each in files if each.by == sender(request) and each.removed_ms is None]
