"""Doors to hooks: programs elsewhere that are told of cases, and what became of each message."""

from typing import Annotated, Literal

from fastapi import Body, Query
from pydantic import Field
from starlette.responses import Response

from borough.api import answers
from borough.api.access import Given, Operator
from borough.api.bodies import Exact
from borough.api.door import Door

router = Door(prefix="/api/v1", tags=["hooks 事件推送"])
MADE = 201
Names = Annotated[list[Annotated[str, Field(min_length=1, max_length=64)]], Field(max_length=100)]
URL_LONGEST = 2_000


class Subscription(Exact):
    """Which events go where; an empty list lets everything through."""

    url: str = Field(min_length=8, max_length=URL_LONGEST)
    events: Names = Field(default_factory=list, description="verbs of a case's log")
    scenes: Names = Field(default_factory=list)
    agencies: Names = Field(default_factory=list)
    remarks: bool = Field(default=False, description="tell also what people wrote themselves")


class Change(Exact):
    """What is to be different."""

    url: str | None = Field(None, min_length=8, max_length=URL_LONGEST)
    events: Names | None = None
    scenes: Names | None = None
    agencies: Names | None = None
    remarks: bool | None = None
    active: bool | None = None


class Rotation(Exact):
    """How the secret is exchanged."""

    at_once: bool = Field(
        default=False, description="the one before ends now; for one that others may know"
    )


@router.get("/hooks", summary="List hooks 推送订阅")
def hooks(ports: Given) -> Response:
    """List hooks, without their secrets."""
    return answers.json({"hooks": ports.outward.hooks.all()})


@router.post("/hooks", summary="Add a hook 新增推送", status_code=MADE)
async def add(ports: Given, who: Operator, told: Annotated[Subscription, Body()]) -> Response:
    """Add a hook. The answer has its secret, and no later one has.

    Messages are signed after Standard Webhooks. 400 where the address is inside and the operator
    has not allowed it.
    """
    return answers.json(await ports.desk.ask("add_hook", {**told.model_dump(), "by": who}), MADE)


@router.patch("/hooks/{hook}", summary="Change a hook 修改推送")
async def change(
    ports: Given, who: Operator, hook: str, told: Annotated[Change, Body()]
) -> Response:
    """Change a hook; `active` false lets it rest."""
    asked = {**told.model_dump(exclude_none=True), "hook": hook, "by": who}
    return answers.json(await ports.desk.ask("change_hook", asked))


@router.delete("/hooks/{hook}", summary="Take a hook away 取消推送")
async def remove(ports: Given, who: Operator, hook: str) -> Response:
    """Take a hook away; what waits for it is given up."""
    return answers.json(await ports.desk.ask("remove_hook", {"hook": hook, "by": who}))


@router.post("/hooks/{hook}/secret", summary="Another secret 更换密钥")
async def rotate(
    ports: Given, who: Operator, hook: str, told: Annotated[Rotation | None, Body()] = None
) -> Response:
    """Give a hook another secret, which this answer has and no later one.

    The one before it signs beside it up to `former_until_ms` of the clock on the wall.
    """
    asked = {**(told or Rotation()).model_dump(), "hook": hook, "by": who}
    return answers.json(await ports.desk.ask("rotate_hook", asked))


@router.post("/hooks/{hook}/test", summary="Send a test 测试推送")
async def test(ports: Given, who: Operator, hook: str) -> Response:
    """Send a message that says nothing; look at `/api/v1/deliveries` for what became of it."""
    return answers.json(await ports.desk.ask("try_hook", {"hook": hook, "by": who}))


@router.get("/deliveries", summary="Log of deliveries 外发记录")
def deliveries(
    ports: Given,
    *,
    courier: Annotated[Literal["hook", "notice"], Query()] = "hook",
    target: Annotated[str, Query(max_length=64, description="a hook, or a recipient")] = "",
    state: Annotated[Literal["", "waiting", "sent", "dead"], Query()] = "",
    case: int | None = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    """List messages, newest first, with their state and how often they were tried."""
    found = ports.outward.hooks.messages(
        courier=courier, target=target, state=state, case=case, limit=limit
    )
    return answers.json({"deliveries": found})


@router.get("/deliveries/{message}", summary="One message with its tries 单条外发")
def delivery(ports: Given, message: str) -> Response:
    """Tell a message with every try: when, how long, what was answered."""
    return answers.json(ports.outward.hooks.message(message))


@router.post("/deliveries/{message}/resend", summary="Send once more 重发")
async def resend(ports: Given, who: Operator, message: str) -> Response:
    """Send a message that is dead, or went, once more under its id."""
    asked = {"message": message, "by": who}
    return answers.json(await ports.desk.ask("resend_message", asked))
