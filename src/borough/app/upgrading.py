"""Bring the data folder of an earlier release to this one: a backup first, then its tables.

Journal, checkpoints and history need nothing: their formats carry their own marks, and what an
earlier release wrote is read as it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from borough.app.settings import Settings
from borough.app.supervisor import is_kept
from borough.core.errors import BadSetting
from borough.storage.sql import connect, upgrade
from borough.storage.sql.schema import Step, pending

if TYPE_CHECKING:
    from borough.app.backup.taking import Tell


@dataclass(frozen=True, slots=True)
class Upgraded:
    """The steps that were taken, and the backup from before them; none where none was needed."""

    steps: Sequence[Step]
    backup: Path | None


def lacking(settings: Settings) -> list[Step]:
    """Give the steps from a district's tables to those of this release, in their order.

    Raises `BadSetting` where the tables are of a later release.
    """
    engine = connect(settings.store)
    try:
        return pending(engine)
    finally:
        engine.dispose()


def upgraded(data: Path, backup: Path | None, tell: "Tell") -> Upgraded:
    """Back a stopped district up, then take every step; all of them, or none.

    *backup* is a file or a folder, beside the data folder if not given.  Raises `BadSetting`
    where the district runs, or where its data are of a later release.
    """
    settings = Settings.read(data)
    steps = lacking(settings)
    if is_kept(data):
        msg = f"{data} is running; stop it, then upgrade"
        raise BadSetting(msg)
    if not steps:
        return Upgraded((), None)
    # They load what reads the history, which whoever only looks has no need of.
    from borough.app.backup import back_up  # noqa: PLC0415 - see above
    from borough.app.backup.archive import ENDING  # noqa: PLC0415 - see above

    stamp = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    target = backup or data.with_name(f"{data.name}-before-upgrade-{stamp}{ENDING}")
    kept, _ = back_up(data, target, tell)
    engine = connect(settings.store)
    try:
        upgrade(engine)
    finally:
        engine.dispose()
    return Upgraded(steps, kept)
