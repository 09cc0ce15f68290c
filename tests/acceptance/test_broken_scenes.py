"""A broken scene folder is nobody's business but its author's: the others go on."""

from pathlib import Path

import httpx

from borough.app.tuning.replays import replayed
from borough.testing.living import Living, eventually
from borough.testing.senders import MqttSender, lanes
from borough.testing.spoilt import EDITS, SOUND


def broken(living: Living) -> dict[str, str]:
    """Give what the stream says of scenes that it cannot use, by the name of their folder."""
    said = living.pulse("stream").get("broken", {})
    return {Path(name).name: why for name, why in said.items()}


def test_a_broken_scene_is_set_aside_and_the_others_go_on(living: Living) -> None:
    """Every broken folder is named with its reason; good scenes speak and open cases."""

    def found(scene: str) -> int:
        return sum(each["scene"] == scene for each in living.edges())

    with MqttSender(living, lanes(living)):
        eventually(lambda: found(SOUND) and found("fire_lane"), "word of the good scenes")
        eventually(lambda: len(broken(living)) == len(EDITS), "all broken scenes named")
    why = broken(living)
    cases = httpx.get(f"{living.url}/api/v1/cases", timeout=60).json()["cases"]
    line = f"borough_scenes_broken {len(EDITS)}"
    eventually(lambda: line in httpx.get(f"{living.url}/metrics", timeout=60).text, "the metric")

    assert why.keys() == EDITS.keys()
    assert "the author did not expect this" in why["raises"]
    assert "numpy_of_mine" in why["loads_not"]
    assert "at least one level" in why["declares_not"]
    assert "nowhere" in why["plans_not"]
    assert "level 7" in why["overshoots"]
    assert {SOUND, "fire_lane"} <= {each["scene"] for each in cases}
    assert not {each["scene"] for each in cases} & EDITS.keys()


def test_a_scene_set_aside_stays_aside_after_a_restart(living: Living) -> None:
    """What raised once is not tried again until its code changes; a replay says the same."""
    before = broken(living)

    living.kill("stream")
    living.await_all()
    eventually(lambda: broken(living) == before, "the same scenes set aside")
    until = living.settled()
    live = [each["id"] for each in living.edges() if each["now"] < until]
    again = [each["id"] for each in replayed(living.settings).edges if each["now"] < until]

    assert live
    assert sorted(again) == sorted(live)
