"""Scenes that never return, or take the stream with them, are set aside; the others go on."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from borough.app.tuning.replays import replayed
from borough.engine.catalog import BUILT_IN
from borough.testing.living import Living, eventually
from borough.testing.senders import MqttSender, lanes
from borough.testing.spoilt import edit

STEP = "self._compare(tick.time, rows)"
EVILS = {
    "loops": "while True: pass",
    "dies": "__import__('os').kill(__import__('os').getpid(), 9)",
}


@pytest.fixture(scope="module")
def beset(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Living]:
    """Start a district with a scene that loops and one that kills the stream."""
    folder = tmp_path_factory.mktemp("evils")
    for name, evil in EVILS.items():
        shutil.copytree(BUILT_IN / "fire_lane", folder / name)
        edit(folder / name / "scene.toml", '"fire_lane"', f'"{name}"')
        edit(folder / name / "detector.py", STEP, evil)
    made = Living.made(tmp_path_factory.mktemp("beset") / "data", scenes=(str(folder),))
    made.start()
    yield made
    made.stop()


def aside(living: Living) -> dict[str, str]:
    """Give what was set aside, with the reason."""
    return {Path(name).name: why for name, why in living.pulse("stream").get("broken", {}).items()}


def heard(living: Living) -> bool:
    """Say whether the sound scene has spoken."""
    return any(each["scene"] == "fire_lane" for each in living.edges())


def test_the_others_go_on_and_what_was_set_aside_stays_so(beset: Living) -> None:
    """No restart loop: after two deaths at one place the scene is known, also after a restart."""
    with MqttSender(beset, lanes(beset)):
        eventually(lambda: aside(beset).keys() == EVILS.keys(), "both set aside")
        eventually(lambda: heard(beset), "word of the sound scene")
    why = aside(beset)
    told = httpx.get(f"{beset.url}/healthz", timeout=60).json()["scenes_set_aside"]
    scene = httpx.get(f"{beset.url}/api/v1/scenes/loops", timeout=60).json()["set_aside"]
    beset.kill("stream")
    beset.await_all()
    eventually(lambda: aside(beset).keys() == why.keys(), "the same two set aside")

    assert "did not return" in why["loops"]
    assert "died in its turn" in why["dies"]
    assert told == sorted(EVILS)
    assert scene == why["loops"]


def test_a_replay_of_the_sound_scene_agrees(beset: Living) -> None:
    """What the evil ones did has not changed a word of the others."""
    until = beset.settled()

    assert replayed(beset.settings, "fire_lane").compared(0, until).equal
