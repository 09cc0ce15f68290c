"""What is shown at the doors: sessions of people and tokens of programs; only digests are kept."""

import time
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Engine, bindparam, select

from borough.core.errors import NotFound
from borough.core.people import Grant, Who, bounds
from borough.storage.sql.audit import noted
from borough.storage.sql.engines import reading, writing
from borough.storage.sql.people_tables import accounts, sessions, tokens

_S, _A, _T = sessions.c, accounts.c, tokens.c
_SESSION = (
    select(_S.number, _A.name, _A.title, _A.grants, _A.post)
    .join(accounts, _A.name == _S.account)
    .where(
        _S.sha256 == bindparam("wanted"), _S.ended_ms.is_(None), _S.expires_ms > bindparam("now"),
        _A.disabled_ms.is_(None),
    )
)  # fmt: skip
_TOKEN = select(_T.name, _T.rights, _T.agencies, _T.areas).where(
    _T.sha256 == bindparam("wanted"), _T.revoked_ms.is_(None), _T.expires_ms > bindparam("now")
)
"""Made once: building a statement costs more than running it."""
SHOWN = ("number", "address", "agent", "made_ms", "expires_ms")
PROGRAM = "token:"
"""What stands before the name of a token where a log names who did something."""


class SqlSessions:
    """Sessions and tokens, asked for at every request, so that what was revoked ends at once."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def session(self, digest: str) -> Who | None:
        """Say whose session a token's SHA-256 opens now; None where it opens none."""
        with reading(self._engine) as connection:
            row = connection.execute(_SESSION, {"wanted": digest, "now": _now_ms()}).one_or_none()
        if row is None:
            return None
        held = tuple(map(Grant.read, row.grants))
        return Who(row.name, "person", held, session=row.number, title=row.title, post=row.post)

    def program(self, digest: str) -> Who | None:
        """Say which program's token has this SHA-256; None where none that holds."""
        with reading(self._engine) as connection:
            row = connection.execute(_TOKEN, {"wanted": digest, "now": _now_ms()}).one_or_none()
        if row is None:
            return None
        where = bounds(row.agencies, row.areas)
        return Who(f"{PROGRAM}{row.name}", "program", rights=frozenset(row.rights), bounds=where)

    def open(self, account: str, digest: str, told: Mapping[str, Any]) -> int:
        """Open a session: ``address``, ``agent``, ``made_ms``, ``expires_ms`` and ``how``."""
        how = {"how": told["how"], "address": told["address"]}
        row = {name: told[name] for name in SHOWN if name in told}
        row["agent"] = str(row.get("agent", ""))[:200]
        with writing(self._engine) as connection:
            adding = sessions.insert().values(sha256=digest, account=account, **row)
            noted(connection, account, "signed_in", f"account {account}", how)
            return int(connection.execute(adding.returning(_S.number)).scalar_one())

    def of(self, account: str) -> list[dict[str, Any]]:
        """List the sessions of an account that are open, the newest first."""
        chosen = (
            select(*(_S[name] for name in SHOWN))
            .where(_S.account == account, _S.ended_ms.is_(None), _S.expires_ms > _now_ms())
            .order_by(_S.number.desc())
        )
        with reading(self._engine) as connection:
            return [dict(row) for row in connection.execute(chosen).mappings()]

    def end(self, account: str, number: int) -> None:
        """End a session of an account; `NotFound` where it has no such one that is open."""
        ended = sessions.update().where(
            _S.number == number, _S.account == account, _S.ended_ms.is_(None)
        )
        with writing(self._engine) as connection:
            if connection.execute(ended.values(ended_ms=_now_ms())).rowcount != 1:
                msg = f"session: {account} has none with number {number}"
                raise NotFound(msg)
            noted(connection, account, "signed_out", f"account {account}", {"session": number})

    def tokens(self) -> list[dict[str, Any]]:
        """List tokens of programs, the newest first; never what they are."""
        chosen = select(*(each for each in tokens.c if each.name != "sha256"))
        with reading(self._engine) as connection:
            rows = connection.execute(chosen.order_by(_T.number.desc())).mappings()
            return [dict(row) for row in rows]

    def issue(self, digest: str, told: Mapping[str, Any], *, by: str) -> int:
        """Keep a token: ``name``, ``rights``, ``agencies``, ``areas``, ``made_ms``, ``expires_ms``.

        Gives its number.  `BadRequest` names a field.
        """
        where = bounds(told["agencies"], told["areas"])
        row = {
            "sha256": digest, "name": told["name"], "rights": sorted(told["rights"]),
            "agencies": sorted(where.agencies), "areas": sorted(where.areas), "made_by": by,
            "made_ms": told["made_ms"], "expires_ms": told["expires_ms"],
        }  # fmt: skip
        said = {name: row[name] for name in ("name", "rights", "agencies", "areas", "expires_ms")}
        with writing(self._engine) as connection:
            adding = tokens.insert().values(row).returning(_T.number)
            number = int(connection.execute(adding).scalar_one())
            noted(connection, by, "token_made", f"token {number}", said)
            return number

    def revoke(self, number: int, *, by: str) -> None:
        """Let a token open nothing more; `NotFound` where there is none that holds."""
        gone = tokens.update().where(_T.number == number, _T.revoked_ms.is_(None))
        with writing(self._engine) as connection:
            if connection.execute(gone.values(revoked_ms=_now_ms())).rowcount != 1:
                msg = f"token: there is none with number {number} that is not revoked"
                raise NotFound(msg)
            noted(connection, by, "token_revoked", f"token {number}")


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
