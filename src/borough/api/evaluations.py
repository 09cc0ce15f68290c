"""Doors to evaluations: returns in, drafts, notice, appeals, the frozen result, and run again."""

from typing import Annotated, Any

from fastapi import Body, Depends, Path, Query
from pydantic import Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from borough.api import answers
from borough.api.access import Given, Operator, reader
from borough.api.bodies import Exact
from borough.api.door import Door
from borough.api.fact_files import XLSX, kept
from borough.api.ports import Ports

router = Door(
    prefix="/api/v1/evaluations", tags=["evaluations 评价"], dependencies=[Depends(reader)]
)
PAGE = 1_000
Number = Annotated[int, Path(ge=1, lt=2**53)]
Reason = Annotated[str, Field(min_length=1, max_length=2_000)]
Word = Annotated[str, Field(min_length=1, max_length=64)]


class Begin(Exact):
    """Which period of which scene, and by which rule set; empty for the district's own."""

    scene: Word
    period: Word
    rules: str = Field("", max_length=64)


class Step(Exact):
    """The version that a step was decided on, so that none is overrun."""

    version: int = Field(ge=1, description="the version of the evaluation that you looked at")


class Redraft(Step):
    """Why it is worked out anew; with which rule set, empty for the same."""

    why: Reason
    rules: str = Field("", max_length=64)


class Withdraw(Step):
    """Why it is no longer public."""

    why: Reason


class Appeal(Exact):
    """What a firm says an input should be, in the unit of the input, and why."""

    subject: Word
    input: Word
    claimed: str = Field(min_length=1, max_length=40)
    reason: Reason


class Decision(Step):
    """Whether the firm is right, and the answer that it gets."""

    accepted: bool
    answer: Reason


@router.get("", summary="List evaluations 评价列表")
def evaluations(ports: Given, *, scene: str = "", period: str = "", state: str = "") -> Response:
    """List evaluations, the newest period first, each with its classes counted by group."""
    rows = ports.evaluations.find(scene, period, state)
    return answers.json({"evaluations": rows})


@router.get("/schemes", summary="What can be evaluated 评价方案")
def schemes(ports: Given) -> Response:
    """List the scenes that evaluate: inputs, measures, classes, and rule sets with sources."""
    return answers.json({"schemes": ports.evaluations.schemes()})


@router.post("/returns", summary="Import returns 导入企业填报")
async def returns(
    request: Request,
    ports: Given,
    who: Operator,
    *,
    scene: Annotated[str, Query(max_length=64)],
    period: Annotated[str, Query(max_length=64)],
    name: Annotated[str, Query(max_length=200, description="the file's name")],
    dry_run: Annotated[bool, Query(description="only say what would happen")] = False,
    confirmed: Annotated[bool, Query(description="unlikely values are so")] = False,
) -> Response:
    """Take a CSV or Excel workbook of returns in, sent as the body: all of it, or nothing.

    One row for each firm, keyed by its credit code. 422 with row and field where one is refused;
    values that can hardly be, such as a negative value added, are taken only when `confirmed`.
    """
    path = await kept(request, ports.uploads, name, ports.limits.body_bytes)
    ask = {"scene": scene, "period": period, "file": path.name, "name": name, "by": who}
    try:
        done = await ports.desk.ask(
            "import_returns", {**ask, "dry_run": dry_run, "confirmed": confirmed}
        )
    finally:
        await run_in_threadpool(path.unlink, missing_ok=True)
    most = ports.limits.errors_told
    told = {**done, "refused": done["refused"][:most], "refusals": len(done["refused"])}
    return answers.json(told, 422 if done["refused"] else 200)


@router.post("", summary="Work out a draft 生成草案", status_code=201)
async def begin(ports: Given, who: Operator, act: Annotated[Begin, Body()]) -> Response:
    """Work out the first draft of a period. 409 where the period has an evaluation already."""
    done = await ports.desk.ask("begin_evaluation", {**act.model_dump(), "by": who})
    return await told(ports, done["id"], 201)


@router.get("/{number}", summary="One evaluation 评价详情")
def one(ports: Given, number: Number) -> Response:
    """Tell an evaluation with its log, its appeals, its rule set, and faults of its log."""
    return answers.json(ports.evaluations.full(number))


@router.get("/{number}/rows", summary="A result 评价结果")
def rows(
    ports: Given,
    number: Number,
    *,
    group: str = "",
    name: Annotated[str, Query(description="part of a name or key", max_length=64)] = "",
    level: Annotated[str, Query(alias="class")] = "",
    sort: str = "rank",
    down: bool = False,
    start: Annotated[int, Query(ge=0, lt=2**31)] = 0,
    limit: Annotated[int, Query(ge=1, le=PAGE)] = 100,
) -> Response:
    """Give a page of a result: score, rank and class of each firm, with its terms and remarks.

    `next` is the `start` of the page that follows.
    """
    found = ports.evaluations.rows(
        number, group=group, name=name, level=level, sort=sort, down=down, start=start, limit=limit
    )
    following = start + limit if len(found) == limit else None
    return answers.json({"next": following, "rows": found})


