"""The outbox in SQL: messages in the transaction of what they tell of, and every try after it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any

from sqlalchemy import Connection, Engine, Integer, RowMapping, and_, bindparam, func, or_, select
from sqlalchemy.sql import ColumnElement

from borough.core.errors import BadRequest, NotFound
from borough.core.outbox import DEAD, HOOK, SENT, WAITING, Delivery, Message, Retry
from borough.storage.sql.counting import upsert
from borough.storage.sql.engines import reading, writing
from borough.storage.sql.outbox_tables import outbox as table, outbox_tries
from borough.storage.sql.paging import page

FIELDS = tuple(field.name for field in fields(Message))
_C = table.c
_EARLIER = table.alias("earlier")
_NOT_FIRST = (
    select(_EARLIER.c.id)
    .where(
        _EARLIER.c.target == _C.target, _EARLIER.c.case_id == _C.case_id,
        _EARLIER.c.courier == _C.courier, _EARLIER.c.state == WAITING, _EARLIER.c.seq < _C.seq,
    )
    .exists()
)  # fmt: skip
"""Of one case, a hook hears the events in their order."""
_DUE = (
    select(table)
    .where(
        _C.state == WAITING,
        _C.due_ms <= bindparam("now"),
        _C.target.not_in(bindparam("without", expanding=True)),
        or_(_C.courier != HOOK, ~_NOT_FIRST),
    )
    .order_by(_C.due_ms, _C.seq)
    .limit(bindparam("most", type_=Integer))
)
"""Made once: it is asked five times a second, and building it costs more than running it."""
_CHANGE = table.update().where(_C.id == bindparam("was_id"))
Result = tuple[Message, Delivery]


def put(connection: Connection, messages: Iterable[Message]) -> None:
    """Lay messages down in a transaction that is open already; what is there is left out."""
    rows = [_row(each) for each in messages]
    if rows:
        adding = upsert(connection, table).on_conflict_do_nothing(index_elements=["id"])
        connection.execute(adding, rows)


class SqlOutbox:
    """Keeps what goes out until it went, and what came of each try."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def lay(self, messages: Iterable[Message]) -> None:
        """Lay messages down by themselves."""
        with writing(self._engine) as connection:
            put(connection, messages)

    def due(self, now_ms: int, limit: int, *, without: Collection[str] = ()) -> list[Message]:
        """Give messages whose moment has come, oldest first; none for the targets *without*."""
        asked = {"now": now_ms, "most": limit, "without": list(without)}
        with reading(self._engine) as connection:
            return [_message(row) for row in connection.execute(_DUE, asked).mappings()]

    def settle(self, results: Sequence[Result], retry: Retry, now_ms: int, chance: float) -> None:
        """Note what came of some tries: sent, dead, or when to try again."""
        with writing(self._engine) as connection:
            for message, done in results:
                tries = message.tries + 1
                told = {"took_ms": done.took_ms, "status": done.status, "good": done.good}
                named = {"message": message.id, "number": tries, "at_ms": now_ms, "says": done.says}
                adding = upsert(connection, outbox_tries).on_conflict_do_nothing(
                    index_elements=["message", "number"]
                )
                connection.execute(adding, told | named)
                pause = None if done.over else retry.pause_ms(tries, chance)
                after: dict[str, Any] = {"tries": tries, "says": done.says}
                if done.good:
                    after |= {"state": SENT, "ended_ms": now_ms}
                elif pause is None:
                    after |= {"state": DEAD, "ended_ms": now_ms}
                else:
                    after["due_ms"] = now_ms + max(pause, done.after_ms)
                connection.execute(_CHANGE.values(**after), {"was_id": message.id})

    def hold(self, messages: Sequence[Message], until_ms: int) -> None:
        """Let messages wait for a later moment, and go out together then."""
        with writing(self._engine) as connection:
            for each in messages:
                connection.execute(_CHANGE.values(held=True, due_ms=until_ms), {"was_id": each.id})

    def resend(self, message: str, now_ms: int) -> Message:
        """Have a message that is dead, or went, go out once more under its id; or `NotFound`.

        Its tries count on, so what came of the earlier ones stays in the log.
        """
        with writing(self._engine) as connection:
            one = _one(connection, message)
            if one.state == WAITING:
                msg = f"message: {message} waits already"
                raise BadRequest(msg)
            again = {"state": WAITING, "due_ms": now_ms, "ended_ms": None, "says": ""}
            connection.execute(_CHANGE.values(**again), {"was_id": message})
            return _one(connection, message)

    def one(self, message: str) -> Message:
        """Give a message by id; or `NotFound`."""
        with reading(self._engine) as connection:
            return _one(connection, message)

    def find(
        self, *, courier: str = "", target: str = "", state: str = "", case: int | None = None,
        limit: int = 100,
    ) -> list[Message]:  # fmt: skip
        """List messages, newest first."""
        order = (_C.made_ms.desc(), _C.seq.desc(), _C.id.desc())
        chosen = select(table).order_by(*order).limit(page(limit))
        exact: Mapping[ColumnElement[Any], Any] = {
            _C.courier: courier, _C.target: target, _C.state: state, _C.case_id: case,
        }  # fmt: skip
        for column, value in exact.items():
            if value not in {"", None}:
                chosen = chosen.where(column == value)
        with reading(self._engine) as connection:
            return [_message(row) for row in connection.execute(chosen).mappings()]

    def tries(self, message: str) -> list[dict[str, Any]]:
        """Give every try to deliver a message, oldest first."""
        mine = outbox_tries.c.message == message
        chosen = select(outbox_tries).where(mine).order_by(outbox_tries.c.number)
        with reading(self._engine) as connection:
            return [dict(row) for row in connection.execute(chosen).mappings()]

    def sent_since(self, target: str, since_ms: int) -> int:
        """Count what a target was sent since a moment."""
        mine = and_(_C.target == target, _C.state == SENT, _C.ended_ms >= since_ms)
        with reading(self._engine) as connection:
            return connection.scalar(select(func.count()).where(mine)) or 0

    def forget(self, before_ms: int) -> int:
        """Drop messages that ended before a moment, with their tries; say how many."""
        old = and_(_C.state != WAITING, _C.made_ms < before_ms, _C.ended_ms < before_ms)
        with writing(self._engine) as connection:
            names = select(_C.id).where(old)
            connection.execute(outbox_tries.delete().where(outbox_tries.c.message.in_(names)))
            return connection.execute(table.delete().where(old)).rowcount

    def give_up(self, target: str, says: str, now_ms: int) -> None:
        """Give up what waits for a target that is no more."""
        mine = and_(_C.target == target, _C.state == WAITING)
        with writing(self._engine) as connection:
            gone = {"state": DEAD, "ended_ms": now_ms, "says": says}
            connection.execute(table.update().where(mine).values(**gone))


def _one(connection: Connection, message: str) -> Message:
    row = connection.execute(select(table).where(_C.id == message)).mappings().one_or_none()
    if row is None:
        msg = f"message: there is no {message!r}"
        raise NotFound(msg)
    return _message(row)


def _row(message: Message) -> dict[str, Any]:
    row = asdict(message)
    return {**row, "case_id": row.pop("case")}


def _message(row: RowMapping) -> Message:
    return Message(**{name: row["case_id" if name == "case" else name] for name in FIELDS})
