"""Recipients in SQL: who is told by notices, and through which channels."""

from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from typing import Any

from sqlalchemy import Engine, RowMapping, select

from borough.core.errors import NotFound
from borough.core.notices import Recipient
from borough.storage.sql.counting import upsert
from borough.storage.sql.engines import reading, writing
from borough.storage.sql.outbox_tables import recipients as table

FIELDS = tuple(field.name for field in fields(Recipient))
LISTS = {"posts", "agencies", "roles", "channels"}


class SqlRecipients:
    """Keeps the recipients; whoever writes cases keeps one of these, and knows them by heart."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.known = {each.code: each for each in self.all()}

    def all(self) -> list[Recipient]:
        """List the recipients by code."""
        with reading(self._engine) as connection:
            rows = connection.execute(select(table).order_by(table.c.code)).mappings()
            return [_recipient(row) for row in rows]

    def put(self, code: str, told: Mapping[str, Any], *, by: str, at_ms: int) -> Recipient:
        """Enter a recipient, or change what is told of one; the rest stays as it was."""
        given = _typed(told)
        was = self.known.get(code, Recipient(code))
        now = replace(was, **given, changed_ms=at_ms, by=by)
        with writing(self._engine) as connection:
            adding = upsert(connection, table)
            rest = {name: adding.excluded[name] for name in FIELDS if name != "code"}
            adding = adding.on_conflict_do_update(index_elements=["code"], set_=rest)
            connection.execute(adding, asdict(now))
        self.known = {**self.known, code: now}
        return now

    def remove(self, code: str) -> Recipient:
        """Take a recipient away; or `NotFound`."""
        if code not in self.known:
            msg = f"recipient: there is no {code!r}"
            raise NotFound(msg)
        with writing(self._engine) as connection:
            connection.execute(table.delete().where(table.c.code == code))
        gone = self.known[code]
        self.known = {name: each for name, each in self.known.items() if name != code}
        return gone


def _recipient(row: RowMapping) -> Recipient:
    return Recipient(**_typed({name: row[name] for name in FIELDS}))


def _typed(told: Mapping[str, Any]) -> dict[str, Any]:
    return {name: tuple(each) if name in LISTS else each for name, each in told.items()}
