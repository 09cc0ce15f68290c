"""`borough scene`: make, list and check scenes, and replay the journal through them."""

import json
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from borough.cli.scene_author import check, new
from borough.engine.catalog import BUILT_IN, Found, find_all

app = App(name="scene", help="Make scenes, look at them, check and replay them. 场景。")
app.command(new)
app.command(check)


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


app.command("borough.cli.replay:replay", name="replay")
for _verb in ("tune", "undo", "resume"):
    app.command(f"borough.cli.tune:{_verb}", name=_verb)
