"""Doors to posts and rosters: who is on duty, what they have, leave, patrols."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import Body, Depends, Query
from pydantic import Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from borough.api import answers, tables
from borough.api.access import Given, Operator, reader
from borough.api.bodies import Exact
from borough.api.broadcast import wall_ms
from borough.api.cases import asked
from borough.api.details import details
from borough.api.door import Door
from borough.api.fact_files import BODY, kept
from borough.api.moments import moment
from borough.api.ports import Ports
from borough.api.problems import language
from borough.api.refusals import TITLES
from borough.core.errors import Forbidden

router = Door(prefix="/api/v1", tags=["rosters 排班"], dependencies=[Depends(reader)])
Word = Annotated[str, Query(max_length=64)]
At = Annotated[str, Query(description="ms or ISO 8601; now where it is left out")]
CHOSEN_FROM = 300
"""Posts that somebody can find their own among."""
DAY = r"\d{4}-\d{2}-\d{2}"


class Change(Exact):
    """What is otherwise on one day, for one post."""

    day: str = Field(pattern=DAY, description="as 2024-07-10")
    post: str = Field(min_length=1, max_length=64)
    shift: str = Field("", max_length=64, description="a code, or empty for none")
    worker: str = Field("", max_length=64, description="who works it, if not the post itself")
    why: str = Field("", max_length=500)


class Changes(Exact):
    """All of them, or nothing; two who swap are two rows."""

    rows: list[Change] = Field(min_length=1, max_length=1_000)


class Leave(Exact):
    """From when to when a post is away, and who stands in."""

    post: str = Field(min_length=1, max_length=64)
    begins: str = Field("", alias="from", max_length=40, description="now where it is left out")
    ends: str = Field(alias="to", max_length=40)
    stand_in: str = Field("", max_length=64)
    why: str = Field(min_length=1, max_length=500)


@dataclass(frozen=True, slots=True)
class How:
    """How a file is taken in."""

    name: Annotated[str, Query(max_length=200, description="the file's name")] = "rows.csv"
    dry_run: Annotated[bool, Query(description="only say what would happen")] = False
    partial: Annotated[bool, Query(description="take the good rows where others are bad")] = False


Sent = Annotated[How, Depends()]


class TakeUp(Exact):
    """Which post has it in hand."""

    post: str = Field("", max_length=64)
    note: str = Field("", max_length=500)


class Round(Exact):
    """What was found."""

    note: str = Field("", max_length=2_000)


async def sent(request: Request, ports: Ports, verb: str, ask: dict[str, Any]) -> Response:
    """Hand a file to the desk, and tell what became of each row, in both languages."""
    path = await kept(request, ports.uploads, ask["name"], ports.limits.body_bytes)
    try:
        body = {**ask, "file": path.name, "most": ports.limits.errors_told}
        done = dict(await ports.desk.ask(verb, body))
    finally:
        await run_in_threadpool(path.unlink, missing_ok=True)
    for each in done["results"]:
        if "detail" in each:
            each["details"] = details(each["detail"], TITLES[each["code"]]["zh"])
    if done["written"] or done["dry_run"]:
        return answers.json(done)
    first = next(each for each in done["results"] if "details" in each)
    row = {"zh": f"第 {first['row']} 行：", "en": f"row {first['row']}: "}
    tongue = language(request)
    return answers.json({**done, "detail": row[tongue] + first["details"][tongue]}, 422)


def now(ports: Ports, at: str = "") -> int:
    """Read a moment, or take the present one."""
    return moment(at, "at", ports.district.zone) if at else ports.clock.now(wall_ms())


def local_day(ports: Ports) -> str:
    """Give the district's present day."""
    zone = ZoneInfo(ports.district.zone)
    return f"{datetime.fromtimestamp(now(ports) / 1000, UTC).astimezone(zone):%Y-%m-%d}"


