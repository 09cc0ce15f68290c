"""How much memory there is, and what the bus may take of it."""

import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from borough.adapters.bus.config import environment
from borough.adapters.limits import Limits
from borough.app.memory import there_is

GB = 1 << 30


@pytest.mark.parametrize(
    ("own", "limits", "most"),
    [
        ("0::/system.slice/borough.service\n", {"system.slice/borough.service": "3000"}, 3000),
        ("0::/pod/us\n", {"pod": "2000", "pod/us": "max"}, 2000),
        ("0::/\n", {"": "4000"}, 4000),
        ("5:memory:/x\n0::/us\n", {"us": "max", "other": "10"}, None),
        ("0::/us\n", {}, None),
    ],
)
def test_a_container_or_unit_is_given_less_than_the_machine_has(
    tmp_path: Path, own: str, limits: dict[str, str], most: int | None
) -> None:
    """The least limit of our group and those around it counts; without one the machine's does."""
    (tmp_path / "own").write_text(own, "utf-8")
    for group, limit in limits.items():
        (tmp_path / "groups" / group).mkdir(parents=True, exist_ok=True)
        (tmp_path / "groups" / group / "memory.max").write_text(limit, "utf-8")
    whole = psutil.virtual_memory().total

    assert there_is(tmp_path / "groups", tmp_path / "own") == (most or whole)
    assert there_is(tmp_path / "none", tmp_path / "none") == whole


def test_the_bus_leaves_most_of_a_small_machine_to_others() -> None:
    """It takes its share, and of a large one what it was measured to need."""
    limits = Limits.load()
    small, large = (environment(limits, each * GB)["GOMEMLIMIT"] for each in (4, 64))

    assert small == f"{4 * GB * limits.bus_heap_pct // 100}B"
    assert large == f"{limits.bus_heap_bytes}B"


@pytest.mark.skipif(sys.platform != "linux", reason="other C libraries have no such way")
def test_what_was_freed_goes_back_to_the_machine() -> None:
    """Holes between small things that stay are the machine's again, though the top is taken."""
    held = subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-c", HOLES], capture_output=True, text=True, check=True
    )
    before, after = map(int, held.stdout.split())

    assert before - after > MANY * SIZE // 2


SIZE, MANY = 64_000, 1_000
HOLES = f"""
import psutil
from borough.app.memory import give_back

def held():
    return psutil.Process().memory_info().rss

some = [bytes({SIZE}) + b"x" for _ in range({MANY})]
stay = [bytes(2_000) for _ in some]
some = [each[:1_000] for each in some]
large = [bytes({SIZE}) + b"x" for _ in range(2 * {MANY})]
top = bytearray(b"x" * 100_000)
del large[:-1]
before = held()
assert give_back()
print(before, held())
"""
