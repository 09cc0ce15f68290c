"""What people may ask of the desk about files on cases: attach one, take one down."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from borough.app.desk.answers import Answer, shown
from borough.app.desk.desk import Desk
from borough.app.facts.imports import UPLOADS
from borough.app.files.limits import LIMITS
from borough.app.files.looking import SHARED, THUMBNAIL
from borough.core.cases import Case
from borough.core.errors import BadFile, BadRequest
from borough.core.files import Attachment


def attach_file(desk: Desk, ask: Mapping[str, Any]) -> Answer:
    """Attach an upload that was looked at: its bytes are on the disk before the log names them."""
    upload = desk.settings.common / UPLOADS / Path(ask["upload"]).name
    file = Attachment(**ask["told"])
    case = desk.cases.one(ask["case"])
    files = desk.outward.files
    if len(files.of_case(case.id)) >= LIMITS.files:
        msg = f"file: case {case.code} has {LIMITS.files} already"
        raise BadFile(msg)
    if not upload.is_file():
        msg = f"upload: there is none called {upload.name!r}"
        raise BadRequest(msg)
    kept = {file.sha256: upload}
    if file.shared != file.sha256:
        kept[file.shared] = upload.with_name(upload.name + SHARED)
    if file.thumbnail:
        kept[file.thumbnail] = upload.with_name(upload.name + THUMBNAIL)
    for digest, path in kept.items():
        desk.outward.cabinet.keep(path, digest)
    after, made = files.attach(desk.cases, case.id, file, by=ask["by"], at_ms=desk.now())
    return told(after, made)


def detach_file(desk: Desk, ask: Mapping[str, Any]) -> Answer:
    """Take a file down: the log says so first, then bytes that no other case needs are deleted."""
    files, cabinet = desk.outward.files, desk.outward.cabinet
    asked = {"why": ask["note"], "by": ask["by"], "at_ms": desk.now()}
    after, gone = files.detach(desk.cases, ask["case"], ask["file"], **asked)
    digests = {each for each in (gone.sha256, gone.shared, gone.thumbnail) if each}
    for digest in digests - files.needed(digests):
        cabinet.drop(digest)
    return told(after, gone)


def told(case: Case, file: Attachment) -> Answer:
    """Answer with a file, and tell everybody that its case has changed."""
    return Answer(asdict(file), (("case", shown(case)),))


VERBS = {"attach_file": attach_file, "detach_file": detach_file}
