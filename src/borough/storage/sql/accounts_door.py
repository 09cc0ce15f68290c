"""What the doors ask about people, answered from SQL."""

import time
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Engine

from borough.core.cases import Case
from borough.core.people import Who
from borough.storage.sql.accounts import SqlAccounts
from borough.storage.sql.accounts_bounds import involved
from borough.storage.sql.accounts_sessions import SqlSessions
from borough.storage.sql.engines import reading
from borough.storage.sql.persons import SqlPersons


class SqlPeople:
    """Accounts, sessions, tokens, links and persons, for reading only."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._accounts, self._sessions = SqlAccounts(engine), SqlSessions(engine)
        self._persons = SqlPersons(engine)

    def session(self, digest: str, /) -> Who | None:
        """Say whose session a token's SHA-256 opens now."""
        return self._sessions.session(digest)

    def program(self, digest: str, /) -> Who | None:
        """Say which program's token has this SHA-256."""
        return self._sessions.program(digest)

    def password(self, account: str, /) -> str:
        """Give the hash of an account that may sign in; empty where there is none."""
        return self._accounts.password(account)

    def outside(self, subject: str, /) -> str:
        """Name the account that an OpenID provider knows by *subject*."""
        return self._accounts.outside(subject)

    def link(self, digest: str, /) -> Mapping[str, Any] | None:
        """Tell a link that still holds."""
        return self._accounts.linked(digest, time.time_ns() // 1_000_000)

    def accounts(self) -> list[dict[str, Any]]:
        """List accounts."""
        return self._accounts.all()

    def sessions(self, account: str, /) -> list[dict[str, Any]]:
        """List the sessions of an account that are open."""
        return self._sessions.of(account)

    def tokens(self) -> list[dict[str, Any]]:
        """List the tokens of programs."""
        return self._sessions.tokens()

    def unread(self, persons: Iterable[int], /) -> Mapping[int, Mapping[str, str]]:
        """Give several persons' data, to be masked before anybody sees it."""
        return self._persons.unread(persons)

    def involved(self, case: Case, /) -> frozenset[str]:
        """Name the agencies that a case belongs to."""
        with reading(self._engine) as connection:
            return involved(connection, case)
