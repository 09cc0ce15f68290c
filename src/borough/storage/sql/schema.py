"""Bringing a database to the tables of this release."""

from pathlib import Path

from sqlalchemy import Engine, text

from borough.core.errors import BadSetting
from borough.storage.sql.engines import reading, writing

MIGRATIONS = Path(__file__).parent / "migrations"
ADVISORY_LOCK = 0x626F726F756768
"""Any fixed number will do; this one is the product's name in ASCII."""


def upgrade(engine: Engine) -> None:
    """Make or bring up to date all tables; does nothing where they are up to date.

    It is one transaction: it happens wholly or not at all, and two processes that start at once
    wait for each other.  Raises `BadSetting` for a database made by a later release.
    """
    # Half a second to load, and of all processes only the one that starts a district needs it.
    from alembic import command  # noqa: PLC0415 - see above
    from alembic.config import Config  # noqa: PLC0415 - see above
    from alembic.migration import MigrationContext  # noqa: PLC0415 - see above
    from alembic.script import ScriptDirectory  # noqa: PLC0415 - see above

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    script = ScriptDirectory.from_config(config)
    with reading(engine) as connection:
        heads = MigrationContext.configure(connection).get_current_heads()
    if heads == tuple(script.get_heads()):
        return
    known = {step.revision for step in script.walk_revisions()}
    if not set(heads) <= known:
        msg = f"db: made by a later release (its tables are at {', '.join(heads)})"
        raise BadSetting(msg)
    with writing(engine) as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
