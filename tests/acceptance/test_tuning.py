"""Parameters changed in a living district: exactly once, at one place, and a replay agrees."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import httpx
import pytest

from borough.app.tuning.replays import replayed
from borough.app.tuning.trials import Trial, tried
from borough.core.frames import TUNED
from borough.testing.living import Living, eventually
from borough.testing.senders import MqttSender, lanes

SCENE = "fire_lane"


@pytest.fixture(scope="module")
def tuned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Living]:
    """Start a small district of one's own; what is changed in it concerns nobody else."""
    made = Living.made(tmp_path_factory.mktemp("tuned") / "data")
    made.start()
    yield made
    made.stop()


def door(living: Living) -> httpx.Client:
    """Open the door as the operator."""
    token = {"authorization": f"Bearer {living.settings.operator}"}
    return httpx.Client(base_url=f"{living.url}/api/v1/scenes/", headers=token, timeout=60)


def put(living: Living, scene: str = SCENE, thing: str = "", **values: float | None) -> str:
    """Change parameters as somebody who has just looked; give the version."""
    with door(living) as client:
        last = client.get(scene).json()["last_change"]
        body = {"values": values, "thing": thing, "why": "a trial", "last_change": last}
        answer = client.put(f"{scene}/parameters", json=body)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["change"]["version"])


def said(living: Living, since: int = 0) -> list[dict[str, Any]]:
    """List the scene's changes of level since a moment of the district, in the journal's order."""
    return [each for each in living.edges() if each["scene"] == SCENE and each["now"] >= since]


def versions(living: Living) -> list[str]:
    """List the versions of the scene's changes of level, in the order of the journal."""
    return [each["version"] for each in said(living)]


def changes(living: Living) -> list[tuple[int, int]]:
    """List the changes of parameters in the journal: place and number."""
    return [(n, f.change.number) for n, f in living.journal() if f.kind == TUNED]


def test_a_change_takes_effect_at_one_place_and_a_replay_agrees(tuned: Living) -> None:
    """Before it every detection carries the one version, behind it the other; also if killed.

    Stream and desk are killed right after each change was decided: it is journalled once.
    """
    with MqttSender(tuned, lanes(tuned)):
        eventually(lambda: versions(tuned), "word of the scene")
        told = [versions(tuned)[0]]
        for grace, dies in ((120.0, ("stream",)), (90.0, ("desk", "stream")), (None, ())):
            told.append(put(tuned, grace_s=grace))
            tuned.kill(*dies)
            tuned.await_all()
            last = told[-1]
            eventually(lambda last=last: versions(tuned)[-1] == last, "the new version")
    until = tuned.settled()
    places = changes(tuned)
    again = replayed(tuned.settings)
    told_of = [each for each in again.live if each["scene"] == SCENE]

    assert [number for _, number in places] == [1, 2, 3]
    assert told[3] == told[0]
    assert len(set(told)) == 3
    for each in told_of:
        before = sum(place < each["position"] >> 24 for place, _ in places)
        assert each["version"] == told[before]
    assert again.compared(0, until).equal
    assert {each["version"] for each in again.edges if each["scene"] == SCENE} == set(told)


def test_values_hold_though_the_journal_is_gone(tuned: Living) -> None:
    """Bus, checkpoints and history are lost: the database still knows what was decided."""
    key = tuned.held.registry.key[0]
    version = put(tuned, grace_s=100.0)
    own = put(tuned, "lost_device", key, silence_s=600.0)
    eventually(lambda: tuned.pulse("stream").get("tuned", 0) >= 5, "both in the journal")
    tuned.stop()
    for name in ("bus/store", "checkpoints", "history"):
        shutil.rmtree(tuned.settings.folder / name)
    tuned.start()
    anew = tuned.now
    with MqttSender(tuned, lanes(tuned)):
        eventually(lambda: versions(tuned)[-1] == version, "the version")
        back = put(tuned, grace_s=None)
        eventually(
            lambda: any(each["level"] and each["version"] == back for each in said(tuned, anew)),
            "one that began under the other version",
        )
    with door(tuned) as client:
        scene = client.get("lost_device").json()

    assert scene["version"] == own
    assert {"parameter": "silence_s", "thing": key, "value": 600.0} in scene["singles"]
    assert [number for _, number in changes(tuned)] == [6]


def test_bad_changes_are_refused_with_field_and_limits(tuned: Living) -> None:
    """Beyond the limits, without a reason, too late, unknown: nothing is written."""
    with door(tuned) as client:
        last = client.get(SCENE).json()["last_change"]
        good: dict[str, Any] = {"values": {"grace_s": 60}, "why": "x", "last_change": last}
        wrong: list[tuple[dict[str, Any], int, str]] = [
            ({"values": {"grace_s": 5}}, 422, "grace_s: must be 30 to 3600 s"),
            ({"values": {"grace": 60}}, 422, "grace: fire_lane has no such parameter"),
            ({"values": {"clear_s": 60}, "thing": tuned.held.registry.key[0]}, 422, "clear_s"),
            ({"values": {}}, 422, "values"),
            ({"why": ""}, 422, "why"),
            ({"why": "  "}, 400, "why"),
            ({"thing": "nobody"}, 404, "nobody"),
            ({"last_change": last + 7}, 409, "last change"),
        ]
        answers = [client.put(f"{SCENE}/parameters", json=good | each) for each, _, _ in wrong]
        assert client.get(SCENE).json()["last_change"] == last

    for answer, (each, status, says) in zip(answers, wrong, strict=True):
        assert (answer.status_code, says in answer.text) == (status, True), (each, answer.text)


