"""Doors to cases: what people follow, and the moves that they make."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Annotated, Any

import msgspec
from fastapi import Body, Depends, Query
from pydantic import Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from borough.api import answers
from borough.api.access import ASKING, Given, Operator, beyond, outside, reader, within
from borough.api.bodies import Exact
from borough.api.broadcast import wall_ms
from borough.api.details import details
from borough.api.door import Door
from borough.api.errands import listed
from borough.api.ground import holding, standing
from borough.api.ports import Ports
from borough.api.things import row_of
from borough.core import loop
from borough.core.cases import Case, Event
from borough.core.plans import CLOSED, Plan, Step

router = Door(prefix="/api/v1/cases", tags=["cases 案卷"], dependencies=[Depends(reader)])
HEAD = (
    "id", "code", "scene", "thing", "grid", "step", "holder", "post", "level",
    "opened_ms", "due_ms", "closed_ms", "outcome", "version",
)  # fmt: skip
WRITTEN = frozenset({"note", "answers", "says", "why"})
"""What people wrote into an entry of a log."""
DETECTIONS = 50
"""Detections told with a case; the list has the rest."""


class Act(Exact):
    """What every act on a case says: the version it was decided on, so that none is overrun."""

    version: int = Field(ge=0, description="the version of the case that you looked at")
    note: str = Field("", max_length=2_000)


class Move(Act):
    """To which step."""

    to: str = Field(min_length=1, max_length=64)
    agency: str = Field("", max_length=64, description="to whom it is dispatched")
    answers: dict[str, Any] = Field(default_factory=dict)


class Close(Act):
    """With what outcome: was the detection true, false, or a duplicate."""

    outcome: str = Field(min_length=1, max_length=32)
    answers: dict[str, Any] = Field(default_factory=dict)


class Assign(Act):
    """To which post."""

    post: str = Field(max_length=64, description="empty to take it back")


class Note(Exact):
    """What is to be remembered."""

    note: str = Field(min_length=1, max_length=2_000)


@router.get("", summary="List cases 案卷列表", responses=answers.declared(answers.CSV))
def cases(
    request: Request,
    ports: Given,
    *,
    scene: str = "",
    thing: Annotated[str, Query(description="the key of a thing")] = "",
    grid: int | None = None,
    step: str = "",
    post: str = "",
    open_only: Annotated[bool, Query(alias="open")] = False,
    late: Annotated[bool, Query(description="only those past their deadline")] = False,
    before: Annotated[int, Query(ge=0, description="the last id of the page before")] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    """List cases, newest first, with `next` to page on. CSV with `format=csv`."""
    rows = ports.cases.find(
        scene=scene,
        thing=int(ports.registry.id[row_of(ports, thing)]) if thing else None,
        grid=grid,
        step=step,
        post=post,
        open_only=open_only,
        late_at_ms=ports.clock.now(wall_ms()) if late else None,
        before=before,
        limit=limit,
        within=within(request, ports),
    )
    if answers.wants_csv(request):
        lines = ([getattr(each, name) for name in HEAD] for each in rows)
        return answers.table("cases", HEAD, lines)
    following = rows[-1].id if len(rows) == limit else None
    return answers.json({"next": following, "cases": [told(ports, each) for each in rows]})


@router.get("/{case}", summary="One case with its log 案卷详情")
def one(ports: Given, case: str) -> Response:
    """Tell one case, by id or by code: its log, its detections, and where it may go next."""
    found = ports.cases.one(int(case) if case.isdecimal() and case.isascii() else case)
    return answers.json(full(ports, found))


@router.post("/{case}/move", summary="Take a step 流转")
async def move(ports: Given, who: Operator, case: int, act: Annotated[Move, Body()]) -> Response:
    """Move a case along its plan. 409 `stale` if somebody was first; read it again."""
    return await asked(ports, "move", case, {**act.model_dump(), "by": who})


@router.post("/{case}/close", summary="Close with an outcome 结案")
async def close(ports: Given, who: Operator, case: int, act: Annotated[Close, Body()]) -> Response:
    """Close a case; its outcome is what its scene's precision is made of."""
    return await asked(ports, "close", case, {**act.model_dump(), "by": who})


@router.post("/{case}/assign", summary="Give to a post 指派")
async def assign(
    ports: Given, who: Operator, case: int, act: Annotated[Assign, Body()]
) -> Response:
    """Give a case to another post."""
    return await asked(ports, "assign", case, {**act.model_dump(), "by": who})


@router.post("/{case}/note", summary="Write a remark 备注")
async def note(ports: Given, who: Operator, case: int, act: Annotated[Note, Body()]) -> Response:
    """Write a remark into the log; a closed case takes remarks too."""
    return await asked(ports, "note", case, {**act.model_dump(), "by": who})


