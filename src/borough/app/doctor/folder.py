"""Questions about the data folder: may we write there, and who else may read."""

import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil

from borough.app.doctor.findings import Finding, Patient
from borough.app.doctor.machine import place_of
from borough.app.settings import FILE
from borough.app.setup import CREDENTIALS
from borough.app.supervisor import is_kept

OTHERS = stat.S_IRWXG | stat.S_IRWXO


def writable(patient: Patient) -> Iterator[Finding]:
    """Look whether a file can be made in the folder, or where it will be."""
    here = place_of(patient.data)
    try:
        with tempfile.TemporaryFile(dir=here):
            yield Finding.of("writable", ok=True, where=here, why="")
    except OSError as error:
        yield Finding.of("writable", ok=False, where=here, why=error.strerror)


def owner(patient: Patient) -> Iterator[Finding]:
    """Look whether the folder belongs to whoever asks."""
    if patient.data.exists():
        found = patient.data.stat().st_uid
        yield Finding.of(
            "owner", ok=found == os.geteuid(), found=found, mine=os.geteuid(), where=patient.data
        )


def open_to_others(paths: list[Path]) -> list[Path]:
    """Give those that others than their owner may read or change."""
    return [each for each in paths if each.exists() and each.stat().st_mode & OTHERS]


def secrets(patient: Patient) -> Iterator[Finding]:
    """Look whether others may read the operator's token or the passwords of our processes."""
    bus = patient.data / "bus"
    wide = open_to_others([patient.data / FILE, bus / "secrets.json", bus / "bus.conf"])
    yield Finding.of("secrets", ok=not wide, files=" ".join(map(str, wide)))


def credentials(patient: Patient) -> Iterator[Finding]:
    """Look whether others may read the tokens of the gateways."""
    wide = open_to_others([patient.data / CREDENTIALS])
    yield Finding.of("credentials", ok=not wide, file=patient.data / CREDENTIALS)


def leftovers(patient: Patient) -> Iterator[Finding]:
    """Look for processes of this folder that nobody keeps any more."""
    kept = is_kept(patient.data)
    found = [] if kept else list(working_on(patient.data))
    yield Finding.of("leftover", ok=not found, pids=" ".join(map(str, found)))


def working_on(data: Path) -> Iterator[int]:
    """Give the numbers of the processes that run a role or the bus of a folder."""
    for each in psutil.process_iter(["cmdline"]):
        words = each.info["cmdline"] or []
        role = "--role" in words and str(data) in words
        bus = bool(words) and "nats-server" in words[0] and str(data / "bus" / "bus.conf") in words
        if role or bus:
            yield each.pid
