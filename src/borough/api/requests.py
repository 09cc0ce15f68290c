"""Doors to citizens' requests for those who deal with them: inbox, acts, rates, hot topics."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import msgspec
from fastapi import Body, Depends, Query
from pydantic import Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request as Asked
from starlette.responses import Response

from borough.api import answers
from borough.api.access import Given, Operator, reader
from borough.api.bodies import Exact
from borough.api.broadcast import wall_ms
from borough.api.covering import clean, hidden, patterns
from borough.api.door import Door
from borough.api.fact_files import XLSX, kept
from borough.api.live import spot
from borough.api.masking import sees_all, shown
from borough.api.moments import moment
from borough.api.ports import Ports
from borough.api.refusals import BadFields
from borough.api.requests_public import Filing, person_of
from borough.api.similar import listed
from borough.core.errors import Forbidden
from borough.core.forgetting import blotted_all, finders
from borough.core.requests import CHANNELS, STATES, Request

router = Door(prefix="/api/v1/requests", tags=["requests 诉求"], dependencies=[Depends(reader)])
COVERED = "***"
MOMENTS = ("received", "contact_due", "answer_due", "contacted", "answered")
HEAD = (
    "code", "state", "channel", "kind", "category", "urgent", "agency", "first_agency", "street",
    "place", "title", "text", "satisfaction", *MOMENTS,
)  # fmt: skip
"""Columns of the table."""
FORMULA = ("=", "+", "-", "@", "\t", "\r")
AT_ONCE = 25
"""Rows of a file that are asked of the desk in one go: others want it too, every second."""
MONTH_MS = 31 * 86_400_000


class Call(Filing):
    """A request that somebody of the centre writes down for a caller."""

    channel: str = Field("hotline", pattern=f"^({'|'.join(CHANNELS)})$")


class Note(Exact):
    """What is to be remembered of it."""

    note: str = Field("", max_length=2_000)


class Triage(Note):
    """What an acceptor decides; what is left out stays as it is or as triage suggests."""

    kind: str = Field("", max_length=32)
    category: str = Field("", max_length=32)
    urgent: bool | None = None
    agency: str = Field("", max_length=64)
    place: str = Field("", max_length=200)


class Refusal(Note):
    """Why it is not taken up, or counts in no rate."""

    reason: str = Field(min_length=1, max_length=32)


class Answer(Exact):
    """What the caller is told."""

    text: str = Field(min_length=1, max_length=4_000)


class Revisit(Note):
    """What the caller says of the answer."""

    resolved: bool
    satisfaction: int = Field(0, ge=0, le=5, description="1 (worst) to 5; 0 unknown")


class Merge(Exact):
    """Which case it belongs to."""

    into: int = Field(ge=1)


@router.get("", summary="List requests 诉求列表", responses=answers.declared(answers.CSV))
async def requests(
    asked: Asked,
    ports: Given,
    *,
    state: Annotated[str, Query(description=f"of {', '.join(STATES)}; several with commas")] = "",
    agency: str = "",
    street: str = "",
    category: str = "",
    case: int = 0,
    late: Annotated[bool, Query(description="only those past their time for an answer")] = False,
    since: Annotated[str, Query(description="ms or ISO 8601")] = "",
    until: Annotated[str, Query(description="ms or ISO 8601, not included")] = "",
    before: Annotated[int, Query(ge=0, description="the last id of the page before")] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    """List requests, newest first, with `next` to page on; `counts` by state, and of late ones.

    All of them are of what the caller may see. `format=csv` gives the list as a table.
    """
    zone = ports.district.zone
    states = [each for each in state.split(",") if each]
    if strange := set(states) - {*STATES}:
        field = "state"
        raise BadFields.one(field, f"must be one of {', '.join(STATES)}, not {min(strange)!r}")
    rows = await run_in_threadpool(
        lambda: ports.requests.find(
            state=states,
            agency=agency,
            street=street,
            category=[each for each in category.split(",") if each],
            case=case,
            late_at_ms=ports.clock.now(wall_ms()) if late else 0,
            since_ms=moment(since, "since", zone) if since else None,
            until_ms=moment(until, "until", zone) if until else None,
            before=before,
            limit=limit,
            reach=asked.state.reach,
        )
    )
    following = rows[-1].id if len(rows) == limit else None
    if answers.wants_csv(asked):
        listed = await listing(asked, ports, rows)
        return answers.table("requests", HEAD, ([_cell(each, name, zone) for name in HEAD]
                                                for each in listed))  # fmt: skip
    now = ports.clock.now(wall_ms())
    counts = await run_in_threadpool(ports.requests.counts, now, asked.state.reach)
    return answers.json(
        {"next": following, "counts": counts, "requests": await listing(asked, ports, rows)}
    )


def _cell(row: Mapping[str, Any], name: str, zone: str) -> Any:
    """Give a cell of the table; a time as it reads on a clock of the district."""
    value = row[f"{name}_ms"] if name in MOMENTS else row[name]
    if isinstance(value, str) and value.startswith(FORMULA):
        return f"'{value}"  # what a citizen wrote is no formula of a spreadsheet
    if name not in MOMENTS or value is None:
        return value
    return f"{datetime.fromtimestamp(value / 1000, ZoneInfo(zone)):%Y-%m-%d %H:%M:%S}"


@router.get("/rules", summary="What the district lays down 办理规则")
def rules(ports: Given) -> Response:
    """Give kinds, categories with their agencies, reasons for exclusion, levels, thresholds."""
    said = ports.requests.rules
    agencies = ports.district.agencies
    names = zip(agencies.code, agencies.name_zh, agencies.name_en, strict=True)
    return answers.json({
        **msgspec.to_builtins(said),
        "agencies": {code: {"zh": zh, "en": en} for code, zh, en in names},
    })  # fmt: skip


@router.get("/rates", summary="The three rates 三率")
async def rates(
    asked: Asked,
    ports: Given,
    *,
    by: Annotated[str, Query(description="agency, first_agency, street, month, category")] = "all",
    since: Annotated[str, Query(description="ms or ISO 8601; a month ago")] = "",
    until: Annotated[str, Query(description="ms or ISO 8601, not included; now")] = "",
) -> Response:
    """响应率、解决率、满意率 of the requests received in a period, with the ids that count.

    Only requests that the caller may see count.
    """
    now, zone = ports.clock.now(wall_ms()), ports.district.zone
    end = moment(until, "until", zone) if until else now + 1
    start = moment(since, "since", zone) if since else end - MONTH_MS
    reach = asked.state.reach
    return answers.json(await run_in_threadpool(ports.requests.rates, start, end, by, now, reach))


@router.get("/hot", summary="Hot topics 热点诉求")
async def hot(
    asked: Asked, ports: Given, *, days: Annotated[float, Query(gt=0, le=366)] = 0
) -> Response:
    """List what many people raise, of what the caller may see; people count, not messages."""
    now = ports.clock.now(wall_ms())
    span = days or ports.requests.rules.hot_days
    topics = await run_in_threadpool(ports.requests.hot, now + 1, span, asked.state.reach)
    every = sees_all(asked.state.who)
    said = [each if every else {**each, "says": clean(each["says"])} for each in topics]
    return answers.json({"days": span, "topics": said})


@router.post("/calls", status_code=201, summary="Write a call down 话务登记")
async def call(ports: Given, who: Operator, said: Annotated[Call, Body()]) -> Response:
    """Take a request in for a caller: hotline, visit, letter."""
    key = f"{said.channel}:{said.key}" if said.key else f"{said.channel}:{wall_ms()}:{who}"
    ask = {
        **said.model_dump(exclude={"contact"}),
        "key": key,
        "contact": person_of(said),
        "by": who,
    }
    return answers.json(await ports.desk.ask("file_request", ask), 201)


@router.post("/imports", summary="Import a file 导入诉求", responses=answers.declared(XLSX))
async def import_file(
    asked: Asked,
    ports: Given,
    who: Operator,
    *,
    name: Annotated[str, Query(max_length=200, description="the file's name")] = "requests.csv",
    dry_run: Annotated[bool, Query(description="only say what would happen")] = False,
    errors: Annotated[bool, Query(description="answer with a workbook of what is wrong")] = False,
) -> Response:
    """Take a CSV or Excel file of requests in, each row for itself; one result for each row.

    `added`, `same` (known under its key), `fits` (dry run) or `refused` with the reason. Columns:
    key and text, perhaps title, place, lon, lat, channel, kind, category, name, phone, secret.
    """
    path = await kept(asked, ports.uploads, name, ports.limits.body_bytes)
    try:
        rows = await run_in_threadpool(ports.requests.drafts, path)
        results: list[dict[str, Any]] = []
        for at in range(0, len(rows), AT_ONCE):
            part = rows[at : at + AT_ONCE]
            good = [each["draft"] for each in part if not each["wrong"]]
            ask = {"requests": good, "dry_run": dry_run, "by": who}
            done = iter((await ports.desk.ask("file_requests", ask))["results"])
            for each in part:
                wrong = {"outcome": "refused", "code": "bad-request", "detail": each["wrong"]}
                results.append({"row": each["row"], **(wrong if each["wrong"] else next(done))})
        if errors:
            book = await run_in_threadpool(ports.requests.marked, path, results)
            headers = {"content-disposition": 'attachment; filename="errors.xlsx"'}
            return Response(book, media_type=XLSX, headers=headers)
    finally:
        path.unlink(missing_ok=True)
    outcomes = ("added", "same", "fits", "refused")
    counts = {each: sum(row["outcome"] == each for row in results) for each in outcomes}
    return answers.json({**counts, "results": results})


@router.get("/{request}", summary="One request 诉求详情")
async def one(asked: Asked, ports: Given, request: str) -> Response:
    """Tell one by id or code: its acts, its caller as you may see them, others of its case."""
    return await full(asked, ports, request)


@router.post("/{request}/triage", summary="Sort it 受理分派")
async def triage(
    asked: Asked, ports: Given, who: Operator, request: str, act: Annotated[Triage, Body()]
) -> Response:
    """Accept a request and give it to an agency; to another one only with a note."""
    return await acted(asked, ports, request, "triage_request", {**act.model_dump(), "by": who})


@router.post("/{request}/refuse", summary="Do not accept it 不予受理")
async def refuse(
    asked: Asked, ports: Given, who: Operator, request: str, act: Annotated[Refusal, Body()]
) -> Response:
    """Refuse a request, or leave one out of the rates, for one of the district's reasons."""
    return await acted(asked, ports, request, "refuse_request", {**act.model_dump(), "by": who})


