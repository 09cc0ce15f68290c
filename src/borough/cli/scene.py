"""`borough scene`: list scenes, check a scene's folder, replay the journal through one."""

import json
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from borough.core.errors import BadScene
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


app.command("borough.cli.replay:replay", name="replay")
