"""Ask all questions in their order; one that cannot be answered is a finding, too."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from borough.app.doctor import district, folder, kept, machine, outward, roles, several, tables
from borough.app.doctor.findings import Finding, Patient
from borough.app.settings import FILE, Settings
from borough.core.errors import BoroughError

Question = Callable[[Patient], Iterator[Finding]]
OF_ANY: tuple[Question, ...] = (
    machine.python,
    machine.bus_server,
    machine.disk,
    machine.journal_disk,
    machine.inodes,
    machine.memory,
    machine.open_files,
    machine.wall_clock,
    machine.time_zones,
    folder.writable,
    folder.owner,
    district.scenes,
)
"""What can be asked of any machine, and of a folder that holds nothing yet."""
OF_DISTRICT: tuple[Question, ...] = (
    folder.secrets,
    folder.credentials,
    district.faulty_tables,
    district.calendar,
    tables.database,
    tables.locked,
    tables.schema,
    folder.leftovers,
    roles.ports,
    roles.down,
    roles.flapping,
    roles.releases,
    roles.backlog,
    roles.broken,
    roles.archive,
    roles.rejected,
    roles.bus_refusals,
    kept.journal,
    kept.district_clock,
    kept.checkpoints,
    kept.damaged_checkpoints,
    kept.history,
    kept.loose_files,
    kept.silence,
    several.copies,
    several.partitions,
    several.duty,
    outward.attachments,
    outward.dead_messages,
)


def examined(data: Path, limits: Mapping[str, float] | None = None) -> list[Finding]:
    """Answer every question about a machine and a data folder, which need not exist.

    *limits* stand in for those of ``faults.toml``, by code.
    """
    found: list[Finding] = []
    settings = None
    if (data / FILE).exists():
        try:
            settings = Settings.read(data)
            found.append(Finding.of("settings", ok=True, why=""))
        except BoroughError as error:
            found.append(Finding.of("settings", ok=False, why=error))
    else:
        found.append(Finding.of("settings", ok=True, why=""))
    patient = Patient.at(data, settings, limits or {})
    for question in (*OF_ANY, *(OF_DISTRICT if settings else ())):
        try:
            found += question(patient)
        except (BoroughError, OSError, SQLAlchemyError, ValueError, KeyError) as error:
            asked = f"{question.__module__.rpartition('.')[2]}.{question.__name__}"
            found.append(Finding.of("unanswered", ok=False, asked=asked, why=error))
    return found
