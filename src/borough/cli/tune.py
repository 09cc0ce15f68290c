"""`borough scene tune`, `undo` and `resume`: the desk of a living district changes parameters."""

import asyncio
import getpass
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nats

from borough.adapters.bus.config import is_ready
from borough.app.bus import address, bus_of
from borough.app.desk_line import DeskLine
from borough.app.settings import Settings
from borough.cli.replay import Assigned, Json, assigned
from borough.core.errors import BusDown
from borough.storage.sql import SqlTunings, connect


def tune(
    scene: str,
    *,
    set_: Assigned,
    why: str,
    thing: str = "",
    seen: int = -1,
    by: str = "",
    data: Path = Path(".borough/data"),
    as_json: Json = False,
) -> None:
    """修改场景参数，立即生效。Give parameters of a scene other values, from now on.

    The district must be running. What the rule remembers stays; later detections carry the
    version that is printed.

    Parameters
    ----------
    scene
        The id of the scene.
    set_
        A parameter and its value, as `grace_s=120`; `grace_s=` goes back to what the scene
        declares. May be given several times: they change together.
    why
        Why; it is written down.
    thing
        For this one thing only, by its key; all things if none is named.
    seen
        The number of the scene's last change that you know of; refused if there is a later one.
    by
        Who; the name of your login if none is given.
    data
        The data folder of the district.
    as_json
        Print one JSON object instead of a line.
    """
    ask = {"scene": scene, "values": assigned(set_), "thing": thing, "why": why, "by": by}
    settle(data, "tune", ask, seen, as_json=as_json)


def undo(
    scene: str,
    *,
    why: str,
    number: int = 0,
    seen: int = -1,
    by: str = "",
    data: Path = Path(".borough/data"),
    as_json: Json = False,
) -> None:
    """撤销一次参数修改。Take a change of parameters back, by the values before it.

    Parameters
    ----------
    scene
        The id of the scene.
    why
        Why; it is written down.
    number
        The number of the change; the scene's last one if none is given.
    seen
        The number of the scene's last change that you know of; refused if there is a later one.
    by
        Who; the name of your login if none is given.
    data
        The data folder of the district.
    as_json
        Print one JSON object instead of a line.
    """
    ask = {"scene": scene, "number": number, "why": why, "by": by}
    settle(data, "undo", ask, seen, as_json=as_json)


def resume(
    scene: str,
    *,
    why: str,
    by: str = "",
    data: Path = Path(".borough/data"),
    as_json: Json = False,
) -> None:
    """让停用的场景恢复工作。Put a scene that was set aside back to work as it is.

    Parameters
    ----------
    scene
        The id of the scene.
    why
        Why it may work again; it is written down.
    by
        Who; the name of your login if none is given.
    data
        The data folder of the district.
    as_json
        Print one JSON object instead of a line.
    """
    settle(data, "resume", {"scene": scene, "why": why, "by": by}, -1, as_json=as_json)


def settle(data: Path, verb: str, ask: Mapping[str, Any], seen: int, *, as_json: bool) -> None:
    """Have the desk decide, and show what it decided."""
    settings = Settings.read(data.resolve())
    last = SqlTunings(connect(settings.store)).last(ask["scene"])
    body = {**ask, "seen": last if seen < 0 else seen, "by": ask["by"] or getpass.getuser()}
    done = asyncio.run(asked(settings, verb, body))
    if as_json:
        print(json.dumps(done, ensure_ascii=False))
        return
    values = ", ".join(f"{name}={value}" for name, value in done["values"].items())
    print(f"{done['scene']}: change {done['number']} {values} → version {done['version']}")


async def asked(settings: Settings, verb: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Ask the desk; `BusDown` if the district does not run."""
    if not is_ready(bus_of(settings)):
        msg = "the district does not run; start it with `borough up` first"
        raise BusDown(msg)
    bus = await nats.connect(**address(settings))
    try:
        return await DeskLine(bus).ask(verb, body)
    finally:
        await bus.close()