@router.get("/posts", summary="Posts 岗位", responses=answers.declared(*tables.FORMS.values()))
def posts(
    request: Request, ports: Given, *, kind: Word = "", grid: int | None = None, at: At = "",
    on_duty: Annotated[bool, Query(description="only those on duty")] = False,
) -> Response:  # fmt: skip
    """List posts: on duty or not and until when, how many cases and tasks each has, skills.

    `format=csv` or `format=xlsx` gives them as a file.
    """
    rows = ports.rosters.posts(at_ms=now(ports, at), kind=kind, grid=grid, on_duty=on_duty)
    if form := tables.form_of(request):
        words = tables.Words.of(request, ports)
        return words.table(ports, "posts", [post_row(words, each) for each in rows], form)
    return answers.json({"at_ms": now(ports, at), "posts": rows})


def post_row(words: tables.Words, post: Mapping[str, Any]) -> tables.Row:
    """Lay a post out in the order of the headings."""
    shift = f"{words.name('shifts', post['pattern'] or '')} {post['shift']}".strip()
    covers = post["covers"] or ""
    return (
        words.name("posts", post["code"]), post["code"], words.name("holders", post["kind"]),
        shift, words.time(post["until_ms"]),
        words.name("posts", covers) if covers != post["code"] else "",
        words.time(post["leave_ms"]), post["load"],
        " ".join(words.name("skills", each) for each in post["skills"]),
    )  # fmt: skip


@router.get("/areas", summary="The tree of grids 网格树")
def areas(
    ports: Given, *, kind: Word = "",
    parent: Annotated[str | None, Query(max_length=64, description="those below it")] = None,
) -> Response:  # fmt: skip
    """List areas: district, streets, communities, grids, and responsibility grids as sets."""
    return answers.json({"areas": ports.rosters.areas(kind=kind, parent=parent)})


@router.get("/rosters", summary="The roster of a day 排班表")
def roster(
    ports: Given, *, day: Annotated[str, Query(pattern=DAY)] = "", kind: Word = ""
) -> Response:
    """Give shifts and the duties of a day. 409 `calendar-hole` for a day not laid out."""
    told = day or local_day(ports)
    rows = ports.rosters.plan(told, kind)
    return answers.json({"day": told, "shifts": ports.rosters.shifts(), "duties": rows})


@router.get("/rosters/duty", summary="Who is on duty 谁在班")
def duty(
    ports: Given, *, kind: Annotated[str, Query(min_length=1, max_length=64)], grid: int,
    at: At = "", skill: Annotated[list[str] | None, Query(max_length=10)] = None,
) -> Response:  # fmt: skip
    """Name the posts of a kind on duty in a grid at a moment that have all the skills."""
    when = now(ports, at)
    found = ports.rosters.on_duty(kind, grid, when, skill or ())
    return answers.json({"at_ms": when, "posts": found})


@router.get("/duties", summary="My duties 我的排班")
def duties(request: Request, ports: Given, *, post: Word = "") -> Response:
    """Tell a post's duties as far as they are laid out, and its leave, from now on.

    `posts` names those that one may ask about, which are of one's agency and area; where they are
    too many to choose from, one's own alone.
    """
    posts = ports.district.posts
    mine = [code for at, code in enumerate(posts.code) if reaches_post(request, ports, at)]
    if post and post not in mine:
        msg = "post: of another agency or area"
        raise Forbidden(msg)
    told = ports.rosters.own(post, now(ports)) if post else {"duties": [], "leaves": []}
    own = request.state.who.post
    few = mine if len(mine) <= CHOSEN_FROM else [each for each in mine if each == own]
    return answers.json({"now_ms": now(ports), "post": post, "posts": few, **told})


def reaches_post(request: Request, ports: Ports, at: int) -> bool:
    """Tell whether whoever asks holds the right at a post, by its agency and its home."""
    place, posts = ports.district, ports.district.posts
    agency, grid = int(posts.agency[at]), int(posts.grid[at])
    agencies = [place.agencies.code[agency]] if agency >= 0 else []
    where = place.grids.code[grid] if grid >= 0 else ""
    return any(each.covers(agencies, where) for each in request.state.reach)


@router.post("/rosters/changes", summary="Change the roster 调班")
async def change(ports: Given, who: Operator, act: Annotated[Changes, Body()]) -> Response:
    """Say for days and posts what is otherwise: another shift, none, or who works it instead."""
    body = {"rows": [each.model_dump() for each in act.rows], "by": who}
    return answers.json(await ports.desk.ask("change_roster", body))


