"""Settings: who has said what, in which order they count, and what is refused with its place."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from borough.app.settings import FILE, Settings, told
from borough.app.sources import by_hand, table
from borough.core.errors import BadSetting

KEYS = ("BOROUGH_HTTP_PORT", "BOROUGH_CONFIG", "BOROUGH_COMMAND_LINE", "BOROUGH_HOSTS")


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a data folder that a first start has made, in an environment that says nothing."""
    for name in KEYS:
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    Settings(str(tmp_path), "yubei", http_port=8001, operator="planted-token").write()
    return tmp_path


def source(data: Path, name: str) -> tuple[object, str]:
    """Say what a setting is, and who has said so."""
    (found,) = [each for each in told(data) if each.name == name]
    return found.value, found.source


def test_the_table_of_settings_is_that_of_the_code() -> None:
    """Each setting is in it with its kind and its meaning in both languages, and no other."""
    words = {"str": "text", "int": "whole", "float": "number"}
    given = {
        name: words.get(getattr(each.type, "__name__", ""), "list")
        for name, each in Settings.__dataclass_fields__.items()
    }

    assert {name: row["kind"] for name, row in table().items()} == given
    assert all(row["zh"] and row["en"] for row in table().values())


def test_who_names_a_folder_without_a_district_is_told_of_one_below(data: Path) -> None:
    """The demonstration's lies in `live` below the folder that it was given."""
    with pytest.raises(BadSetting, match=r"`borough up` makes one$"):
        Settings.read(data / "none")
    live = data / "demo" / "live"
    live.mkdir(parents=True)
    shutil.copy(data / FILE, live)
    said = borough("account", "list", "--data", str(live.parent)).stderr

    assert f"; there is one in {live}\n" in said
    assert f"{live} 中已有一个\n" in said


def test_each_source_goes_before_the_one_below(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Default, first start, file, environment, command line: the last that speaks counts."""
    found = [source(data, "log_mb")]
    found.append(source(data, "http_port"))
    (data / "borough.toml").write_text("# ours\nhttp_port = 8002 # behind nginx\n", "utf-8")
    found.append(source(data, "http_port"))
    monkeypatch.setenv("BOROUGH_HTTP_PORT", "8003")
    found.append(source(data, "http_port"))
    by_hand(["http_port=8004"])
    found.append(source(data, "http_port"))

    assert found == [
        (16, "default"),
        (8001, str(data / FILE)),
        (8002, f"{data / 'borough.toml'}:2"),
        (8003, "BOROUGH_HTTP_PORT"),
        (8004, "command line"),
    ]
    assert Settings.read(data).http_port == 8004


def test_another_file_may_stand_in(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """BOROUGH_CONFIG names a file elsewhere; one that is not there is an error, not silence."""
    (data / "borough.toml").write_text("http_port = 8002\n", "utf-8")
    (data / "other.toml").write_text('hosts = ["Borough.example"]\narchive_s = 2\n', "utf-8")
    monkeypatch.setenv("BOROUGH_CONFIG", str(data / "other.toml"))

    assert Settings.read(data).hosts == ("Borough.example",)
    assert Settings.read(data).archive_s == 2.0
    assert Settings.read(data).http_port == 8001
    monkeypatch.setenv("BOROUGH_CONFIG", str(data / "gone.toml"))
    with pytest.raises(BadSetting, match="no such file"):
        Settings.read(data)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("http_prt = 8080", "2: there is no setting 'http_prt'; did you mean http_port"),
        ("http_port = 99999", "2: http_port must be from 1 to 65535 1, not 99999"),
        ('http_port = "high"', "2: http_port must be a whole number, not 'high'"),
        ("http_port = true", "2: http_port must be a whole number, not True"),
        ("hosts = [1]", "2: hosts must be a list of texts"),
        ('log_level = "loud"', "2: log_level must be one of debug"),
        ('operator = "mine"', "2: operator is made by the first start"),
        ("tick_ms = 0", "2: tick_ms must be from 10 to 60000 ms"),
        ("archive_s = nan", "2: archive_s must be from 0.1"),
        ("http_port", "borough.toml: Expected"),
    ],
)
def test_what_cannot_be_is_refused_with_its_place(data: Path, line: str, says: str) -> None:
    """File, line, key, what it must be, and the nearest name."""
    (data / "borough.toml").write_text(f"# ours\n{line}\n", "utf-8")

    with pytest.raises(BadSetting) as refused:
        Settings.read(data)
    assert says in str(refused.value)
    assert "borough.toml" in str(refused.value)


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("BOROUGH_HTTP_PRT", "1", "did you mean http_port"),
        ("BOROUGH_HTTP_PORT", "high", "must be a whole number"),
        ("BOROUGH_HTTP_PORT", "0", "must be from 1"),
    ],
)
def test_a_variable_is_held_to_the_same(
    data: Path, monkeypatch: pytest.MonkeyPatch, name: str, text: str, says: str
) -> None:
    """A variable with our prefix that is no setting is a mistake, too."""
    monkeypatch.setenv(name, text)

    with pytest.raises(BadSetting, match=says):
        Settings.read(data)


@pytest.mark.parametrize("given", ["http_port", "http_prt=1", "http_port=x", "http_port=0"])
def test_a_bad_word_on_the_command_line_changes_nothing(
    data: Path, monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    """Not even the good one before it is taken."""
    monkeypatch.setattr(os, "environ", dict(os.environ))

    with pytest.raises(BadSetting, match="command line"):
        by_hand(["log_mb=1", given])
    assert Settings.read(data).log_mb == 16


def borough(*words: str) -> subprocess.CompletedProcess[str]:
    """Run a verb as a person would."""
    return subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "borough", *words],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def test_secrets_are_masked_and_sources_told(data: Path) -> None:
    """`config show` names the source of each value and shows no token, in text and in JSON."""
    plain = borough("config", "show", "--data", str(data))
    rows = json.loads(borough("config", "show", "--json", "--data", str(data)).stdout)

    assert "planted-token" not in plain.stdout + json.dumps(rows)
    assert {"name": "operator", "value": "***", "source": str(data / FILE)} in rows
    assert {row["source"] for row in rows} == {"default", str(data / FILE)}


def test_a_file_of_settings_can_be_checked(data: Path) -> None:
    """It ends with 0 or 1, and in one sentence."""
    good = borough("config", "check", "--data", str(data))
    (data / "borough.toml").write_text("port = 1\n", "utf-8")
    bad = borough("config", "check", "--data", str(data))

    assert (good.returncode, bad.returncode) == (0, 1)
    assert "there is no setting 'port'" in bad.stderr
    assert "Traceback" not in bad.stderr
