"""The supervisor keeps roles running, tells why one cannot start, and leaves nothing behind."""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from borough.app.pulse import STALE_S, Pulse
from borough.app.supervisor import KEPT_PRINTED, MOST_PRINTED, Role, Supervisor, printed
from borough.core.errors import BadSetting, BusDown
from borough.testing.living import eventually, mine

SLEEP = "import time; time.sleep(600)"


def role(name: str, data: Path, code: str = SLEEP) -> Role:
    """Make a role that sleeps; its command names the folder."""
    return Role(name, [sys.executable, "-c", code, str(data)], lambda: True, pulsing=False)


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Supervisor]:
    """Keep two roles running."""
    made = Supervisor(tmp_path, [role("first", tmp_path), role("second", tmp_path)], lambda _: None)
    made.start()
    yield made
    made.stop()


def test_a_dead_role_is_started_anew(kept: Supervisor, tmp_path: Path) -> None:
    """Who dies comes back; who lives is left alone."""
    before = kept.pids()
    os.kill(before["second"], signal.SIGKILL)

    def back() -> bool:
        kept.watch()
        return kept.pids().get("second", before["second"]) != before["second"]

    eventually(back, "another second role")
    assert kept.pids()["first"] == before["first"]
    assert not mine(before["second"], str(tmp_path))


def test_nothing_is_left_after_a_stop(kept: Supervisor, tmp_path: Path) -> None:
    """Every role ends with its supervisor, and the folder is free for another one."""
    pids = kept.pids().values()

    kept.stop()

    assert not [pid for pid in pids if mine(pid, str(tmp_path))]
    again = Supervisor(tmp_path, [role("first", tmp_path)], lambda _: None)
    again.start()
    again.stop()


def test_two_may_not_keep_one_folder(kept: Supervisor, tmp_path: Path) -> None:
    """A second supervisor is refused before it starts anything."""
    second = Supervisor(tmp_path, [role("third", tmp_path)], lambda _: None)

    with pytest.raises(BadSetting, match="another process"):
        second.start()

    assert second.pids() == {}
    assert len(kept.pids()) == 2


def test_a_role_that_cannot_start_is_told_with_its_last_words(tmp_path: Path) -> None:
    """The end of its log is in the error, and the others are stopped."""
    dies = role("dies", tmp_path, "raise SystemExit('no such thing')")
    dies.ready = lambda: False
    kept = Supervisor(tmp_path, [role("first", tmp_path), dies], lambda _: None)

    with pytest.raises(BusDown, match="no such thing"):
        kept.start()
    kept.stop()

    assert kept.pids() == {}


def test_a_role_that_is_killed_while_it_starts_is_started_anew(tmp_path: Path) -> None:
    """As it would be a moment later; one that is killed again and again ends the start in time."""
    once = "import os, pathlib, sys; lived = pathlib.Path(sys.argv[1], 'lived')"
    dies = f"{once}; lived.exists() or (lived.touch(), os.kill(os.getpid(), 9))"
    second = role("second", tmp_path, f"{dies}; lived.with_name('well').touch(); {SLEEP}")
    second.ready = (tmp_path / "well").exists
    kept = Supervisor(tmp_path, [role("first", tmp_path), second], lambda _: None)
    kept.start()
    kept.stop()
    assert second.starts == 2

    never = role("never", tmp_path, "import os; os.kill(os.getpid(), 9)")
    never.ready = lambda: False
    again = Supervisor(tmp_path, [never], lambda _: None)
    with pytest.raises(BusDown, match="never did not start"):
        again.start(within_s=1.0)
    again.stop()


@pytest.mark.skipif(sys.platform != "linux", reason="the slack of timers is Linux's")
@pytest.mark.parametrize("slack_us", [0, 4000])
def test_the_timers_of_a_role_may_be_as_late_as_it_says(tmp_path: Path, slack_us: int) -> None:
    """Also those of threads it starts; a role that says nothing keeps the kernel's own slack."""
    asks = "import ctypes, threading; ask = lambda: print(ctypes.CDLL(None).prctl(30), flush=True)"
    patient = role("patient", tmp_path, f"{asks}; threading.Thread(target=ask).start(); {SLEEP}")
    patient.slack_us = slack_us
    kept = Supervisor(tmp_path, [patient], lambda _: None)

    kept.start()
    try:
        eventually(lambda: kept.log_end("patient").strip().isdigit(), "a word from the role")
        late_us = int(kept.log_end("patient")) // 1000
    finally:
        kept.stop()

    assert late_us == (slack_us or late_us)
    assert slack_us or late_us < 4000


@pytest.fixture
def pulsing(tmp_path: Path) -> Iterator[Supervisor]:
    """Keep one role running that has just written its pulse."""
    breathes = role("breathes", tmp_path)
    breathes.pulsing = True
    made = Supervisor(tmp_path, [breathes], lambda _: None)
    made.start()
    Pulse(tmp_path, "breathes").beat()
    made.watch()
    yield made
    made.stop()


@pytest.mark.parametrize("shift_s", [-3600, 3600])
def test_a_clock_that_is_set_makes_nobody_stuck(pulsing: Supervisor, shift_s: int) -> None:
    """Seen by a clock that was set forward, the last beat is old: the role is left alone."""
    before = pulsing.pids()
    path = pulsing.data / "run" / "breathes.json"
    os.utime(path, (path.stat().st_mtime + shift_s,) * 2)

    pulsing.watch()

    assert pulsing.pids() == before


def test_a_role_that_stops_beating_is_stuck_whatever_the_clock_says(pulsing: Supervisor) -> None:
    """Seen by a clock that was set back, the last beat lies ahead, and ages all the same."""
    path = pulsing.data / "run" / "breathes.json"
    os.utime(path, (path.stat().st_mtime + 3600,) * 2)
    pulsing.watch()
    (role,) = pulsing.roles

    role.beaten -= STALE_S / 2  # as if so much time had passed
    pulsing.watch()
    assert role.process is not None
    role.beaten -= STALE_S / 2
    pulsing.watch()

    assert role.process is None


def test_what_a_failing_role_prints_does_not_grow_without_end(tmp_path: Path) -> None:
    """When it is started anew only the end of very much is kept, and its last words are there."""
    much = printed(tmp_path, "first")
    much.parent.mkdir()
    much.write_bytes(b"x" * MOST_PRINTED + b"the end\n")
    kept = Supervisor(tmp_path, [role("first", tmp_path), role("bus", tmp_path)], lambda _: None)
    kept.roles[0].pulsing = True
    printed(tmp_path, "bus").write_bytes(b"x" * (MOST_PRINTED + 1))

    kept.start()
    kept.stop()

    assert kept.log_end("first").endswith("the end\n")
    assert much.stat().st_size == KEPT_PRINTED
    assert printed(tmp_path, "bus").stat().st_size == MOST_PRINTED + 1  # read on as it grows
