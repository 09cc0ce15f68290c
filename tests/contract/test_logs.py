"""Logs: a JSON line for each event, files that begin anew, and no secret in any of them."""

import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from borough.adapters.bus.config import secrets_of
from borough.app.bus_log import BusLog
from borough.app.logs import BLOT, Blotter, JsonLines, blotter_of, event, file_of
from borough.app.settings import Settings
from borough.app.setup import CREDENTIALS, write_credentials
from borough.core.errors import StoreDown

PLANTED = "planted-operator-token"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Give a data folder with secrets of every kind."""
    made = Settings(str(tmp_path), "yubei", operator=PLANTED)
    made.write()
    write_credentials(tmp_path / CREDENTIALS, [("gw-1", "planted-device-token")])
    return made


@pytest.fixture
def log(settings: Settings) -> Iterator[logging.Logger]:
    """Give the log of a role of it."""
    made = logging.Logger("borough.app.desk")  # noqa: LOG001 - one for this test alone
    handler = file_of(settings, "desk")
    made.addHandler(handler)
    yield made
    handler.close()


def lines(settings: Settings, role: str = "desk") -> list[dict[str, Any]]:
    """Read the log of a role."""
    text = (settings.folder / "logs" / f"{role}.log").read_text("utf-8")
    return [json.loads(line) for line in text.splitlines()]


def test_an_event_is_one_line_with_all_its_parts(settings: Settings, log: logging.Logger) -> None:
    """Time, role, level, code, message and fields; a line feed in a message stays inside."""
    log.warning("it waits\nfor %s", "the bus", extra=event("bus-down", stream="JOURNAL", behind=3))
    log.error("again", exc_info=StoreDown("the database cannot be used"))

    first, second = lines(settings)
    assert {**first, "time": ""} == {
        "time": "", "role": "desk", "level": "warning", "code": "bus-down",
        "message": "it waits\nfor the bus", "fields": {"stream": "JOURNAL", "behind": 3},
    }  # fmt: skip
    assert first["time"].endswith("Z")
    assert (second["level"], second["code"]) == ("error", "store-down")
    assert "StoreDown" in second["trace"]


def test_no_secret_is_in_a_log(settings: Settings, log: logging.Logger) -> None:
    """Planted tokens and passwords are blotted out, wherever in an event they stand."""
    own = secrets_of(settings.folder / "bus")
    secrets = [PLANTED, "planted-device-token", own.borough, own.doors, own.gate, own.seed]
    for each in secrets:
        log.error("refused %s", each, extra=event("refused", said=f"x{each}y"))
    log.error("postgresql://borough:hunter2@db/borough is away; Authorization: Bearer hunter2")
    error = RuntimeError("password=hunter2")
    log.error("http://127.0.0.1:8080/#operator=hunter2", exc_info=error)

    text = (settings.folder / "logs" / "desk.log").read_text("utf-8")
    assert [each for each in [*secrets, "hunter2"] if each in text] == []
    assert text.count(BLOT) >= len(secrets) * 2 + 4
    assert len(lines(settings)) == len(secrets) + 2


@given(st.text(max_size=200), st.dictionaries(st.text(max_size=9), st.text(max_size=50)))
def test_whatever_is_said_is_one_line_of_json(text: str, fields: dict[str, str]) -> None:
    """No text breaks a line in two, or the JSON of it."""
    record = logging.LogRecord("borough.x", 30, "", 1, "%s", (text,), None)
    record.fields = fields
    blotter = Blotter(["never"])
    written = JsonLines("desk", blotter).format(record)

    assert "\n" not in written
    assert json.loads(written)["message"] == blotter.clean(text)


def test_a_log_begins_anew_and_old_files_go(settings: Settings) -> None:
    """It never takes more than its size times its files, and nobody else may read it."""
    small = replace(settings, log_mb=1, log_files=2)
    handler = file_of(small, "stream")
    log = logging.Logger("x")  # noqa: LOG001 - one for this test alone
    log.addHandler(handler)
    for _ in range(5000):
        log.warning("x" * 1000)
    handler.close()

    files = sorted((settings.folder / "logs").glob("stream.log*"))
    assert [each.name for each in files] == ["stream.log", "stream.log.1", "stream.log.2"]
    assert all(each.stat().st_size <= 1 << 20 for each in files)
    assert all(each.stat().st_mode & 0o077 == 0 for each in files)


def test_what_the_bus_turned_away_is_logged_with_its_reason(settings: Settings) -> None:
    """A line of the bus becomes an event whose code is why; what it counts, it still counts."""
    (settings.folder / "logs").mkdir()
    bus = BusLog(settings)
    said = '[7] 2026/11/21 [ERR] 127.0.0.1:1 - mid:7 - "gw1" - Publish Violation - "d.gw2.x"\n'
    (settings.folder / "logs" / "bus.out").write_text(f"{said}[7] [INF] Server is ready\n", "utf-8")
    bus.look()

    assert [(each["level"], each["code"]) for each in lines(settings, "bus")] == [
        ("error", "forbidden-topic"),
        ("info", "bus"),
    ]
    assert bus.rejected["forbidden-topic"] == 1


def test_a_blotter_knows_a_district(settings: Settings) -> None:
    """What nobody has told it is left as it is."""
    clean = blotter_of(settings).clean

    assert clean("gw-1 is refused") == "gw-1 is refused"
    assert clean(f"{PLANTED}!") == f"{BLOT}!"
