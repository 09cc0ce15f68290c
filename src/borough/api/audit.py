"""Doors to the audit log, and to personal data, which is never read without it."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from borough.api import answers
from borough.api.access import Given, Operator

router = APIRouter(prefix="/api/v1", tags=["audit 审计"])
HEAD = ("seq", "at_ms", "actor", "verb", "subject", "data", "hash")
Why = Annotated[str, Query(min_length=1, max_length=200, description="for what it is read")]


@router.get("/audit", summary="The audit log 审计日志", responses=answers.declared(answers.CSV))
def audit(
    request: Request,
    ports: Given,
    *,
    actor: str = "",
    verb: str = "",
    before: Annotated[int, Query(ge=0, description="the last number of the page before")] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    """List who did what, newest first, with `next` to page on; `anchor` is to be kept elsewhere."""
    rows = ports.audit.find(actor=actor, verb=verb, before=before, limit=limit)
    if answers.wants_csv(request):
        return answers.table("audit", HEAD, ([row[name] for name in HEAD] for row in rows))
    following = rows[-1]["seq"] if len(rows) == limit else None
    anchor = str(ports.audit.anchor())
    return answers.json({"next": following, "anchor": anchor, "entries": rows})


@router.get("/persons/{person}", summary="Somebody's data 个人信息")
async def read(ports: Given, who: Operator, person: int, why: Why) -> Response:
    """Give personal data as it is; the audit log tells who read it and why."""
    found = await ports.desk.ask("read_persons", {"persons": [person], "why": why, "by": who})
    return answers.json({"person": person, "fields": found["persons"][str(person)]})


@router.delete("/persons/{person}", summary="Forget somebody 删除个人信息")
async def erase(ports: Given, who: Operator, person: int) -> Response:
    """Erase somebody's data for good; cases and logs stay whole, and the erasing is told."""
    return answers.json(await ports.desk.ask("erase_person", {"person": person, "by": who}))
