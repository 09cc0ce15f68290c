"""Credentials of devices and gateways: random tokens, of which only a digest is kept."""

import secrets
from collections.abc import Iterable
from hashlib import sha256

from sqlalchemy import Engine, select

from borough.core.errors import BadRequest
from borough.storage.sql.counting import current, raised, upsert
from borough.storage.sql.engines import glancing, reading, writing
from borough.storage.sql.tables import credentials
from borough.storage.sql.things import KEY_MARKS, KEY_MOST

VERSION = "credentials"


class SqlCredentials:
    """Who may speak at the doors: key and SHA-256 of the token, as lower-case hex."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def issue(self, keys: Iterable[str], *, at_ms: int) -> dict[str, str]:
        """Give each key a fresh token of 256 random bits; an older one stops working.

        The answer is the only place where the tokens are ever shown.
        """
        tokens = {key: secrets.token_urlsafe(32) for key in keys}
        for key in tokens:
            if not key or len(key) > KEY_MOST or not KEY_MARKS.issuperset(key):
                msg = f"key: 1 to {KEY_MOST} of A-Z a-z 0-9 _ -, not {key!r}"
                raise BadRequest(msg)
        if tokens:
            rows = [
                {"key": key, "sha256": digest(token), "created_ms": at_ms, "revoked_ms": None}
                for key, token in tokens.items()
            ]
            with writing(self._engine) as connection:
                adding = upsert(connection, credentials)
                adding = adding.on_conflict_do_update(
                    index_elements=["key"],
                    set_={name: adding.excluded[name] for name in rows[0] if name != "key"},
                )
                connection.execute(adding, rows)
                raised(connection, VERSION)
        return tokens

    def version(self) -> int:
        """A number that rises with every change, in its transaction: read again when it has."""
        with glancing(self._engine) as connection:
            return current(connection, VERSION)

    def all(self) -> dict[str, str]:
        """Give the digest of every key that may speak."""
        live = select(credentials.c.key, credentials.c.sha256).where(
            credentials.c.revoked_ms.is_(None)
        )
        with reading(self._engine) as connection:
            return {row.key: row.sha256 for row in connection.execute(live)}

    def revoke(self, key: str, *, at_ms: int) -> None:
        """Let a key speak no more; nothing happens where it does not."""
        silenced = credentials.update().where(
            credentials.c.key == key, credentials.c.revoked_ms.is_(None)
        )
        with writing(self._engine) as connection:
            if connection.execute(silenced.values(revoked_ms=at_ms)).rowcount:
                raised(connection, VERSION)


def digest(token: str) -> str:
    """Give the only form in which a token is kept."""
    return sha256(token.encode()).hexdigest()