@router.post("/{request}/contact", summary="The caller was called 联系诉求人")
async def contact(
    asked: Asked, ports: Given, who: Operator, request: str, act: Annotated[Note, Body()]
) -> Response:
    """Note that the caller was spoken to; the first time counts for 响应率."""
    return await acted(asked, ports, request, "contact_request", {**act.model_dump(), "by": who})


@router.post("/{request}/answer", summary="Answer it 答复")
async def answer(
    asked: Asked, ports: Given, who: Operator, request: str, act: Annotated[Answer, Body()]
) -> Response:
    """Answer a request."""
    return await acted(asked, ports, request, "answer_request", {**act.model_dump(), "by": who})


@router.post("/{request}/revisit", summary="Ask the caller 回访")
async def revisit(
    asked: Asked, ports: Given, who: Operator, request: str, act: Annotated[Revisit, Body()]
) -> Response:
    """Note what the caller says of the answer; not resolved opens it again."""
    return await acted(asked, ports, request, "revisit_request", {**act.model_dump(), "by": who})


@router.post("/{request}/merge", summary="Join another case 并案")
async def merge(
    asked: Asked, ports: Given, who: Operator, request: str, act: Annotated[Merge, Body()]
) -> Response:
    """Have a request join the case of another one."""
    return await acted(asked, ports, request, "merge_request", {**act.model_dump(), "by": who})