def test_a_replay_with_another_value_runs_beside_the_roles(tuned: Living) -> None:
    """It says what is gone, fresh, earlier and later; two run at a time, a third is refused."""
    with door(tuned) as client:
        ask = {"values": {"grace_s": 60}}
        begun = [client.post(f"{SCENE}/replays", json=ask) for _ in range(3)]
        ids = [each.json()["id"] for each in begun[:2]]
        eventually(lambda: states(client, ids) == {"done"}, "results")
        found = client.get(f"{SCENE}/replays/{ids[0]}").json()["result"]
        late = client.post(f"{SCENE}/replays", json=ask | {"from": "2020-01-01T00:00"}).json()
        eventually(lambda: states(client, [late["id"]]) == {"failed"}, "a refusal")
        why = client.get(f"{SCENE}/replays/{late['id']}").json()["problem"]["detail"]

    assert [each.status_code for each in begun] == [202, 202, 429]
    assert found["counts"]["earlier"] > 0
    assert found["counts"]["gone"] == 0
    assert found["version"]["in_force"] != found["version"]["changed"]
    assert found["scores"]["changed"]["precision"] is None
    assert "reaches back to" in why


def test_a_trial_in_several_processes_says_the_same(tuned: Living) -> None:
    """Each hears the whole journal and answers for its share of the things."""
    end = tuned.journal()[-1][1].now
    asked = Trial(SCENE, {"grace_s": 60}, to_ms=end)
    one, three = (tried(tuned.settings, asked, processes=each) for each in (1, 3))

    assert one["changes"]
    assert three == one


def states(client: httpx.Client, ids: list[str]) -> set[str]:
    """Say how some replays are."""
    return {client.get(f"{SCENE}/replays/{each}").json()["state"] for each in ids}


def test_an_undo_is_one_call_and_the_command_line_does_the_same(tuned: Living) -> None:
    """`tune` and `undo` by command; the history tells both, and values are what they were."""

    def run(*words: str) -> dict[str, Any]:
        done = subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-m", "borough", "scene", *words, "--json", "--data",
             tuned.settings.data],
            capture_output=True, timeout=180, check=True,
        )  # fmt: skip
        told: dict[str, Any] = json.loads(done.stdout)
        return told

    with door(tuned) as client:
        before = client.get("pipe_leak").json()
        value = before["parameters"]["surge_limit"]["limits"][1]
        run("tune", "pipe_leak", "--set", f"surge_limit={value}", "--why", "x", "--by", "li")
        changed = client.get("pipe_leak").json()
        run("undo", "pipe_leak", "--why", "seen", "--by", "wang")
        after = client.get("pipe_leak").json()

    assert changed["parameters"]["surge_limit"]["value"] == value
    assert after["parameters"] == before["parameters"]
    assert after["version"] == before["version"] != changed["version"]
    assert [each["who"] for each in after["history"]] == ["wang", "li"]
    assert all(a["number"] > b["number"] for a, b in pairwise(after["history"]))


def test_precision_and_recall_come_from_closed_cases(tuned: Living) -> None:
    """One case closed as true and one as false: half of what is judged is right, all is found."""
    with MqttSender(tuned, lanes(tuned)):
        eventually(lambda: len(open_cases(tuned)) > 1, "two cases")
    with door(tuned) as client:
        for case, outcome in zip(open_cases(tuned), ("true", "false"), strict=False):
            close(client, case["id"], outcome)
        begun = client.post(f"{SCENE}/replays", json={"values": {"grace_s": 60}}).json()
        eventually(lambda: states(client, [begun["id"]]) == {"done"}, "a result")
        scores = client.get(f"{SCENE}/replays/{begun['id']}").json()["result"]["scores"]
        record = client.get(SCENE).json()["record"]

    for each in (scores["live"], scores["changed"]):
        counted = (each["true"], each["false"], each["known"], each["precision"], each["recall"])
        assert counted == (1, 1, 1, 0.5, 1.0)
    assert record["precision"] == 0.5


def open_cases(living: Living) -> list[dict[str, Any]]:
    """List the open cases of the scene that were heard of since the journal began."""
    first = living.journal()[0][1].now
    url = f"{living.url}/api/v1/cases"
    found = httpx.get(url, params={"scene": SCENE, "open": True}, timeout=60).json()["cases"]
    return [each for each in found if each["heard_ms"] >= first]


def close(client: httpx.Client, case: int, outcome: str) -> None:
    """Lead a case along its plan to where it may end so; look again where a sign came between."""
    root = f"/api/v1/cases/{case}"
    for _ in range(30):
        told = client.get(client.base_url.join(root)).json()
        answers = dict.fromkeys(told["asks"], "x")
        body = {"version": told["version"], "note": "seen", "answers": answers}
        if outcome in told["outcomes"]:
            done = client.post(
                client.base_url.join(f"{root}/close"), json=body | {"outcome": outcome}
            )
        else:
            forward = [each["to"] for each in told["moves"] if not each["back"]]
            done = client.post(client.base_url.join(f"{root}/move"), json=body | {"to": forward[0]})
        if done.status_code == httpx.codes.CONFLICT:
            continue
        assert done.status_code == 200, done.text
        if done.json()["closed_ms"] is not None:
            return