@router.post("/rosters/imports", summary="Import a roster 导入排班", openapi_extra=BODY)
async def import_file(request: Request, ports: Given, who: Operator, how: Sent) -> Response:
    """Take a CSV or Excel file of changes in: columns day, post, shift, worker, why.

    All of it or nothing, with one result for each row: `changed`, `same` or `refused` with field
    and reason. 422 where rows are refused and nothing was kept.
    """
    return await sent(request, ports, "import_roster", {**asdict(how), "by": who})


@router.get("/leaves", summary="Leave 请假")
def leaves(ports: Given) -> Response:
    """List leave that runs or is to come."""
    return answers.json({"leaves": ports.rosters.leaves(now(ports))})


@router.post("/leaves", summary="Give leave 批假")
async def leave(ports: Given, who: Operator, act: Annotated[Leave, Body()]) -> Response:
    """Let a post be away; it holds at once, and what the post has goes to others."""
    zone = ports.district.zone
    body: dict[str, Any] = {"post": act.post, "stand_in": act.stand_in, "why": act.why, "by": who}
    body |= {"to_ms": moment(act.ends, "to", zone)}
    body |= {"from_ms": moment(act.begins, "from", zone)} if act.begins else {}
    return answers.json(await ports.desk.ask("leave", body))


@router.post("/leaves/imports", summary="Import leave 导入请假", openapi_extra=BODY)
async def import_leave(request: Request, ports: Given, who: Operator, how: Sent) -> Response:
    """Take a CSV or Excel file of leave in: columns post, from, to, stand_in, why.

    As with a roster; outcomes are `added`, `same` and `refused`, and `handed_on` names the cases
    that go to others at once.
    """
    return await sent(request, ports, "import_leave", {**asdict(how), "by": who})


@router.post("/leaves/{leave}/end", summary="Take leave back 销假")
async def end_leave(ports: Given, who: Operator, leave: int) -> Response:
    """End leave from now on."""
    return answers.json(await ports.desk.ask("end_leave", {"leave": leave, "by": who}))


@router.get("/dispatch", summary="What waits for a post 待派")
def waiting(ports: Given) -> Response:
    """Count the cases that wait for somebody, by kind of post."""
    return answers.json({"waiting": ports.rosters.waiting()})


@router.post("/cases/{case}/take-up", summary="Take a case up 接单")
async def take_up(
    ports: Given, who: Operator, case: int, act: Annotated[TakeUp, Body()]
) -> Response:
    """Say that a post has it in hand; what nobody takes up in time goes to somebody else."""
    return await asked(ports, "take_up", case, {**act.model_dump(), "by": who})


@router.get("/patrols", summary="Patrols 巡查")
def patrols(ports: Given) -> Response:
    """List patrols: their rhythm, and how many rounds were done and missed."""
    return answers.json({"patrols": ports.rosters.patrols()})


@router.get("/rounds", summary="Rounds of patrols 巡查任务")
def rounds(
    ports: Given, *, patrol: Word = "", post: Word = "",
    state: Annotated[str, Query(pattern="^(|open|done|missed)$")] = "",
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:  # fmt: skip
    """List rounds, the one that is due first coming first."""
    found = ports.rosters.rounds(patrol=patrol, post=post, state=state, limit=limit)
    return answers.json({"rounds": found})


@router.post("/patrols/{patrol}/begin", summary="Begin a patrol on call 发起巡查")
async def begin_patrol(ports: Given, who: Operator, patrol: str) -> Response:
    """Have the rounds of a patrol made now, such as before rain."""
    return answers.json(await ports.desk.ask("begin_patrol", {"patrol": patrol, "by": who}))


@router.post("/rounds/{number}/done", summary="A round is done 完成巡查")
async def done(ports: Given, who: Operator, number: str, act: Annotated[Round, Body()]) -> Response:
    """Say that a round was made, and what was found."""
    body = {"round": number, "by": who, **act.model_dump()}
    return answers.json(await ports.desk.ask("end_round", body))
