"""`borough scene`: list scenes, check a scene's folder, replay the journal through one."""

import json
from datetime import datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

from cyclopts import App, Parameter

from borough.app.replays import replayed
from borough.app.settings import Settings
from borough.core.errors import BadRequest, BadScene
from borough.engine.catalog import BUILT_IN, Found, find, find_all
from borough.testing.promises import PROMISES

app = App(name="scene", help="Look at scenes, check them, replay the journal through them. 场景。")


@app.command(name="list")
def list_scenes(
    *folders: Path, as_json: Annotated[bool, Parameter(name="--json", negative="")] = False
) -> None:
    """列出场景。List the scenes that come with the product and those in FOLDERS."""
    found = find_all(BUILT_IN, *folders)
    if as_json:
        print(json.dumps([told(each) for each in found], ensure_ascii=False))
        return
    for each in found:
        scene = each.scene
        levels = " < ".join(scene.levels[1:])
        print(f"{scene.id:<14}{scene.standing:<8}{scene.name['zh']} {scene.name['en']} ({levels})")


def told(found: Found) -> dict[str, object]:
    """Give a scene as plain data."""
    scene = found.scene
    parameters = {
        name: {"value": None if given.value != given.value else given.value, "unit": given.unit}
        for name, given in scene.parameters.items()
    }
    return {
        "id": scene.id,
        "standing": scene.standing,
        "name": scene.name,
        "levels": scene.levels[1:],
        "watches": {"properties": scene.properties, "from": scene.sources},
        "carries": scene.carries,
        "parameters": parameters,
        "folder": str(found.folder),
    }


@app.command
def check(
    scene: str, *, as_json: Annotated[bool, Parameter(name="--json", negative="")] = False
) -> None:
    """检查场景。Hold a scene to every promise and say which it breaks.

    Parameters
    ----------
    scene
        The id of a built-in scene, or a folder.
    as_json
        Print one JSON list instead of lines.
    """
    rows: list[dict[str, str]] = []
    try:
        found = find(Path(scene) if Path(scene).is_dir() else BUILT_IN / scene)
    except BadScene as error:
        rows.append({"promise": "folder", "broken": str(error)})
    else:
        for promise in PROMISES:
            try:
                promise(found)
            except Exception as error:  # noqa: BLE001 - a scene may be anybody's code
                rows.append({"promise": promise.__name__, "broken": repr(error)})
            else:
                rows.append({"promise": promise.__name__, "broken": ""})
    if as_json:
        print(json.dumps(rows, ensure_ascii=False))
    else:
        for row in rows:
            print(f"{'ok ' if not row['broken'] else 'NO '} {row['promise']} {row['broken']}")
    if any(row["broken"] for row in rows):
        raise SystemExit(1)


@app.command
def replay(
    scene: str = "",
    *,
    data: Path = Path(".borough/data"),
    since: str = "",
    until: str = "",
    as_json: Annotated[bool, Parameter(name="--json", negative="")] = False,
) -> None:
    """回放日志。Hand the journal to the scenes again and compare with the live run.

    Parameters
    ----------
    scene
        The id of one scene; all of them if none is named.
    data
        The data folder of the district; its bus may be running or not.
    since
        Show changes from this moment of the district on, ISO 8601 (its own time zone).
    until
        Show changes before this moment.
    as_json
        Print one JSON object instead of lines.
    """
    settings = Settings.read(data.resolve())
    done = replayed(settings, scene)
    zone = ZoneInfo(done.zone)
    low, high = moment(since, zone, 0), moment(until, zone, 1 << 62)
    shown = [each for each in done.edges if low <= each["now"] < high]
    comparison = done.compared(low, high)
    if as_json:
        body = {
            "records": done.records,
            "detections": shown,
            "same": comparison.same,
            "missing": comparison.missing,
            "extra": comparison.extra,
        }
        print(json.dumps(body, ensure_ascii=False))
    else:
        for each in shown:
            at = datetime.fromtimestamp(each["now"] / 1000, zone).isoformat(" ", "seconds")
            print(f"{at}  {each['id']:<44} {each['level_name']}")
        print(
            f"{done.records} records; {len(shown)} changes; as live: {comparison.same}, "
            f"missing {len(comparison.missing)}, extra {len(comparison.extra)}"
        )
    if not comparison.equal:
        raise SystemExit(1)


def moment(text: str, zone: ZoneInfo, default: int) -> int:
    """Read a moment, in ms; one without an offset is of the district's zone."""
    if not text:
        return default
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        msg = f"{text!r} is no moment; write 2024-07-10T08:30"
        raise BadRequest(msg) from error
    return round((at if at.tzinfo else at.replace(tzinfo=zone)).timestamp() * 1000)
