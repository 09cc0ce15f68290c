"""A broken scene folder is nobody's business but its author's: the others go on."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from borough.app.replays import replayed
from borough.engine.catalog import BUILT_IN
from borough.testing.living import Living, eventually
from borough.testing.senders import MqttSender, lanes

RAISES = "raise RuntimeError('the author did not expect this')"


def copied(folder: Path, name: str) -> Path:
    """Copy a scene that works, under another name."""
    made = folder / name
    shutil.copytree(BUILT_IN / "fire_lane", made)
    edited(made / "scene.toml", '"fire_lane"', f'"{name}"')
    return made


def edited(path: Path, old: str, new: str) -> None:
    """Replace one piece of text in a file."""
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


@pytest.fixture(scope="module")
def living(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Living]:
    """Start a district that is given one more good scene and five broken ones."""
    folder = tmp_path_factory.mktemp("scenes")
    copied(folder, "sound")
    edited(copied(folder, "raises") / "detector.py", "self._compare(tick.time, rows)", RAISES)
    edited(copied(folder, "loads_not") / "detector.py", "import numpy", "import numpy_of_mine")
    edited(copied(folder, "declares_not") / "scene.toml", 'levels   = ["major"]', "levels = []")
    edited(copied(folder, "plans_not") / "plan.toml", '"clear", "confirm"', '"nowhere"')
    edited(
        copied(folder, "overshoots") / "detector.py",
        'np.maximum(rows["level"], blocked)', "7 * blocked",
    )  # fmt: skip
    made = Living.made(tmp_path_factory.mktemp("broken") / "data", scenes=(str(folder),))
    try:
        made.start()
        yield made
    finally:
        made.stop()


def test_a_broken_scene_is_set_aside_and_the_others_go_on(living: Living) -> None:
    """Every broken folder is named with its reason; good scenes speak and open cases."""

    def found(scene: str) -> int:
        return sum(each["scene"] == scene for each in living.edges())

    with MqttSender(living, lanes(living)):
        eventually(lambda: found("sound") and found("fire_lane"), "word of the good scenes")
        eventually(lambda: len(living.pulse("stream")["broken"]) == 5, "five broken scenes")
    broken = {Path(name).name: why for name, why in living.pulse("stream")["broken"].items()}
    cases = httpx.get(f"{living.url}/api/v1/cases").json()
    metrics = httpx.get(f"{living.url}/metrics").text

    assert broken.keys() == {"raises", "loads_not", "declares_not", "plans_not", "overshoots"}
    assert "the author did not expect this" in broken["raises"]
    assert "numpy_of_mine" in broken["loads_not"]
    assert "at least one level" in broken["declares_not"]
    assert "nowhere" in broken["plans_not"]
    assert "level 7" in broken["overshoots"]
    assert {"sound", "fire_lane"} <= {each["scene"] for each in cases["cases"]}
    assert not {each["scene"] for each in cases["cases"]} & broken.keys()
    assert "borough_scenes_broken 5" in metrics


def test_a_scene_set_aside_stays_aside_after_a_restart(living: Living) -> None:
    """What raised once is not tried again until its code changes; a replay says the same."""
    before = living.pulse("stream")["broken"]

    living.kill("stream")
    living.await_all()
    eventually(lambda: "counts" in living.pulse("stream"), "a pulse of the stream")
    living.await_desk()
    live = living.edges()
    last = max(each["position"] for each in live)
    edges = [each for each in replayed(living.settings).edges if each["position"] <= last]

    assert living.pulse("stream")["broken"] == before
    assert sorted(each["id"] for each in edges) == sorted(each["id"] for each in live)
