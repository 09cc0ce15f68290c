"""Bringing a database to the tables of this release."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Engine, inspect, text

from borough.core.errors import BadSetting
from borough.storage.sql.engines import reading, writing

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

MIGRATIONS = Path(__file__).parent / "migrations"
ADVISORY_LOCK = 0x626F726F756768
"""Any fixed number will do; this one is the product's name in ASCII."""
HEAD = "head"
"""The newest migration, whatever its number."""
KEPT = "alembic_version"
"""Where a database keeps the migration that it is at."""
LINKS = [re.compile(rf'^{name} = "(.+)"$', re.MULTILINE) for name in ("revision", "down_revision")]
"""How a migration names itself and the one that it builds upon."""


@dataclass(frozen=True, slots=True)
class Step:
    """One migration: its number, and what it does in a sentence."""

    revision: str
    does: str


def upgrade(engine: Engine, to: str = HEAD) -> None:
    """Make or bring up to date all tables; does nothing where they are up to date.

    It is one transaction: it happens wholly or not at all, and two processes that start at once
    wait for each other.  *to* may name an earlier migration to stop at.  Raises `BadSetting` for
    a database, or a migration, of a later release.
    """
    # Half a second to load, and of all processes only the one that starts a district needs it.
    from alembic import command  # noqa: PLC0415 - see above

    config, script = _migrations()
    now = revisions(engine)
    known = {step.revision for step in script.walk_revisions()}
    for each in (*now, to):
        if each not in known | {HEAD}:
            msg = f"db: made by a later release (its tables are at {each})"
            raise BadSetting(msg)
    if now == (tuple(script.get_heads()) if to == HEAD else (to,)):
        return
    with writing(engine) as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})
        config.attributes["connection"] = connection
        command.upgrade(config, to)


def revisions(engine: Engine) -> tuple[str, ...]:
    """Say which migrations a database ends at: one, or none where it has no tables."""
    with reading(engine) as connection:
        if not inspect(connection).has_table(KEPT):
            return ()
        return tuple(connection.scalars(text(f"SELECT version_num FROM {KEPT}")))  # noqa: S608 - ours


def heads() -> set[str]:
    """Name the migrations that no other builds upon, as their files say; alembic takes longer."""
    said = [path.read_text("utf-8") for path in (MIGRATIONS / "versions").glob("*.py")]
    ours, built_upon = ({name for each in said for name in of.findall(each)} for of in LINKS)
    return ours - built_upon


def knows(revision: str) -> bool:
    """Say whether this release knows a migration; one of a later release it does not."""
    return revision in {step.revision for step in _migrations()[1].walk_revisions()}


def pending(engine: Engine) -> list[Step]:
    """Give the migrations that a database lacks, in their order; see `upgrade` for errors."""
    found = revisions(engine)
    if set(found) == heads():
        return []
    for each in found:
        if not knows(each):
            msg = f"db: made by a later release (its tables are at {each})"
            raise BadSetting(msg)
    ahead: list[Step] = []
    for step in _migrations()[1].walk_revisions():
        if step.revision in found:
            break
        ahead.append(Step(step.revision, (step.doc or "").strip()))
    return ahead[::-1]


def _migrations() -> "tuple[Config, ScriptDirectory]":
    from alembic.config import Config  # noqa: PLC0415 - slow, see `upgrade`
    from alembic.script import ScriptDirectory  # noqa: PLC0415 - slow, see `upgrade`

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config, ScriptDirectory.from_config(config)
