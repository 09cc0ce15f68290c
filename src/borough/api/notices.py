"""Doors to notices: who is told through which channels, of what, and who answered."""

from typing import Annotated, Literal

from fastapi import Body, Query
from pydantic import Field
from starlette.responses import Response

from borough.api import answers
from borough.api.access import Given, Operator
from borough.api.bodies import Exact
from borough.api.door import Door

router = Door(prefix="/api/v1", tags=["notices 通知"])
Names = Annotated[list[Annotated[str, Field(min_length=1, max_length=64)]], Field(max_length=100)]
Channels = Annotated[list[Annotated[str, Field(max_length=1_000)]], Field(max_length=10)]


class Told(Exact):
    """Who is told and how; what is left out stays as it is."""

    name: str | None = Field(None, max_length=100)
    language: Literal["zh", "en"] | None = None
    posts: Names | None = None
    agencies: Names | None = None
    roles: Names | None = None
    channels: Channels | None = Field(None, description="addresses as Apprise writes them")
    quiet: str | None = Field(None, max_length=16, description="such as 22:00-07:00")
    most_per_h: int | None = Field(None, ge=1, le=10_000)
    active: bool | None = None


@router.get("/recipients", summary="List recipients 接收人")
def recipients(ports: Given) -> Response:
    """List recipients, with the kinds of their channels; addresses are shown to nobody."""
    return answers.json({"recipients": ports.outward.notices.recipients()})


@router.put("/recipients/{recipient}", summary="Enter a recipient 登记接收人")
async def put(
    ports: Given, who: Operator, recipient: str, told: Annotated[Told, Body()]
) -> Response:
    """Enter a recipient, or change one. 400 where a channel cannot be understood, or is inside."""
    asked = {**told.model_dump(exclude_none=True), "recipient": recipient, "by": who}
    return answers.json(await ports.desk.ask("put_recipient", asked))


@router.delete("/recipients/{recipient}", summary="Take a recipient away 删除接收人")
async def remove(ports: Given, who: Operator, recipient: str) -> Response:
    """Take a recipient away; what waits for them is given up."""
    asked = {"recipient": recipient, "by": who}
    return answers.json(await ports.desk.ask("remove_recipient", asked))


@router.post("/recipients/{recipient}/test", summary="Send a test 测试通知")
async def test(ports: Given, who: Operator, recipient: str) -> Response:
    """Send a word through each of a recipient's channels, now, and say whether one took it."""
    asked = {"recipient": recipient, "by": who}
    return answers.json(await ports.desk.ask("try_recipient", asked))


@router.get("/notices", summary="List notices 通知记录")
def notices(
    ports: Given,
    *,
    recipient: Annotated[str, Query(max_length=64)] = "",
    unanswered: Annotated[bool, Query(description="only those that wait for an answer")] = False,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    """List notices, newest first: to whom, which words, whether they went, and who answered."""
    found = ports.outward.notices.find(
        case=None, recipient=recipient, unanswered=unanswered, limit=limit
    )
    return answers.json({"notices": found})


@router.get("/notices/rules", summary="Rules of notices 通知规则")
def rules(ports: Given) -> Response:
    """List the rules that say who is told of what."""
    return answers.json({"rules": ports.outward.notices.rules()})


@router.get("/cases/{case}/notices", summary="Notices of a case 案卷通知")
def of_case(ports: Given, case: int) -> Response:
    """List who was told of a case, and who answered."""
    found = ports.outward.notices.find(case=case, recipient="", unanswered=False, limit=1000)
    return answers.json({"notices": found})


@router.post("/cases/{case}/notices/{notice}/answer", summary="I have heard 应答")
async def answer(ports: Given, who: Operator, case: int, notice: str) -> Response:
    """Say that one has heard (叫应); nobody else is told any more in place of those asked."""
    asked = {"case": case, "notice": notice, "by": who}
    return answers.json(await ports.desk.ask("answer_notice", asked))