async def asked(ports: Ports, verb: str, case: int, body: dict[str, Any]) -> Response:
    """Hand an act to the desk, then tell the case as it stands."""
    await ports.desk.ask(verb, {"case": case, **body, "at_ms": ports.clock.now(wall_ms())})
    found = await run_in_threadpool(ports.cases.one, case)
    return answers.json(await run_in_threadpool(full, ports, found))


def told(ports: Ports, case: Case) -> dict[str, Any]:
    """Tell a case as a list shows it."""
    said: dict[str, Any] = msgspec.to_builtins(case)
    plan = ports.plans.get(case.plan)
    step = plan.steps.get(case.step) if plan else None
    title = step.title if step else {}
    more = {"step_title": title, "holder_name": holding(ports.district, case)}
    return {**said, **more, "stands": standing(ports.registry, case.thing)}


def full(ports: Ports, case: Case) -> dict[str, Any]:
    """Tell a case as its own page shows it."""
    plan = ports.plans.get(case.plan)
    step = plan.steps.get(case.step) if plan else None
    events = ports.cases.events(case.id)
    return {
        **told(ports, case),
        **listed(ports, case, events),
        "steps": {name: each.title for name, each in plan.steps.items()} if plan else {},
        "asks": step.asks if step else (),
        "warns": ports.warns.get(case.scene, ()),
        **(allowed(ports, case, plan, events) if plan else {"moves": [], "outcomes": []}),
        "events": private(ports, case, events),
        "detections": ports.detections.find(
            scene="", thing=None, open_only=False, level_from=1, case=case.id,
            since_ms=None, until_ms=None, before="", limit=DETECTIONS,
        ),
    }  # fmt: skip


def private(ports: Ports, case: Case, events: Sequence[Event]) -> Sequence[Event]:
    """Leave out what people of other agencies wrote, for whoever only has a task in the case."""
    mine = outside(case)
    if not mine:
        return events
    tasks = ports.tasks.find(
        case=case.id, holder="", agency="", post="", name="", running_only=False, limit=DETECTIONS
    )
    own = {each.id for each in tasks if each.agency in mine}
    return [
        each if each.data.get("task") in own
        else replace(each, data={k: v for k, v in each.data.items() if k not in WRITTEN})
        for each in events
    ]  # fmt: skip


STEPS = ("move", "close")
"""What a person does only where, and at which stage, their roles reach."""
BARRED = "目前不能流转"
"""What stands before a reason that has no words of its own in Chinese."""


def allowed(ports: Ports, case: Case, plan: Plan, events: Sequence[Event]) -> dict[str, Any]:
    """Say what may be done with a case now, and what stands in the way of its other steps.

    ``beyond`` says why moving or closing is not for the person who asks.  ``row`` is the row of
    the standards it was opened by, ``rows`` are those to choose from, and ``decides`` is the role
    for whose decision something waits.
    """
    legal, who = loop.legal(case, plan, ports.clock.now(wall_ms())), ASKING.get()
    far = {verb: beyond(ports, who, f"cases.{verb}", case) for verb in STEPS if verb in legal}
    far = {verb: says for verb, says in far.items() if says and who.kind == "person"}
    may = [verb for verb in legal if verb not in far]
    step = plan.steps.get(case.step)
    ways = [plan.steps[name] for name in step.then if name != CLOSED] if step else []
    barred = {each.name: says for each in ways if (says := loop.no_way(case, plan, each))}
    ends = loop.endings(case, plan) if "close" in may else ()
    unfit = {each: loop.unfit(case, plan, each, {loop.CONFIRMED: True}) for each in ends}
    if says := next(filter(None, unfit.values()), ""):
        barred[CLOSED] = says
    open_ways = [each for each in ways if each.name not in barred] if "move" in may else []
    chosen = [each.data["row"] for each in events if each.verb == "standardised"]
    choose = "standard" in may and case.event
    order = plan.rules.by[case.asked["what"]] if case.asked and plan.rules else ()
    return {
        "may": may,
        "moves": [onward(case, step, each) for each in open_ways if step],
        "barred": barred,
        "barred_says": {name: details(says, BARRED) for name, says in barred.items()},
        "outcomes": [each for each in ends if not unfit[each]],
        "beyond": {verb: details(says, BARRED) for verb, says in far.items()},
        "row": chosen[-1] if chosen else None,
        "rows": [each.snapshot() for each in ports.district.standards.of(case.event)]
        if choose
        else [],
        "decides": order[case.asked["level"]] if order else "",
    }


def onward(case: Case, here: Step, there: Step) -> dict[str, Any]:
    """Tell a step that a case may take; going back to one needs a ``note`` that says why."""
    return {
        "to": there.name,
        "title": there.title,
        "holder": there.holder,
        "within": asdict(loop.limit_at(case, there)),
        "turn": loop.turn(here, there),
        "back": loop.goes_back(case, here, there),
        "agency": there.stage == "dispose" and not case.agency,
    }
