"""What people may ask of the desk about the parameters of scenes."""

from collections.abc import Mapping
from typing import Any

from borough.app.desk.answers import Answer
from borough.app.desk.desk import Desk
from borough.core.errors import BadParameter, BadRequest, NotFound, Stale
from borough.core.tunings import EVERY_THING, Change, number


def tune(desk: Desk, ask: Mapping[str, Any]) -> Answer:
    """Give parameters of a scene other values, for all things or for one."""
    values = {name: finite(name, value) for name, value in ask["values"].items()}
    if not values:
        msg = "values: name a parameter and its value"
        raise BadRequest(msg)
    return settled(desk, ask, one_thing(desk, ask), values)


def undo(desk: Desk, ask: Mapping[str, Any]) -> Answer:
    """Take a change back, the last one of the scene or the one given, by the values before it."""
    told = desk.bench.tunings.history(desk.bench.of(ask["scene"]).scene.id)
    wanted = ask.get("number") or (told[0]["number"] if told else 0)
    change = next((each for each in told if each["number"] == wanted), None)
    if change is None:
        msg = f"number: {ask['scene']} has no change {wanted or ''}".rstrip()
        raise NotFound(msg)
    for later in told:
        again = change["values"].keys() & later["values"].keys()
        if later["number"] > wanted and later["thing"] == change["thing"] and again:
            msg = f"{', '.join(sorted(again))}: changed again since, by change {later['number']}"
            raise Stale(msg)
    values = {name: each["old"] for name, each in change["values"].items()}
    return settled(desk, ask, change["thing"], values)


def resume(desk: Desk, ask: Mapping[str, Any]) -> Answer:
    """Put a scene that was set aside back to work, with the parameters that it has."""
    return settled(desk, ask, EVERY_THING, {})


def settled(
    desk: Desk, ask: Mapping[str, Any], thing: int, values: Mapping[str, float | None]
) -> Answer:
    """Check a change and write it down; the stream takes it into the journal."""
    scene = ask["scene"]
    tuning, version = desk.bench.tried(scene, Change(0, scene, thing, values))
    if thing != EVERY_THING and thing not in tuning.things:
        msg = f"thing: {scene} does not watch {ask.get('thing', thing)}"
        raise BadRequest(msg)
    told = {"who": ask["by"], "why": ask["why"], "at_ms": desk.now(), "version": version}
    change = desk.bench.tunings.record(scene, thing, values, seen=ask["seen"], **told)
    said = {"number": change.number, "scene": scene, "version": version, "values": dict(values)}
    return Answer(said, (("tuning", {**said, "why": ask["why"], "who": ask["by"]}),))


def one_thing(desk: Desk, ask: Mapping[str, Any]) -> int:
    """Give the id of the thing that a request names by its key, or that it means all."""
    key = ask.get("thing") or ""
    if not key:
        return EVERY_THING
    registry = desk.ground.registry
    if key not in registry.rows:
        msg = f"thing: there is no {key!r}"
        raise NotFound(msg)
    return int(registry.id[registry.rows[key]])


def finite(name: str, value: object) -> float | None:
    """Take a number, or null for "not set"; `BadParameter` names the field."""
    try:
        return number(value)
    except ValueError as error:
        msg = f"{name}: {error}"
        raise BadParameter(msg) from error


VERBS = {"tune": tune, "undo": undo, "resume": resume}
