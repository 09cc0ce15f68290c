"""Personal data of citizens, kept outside every chain so that it can be erased."""

import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, Engine, select

from borough.core.cases import canonical
from borough.core.errors import BadRequest, NotFound
from borough.storage.sql.audit import noted
from borough.storage.sql.engines import reading, writing
from borough.storage.sql.people_tables import persons

Also = Callable[[Connection, int, Mapping[str, str]], Mapping[str, Any]]
"""Forgets a person, of whom this was known, in other tables; gives what the audit is told."""
FIELD_MOST = 500
"""Characters that one field of a person may have."""


class SqlPersons:
    """People who are not ours: callers, reporters, owners of cars.

    A log names a person by number and holds the digest of `digest`: salted, so that a telephone
    number cannot be guessed from it, and without meaning once the salt is gone.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def keep(self, connection: Connection, fields: Mapping[str, str]) -> int:
        """Keep somebody's data (``name``, ``phone``, ``address``, ``plate``...); give a number.

        Empty fields are left away.  The transaction is open already.  Raises `BadRequest`.
        """
        kept = {name: value for name, value in fields.items() if value}
        for name, value in kept.items():
            if len(value) > FIELD_MOST:
                msg = f"{name}: at most {FIELD_MOST} characters"
                raise BadRequest(msg)
        salt = secrets.token_hex(16)
        row = {"fields": kept, "salt": salt, "digest": sealed(salt, kept), "kept_ms": _now_ms()}
        adding = persons.insert().values(row).returning(persons.c.id)
        return int(connection.execute(adding).scalar_one())

    def digest(self, connection: Connection, person: int) -> str:
        """Give what a log may hold of a person."""
        found = connection.scalar(select(persons.c.digest).where(persons.c.id == person))
        if found is None:
            raise _unknown(person)
        return str(found)

    def read(self, person: int, *, by: str, why: str) -> dict[str, str]:
        """Give somebody's data to *by*, which the audit log tells; empty where it was erased."""
        return self.read_all([person], by=by, why=why)[person]

    def read_all(self, wanted: Iterable[int], *, by: str, why: str) -> dict[int, dict[str, str]]:
        """Give several people's data at once, told in one entry; `NotFound` if one is missing."""
        numbers = sorted(set(wanted))
        if not why.strip():
            msg = "why: say for what the data is read"
            raise BadRequest(msg)
        with writing(self._engine) as connection:
            told = _fields(connection, numbers)
            said = {"persons": numbers, "why": why}
            noted(connection, by, "person_read", f"person {_named(numbers)}", said)
        return told

    def unread(self, wanted: Iterable[int]) -> dict[int, dict[str, str]]:
        """Give data that nobody gets to see as it is, such as what is masked first: not told."""
        with reading(self._engine) as connection:
            return _fields(connection, sorted(set(wanted)))

    def erase(self, person: int, *, by: str, also: Also | None = None) -> Mapping[str, Any]:
        """Forget somebody: fields and salt are gone, number and digest stay; told in the audit.

        *also* takes them out of what was written elsewhere, in the same transaction; give what it
        gives.  Doing it again changes nothing.
        """
        c = persons.c
        gone = persons.update().where(c.id == person, c.erased_ms.is_(None))
        with writing(self._engine) as connection:
            digest = self.digest(connection, person)
            said = also(connection, person, _fields(connection, [person])[person]) if also else {}
            done = connection.execute(gone.values(fields=None, salt="", erased_ms=_now_ms()))
            if done.rowcount:
                noted(
                    connection, by, "person_erased", f"person {person}", {"digest": digest, **said}
                )
        return said


def sealed(salt: str, fields: Mapping[str, str]) -> str:
    """Give the digest of somebody's data."""
    return sha256((salt + canonical(dict(fields))).encode()).hexdigest()


def _fields(connection: Connection, numbers: list[int]) -> dict[int, dict[str, str]]:
    chosen = select(persons.c.id, persons.c.fields).where(persons.c.id.in_(numbers))
    found = {row.id: dict(row.fields or {}) for row in connection.execute(chosen)}
    for number in numbers:
        if number not in found:
            raise _unknown(number)
    return found


def _unknown(person: int) -> NotFound:
    return NotFound(f"person: there is no {person}")


def _named(numbers: list[int]) -> str:
    return str(numbers[0]) if len(numbers) == 1 else f"{len(numbers)}"


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
