"""Doors for files of things: in with a result for every row, taken back, and out again."""

import secrets
import shutil
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Query
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from borough.api import answers
from borough.api.access import Given, Operator, reader
from borough.api.door import Door
from borough.api.ports import Row
from borough.api.refusals import BadFields, TooLarge

router = Door(prefix="/api/v1/things", tags=["things 对象"])
MEDIA = {
    "csv": answers.CSV,
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "geojson": "application/geo+json",
}
NAMES = {media.partition(";")[0]: f"things.{form}" for form, media in MEDIA.items()}
BEGUN = 202
NOTHING = "the body is empty; send the file as it is"
BODY = {
    "requestBody": {
        "required": True,
        "content": {media: {"schema": {"type": "string", "format": "binary"}} for media in NAMES},
    }
}


@router.post(
    "/imports", summary="Import a file of things 导入对象", openapi_extra=BODY, status_code=BEGUN
)
async def import_file(
    request: Request,
    ports: Given,
    who: Operator,
    *,
    name: Annotated[str, Query(max_length=200, description="the file's name")] = "",
    sheet: Annotated[str, Query(max_length=200, description="of a workbook with several")] = "",
    kind: Annotated[str, Query(max_length=64, description="where the file has no column")] = "",
    dry_run: Annotated[bool, Query(description="only say what would happen")] = False,
    partial: Annotated[bool, Query(description="take the good rows where others are bad")] = False,
    credentials: Annotated[bool, Query(description="issue tokens to new things")] = False,
) -> Response:
    """Take a CSV, Excel or GeoJSON file in, sent as the body; 202 says that it waits its turn.

    Columns: `key`, `kind`, `name.zh`, `name.en`, `lon`, `lat`, `grid`, `via`, `valid_from`,
    `valid_to`, `attr.*`, `rel.*`. All of it is taken in, or nothing; the same file again changes
    nothing. Watch `Location`, or event `import` of the live stream.
    """
    media = request.headers.get("content-type", "").partition(";")[0].strip()
    called = name or NAMES.get(media, "things.csv")
    path = ports.uploads / f"things-{secrets.token_hex(8)}"
    try:
        await store(request, path, ports.limits.upload_bytes)
        asked = {"kind": kind, "sheet": sheet, "dry_run": dry_run, "partial": partial}
        asked |= {"credentials": credentials, "by": who}
        job = await ports.desk.ask("import_things", {"upload": path.name, "file": called, **asked})
    finally:
        await run_in_threadpool(path.unlink, missing_ok=True)
    return begun(job)


async def store(request: Request, path: Path, most: int) -> None:
    """Write a body to a file as it comes; `TooLarge` beyond *most* bytes."""
    await run_in_threadpool(path.parent.mkdir, parents=True, exist_ok=True)
    size = 0
    with path.open("wb") as file:
        async for part in request.stream():
            size += len(part)
            if size > most:
                msg = f"a file may have {most} bytes"
                raise TooLarge(msg)
            await run_in_threadpool(file.write, part)
    if not size:
        field = "body"
        raise BadFields.one(field, NOTHING)


def begun(job: Row) -> Response:
    """Answer that a job waits, and where to look."""
    answer = answers.json(job, BEGUN)
    answer.headers["location"] = f"/api/v1/things/imports/{job['number']}"
    return answer


@router.get("/imports", summary="List imports 导入记录", dependencies=[Depends(reader)])
def imports(ports: Given, limit: Annotated[int, Query(ge=1, le=1000)] = 100) -> Response:
    """List imports, newest first: who, which file, how far, and what became of its rows."""
    return answers.json({"imports": ports.intakes.jobs(limit)})


@router.get("/imports/{number}", summary="One import 导入进度", dependencies=[Depends(reader)])
def one(ports: Given, number: int) -> Response:
    """Tell how far an import is and what came of it: counts, and the first errors by row.

    `state` is waiting, running, done or failed; `applied` says whether the registry changed.
    """
    return answers.json(ports.intakes.job(number))


@router.get(
    "/imports/{number}/rows",
    summary="Result of each row 逐行结果",
    dependencies=[Depends(reader)],
    responses=answers.declared(answers.CSV),
)
def rows(ports: Given, number: int) -> Response:
    """Give the result of every row as CSV: added, changed, same or refused, and why."""
    path = ports.intakes.file(number, "rows")
    return FileResponse(path, media_type=answers.CSV, filename=f"import-{number}.csv")


@router.get(
    "/imports/{number}/errors",
    summary="Refused rows 错误行工作簿",
    dependencies=[Depends(reader)],
    responses=answers.declared(MEDIA["xlsx"]),
)
def errors(ports: Given, number: int) -> Response:
    """Give the file back as a workbook: a column of errors, and red cells where they are."""
    path = ports.intakes.file(number, "errors")
    return FileResponse(path, media_type=MEDIA["xlsx"], filename=f"import-{number}-errors.xlsx")


@router.post(
    "/imports/{number}/tokens",
    summary="Tokens, once 一次性领取凭证",
    responses=answers.declared(answers.CSV),
)
def tokens(ports: Given, _who: Operator, number: int) -> Response:
    """Give the tokens that the import issued, as CSV of `key` and `token`: only once."""
    headers = {"cache-control": "no-store"}
    return Response(ports.intakes.tokens(number), media_type=answers.CSV, headers=headers)


@router.post("/imports/{number}/undo", summary="Take an import back 撤销导入", status_code=BEGUN)
async def undo(
    ports: Given,
    who: Operator,
    *,
    number: int,
    dry_run: Annotated[bool, Query(description="only say what would happen")] = False,
    partial: Annotated[bool, Query(description="leave alone what was changed since")] = False,
) -> Response:
    """Retire what the import added and put back what it changed; nothing is deleted.

    Things that were changed since are refused. 202: it is an import of its own.
    """
    asked = {"import": number, "by": who, "dry_run": dry_run, "partial": partial}
    return begun(await ports.desk.ask("take_back_things", asked))


@router.get(
    "/exports",
    summary="Things as a file 导出对象",
    dependencies=[Depends(reader)],
    responses=answers.declared(*MEDIA.values()),
)
def exports(
    ports: Given,
    *,
    form: Annotated[str, Query(alias="format", pattern="^(csv|xlsx|geojson)$")] = "csv",
    kind: str = "",
    grid: Annotated[str, Query(description="a grid's code")] = "",
    retired: Annotated[bool, Query(description="also what is out of use")] = False,
) -> Response:
    """Give things as CSV, Excel or GeoJSON; the file can be imported again."""
    path = ports.intakes.export(form, kind=kind, grid=grid, retired=retired)
    clear = BackgroundTask(shutil.rmtree, path.parent, ignore_errors=True)
    name = f"things.{form}"
    return FileResponse(path, media_type=MEDIA[form], filename=name, background=clear)
