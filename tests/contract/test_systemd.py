"""The units for systemd: they start what there is, and a start tells systemd how it goes."""

import configparser
import re
import shlex
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from borough.app.systemd import WATCHED, notify
from borough.cli import app

UNITS = Path(__file__).parents[2] / "deploy" / "systemd"
SERVICES = sorted(UNITS.glob("*.service"))
HARD = {"NoNewPrivileges", "ProtectSystem", "ProtectHome", "CapabilityBoundingSet", "UMask"}


def unit(path: Path) -> configparser.ConfigParser:
    """Read a unit."""
    read = configparser.ConfigParser(strict=False, interpolation=None)
    read.optionxform = str  # type: ignore[assignment] # names of systemd have capitals
    read.read_string(path.read_text("utf-8"))
    return read


@pytest.mark.parametrize("path", SERVICES, ids=lambda path: path.name)
def test_a_unit_starts_a_verb_that_there_is(path: Path) -> None:
    """Its command is understood by the command line of this very release."""
    program, *words = shlex.split(unit(path)["Service"]["ExecStart"])

    app.parse_args(words, exit_on_error=False, print_error=False)
    assert Path(program).name == "borough"
    assert unit(path)["Service"].keys() >= HARD


def test_a_start_is_awaited_and_watched() -> None:
    """Readiness and signs of life go to systemd; the time to stop exceeds what roles may take."""
    service = unit(UNITS / "borough.service")["Service"]

    assert service["Type"] == "notify"
    assert int(service["WatchdogSec"]) > 30
    assert int(service["TimeoutStopSec"]) > 4 * 8
    assert service["StateDirectory"] in service["ExecStart"]


@pytest.mark.parametrize("path", sorted(UNITS.iterdir()), ids=lambda path: path.name)
def test_systemd_finds_nothing_wrong(path: Path, tmp_path: Path) -> None:
    """`systemd-analyze verify` has no complaint, with the program where the unit says."""
    verify = shutil.which("systemd-analyze")
    if verify is None:
        pytest.skip("systemd is not installed here")
    for each in UNITS.iterdir():
        text = re.sub(r"=/opt/borough/\S*borough ", "=/bin/true ", each.read_text("utf-8"))
        text = re.sub(r"^(User|Group)=.*\n", "", text, flags=re.MULTILINE)
        (tmp_path / each.name).write_text(text, "utf-8")
    done = subprocess.run(  # noqa: S603 - systemd's own program
        [verify, "verify", "--man=no", str(tmp_path / path.name)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert path.name not in done.stderr, done.stderr
    assert done.returncode == 0, done.stderr


def test_states_reach_who_watches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody watches nothing is said, and a watcher that is gone harms nobody."""
    path = tmp_path / "notify"
    monkeypatch.delenv(WATCHED, raising=False)
    assert not notify("READY=1")
    monkeypatch.setenv(WATCHED, str(path))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as watcher:
        watcher.bind(str(path))
        assert notify("READY=1")
        assert watcher.recv(100) == b"READY=1"
    path.unlink()
    assert not notify("WATCHDOG=1")
