"""Doors to scenes: what their parameters are set to, what a change would do, and the change."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Body, Depends, Query
from pydantic import Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from borough.api import answers
from borough.api.access import Given, Operator, reader
from borough.api.bodies import Exact
from borough.api.door import Door
from borough.api.moments import moment
from borough.api.ports import Ports

router = Door(prefix="/api/v1/scenes", tags=["scenes 场景"], dependencies=[Depends(reader)])
Values = Annotated[
    dict[str, float | None],
    Field(min_length=1, max_length=64, description="by parameter; null goes back to the declared"),
]


class Decision(Exact):
    """What every change says: why, and the last change of the scene that its author knew of."""

    why: str = Field(min_length=1, max_length=2_000)
    last_change: int = Field(ge=0, description="as the scene told it; 409 if there is a later one")


class Tuning(Decision):
    """Other values, for all things of a scene or for one."""

    values: Values
    thing: str = Field("", max_length=64, description="the key of the one thing; empty for all")


class Undo(Decision):
    """Which change to take back; 0 is the scene's last one."""

    number: int = Field(0, ge=0)


class Trial(Exact):
    """Values to try on what was journalled, from a moment to before another."""

    values: Values
    thing: str = Field("", max_length=64)
    since: str = Field("", alias="from", max_length=40, description="ms or ISO 8601")
    to: str = Field("", max_length=40)


@router.get("", summary="Scenes with their parameters 场景与参数")
def scenes(ports: Given) -> Response:
    """List the scenes: standing, version, parameters with limits and the values in force."""
    broken, records = ports.health.broken(), ports.bench.records()
    return answers.json({"scenes": [told(each, broken, records) for each in ports.bench.all()]})


@router.get("/{scene}", summary="One scene 单个场景")
def one(ports: Given, scene: str) -> Response:
    """Tell one scene: its parameters, things with values of their own, changes, record, trials.

    ``record`` counts its cases by outcome; ``precision`` is true / (true + false) of its closed
    cases, and null where none was closed as either.
    """
    return answers.json(full(ports, scene))


@router.put("/{scene}/parameters", summary="Change parameters 修改参数")
async def tune(ports: Given, who: Operator, scene: str, act: Annotated[Tuning, Body()]) -> Response:
    """Give parameters other values, from one place in the journal on; the scene keeps its memory.

    422 `bad-parameter` names the field and its limits.
    """
    return await decided(ports, "tune", scene, {**act.model_dump(), "by": who})


@router.post("/{scene}/parameters/undo", summary="Take a change back 撤销修改")
async def undo(ports: Given, who: Operator, scene: str, act: Annotated[Undo, Body()]) -> Response:
    """Take a change back, by the values before it; 409 if they were changed again since."""
    return await decided(ports, "undo", scene, {**act.model_dump(), "by": who})


@router.post("/{scene}/resume", summary="Put back to work 恢复工作")
async def resume(
    ports: Given, who: Operator, scene: str, act: Annotated[Decision, Body()]
) -> Response:
    """Put a scene that was set aside back to work, with the parameters that it has."""
    return await decided(ports, "resume", scene, {**act.model_dump(), "by": who})


@router.post("/{scene}/replays", summary="Try values on the journal 参数试算", status_code=202)
def start(ports: Given, _who: Operator, scene: str, act: Annotated[Trial, Body()]) -> Response:
    """Begin a replay with other values; 202 with its id, to ask for. 429 while others run.

    It runs in a process of its own. The journal reaches a few days back and no further.
    """
    zone = ports.district.zone
    bounds = {
        "from_ms": moment(act.since, "from", zone) if act.since else None,
        "to_ms": moment(act.to, "to", zone) if act.to else None,
    }
    begun = ports.trials.start(scene, {"values": act.values, "thing": act.thing, **bounds})
    return answers.json(begun, 202)


@router.get("/{scene}/replays", summary="Replays begun so far 试算列表")
def replays(ports: Given, scene: str, limit: Annotated[int, Query(ge=1, le=100)] = 20) -> Response:
    """List the replays of a scene that are still known, newest first, without their results."""
    return answers.json({"replays": list(ports.trials.all(scene))[:limit]})


@router.get("/{scene}/replays/{replay}", summary="One replay 试算结果")
def replay(ports: Given, scene: str, replay: str) -> Response:
    """Tell how far a replay is, and what it found once it is done."""
    return answers.json(ports.trials.one(scene, replay))


async def decided(ports: Ports, verb: str, scene: str, body: dict[str, Any]) -> Response:
    """Hand a change to the desk, then tell the scene as it stands."""
    seen = body.pop("last_change")
    done = await ports.desk.ask(verb, {"scene": scene, **body, "seen": seen})
    told_now = await run_in_threadpool(full, ports, scene)
    return answers.json({"change": done, "scene": told_now})


def full(ports: Ports, scene: str) -> dict[str, Any]:
    """Tell a scene as its own page shows it."""
    said = ports.bench.told(scene)
    return {
        **told(said, ports.health.broken(), ports.bench.records()),
        "singles": ports.bench.singles(scene),
        "history": ports.bench.history(scene),
        "in_journal": ports.health.tuned(),
        "replays": list(ports.trials.all(scene)),
    }


def told(
    row: Mapping[str, Any], broken: Mapping[str, str], records: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """Add to a scene why it was set aside, if it was, and how its cases ended."""
    return {**row, "set_aside": broken.get(row["id"], ""), "record": records.get(row["id"], {})}
