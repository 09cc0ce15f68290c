"""Doors to facts: what was reported, what it means, where it is from, and files of more of it."""

from typing import Annotated, Any

from fastapi import Body, Depends, Query
from pydantic import Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from borough.api import answers
from borough.api.access import Given, Operator, reader
from borough.api.bodies import Exact
from borough.api.door import Door
from borough.api.fact_files import XLSX, kept, results_of
from borough.api.moments import moment
from borough.api.ports import Ports, Row
from borough.core.facts import Wanted

router = Door(prefix="/api/v1", tags=["facts 统计数据"], dependencies=[Depends(reader)])
PAGE = 1_000
"""The longest page that the stores give."""
SHOWN = 1_000
"""Results of rows that one answer holds; the rest is in the answer's own file."""


class Withdrawal(Exact):
    """Why an import is taken back."""

    why: str = Field(min_length=1, max_length=2_000)


def wanted(
    ports: Given,
    *,
    indicator: Annotated[str, Query(description="a code, or CODE@version")] = "",
    region: Annotated[str, Query(description="the code of a region")] = "",
    subject: Annotated[str | None, Query(description="a key; empty for the regions")] = None,
    period: Annotated[str, Query(description="as it is told, such as 2024-01/2024-11")] = "",
    period_kind: str = "",
    status: str = "",
    document: Annotated[str, Query(description="the code of a source")] = "",
    import_id: Annotated[int | None, Query(alias="import")] = None,
    marked: Annotated[bool, Query(description="only what a check objects to")] = False,
    as_of: Annotated[str, Query(description="what was known then; ms or ISO 8601")] = "",
) -> Wanted:
    """Read which facts a caller asks for."""
    return Wanted(
        indicator=indicator, region=region, subject=subject, period=period,
        period_kind=period_kind, status=status, document=document, import_id=import_id,
        marked=marked, as_of_ms=moment(as_of, "as_of", ports.district.zone) if as_of else None,
    )  # fmt: skip


Choice = Annotated[Wanted, Depends(wanted)]


@router.get("/facts", summary="List facts 统计数据列表")
def facts(
    ports: Given,
    choice: Choice,
    *,
    after: Annotated[int, Query(ge=0, description="the last id of the page before")] = 0,
    limit: Annotated[int, Query(ge=1, le=PAGE)] = 100,
) -> Response:
    """List facts by id, with `next` to page on and `total` of all that fit.

    `marks` are what checks have to say. With `as_of` each value is the one known at that moment.
    """
    rows = ports.facts.find(choice, after=after, limit=limit)
    following = rows[-1]["id"] if len(rows) == limit else None
    said = {"next": following, "total": ports.facts.count(choice), "facts": rows}
    return answers.json(said)


@router.get(
    "/facts/export",
    summary="Facts as a file 导出统计数据",
    responses=answers.declared(answers.CSV, XLSX),
)
def export(
    ports: Given,
    choice: Choice,
    form: Annotated[str, Query(alias="format", pattern="^(csv|xlsx)$")] = "csv",
) -> Response:
    """Give the facts that fit as CSV or Excel, with what checks say; it can be imported again."""
    body = ports.facts.exported(choice, f".{form}")
    media = answers.CSV if form == "csv" else XLSX
    name = {"content-disposition": f'attachment; filename="facts.{form}"'}
    return Response(body, media_type=media, headers=name)


@router.get("/facts/sources", summary="Who said it, and of whom 来源与主体")
def sources(ports: Given) -> Response:
    """List the sources of facts, and the names of what facts are about by key."""
    said = {"documents": ports.facts.documents(), "subjects": ports.facts.subjects()}
    return answers.json(said)


@router.get("/facts/imports", summary="List imports 导入记录")
def imports(
    ports: Given,
    *,
    before: Annotated[int, Query(ge=0, description="the last id of the page before")] = 0,
    limit: Annotated[int, Query(ge=1, le=PAGE)] = 100,
) -> Response:
    """List imports, newest first: who, when, from which file, and what became of its rows."""
    rows = ports.facts.imports(before=before, limit=limit)
    following = rows[-1]["id"] if len(rows) == limit else None
    return answers.json({"next": following, "imports": rows})


@router.post("/facts/imports", summary="Import a file 导入统计数据")
async def import_file(
    request: Request,
    ports: Given,
    who: Operator,
    *,
    name: Annotated[str, Query(max_length=200, description="the file's name")] = "facts.csv",
    dry_run: Annotated[bool, Query(description="only say what would happen")] = False,
    partial: Annotated[bool, Query(description="take the good rows where others are bad")] = False,
    title: Annotated[str, Query(max_length=500, description="of a source named first")] = "",
) -> Response:
    """Take a CSV or Excel file in, sent as the body: all of it, or nothing.

    One result for each row: `added`, `revised`, `same` or `refused` with field and reason. Other
    query parameters that bear the name of a column (`region`, `period`, `document` ...) fill the
    cells that the file leaves empty. 422 where rows are refused and nothing was kept.
    """
    path = await kept(request, ports.uploads, name, ports.limits.body_bytes)
    told = {"name", "dry_run", "partial", "title"}
    given = {field: text for field, text in request.query_params.items() if field not in told}
    ask = {"file": path.name, "name": name, "dry_run": dry_run, "partial": partial}
    done = await ports.desk.ask("import_facts", {**ask, "title": title, "given": given, "by": who})
    results = await run_in_threadpool(results_of, path)
    notable = [each for each in results if each["outcome"] == "refused"] or results
    most = ports.limits.errors_told
    said = {**done, "results": results if len(results) <= most else notable[:most]}
    clean = done["written"] or dry_run
    return answers.json(said, 200 if clean else 422)


@router.post("/facts/imports/{number}/withdraw", summary="Take an import back 撤回导入")
async def withdraw(
    ports: Given, who: Operator, number: int, act: Annotated[Withdrawal, Body()]
) -> Response:
    """Let an import count no longer; what it replaced counts again, and all stays readable."""
    ask = {"import": number, "why": act.why, "by": who}
    return answers.json(await ports.desk.ask("withdraw_facts", ask))


@router.get("/facts/{number}", summary="One fact to its source 一条数据与来源")
def one(ports: Given, number: int) -> Response:
    """Tell one fact: its definition, source, every revision with file and row, and its marks."""
    row = ports.facts.one(number)
    return answers.json({**row, **around(ports, row)})


@router.get("/indicators", summary="What numbers mean 指标定义")
def indicators(ports: Given) -> Response:
    """List indicators: each version of a definition, with unit, formula, source and validity."""
    return answers.json({"indicators": ports.facts.indicators()})


@router.get("/regions", summary="Regions, dated 行政区划沿革")
def regions(ports: Given) -> Response:
    """List regions with the days on which their codes held, and what came after them."""
    return answers.json({"regions": ports.facts.regions()})


def around(ports: Ports, row: Row) -> dict[str, Any]:
    """Give what a fact stands on: its definition, region, source and subject, in full."""
    named = [each for each in ports.facts.indicators() if each["code"] == row["indicator"]]
    return {
        "definitions": named,
        "region_told": first(ports.facts.regions(), "code", row["region"]),
        "source": first(ports.facts.documents(), "code", row["document"]),
        "subject_told": first(ports.facts.subjects(), "key", row["subject"]),
    }


def first(rows: Any, name: str, value: str) -> Row | None:
    """Find the row that has a value, if there is one."""
    return next((each for each in rows if each[name] == value), None)
