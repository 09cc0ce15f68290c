"""Accounts of people in SQL, and the one-time links by which they set a password."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Engine, select

from borough.core.errors import BadRequest, NotFound, Stale
from borough.core.people import Grant, account_name
from borough.storage.sql.audit import noted
from borough.storage.sql.engines import reading, writing
from borough.storage.sql.people_tables import accounts, links, sessions

FIRST, RESET, ENTER = "first", "reset", "enter"
"""What a link is for: make the first administrator, set a password, sign in as it is."""
CHANGEABLE = frozenset({"title", "grants", "outside", "post", "disabled"})
TEXTS = ("title", "outside", "post")
ADMINISTRATOR = "administrator"


class SqlAccounts:
    """Who may sign in; every change is told in the audit log in its own transaction."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def all(self) -> list[dict[str, Any]]:
        """List accounts by name; instead of a password, whether one is set."""
        chosen = select(accounts).order_by(accounts.c.name)
        with reading(self._engine) as connection:
            return [
                {**{k: v for k, v in row.items() if k != "password"}, "set": bool(row["password"])}
                for row in connection.execute(chosen).mappings()
            ]

    def password(self, account: str) -> str:
        """Give the hash of an account that may sign in; empty where there is none."""
        c = accounts.c
        chosen = select(c.password).where(c.name == account, c.disabled_ms.is_(None))
        with reading(self._engine) as connection:
            return connection.scalar(chosen) or ""

    def outside(self, subject: str) -> str:
        """Name the account that an OpenID provider knows by *subject*; empty where none."""
        c = accounts.c
        chosen = select(c.name).where(c.outside == subject, c.disabled_ms.is_(None)).limit(1)
        with reading(self._engine) as connection:
            return (connection.scalar(chosen) or "") if subject else ""

    def add(self, told: Mapping[str, Any], *, by: str, at_ms: int) -> str:
        """Make an account: ``account``, perhaps ``title``, ``grants``, ``outside``, ``post``.

        It has no password yet; a link sets one.  Gives its name.  `BadRequest` names a field;
        `Stale` where the name is taken.
        """
        with writing(self._engine) as connection:
            return added(connection, told, by=by, at_ms=at_ms)

    def change(
        self, account: str, told: Mapping[str, Any], *, version: int, by: str, at_ms: int
    ) -> None:
        """Change ``title``, ``grants``, ``outside``, ``post`` or ``disabled`` of an account.

        Who is disabled is signed out everywhere.  `Stale` where it is not at *version*;
        `BadRequest` where no administrator would be left.
        """
        if unknown := told.keys() - CHANGEABLE:
            msg = f"{', '.join(sorted(unknown))}: an account has {', '.join(sorted(CHANGEABLE))}"
            raise BadRequest(msg)
        values: dict[str, Any] = {k: str(told[k]) for k in TEXTS if k in told}
        if "grants" in told:
            values["grants"] = grants(told["grants"])
        if "disabled" in told:
            values["disabled_ms"] = at_ms if told["disabled"] else None
        with writing(self._engine) as connection:
            found = _found(connection, account)
            if found["version"] != version:
                msg = f"{account} is at version {found['version']}, and you saw {version}"
                raise Stale(msg)
            led = _led(connection)
            change = accounts.update().where(accounts.c.name == account)
            connection.execute(change.values(**values, version=version + 1))
            if values.get("disabled_ms"):
                _sign_out(connection, account, at_ms)
            if led and not _led(connection):
                msg = "grants: one administrator who can sign in must remain"
                raise BadRequest(msg)
            noted(connection, by, "account_changed", f"account {account}", _shown(values))

    def link(
        self, digest_: str, account: str, purpose: str, *, by: str, span: tuple[int, int]
    ) -> None:
        """Make a link from the digest of its token, for the time *span* (ms).

        Older links of the account end.  One for the first administrator is made only where
        nobody can sign in as one yet: `BadRequest` otherwise.
        """
        start, end = span
        with writing(self._engine) as connection:
            if purpose != FIRST:
                _found(connection, account)
            elif _led(connection):
                msg = "link: there is an administrator already; ask them for an account"
                raise BadRequest(msg)
            old = links.update().where(links.c.account == account, links.c.used_ms.is_(None))
            connection.execute(old.values(used_ms=start))
            row = {"sha256": digest_, "account": account, "purpose": purpose}
            connection.execute(links.insert().values(**row, made_ms=start, expires_ms=end))
            noted(connection, by, "link_made", f"account {account}", {"purpose": purpose})

    def linked(self, digest_: str, now_ms: int) -> dict[str, Any] | None:
        """Tell a link that still holds; None where it was used, has expired or never was."""
        with reading(self._engine) as connection:
            return _link(connection, digest_, now_ms)

    def use(self, digest_: str, told: Mapping[str, Any], *, at_ms: int) -> str:
        """Use a link up: set ``password`` (a hash), make the first administrator; give the name.

        Every session of the account ends.  `NotFound` where the link does not hold.
        """
        with writing(self._engine) as connection:
            link = _link(connection, digest_, at_ms)
            if link is None:
                msg = "link: it was used, has expired or never was"
                raise NotFound(msg)
            name = str(link["account"])
            if link["purpose"] != ENTER:  # that of a demonstration may be opened again
                used = links.update().where(links.c.sha256 == digest_)
                connection.execute(used.values(used_ms=at_ms))
            if link["purpose"] == FIRST:
                if _led(connection):
                    msg = "link: there is an administrator already"
                    raise BadRequest(msg)
                given = {**told, "grants": [{"role": ADMINISTRATOR}]}
                name = added(connection, given, by="link", at_ms=at_ms)
            if link["purpose"] != ENTER:
                if not told.get("password"):
                    msg = "password: choose one"
                    raise BadRequest(msg)
                set_ = accounts.update().where(accounts.c.name == name)
                connection.execute(set_.values(password=told["password"]))
                _sign_out(connection, name, at_ms)
            noted(connection, name, "link_used", f"account {name}", {"purpose": link["purpose"]})
            return name

    def set_password(self, account: str, hash_: str, *, at_ms: int) -> None:
        """Give an account another password, as its holder asks; other sessions end."""
        with writing(self._engine) as connection:
            _found(connection, account)
            set_ = accounts.update().where(accounts.c.name == account)
            connection.execute(set_.values(password=hash_))
            _sign_out(connection, account, at_ms)
            noted(connection, account, "password_changed", f"account {account}")

    def led(self) -> bool:
        """Say whether some administrator can sign in."""
        with reading(self._engine) as connection:
            return _led(connection)


