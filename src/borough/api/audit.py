"""Doors to the audit log, and to personal data, which is never read without it."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from borough.api import answers
from borough.api.access import Given, Operator
from borough.api.covering import hidden
from borough.api.door import Door
from borough.api.masking import sees_all, shown
from borough.api.ports import Ports

router = Door(prefix="/api/v1", tags=["audit 审计"])
HEAD = ("seq", "at_ms", "actor", "verb", "subject", "data", "hash")
SHOWN = 200
"""Doubtful requests of others that a dry run shows."""
Masks = Mapping[int, Mapping[str, str]]
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


@router.get("/persons/{person}/traces", summary="Where somebody is spoken of 删除预演")
async def dry_run(asked: Request, ports: Given, person: int) -> Response:
    """Show what erasing somebody would strike out in requests of others; nothing is changed.

    ``sure`` go with the person; ``doubtful`` may be somebody else of that name or address, and go
    only where they are named in the erasing; ``more`` is how many of these are not listed.
    """
    found = await traced(ports, person)
    every = sees_all(asked.state.who)
    masks = {} if every else await run_in_threadpool(ports.people.unread, found["wanted"])
    fields = await shown(asked, ports, [person], "to erase this person")
    listed = [each if every else covered(each, found, person, masks) for each in found["found"]]
    doubtful = [each for each in listed if not each["sure"]]
    return answers.json({
        "person": person, "fields": fields.get(person, {}), "own": found["own"],
        "sure": [each for each in listed if each["sure"]], "doubtful": doubtful[:SHOWN],
        "more": max(0, len(doubtful) - SHOWN),
    })  # fmt: skip


@router.delete("/persons/{person}", summary="Forget somebody 删除个人信息")
async def erase(
    ports: Given,
    who: Operator,
    person: int,
    also: Annotated[
        list[int] | None,
        Query(max_length=SHOWN, description="doubtful requests of others that go too, by number"),
    ] = None,
) -> Response:
    """Erase somebody's data for good; cases and logs stay whole, and the erasing is told.

    They go from the words of their requests and of those of others that surely speak of them
    (``traces`` shows which), in one transaction.
    """
    found = await traced(ports, person)
    ask = {
        "person": person, "by": who, "chosen": also or [], "after": found["after"],
        "among": [each["request"] for each in found["found"] if each["sure"]] + (also or []),
    }  # fmt: skip
    return answers.json(await ports.desk.ask("erase_person", ask))


async def traced(ports: Ports, person: int) -> dict[str, Any]:
    """Look for a person in requests of others, and say whose records cover what is shown."""
    fields = (await run_in_threadpool(ports.people.unread, [person]))[person]
    found = await run_in_threadpool(ports.requests.traces, person, fields)
    return {**found, "wanted": {person, *found["callers"].values()} - {0}}


def covered(
    trace: Mapping[str, Any], found: Mapping[str, Any], person: int, masks: Masks
) -> dict[str, Any]:
    """Cover in the words of a trace who is spoken of, who wrote them, and what else it shows."""
    caller = masks.get(found["callers"][trace["request"]], {})
    says = [
        {**each, "says": hidden(hidden(each["says"], masks.get(person, {})), caller)}
        for each in trace["says"]
    ]
    return {**trace, "says": says}
