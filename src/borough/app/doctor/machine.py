"""Questions about the machine: room, memory, files, time."""

import os
import resource
import shutil
import sys
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import psutil

from borough.adapters.bus.config import binary
from borough.app.bus import least_room
from borough.app.doctor.findings import Finding, Patient
from borough.app.settings import FILE
from borough.core.errors import BadSetting

GB = 1 << 30
LEAST = (3, 11)
ZONE = "Asia/Shanghai"
"""Looked for where no district says which zone it needs."""


def python(_patient: Patient) -> Iterator[Finding]:
    """Look at the interpreter."""
    yield Finding.of("python", ok=sys.version_info >= LEAST, version=sys.version.split()[0])


def bus_server(_patient: Patient) -> Iterator[Finding]:
    """Look for the bus's program."""
    try:
        yield Finding.of("bus-server", ok=True, where=binary())
    except BadSetting:
        yield Finding.of("bus-server", ok=False, where="-")


def place_of(data: Path) -> Path:
    """Give the folder, or the nearest one above that is there."""
    return next(each for each in (data, *data.parents) if each.exists())


def disk(patient: Patient) -> Iterator[Finding]:
    """Look at the room for journal and history, which may lie on disks of their own."""
    places = [patient.data, patient.data / "bus" / "store", patient.data / "history"]
    disks = {place.stat().st_dev: place for place in map(place_of, reversed(places))}
    for here in disks.values():
        free = shutil.disk_usage(here).free / GB
        yield Finding.of("disk", ok=free >= patient.limits["disk"], free=free, where=here)


def journal_disk(patient: Patient) -> Iterator[Finding]:
    """Look whether the bus can still store; without room it acknowledges nothing."""
    store = place_of(patient.data / "bus" / "store")
    free = shutil.disk_usage(store).free
    yield Finding.of("disk-full", ok=free >= least_room(), where=store)


def inodes(patient: Patient) -> Iterator[Finding]:
    """Look at how many more files the disk takes; some file systems have no such number."""
    here = place_of(patient.data)
    told = os.statvfs(here)
    share = 100 * told.f_favail / told.f_files if told.f_files else 100.0
    yield Finding.of("inodes", ok=share >= patient.limits["inodes"], share=share, where=here)


def memory(patient: Patient) -> Iterator[Finding]:
    """Look at the memory that is left."""
    free = psutil.virtual_memory().available / GB
    yield Finding.of("memory", ok=free >= patient.limits["memory"], free=free)


def open_files(patient: Patient) -> Iterator[Finding]:
    """Look at how many files and connections a process may hold."""
    most, highest = resource.getrlimit(resource.RLIMIT_NOFILE)
    many = highest if most == resource.RLIM_INFINITY else most
    enough = most == resource.RLIM_INFINITY or many >= patient.limits["open-files"]
    yield Finding.of("open-files", ok=enough, many=many, wanted=int(patient.limits["open-files"]))


def wall_clock(patient: Patient) -> Iterator[Finding]:
    """Look whether the machine's clock is behind what it has written itself."""
    now = time.time()
    written = [patient.data / FILE, *(patient.data / "run").glob("*.json")]
    newest = max((each.stat().st_mtime for each in written if each.exists()), default=0.0)
    ok = now >= newest - patient.limits["clock"]
    yield Finding.of("clock", ok=ok, now=time.strftime("%Y-%m-%d %H:%M:%S %Z"), behind=newest - now)


def time_zones(patient: Patient) -> Iterator[Finding]:
    """Look for the time zone of the district."""
    zone = ZONE
    if patient.settings is not None:
        table = Path(patient.settings.district) / "district.toml"
        zone = tomllib.loads(table.read_text("utf-8"))["timezone"] if table.exists() else ZONE
    try:
        ZoneInfo.no_cache(zone)
    except (ZoneInfoNotFoundError, OSError, ValueError):
        yield Finding.of("time-zone", ok=False, zone=zone)
    else:
        yield Finding.of("time-zone", ok=True, zone=zone)
