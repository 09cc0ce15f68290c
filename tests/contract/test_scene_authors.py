"""Whoever writes a scene begins with one that works, and is told where theirs is wrong."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from borough.app.setup import folder_of
from borough.cli.scene_author import Verdict, drafted, told as checked
from borough.core.errors import BadRequest, BadScene
from borough.core.happenings import told
from borough.core.scenes import STANDINGS
from borough.engine.catalog import BUILT_IN, find, find_all, find_sound, happenings_of
from borough.engine.district import read
from borough.engine.pointing import dotted, line_of, places
from borough.testing.drafting import check_id, write
from borough.testing.ground import Ground
from borough.testing.promises import PROMISES
from borough.testing.standings import Record, broken, earned, lacks, requirements

YUBEI = read(folder_of("yubei"))
GROUND = Ground.of(YUBEI, folder_of("yubei"))
WATCHED = (
    "noise.laeq",
    "waterlog.immersed",
    "trash_bin.fill",
    "elevator.speed",
    "tunnel.wind+noise.laeq+tunnel.co",
)


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """A fresh scene of an author, in a folder of their own."""
    return write(drafted("my_scene", ["noise.laeq"], "", "", YUBEI), tmp_path)


def test_a_scene_may_watch_several_properties(tmp_path: Path) -> None:
    """The option is given again for each; classes and properties are named once."""
    said = ("--watches", "tunnel.wind", "--watches", "tunnel.co")
    made = run("scene", "new", "my_scene", "--in", tmp_path, *said, at=tmp_path)

    assert made.returncode == 0, made.stderr
    scene = find(tmp_path / "my_scene").scene
    assert (scene.properties, scene.sources) == (("wind", "co"), ("tunnel",))


def run(*words: object, at: Path) -> "subprocess.CompletedProcess[str]":
    """Type a command."""
    program = [sys.executable, "-m", "borough", *map(str, words)]
    return subprocess.run(program, cwd=at, capture_output=True, text=True, check=False)  # noqa: S603 - our own program


@pytest.mark.parametrize("watches", WATCHED)
def test_a_new_scene_keeps_every_promise(watches: str, tmp_path: Path) -> None:
    """Whatever it watches: it runs, is ready for its trial, and lacks only what a person knows."""
    found = find(
        write(drafted("my_scene", watches.split("+"), "我的场景", "My scene", YUBEI), tmp_path)
    )
    wanting = lacks(found, broken(found), Record(), GROUND)

    assert broken(found) == dict.fromkeys((each.__name__ for each in PROMISES), "")
    assert earned(wanting) == "trial"
    duty = [each for each in wanting if each.requirement.standing == "duty"]
    assert [each.requirement.id for each in duty] == ["nothing_left_open"]
    assert told(happenings_of([found]))[0].expects[0].level == 1


@pytest.mark.parametrize("name", ["", "Ponding", "1st", "a__b", "a-b", "../x", "a" * 33, "积水"])
def test_an_odd_id_is_refused(name: str, tmp_path: Path) -> None:
    """The message says what an id looks like, and nothing is made."""
    with pytest.raises(BadRequest, match="such as flooded_road"):
        write(drafted(name, ["noise.laeq"], "", "", YUBEI), tmp_path)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("name", "why"), [("fire_lane", "already"), ("here", "is there already")])
def test_an_id_that_is_taken_is_refused(name: str, why: str, tmp_path: Path) -> None:
    """A built-in scene keeps its name, and no folder is written over."""
    (tmp_path / "here").mkdir()

    with pytest.raises(BadRequest, match=why):
        write(drafted(name, ["noise.laeq"], "", "", YUBEI), tmp_path)


@given(st.text(st.characters(codec="ascii"), max_size=40))
def test_an_id_that_is_taken_in_is_a_python_name(name: str) -> None:
    """Ids stand in names of modules, subjects and columns."""
    try:
        check_id(name, {})
    except BadRequest:
        return

    assert name.isidentifier()
    assert name == name.lower()


@pytest.mark.parametrize(
    ("watches", "known"), [("noise", "laeq"), ("nose.laeq", "waterlog"), ("slope.d", "gnss")]
)
def test_what_cannot_be_watched_is_refused_with_what_can(watches: str, known: str) -> None:
    """The message lists the classes, or what the class says."""
    with pytest.raises(BadRequest, match=known):
        drafted("my_scene", watches.split("+"), "", "", YUBEI)


SPOILT = {
    "broken toml": ("scene.toml", "[levels]", "[levels", "my_scene/scene.toml:5"),
    "a key missing": ("scene.toml", "source    =", "#", "scene.toml:12: parameters.limit.source"),
    "a key unknown": ("scene.toml", "per_thing =", "per_thang =", "scene.toml:14: parameters"),
    "a wrong type": ("scene.toml", 'unit      = "', 'unit = 7 # "', ":15: parameters.limit.unit"),
    "limits upside down": ("scene.toml", "[20, 130]", "[130, 20]", "parameters.limit.limits"),
    "beyond its limits": ("scene.toml", "[20, 130]", "[20, 21]", ":13: parameters.limit.value"),
    "no such standing": ("scene.toml", '"sketch"', '"draft"', ":2: standing"),
    "a level without a name": ("scene.toml", 'en = "Major"', 'fr = "Grave"', ":5: levels"),
    "another name": ("scene.toml", '"my_scene"', '"your_scene"', "scene.toml:1: the folder"),
    "python that is none": ("detector.py", "import numpy", "import import", ".py:6: it cannot"),
    "an import that is missing": ("detector.py", "import numpy", "import numpyy", ".py:6: it"),
    "no detector": ("detector.py", "(Detector)", "", "exactly one Detector"),
    "a step nowhere": ("plan.toml", '["confirm"]', '["confirmed"]', "plan.toml:17: step[2].then"),
    "no time for a step": ("plan.toml", "86400", "0", "plan.toml:16: step[2].within_s"),
    "rows that are none": ("examples.toml", "rows", "rose", ":5: example[1].rose"),
    "an odd level": ("examples.toml", '"major"]', '"huge"]', ":6: example[1].edges: ed"),
    "a value too many": ("examples.toml", "[[0, 0, ", "[[0, 0, 5, ", ":5: example[1].rows: row 1"),
    "no field for it": ("detector.py", "    band: Values\n", "", ".toml:20: parameters.band"),
    "nothing declared for it": ("scene.toml", "[parameters.band]", "[claims]", "detector.py:23"),
    "a happening of no kind": ("happenings.toml", '"values"', '"magic"', ":6: happens[1].how"),
    "a level nobody has": ("happenings.toml", '"major"', '"huge"', "happens[1].expect[1].level"),
}  # fmt: skip


@pytest.mark.parametrize("how", SPOILT)
def test_what_is_wrong_is_told_with_file_line_and_key(how: str, mine: Path) -> None:
    """The author reads where to look; the other scenes go on."""
    file, old, put, told_at = SPOILT[how]
    text = (mine / file).read_text("utf-8")
    assert old in text
    (mine / file).write_text(text.replace(old, put, 1), "utf-8")

    with pytest.raises(BadScene) as error:
        find(mine)
    sound, wrong = find_sound(BUILT_IN, mine.parent)

    assert told_at in str(error.value)
    assert list(wrong) == [str(mine)]
    assert len(sound) == len(find_all(BUILT_IN))


def test_a_promise_that_raises_names_the_line(mine: Path) -> None:
    """A detector that raises while it runs is pointed at."""
    path = mine / "detector.py"
    text = path.read_text("utf-8").replace("self._compare(tick.time, rows)", 'rows["gone"] = 1', 1)
    path.write_text(text, "utf-8")
    line = 1 + text.splitlines().index('        rows["gone"] = 1')

    assert f"my_scene/detector.py:{line}: ValueError: " in broken(find(mine))["examples_hold"]


def test_a_wrong_example_says_what_was_expected_and_what_came(mine: Path) -> None:
    """The author reads the line of the example, what it expects, and what was said instead."""
    path = mine / "examples.toml"
    text = path.read_text("utf-8").replace(
        'edges = [[0, 360, "major"]]', "edges = [[0, 361, 'quiet']]"
    )
    path.write_text(text.replace("unknown = [0]", "unknown = []"), "utf-8")
    text = (mine / "scene.toml").read_text("utf-8").replace('["laeq"]', '["laeq", "peak"]')
    (mine / "scene.toml").write_text(text, "utf-8")

    said = broken(find(mine))["examples_hold"].splitlines()

    assert said[0].startswith('my_scene/examples.toml:6: example "Above the limit for long enough')
    assert said[0].endswith('expected [0, 361, "quiet"], got [0, 360, "major"]')
    assert "row 1 has 1 value, the scene watches 2 (laeq, peak)" in said[1]
    assert said[2].endswith("expected unknown nothing, got [0]")


def test_check_explains_what_is_missing(mine: Path) -> None:
    """Every scene of a folder is listed; the command fails where one is broken or claims much."""
    good = run("scene", "check", mine.parent, "--json", at=mine.parent)
    (said,) = json.loads(good.stdout)
    text = (mine / "scene.toml").read_text("utf-8")
    (mine / "scene.toml").write_text(text.replace('"sketch"', '"duty"'), "utf-8")
    (mine / "README.md").write_text("TODO\n" * 5, "utf-8")
    claims = run("scene", "check", mine, at=mine.parent)
    unknown = run("scene", "check", "nobody", at=mine.parent)

    assert good.returncode == 0, good.stderr
    assert (said["scene"], said["standing"], said["earned"]) == ("my_scene", "sketch", "trial")
    assert any("TODO" in each for lack in said["lacks"] for each in lack["wrong"])
    assert claims.returncode == 1
    assert "missing nothing_left_open" in claims.stdout
    assert all(f"README.md:{line}: TODO" in claims.stdout for line in range(1, 6))
    assert 'it claims duty; so far it may say standing = "sketch" in' in claims.stdout
    assert f"its own tests were not run: ./borough test {mine}" in claims.stdout
    assert unknown.returncode == 1
    assert "fire_lane" in unknown.stderr


def test_a_scene_that_has_more_than_it_claims_is_told_so(mine: Path) -> None:
    """What a person has yet to do, to write the higher standing, is named with its line."""
    found = find(mine)
    wanting = tuple(lacks(found, {}, Record(), GROUND))

    said = list(checked(Verdict("my_scene", mine, "", found, {}, wanting)))

    assert '    it may now say standing = "trial" in my_scene/scene.toml:2' in said


ABSENT = {
    "a property": ("scene.toml", '["laeq"]', '["laek"]', ":9: watches.properties: no laek"),
    "a class": ("scene.toml", '["noise"]', '["nose"]', ":10: watches.from: there is no class"),
    "a happening": ("happenings.toml", "{ laeq =", "{ lax =", ":7: happens[1].values: no lax"),
    "a holder": ("plan.toml", '"grid_worker"', '"grid_wroker"', "nearest: grid_worker"),
}  # fmt: skip


@pytest.mark.parametrize("what", ABSENT)
def test_what_the_district_does_not_have_is_told_with_what_it_has(what: str, mine: Path) -> None:
    """File, line and key are named, and what the class says or who there is."""
    file, old, put, told_at = ABSENT[what]
    text = (mine / file).read_text("utf-8")
    assert old in text
    (mine / file).write_text(text.replace(old, put, 1), "utf-8")

    wanting = lacks(find(mine), {}, Record(), GROUND)

    (wrong,) = [
        line for lack in wanting for line in lack.wrong
        if lack.requirement.id in {"district_has_it", "holders_exist"}
    ]  # fmt: skip
    assert told_at in wrong
    assert {"a property": "noise says laeq", "a holder": "posts.csv"}.get(what, "") in wrong


def test_what_a_scene_does_without_has_a_reason(mine: Path) -> None:
    """A requirement left out is told with why, and no longer stands in the way."""
    with (mine / "scene.toml").open("a", encoding="utf-8") as file:
        file.write('\n[exempt]\nnothing_left_open = "a working group writes the words"\n')
    found = find(mine)
    wanting = lacks(found, broken(found), Record(), GROUND)

    assert earned(wanting) == "duty"
    assert "a working group writes the words" in [each.exempt for each in wanting]


def test_a_record_makes_a_model(mine: Path) -> None:
    """Enough judged cases, enough of them true, and a replay that agrees; nothing less will do."""
    found = find(mine)
    kept = broken(found)

    def missing(record: Record) -> set[str]:
        model = [e for e in lacks(found, kept, record, GROUND) if e.requirement.standing == "model"]
        return {each.requirement.id for each in model}

    assert missing(Record(true=28, false=2, replay="")) == set()
    assert missing(Record(true=28, false=1, replay="")) == {"judged_cases"}
    assert missing(Record(true=20, false=10, replay="")) == {"precise"}
    assert missing(Record(true=28, false=2, replay="missing 1, extra 0")) == {"replay_agrees"}


def test_every_built_in_scene_has_earned_its_standing() -> None:
    """What the product ships is held to what it asks of others."""
    for found in find_all(BUILT_IN):
        wanting = lacks(found, {}, Record(), GROUND)
        assert STANDINGS.index(found.scene.standing) <= STANDINGS.index(earned(wanting)), (
            found.scene.id, [each.wrong for each in wanting],
        )  # fmt: skip
    assert {each.standing for each in requirements()} == set(STANDINGS)


WORD = st.from_regex(r"[a-z]{1,4}", fullmatch=True)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(WORD, st.dictionaries(WORD, st.integers(0, 9), max_size=3), max_size=4))
def test_each_key_is_found_in_its_line(tables: dict[str, dict[str, int]]) -> None:
    """Whatever tables and keys a file has, the line that is named holds the key."""
    text = "# a remark = with [brackets]\n"
    for name, table in tables.items():
        text += f'\n[[list]]\nlong = [\n  "x = 1", # [y]\n]\n[{name}_]\n'
        text += "".join(f"{key} = {value}\n" for key, value in table.items())
    lines = text.splitlines()

    for name, table in tables.items():
        for key in table:
            assert lines[line_of(text, (f"{name}_", key)) - 1].startswith(f"{key} =")
    found: list[Any] = [place for _, place in places(text)]
    assert [each for each in found if each[0] == "list" and each[-1] == "long"] == [
        ("list", number, "long") for number in range(len(tables))
    ]
    assert dotted(("list", 0, "long")) == "list[1].long"
