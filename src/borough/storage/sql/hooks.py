"""Hooks in SQL: who is told over HTTP, and the messages that an event makes for them."""

import secrets
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Engine, RowMapping, select

from borough.core.cases import Case, Event, canonical
from borough.core.errors import NotFound
from borough.core.hooks import Hook, payload
from borough.core.outbox import HOOK, Message
from borough.storage.sql.engines import reading, writing
from borough.storage.sql.outbox import put
from borough.storage.sql.outbox_tables import hooks as table

FIELDS = tuple(field.name for field in fields(Hook))
LISTS = {"events", "scenes", "agencies"}
SECRET_BYTES = 32
Wall = Callable[[int], int]
"""Says what the clock on the wall shows at a moment of the district's time, ms."""


class SqlHooks:
    """Keeps the hooks; whoever writes cases keeps one of these, and knows them by heart."""

    def __init__(self, engine: Engine, wall: Wall = lambda at_ms: at_ms) -> None:
        self._engine = engine
        self._wall = wall
        self._known = {each.id: each for each in self.all()}

    def all(self) -> list[Hook]:
        """List the hooks, oldest first."""
        chosen = select(table).order_by(table.c.made_ms, table.c.id)
        with reading(self._engine) as connection:
            return [_hook(row) for row in connection.execute(chosen).mappings()]

    def one(self, hook: str) -> Hook:
        """Give a hook by id; or `NotFound`."""
        with reading(self._engine) as connection:
            row = connection.execute(select(table).where(table.c.id == hook)).mappings()
            found = [_hook(each) for each in row]
        if not found:
            msg = f"hook: there is no {hook!r}"
            raise NotFound(msg)
        return found[0]

    def add(self, told: Mapping[str, Any], *, by: str, at_ms: int) -> Hook:
        """Add a hook with a secret of its own."""
        hook = Hook(
            id=secrets.token_hex(4), secret=_secret(), made_ms=at_ms, by=by,
            **_typed(told),
        )  # fmt: skip
        with writing(self._engine) as connection:
            connection.execute(table.insert(), asdict(hook))
        self._known = {each.id: each for each in self.all()}
        return hook

    def change(self, hook: str, **told: Any) -> Hook:
        """Change a hook; or `NotFound`."""
        self.one(hook)
        with writing(self._engine) as connection:
            connection.execute(table.update().where(table.c.id == hook).values(**told))
        self._known = {each.id: each for each in self.all()}
        return self._known[hook]

    def rotate(self, hook: str, until_ms: int) -> Hook:
        """Give a hook another secret; the one it has signs beside it until a moment.

        One that was still signing from before ends.  Raises `NotFound`.
        """
        former = self.one(hook).secret
        return self.change(hook, secret=_secret(), former=former, former_until_ms=until_ms)

    def remove(self, hook: str) -> Hook:
        """Take a hook away; or `NotFound`."""
        gone = self.one(hook)
        with writing(self._engine) as connection:
            connection.execute(table.delete().where(table.c.id == hook))
        self._known = {each.id: each for each in self.all()}
        return gone

    def known(self, hook: str) -> Hook | None:
        """Give a hook without asking the database; None where it is gone."""
        return self._known.get(hook)

    def follow(self, connection: Connection, case: Case, event: Event) -> Case:
        """Lay down a message for each hook that wants the event, in its transaction."""
        wanted = [each for each in self._known.values() if each.wants(case, event)]
        if wanted:
            wall = self._wall(event.at_ms)
            put(connection, (message(each, case, event, wall) for each in wanted))
        return case


def message(hook: Hook, case: Case, event: Event, wall_ms: int) -> Message:
    """Make the message by which a hook is told of an event."""
    at = datetime.fromtimestamp(event.at_ms / 1000, UTC).isoformat(timespec="milliseconds")
    body = canonical(payload(case, event, remarks=hook.remarks, at=at))
    return Message(
        hook.message_id(case.id, event.seq), HOOK, hook.id, case.id, event.seq, body,
        made_ms=wall_ms, due_ms=wall_ms,
    )  # fmt: skip


def _secret() -> str:
    return "whsec_" + b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def _hook(row: RowMapping) -> Hook:
    return Hook(**_typed({name: row[name] for name in FIELDS}))


def _typed(told: Mapping[str, Any]) -> dict[str, Any]:
    return {name: tuple(each) if name in LISTS else each for name, each in told.items()}
