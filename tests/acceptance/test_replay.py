"""A replay of the journal says what the live run said: same names, positions and levels."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from borough.adapters.bus.link import Link
from borough.app import checkpoints
from borough.app.tuning.replays import bus_running, replayed, untaken
from borough.core.observations import REPORT_BITS
from borough.engine.catalog import BUILT_IN, find_sound
from borough.engine.pipeline import Pipeline
from borough.engine.replay import replay
from borough.storage.journal.journal import JournalTail
from borough.storage.sql import SqlDetections
from borough.testing.living import Living, eventually
from borough.testing.senders import MqttSender, lanes

KEYS = ("id", "scene", "thing", "position", "level", "time", "now", "values", "after", "version")


@pytest.fixture(scope="module")
def recorded(one_living: Living) -> Living:
    """Record a stretch of life, with a checkpoint kept from its middle, and stop."""
    if one_living.process is None or one_living.process.poll() is not None:
        one_living.start()
    middle = one_living.settings.folder / "middle"
    with MqttSender(one_living, lanes(one_living)):
        eventually(lambda: ends(one_living) > 2, "detections that end")
        begun = one_living.edges()[0]["position"]
        kept: list[dict[str, Any]] = []

        def is_behind() -> bool:
            kept.append(saved(one_living))
            return int(kept[-1]["position"]) > begun

        eventually(is_behind, "a checkpoint after one of them")
        checkpoints.write(middle, kept[-1])
        before = ends(one_living)
        eventually(lambda: ends(one_living) > before, "more that end")
    one_living.stop()
    return one_living


def saved(living: Living, folder: str = "checkpoints") -> dict[str, Any]:
    """Give the newest checkpoint of a folder."""
    found = checkpoints.newest(living.settings.folder / folder)
    return {"position": -1} if found is None else dict(found)


def ends(living: Living) -> int:
    """Count the detections that have ended."""
    return sum(each["level"] == 0 for each in living.edges())


@pytest.fixture(scope="module")
def live(recorded: Living) -> list[dict[str, Any]]:
    """Give all that the live run said; the last of it may have found the desk gone."""
    with (
        bus_running(recorded.settings),
        Link(recorded.bus.login("borough"), "test") as link,
        recorded.kept() as engine,
    ):
        taken = SqlDetections(engine)
        return taken.edges() + list(untaken(link, taken.offset()))


def facts(edges: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """Give what must be the same of each change, in an order of its own."""
    return sorted(
        (each["position"], each["id"], *(json.dumps(each[name], sort_keys=True) for name in KEYS))
        for each in edges
    )


def by_command(living: Living, *words: str) -> dict[str, Any]:
    """Replay as a person would, from the command line."""
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "borough", "scene", "replay", *words, "--json",
         "--data", living.settings.data],
        capture_output=True, timeout=180, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode() + done.stdout.decode()[-2000:]
    told: dict[str, Any] = json.loads(done.stdout)
    return told


@pytest.fixture(scope="module")
def told(recorded: Living) -> dict[str, Any]:
    """Replay all of it, in one process."""
    return by_command(recorded)


def test_a_replay_says_what_the_live_run_said(
    live: list[dict[str, Any]], told: dict[str, Any]
) -> None:
    """The command tells every change again, to the last digit, from a district that is off."""
    assert live
    assert facts(told["detections"]) == facts(live)
    assert (told["same"], told["missing"], told["extra"]) == (len(live), [], [])


def test_several_processes_say_what_one_says(recorded: Living, told: dict[str, Any]) -> None:
    """Each answers for its share of the things; together they say the same, in the same order."""
    three = by_command(recorded, "--processes", "3")

    assert len({each["thing"] for each in told["detections"]}) > 1
    assert three == told


def test_one_scene_alone_says_what_it_said_among_all(
    recorded: Living, live: list[dict[str, Any]]
) -> None:
    """Scenes do not hear each other: a replay of one is the same as its part of the whole."""
    of_it = [each for each in live if each["scene"] == "fire_lane"]

    told = by_command(recorded, "fire_lane")

    assert of_it
    assert facts(told["detections"]) == facts(of_it)


def test_a_replay_may_begin_at_a_checkpoint(recorded: Living, live: list[dict[str, Any]]) -> None:
    """From a checkpoint in the middle on, the same is said as in a replay from the start."""
    middle = saved(recorded, "middle")
    position = int(middle["position"])
    scenes, _ = find_sound(BUILT_IN, *map(Path, recorded.settings.scenes))
    pipeline = Pipeline(scenes, recorded.held.registry, recorded.held.district.zone)
    pipeline.load(middle)

    with bus_running(recorded.settings), Link(recorded.bus.login("borough"), "test") as link:
        entries = list(JournalTail(link, position >> REPORT_BITS).rest())
    edges = list(replay(pipeline, entries))

    late = [each for each in live if each["position"] > position]
    assert late
    assert len(late) < len(live)
    assert facts(edges) == facts(late)


def test_a_replay_of_a_town_that_was_told_otherwise_is_noticed(recorded: Living) -> None:
    """The comparison is no formality: a change that the live run never said is called extra."""
    done = replayed(recorded.settings)
    done.live.pop()

    compared = done.compared(0, 1 << 62)

    assert not compared.equal
    assert len(compared.extra) == 1