def added(connection: Connection, told: Mapping[str, Any], *, by: str, at_ms: int) -> str:
    """Make an account in a transaction that is open already; see `SqlAccounts.add`."""
    name = account_name(str(told.get("account", "")))
    taken = connection.scalar(select(accounts.c.name).where(accounts.c.name == name))
    if taken:
        msg = f"account: there is a {name} already"
        raise Stale(msg)
    row = {
        "name": name, "title": str(told.get("title", ""))[:100], "password": "",
        "grants": grants(told.get("grants", ())), "outside": str(told.get("outside", "")),
        "post": str(told.get("post", "")), "made_ms": at_ms, "version": 1,
    }  # fmt: skip
    connection.execute(accounts.insert().values(row))
    noted(connection, by, "account_added", f"account {name}", {"grants": row["grants"]})
    return name


def grants(told: Any) -> list[dict[str, Any]]:
    """Read grants as they are kept; `BadRequest` names the field."""
    if not isinstance(told, list | tuple) or not all(isinstance(each, Mapping) for each in told):
        msg = "grants: a list of roles, each with agencies and areas"
        raise BadRequest(msg)
    return [Grant.read(each).told() for each in told]


def _found(connection: Connection, account: str) -> dict[str, Any]:
    chosen = select(accounts).where(accounts.c.name == account)
    row = connection.execute(chosen).mappings().one_or_none()
    if row is None:
        msg = f"account: there is no {account!r}"
        raise NotFound(msg)
    return dict(row)


def _link(connection: Connection, digest_: str, now_ms: int) -> dict[str, Any] | None:
    c = links.c
    chosen = select(c.account, c.purpose, c.expires_ms).where(
        c.sha256 == digest_, c.used_ms.is_(None), c.expires_ms > now_ms
    )
    row = connection.execute(chosen).mappings().one_or_none()
    return dict(row) if row else None


def _sign_out(connection: Connection, account: str, at_ms: int) -> None:
    c = sessions.c
    ended = sessions.update().where(c.account == account, c.ended_ms.is_(None))
    connection.execute(ended.values(ended_ms=at_ms))


def _led(connection: Connection) -> bool:
    c = accounts.c
    chosen = select(c.grants).where(c.disabled_ms.is_(None), (c.password != "") | (c.outside != ""))
    return any(
        grant["role"] == ADMINISTRATOR for row in connection.execute(chosen) for grant in row.grants
    )


def _shown(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value for name, value in values.items() if name in {"grants", "post", "disabled_ms"}
    }
