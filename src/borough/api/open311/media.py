"""Take the photos that come with a request: looked at before anything is filed, then attached."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path

from starlette.concurrency import run_in_threadpool

from borough.api.files import cleared
from borough.api.open311.bodies import Body, Sent
from borough.api.open311.refusing import Refused
from borough.api.ports import Ports
from borough.core.errors import BadFile
from borough.core.files import Attachment

Looked = list[tuple[Path, Attachment]]


@asynccontextmanager
async def looked_at(ports: Ports, body: Body) -> AsyncIterator[Looked]:
    """Lay the files of a form down and say what they are; they are gone afterwards.

    Raises `Refused` where one is none of ours, or there are too many.
    """
    most = ports.requests.rules.public["photos"]
    if len(body.files) > most:
        raise Refused([f"media: 至多 {most} 个文件 at most {most} files"])
    found: Looked = []
    uploads: list[Path] = []
    try:
        for each in body.files:
            uploads.append(ports.uploads / f"file-{secrets.token_hex(8)}")
            attachment = await run_in_threadpool(_looked, ports, uploads[-1], each)
            found.append((uploads[-1], attachment))
        yield found
    finally:
        files = ports.outward.files
        copies = [copy for upload in uploads for copy in files.copies(upload)]
        await run_in_threadpool(cleared, [*uploads, *copies])


def _looked(ports: Ports, upload: Path, sent: Sent) -> Attachment:
    upload.parent.mkdir(parents=True, exist_ok=True)
    upload.write_bytes(sent.content)
    try:
        return ports.outward.files.looked_at(upload, sent.name[:200] or "photo")
    except BadFile as error:
        raise Refused([f"media: {error}"]) from error


async def attach(ports: Ports, case: int, looked: Looked, by: str) -> None:
    """Attach files to a case; what it has already is not attached again."""
    has = await run_in_threadpool(ports.outward.files.of_case, case)
    known = {each.sha256 for each in has if each.removed_ms is None}
    for upload, found in looked:
        if found.sha256 not in known:
            told = {"case": case, "upload": upload.name, "told": asdict(found), "by": by}
            await ports.desk.ask("attach_file", told)