@router.get("/{number}/rows/{subject}", summary="A score taken apart 得分溯源")
def trace(ports: Given, number: Number, subject: str) -> Response:
    """Take one score apart: terms, measures, facts, and the file and row each came from."""
    return answers.json(ports.evaluations.trace(number, subject))


@router.get(
    "/{number}/export",
    summary="A result as a file 导出结果",
    responses=answers.declared(answers.CSV, XLSX),
)
def export(
    ports: Given,
    number: Number,
    form: Annotated[str, Query(alias="format", pattern="^(csv|xlsx)$")] = "xlsx",
) -> Response:
    """Give a result as CSV or Excel."""
    body = ports.evaluations.exported(number, f".{form}")
    media = answers.CSV if form == "csv" else XLSX
    name = {"content-disposition": f'attachment; filename="evaluation-{number}.{form}"'}
    return Response(body, media_type=media, headers=name)


@router.get("/{number}/what-if", summary="Another rule set 换办法试算")
def what_if(ports: Given, number: Number, rules: str) -> Response:
    """Say what another rule set would make of the same facts, and who would move."""
    return answers.json(ports.evaluations.what_if(number, rules))


@router.post("/{number}/redraft", summary="Work out anew 重新计算")
async def redraft(
    ports: Given, who: Operator, number: Number, act: Annotated[Redraft, Body()]
) -> Response:
    """Work a draft out anew from what the fact store says now."""
    return await asked(ports, "redraft_evaluation", number, {**act.model_dump(), "by": who})


@router.post("/{number}/publicise", summary="Make public 公示")
async def publicise(
    ports: Given, who: Operator, number: Number, act: Annotated[Step, Body()]
) -> Response:
    """Make a draft public, for as long as its rule set says."""
    return await asked(ports, "publicise_evaluation", number, {**act.model_dump(), "by": who})


@router.post("/{number}/withdraw", summary="Take back to draft 撤回公示")
async def withdraw(
    ports: Given, who: Operator, number: Number, act: Annotated[Withdraw, Body()]
) -> Response:
    """Take what is public back to a draft, with a reason; not once it is frozen."""
    return await asked(ports, "withdraw_evaluation", number, {**act.model_dump(), "by": who})


@router.post("/{number}/appeals", summary="Appeal 申诉", status_code=201)
async def appeal(
    ports: Given, who: Operator, number: Number, act: Annotated[Appeal, Body()]
) -> Response:
    """Take in that a firm objects to a value, while the evaluation is public."""
    ask = {**act.model_dump(), "evaluation": number, "by": who}
    done = await ports.desk.ask("appeal_evaluation", ask)
    return answers.json(done["appeal"], 201)


@router.post("/{number}/appeals/{appeal_id}/decide", summary="Decide an appeal 复核申诉")
async def decide(
    ports: Given, who: Operator, number: Number, appeal_id: Number,
    act: Annotated[Decision, Body()],
) -> Response:  # fmt: skip
    """Accept an appeal, which revises the fact and scores anew, or reject it; say why."""
    ask = {**act.model_dump(), "appeal": appeal_id}
    return await asked(ports, "decide_appeal", number, {**ask, "by": who})


@router.post("/{number}/freeze", summary="Freeze 定稿")
async def freeze(
    ports: Given, who: Operator, number: Number, act: Annotated[Step, Body()]
) -> Response:
    """End an evaluation; a case is opened for every firm that fell to the last class."""
    return await asked(ports, "freeze_evaluation", number, {**act.model_dump(), "by": who})


@router.post("/{number}/run-again", summary="Run again 复算")
async def run_again(ports: Given, who: Operator, number: Number) -> Response:
    """Work the result out again from its snapshot, and say whether it is the same."""
    return answers.json(await ports.desk.ask("run_again", {"evaluation": number, "by": who}))


async def asked(ports: Ports, verb: str, number: int, body: dict[str, Any]) -> Response:
    """Hand a step to the desk, then tell the evaluation as it stands."""
    await ports.desk.ask(verb, {"evaluation": number, **body})
    return await told(ports, number)


async def told(ports: Ports, number: int, status: int = 200) -> Response:
    """Tell an evaluation as its own page shows it."""
    return answers.json(await run_in_threadpool(ports.evaluations.full, number), status)
