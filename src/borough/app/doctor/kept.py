"""Questions about what a district keeps: journal, checkpoints, history, and who is silent."""

import time
from collections.abc import Iterator
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from borough.adapters.bus.config import is_ready
from borough.adapters.bus.link import Link
from borough.app.bus import bus_of
from borough.app.clocks import wall_ms
from borough.app.district import registry_of
from borough.app.doctor.findings import Finding, Patient, declared
from borough.app.lake import lake_of
from borough.core.errors import HistoryDamaged
from borough.storage.journal.journal import last_entry


def journal(patient: Patient) -> Iterator[Finding]:
    """Look how near the journal is to the size at which it drops its oldest frames early."""
    bus = bus_of(patient.ours)
    if not is_ready(bus):
        return
    with Link(bus.login("borough"), "doctor") as link:
        state = link.call("$JS.API.STREAM.INFO.JOURNAL", missing=True)
    if state:
        share = 100 * state["state"]["bytes"] / max(state["config"]["max_bytes"], 1)
        yield Finding.of("journal", ok=share <= patient.limits["journal"], share=share)


def district_clock(patient: Patient) -> Iterator[Finding]:
    """Look whether the district's time is behind what the journal has noted already."""
    bus = bus_of(patient.ours)
    if not is_ready(bus):
        return
    with Link(bus.login("borough"), "doctor") as link:
        last = last_entry(link)
    if last is not None:
        ahead = (last.frame.now - patient.ours.clock.now(wall_ms())) / 1000
        rate = max(patient.ours.clock_rate, 1.0)
        ok = ahead <= patient.limits["district-clock"] * rate
        yield Finding.of("district-clock", ok=ok, ahead=ahead)


def checkpoints(patient: Patient) -> Iterator[Finding]:
    """Look how old the newest checkpoint of a running stream is, of several the oldest such."""
    files = [list(each.glob("*.npz")) for each in folders(patient)]
    if not all(files) or not patient.pulses["stream"]:
        return
    newest = min(max(each.stat().st_mtime for each in some) for some in files)
    age = time.time() - newest
    most = patient.limits["checkpoint"] * patient.ours.checkpoint_s
    yield Finding.of("checkpoint", ok=age <= most, age=age, most=most)


def folders(patient: Patient) -> list[Path]:
    """Give the folder of the checkpoints of each partition."""
    return [patient.ours.checkpoints(part) for part in patient.ours.parts]


def damaged_checkpoints(patient: Patient) -> Iterator[Finding]:
    """Look for checkpoints that could not be read and were set aside."""
    found = [
        path
        for folder in folders(patient)
        for path in (*folder.glob("*.damaged"), *unreadable(folder))
    ]
    yield Finding.of("checkpoint-damaged", ok=not found, files=" ".join(map(str, found)))


def unreadable(folder: Path) -> Iterator[Path]:
    """Give the checkpoints that cannot be read; nothing is moved."""
    for path in sorted(folder.glob("*.npz")):
        try:
            with path.open("rb") as file, np.load(file) as arrays:
                arrays["position"]
        except (OSError, ValueError, EOFError, KeyError, BadZipFile):
            yield path


def history(patient: Patient) -> Iterator[Finding]:
    """Look whether every file that the history names is there, and as long as it should be."""
    folder = patient.ours.common / "history"
    if not folder.exists() or patient.district is None:
        return
    try:
        lake = lake_of(patient.ours, patient.district.zone, memory_mb=64, threads=1)
        listing = lake.table.listing()
        lake.close()
    except HistoryDamaged as error:
        yield Finding.of("history", ok=False, files=error)
        return
    wrong = [
        path
        for path, size in zip(listing.path.tolist(), listing.size.tolist(), strict=True)
        if not patient.ours.history and not fits(folder / "observations" / path, size)
    ]
    yield Finding.of("history", ok=not wrong, files=" ".join(wrong[:3]))


def fits(path: Path, size: int) -> bool:
    """Say whether a file is there and has its size."""
    return path.exists() and path.stat().st_size == size


def loose_files(patient: Patient) -> Iterator[Finding]:
    """Look whether the small files of the history are merged."""
    folder = patient.ours.common / "history" / "observations"
    many = sum(not each.name.startswith("0-") for each in folder.glob("day=*/*.parquet"))
    yield Finding.of("loose-files", ok=many <= patient.limits["loose-files"], many=many)


def silence(patient: Patient) -> Iterator[Finding]:
    """Look how many of the devices that have ever reported have been silent for too long."""
    sound = [sorted({*each.glob("*.npz")} - {*unreadable(each)}) for each in folders(patient)]
    if not all(sound) or not patient.runs:
        return
    registry = registry_of(patient.ours)
    times = np.zeros(0, np.int64)
    for each in sound:
        with np.load(each[-1]) as saved:
            known = np.asarray(saved["latest/time"], np.int64)
        times = np.maximum(times, known) if len(times) == len(known) else known
    series = registry.numbers
    series = series[series < len(times)]
    newest = np.full(len(registry.id), np.iinfo(np.int64).min)
    np.maximum.at(newest, registry.row_of_series[series], times[series])
    devices = np.array([each.role == "device" for each in registry.kinds])[registry.kind]
    beat = np.array([each.heartbeat_s for each in registry.kinds])[registry.kind] * 1000
    heard = devices & (newest > 0)
    now = patient.ours.clock.now(wall_ms())
    lost = heard & (now - newest > beat * declared()["silence"]["beats"]["value"])
    share = 100 * lost.sum() / max(heard.sum(), 1)
    yield Finding.of(
        "silence", ok=share <= patient.limits["silence"], share=share, many=int(lost.sum())
    )
