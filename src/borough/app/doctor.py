"""The doctor: looks a machine and a district over, one question at a time."""

import shutil
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from borough.adapters.bus.config import binary
from borough.app import pulse
from borough.app.district_run import PORTS, is_free
from borough.app.settings import FILE, Settings
from borough.core.errors import BoroughError
from borough.engine.catalog import BUILT_IN, find_sound
from borough.engine.district import check

DISK_LOW_GB = 2.0
MEMORY_LOW_GB = 1.5
FIRST_SANE = 1_700_000_000
GB = 1 << 30


@dataclass(frozen=True, slots=True)
class Finding:
    """One question answered: whether all is well, what was seen, and what to do if not."""

    what: str
    ok: bool
    says: str
    do: str = ""


def examined(data: Path) -> list[Finding]:
    """Answer every question; one that cannot be answered is a finding too."""
    found: list[Finding] = []
    for question in QUESTIONS:
        try:
            found += question(data)
        except (BoroughError, OSError) as error:
            found.append(Finding(question.__name__, ok=False, says=str(error), do="see above"))
    return found


def python(_data: Path) -> Iterator[Finding]:
    """Look at the interpreter."""
    version = sys.version.split()[0]
    yield Finding("python", sys.version_info >= (3, 11), version, "install Python 3.11 or newer")


def disk(data: Path) -> Iterator[Finding]:
    """Look at the room for journal and history."""
    here = next(each for each in (data, *data.parents) if each.exists())
    free = shutil.disk_usage(here).free / GB
    yield Finding(
        "disk", free >= DISK_LOW_GB, f"{free:.1f} GB free", f"free some room on the disk of {here}"
    )


def memory(_data: Path) -> Iterator[Finding]:
    """Look at the memory that is left."""
    free = psutil.virtual_memory().available / GB
    yield Finding("memory", free >= MEMORY_LOW_GB, f"{free:.1f} GB free", "stop other programs")


def wall_clock(_data: Path) -> Iterator[Finding]:
    """Look whether the machine knows roughly what year it is."""
    says = time.strftime("%Y-%m-%d %H:%M:%S %Z")
    yield Finding("clock", time.time() > FIRST_SANE, says, "set the machine's clock (ntp)")


def bus_server(_data: Path) -> Iterator[Finding]:
    """Look for the bus's program."""
    yield Finding("bus server", ok=True, says=str(binary()))


def scenes(data: Path) -> Iterator[Finding]:
    """Look whether every scene can be read."""
    folders = Settings.read(data).scenes if (data / FILE).exists() else ()
    found, wrong = find_sound(BUILT_IN, *map(Path, folders))
    yield Finding("scenes", ok=True, says=", ".join(each.scene.id for each in found))
    for folder, why in wrong.items():
        yield Finding("scene", ok=False, says=why, do=f"mend {folder}")


def running(data: Path) -> Iterator[Finding]:
    """Look at the roles of the district, if it runs, else whether its ports are free."""
    if not (data / FILE).exists():
        yield Finding("district", ok=True, says=f"none in {data} yet; `borough up` makes one")
        return
    settings = Settings.read(data)
    faults = check(Path(settings.district))
    says = f"{len(faults)} faults in {settings.district}"
    yield Finding("tables", not faults, says, f"borough district check {settings.district}")
    pulses = {role: pulse.read(data, role) for role in ("stream", "desk", "api")}
    if not any(pulses.values()):
        for name in PORTS:
            port = getattr(settings, name)
            free = is_free(settings.host, port)
            do = f"stop who listens there, or set BOROUGH_{name.upper()}"
            yield Finding(name, free, f"{port} is {'free' if free else 'taken'}", do)
        return
    for role, each in pulses.items():
        age = each.get("age_s", float("inf"))
        do = f"look at {data / 'logs' / role}.log"
        yield Finding(role, age < pulse.STALE_S, f"last pulse {age:.1f} s ago", do)
    broken = pulses["stream"].get("broken", {})
    yield Finding("broken", not broken, f"{len(broken)} scenes set aside {broken or ''}", "mend it")


QUESTIONS: tuple[Callable[[Path], Iterator[Finding]], ...] = (
    python,
    disk,
    memory,
    wall_clock,
    bus_server,
    scenes,
    running,
)
