"""Questions about the database: does it answer, is it free to write, are its tables ours."""

from collections.abc import Iterator

from sqlalchemy import text

from borough.app.doctor.findings import Finding, Patient
from borough.app.upgrading import lacking
from borough.core.errors import BadSetting, Stale, StoreDown
from borough.storage.sql import connect
from borough.storage.sql.engines import reading, writing

WAIT_MS = 2000


def database(patient: Patient) -> Iterator[Finding]:
    """Look whether the database answers."""
    engine = connect(patient.ours.store)
    try:
        with reading(engine) as connection:
            connection.execute(text("SELECT version_num FROM alembic_version"))
        yield Finding.of("database", ok=True, why="")
    except StoreDown as error:
        yield Finding.of("database", ok=False, why=error)
    finally:
        engine.dispose()


def locked(patient: Patient) -> Iterator[Finding]:
    """Look whether somebody holds the database so that nobody can write; SQLite only."""
    engine = connect(patient.ours.store)
    try:
        if engine.dialect.name == "sqlite":
            with engine.connect() as waits:
                raw = waits.connection.driver_connection
                assert raw is not None  # noqa: S101 - an open connection has one
                raw.execute(f"PRAGMA busy_timeout = {WAIT_MS}")
            with writing(engine):
                pass
        yield Finding.of("locked", ok=True, why="")
    except Stale as error:
        yield Finding.of("locked", ok=False, why=error)
    except StoreDown:
        return  # which `database` has told already
    finally:
        engine.dispose()


def schema(patient: Patient) -> Iterator[Finding]:
    """Look whether the tables are those of this release."""
    try:
        steps = lacking(patient.ours)
    except BadSetting as error:
        yield Finding.of("schema-later", ok=False, why=error)
    except StoreDown:
        return  # which `database` has told already
    else:
        yield Finding.of("schema-earlier", ok=not steps, many=len(steps), data=patient.data)