@router.post("/{request}/split", summary="Part it again 拆案")
async def split(
    asked: Asked, ports: Given, who: Operator, request: str, act: Annotated[Note, Body()]
) -> Response:
    """Give a request that was merged a case of its own."""
    return await acted(asked, ports, request, "split_request", {**act.model_dump(), "by": who})


async def acted(
    asked: Asked, ports: Ports, request: str, verb: str, body: dict[str, Any]
) -> Response:
    """Ask the desk for an act on a request that the caller reaches; tell how it stands then."""
    now = await run_in_threadpool(ports.requests.one, named(request))
    if not reaches(asked, ports, now):
        raise Forbidden(ELSEWHERE)
    await ports.desk.ask(verb, {"request": now.id, **body})
    return await full(asked, ports, request)


async def full(asked: Asked, ports: Ports, request: str) -> Response:
    """Tell a request as its own page shows it."""
    now = await run_in_threadpool(ports.requests.one, named(request))
    if not reaches(asked, ports, now):
        raise Forbidden(ELSEWHERE)
    others = await run_in_threadpool(lambda: ports.requests.find(case=now.case_id, limit=100))
    acts = await run_in_threadpool(ports.requests.acts, now.id)
    wanted = [now.person] if now.person else []
    people = await shown(asked, ports, wanted, f"request {now.code}")
    every = sees_all(asked.state.who)
    caller = (await callers(ports, [now])).get(now.person, {})
    return answers.json({
        **told(now, None if every else caller),
        "person": people.get(now.person, {}),
        "person_id": now.person,
        "answer": now.answer if every else hidden(now.answer, caller),
        "acts": acts if every else [{**each, **unnamed(each, caller)} for each in acts],
        "with": await listing(asked, ports, [each for each in others if each.id != now.id]),
        "similar": await run_in_threadpool(listed, asked, ports, now.case_id),
    })  # fmt: skip


