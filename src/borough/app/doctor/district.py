"""Questions about what the district is made of: tables, calendar, scenes."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from borough.app.clocks import wall_ms
from borough.app.doctor.findings import Finding, Patient
from borough.engine.catalog import BUILT_IN, find_sound
from borough.engine.district import check


def scenes(patient: Patient) -> Iterator[Finding]:
    """Look whether every scene can be read."""
    folders = patient.settings.scenes if patient.settings else ()
    _, wrong = find_sound(BUILT_IN, *map(Path, folders))
    if not wrong:
        yield Finding.of("scene", ok=True, why="", folder="")
    for folder, why in wrong.items():
        yield Finding.of("scene", ok=False, why=why, folder=folder)


def faulty_tables(patient: Patient) -> Iterator[Finding]:
    """Look whether the tables of the district keep their own rules."""
    folder = patient.ours.district
    faults = check(Path(folder))
    yield Finding.of("tables", ok=not faults, many=len(faults), folder=folder)


def calendar(patient: Patient) -> Iterator[Finding]:
    """Look whether the calendar knows the year that it is in the district."""
    if patient.district is None or patient.district.work is None:
        return
    years = patient.district.work.years
    year = datetime.fromtimestamp(patient.ours.clock.now(wall_ms()) / 1000, UTC).year
    last = max(years, default=0)
    yield Finding.of("calendar", ok=year in years, year=year, last=last)