ELSEWHERE = "request: of another agency or area"


def named(request: str) -> int | str:
    """Read an id or a code."""
    return int(request) if request.isdecimal() and request.isascii() else request


def reaches(asked: Asked, ports: Ports, request: Request) -> bool:
    """Tell whether who asks may see a request: it is of their agency and area."""
    where = spot(request.grid, request.street, ports.district.grids.code)
    agencies = (request.agency, request.first_agency)
    return any(each.covers(agencies, where) for each in asked.state.reach)


async def callers(ports: Ports, rows: Sequence[Request]) -> Mapping[int, Mapping[str, str]]:
    """Give the records of those who made requests, to cover them in what they wrote."""
    wanted = {each.person for each in rows if each.person}
    return await run_in_threadpool(ports.people.unread, wanted) if wanted else {}


async def listing(asked: Asked, ports: Ports, rows: Sequence[Request]) -> list[dict[str, Any]]:
    """Tell requests as a list shows them, to somebody who may see what they may see."""
    if sees_all(asked.state.who):
        return [told(each, None) for each in rows]
    known = await callers(ports, rows)
    return [told(each, known.get(each.person, {})) for each in rows]


def told(request: Request, caller: Mapping[str, str] | None) -> dict[str, Any]:
    """Tell a request; with the record of its *caller*, that is covered in its words."""
    said: dict[str, Any] = msgspec.to_builtins(request)
    for name in ("receipt", "key", "answer"):
        said.pop(name)
    if caller is not None:
        said |= {name: hidden(said[name], caller) for name in ("title", "text", "place")}
        said["suggestion"] = covered(said["suggestion"], caller)
    return said


def unnamed(act: Mapping[str, Any], caller: Mapping[str, str]) -> dict[str, Any]:
    """Tell the words of an act without who asked."""
    return {"note": hidden(act["note"], caller), "data": covered(act["data"], caller)}


def covered(value: Any, caller: Mapping[str, str]) -> Any:
    """Cover in plain data who asked, and the words that triage stood on: they may be names."""
    return blotted_all(value, finders(caller.values(), patterns().values()), COVERED)
