"""A lease in the database: one holder at a time, and nobody writes under a lease that is gone.

The lease is a row with an epoch.  Its holder renews it; who finds it run out takes it with the
next epoch.  A transaction under the lease begins by reading its epoch and holds on to the row
until it ends, so that no other can take the lease in between: a holder that was paused, and wakes
up after another has taken over, is refused in the very transaction with which it would write.

What a paused holder had open, a renewal included, would block the next one for ever; its sessions
carry its name, and are ended when the lease is taken.  PostgreSQL only: a SQLite file has one
machine, where the lock on the data folder does this.
"""

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Engine, event, select, text

from borough.core.errors import LeaseLost, Stale
from borough.storage.sql.engines import reading, writing
from borough.storage.sql.lease_table import leases

NOW = "(extract(epoch FROM clock_timestamp()) * 1000)::bigint"
_TAKE = text(
    f"UPDATE leases SET epoch = epoch + 1, holder = :holder, until_ms = {NOW} + :for_ms"  # noqa: S608 - NOW is our own
    f" WHERE name = :name AND until_ms < {NOW} RETURNING epoch"
)
_RENEW = text(
    f"UPDATE leases SET until_ms = {NOW} + :for_ms"  # noqa: S608 - NOW is our own
    " WHERE name = :name AND epoch = :epoch RETURNING epoch"
)
_FIRST = text(
    "INSERT INTO leases (name, epoch, holder, until_ms) SELECT CAST(:name AS varchar), 0, '', 0"
    " WHERE NOT EXISTS (SELECT 1 FROM leases WHERE name = :name)"
)
_ALONE = text("SELECT pg_advisory_xact_lock(hashtext(:name))")
_STATE = text(f"SELECT holder, epoch, until_ms < {NOW} AS over FROM leases WHERE name = :name")  # noqa: S608 - NOW is our own
_END = text("UPDATE leases SET until_ms = 0 WHERE name = :name AND epoch = :epoch")
_SESSIONS = text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND application_name = :name"
)
_NAME_CHARS = 63
"""PostgreSQL cuts names of sessions behind so many."""
_IN_TIME = text("SET LOCAL lock_timeout = '2s'")


@dataclass(slots=True)
class SqlLease:
    """The lease *name*, as *holder* sees it; it holds for *for_ms* after each renewal.

    The engine must be fresh and not one that the lease guards; each holder has another name.
    """

    engine: Engine
    name: str
    holder: str
    for_ms: int
    epoch: int = field(default=0)

    def __post_init__(self) -> None:
        event.listen(self.engine, "connect", self._sign)

    def take(self) -> bool:
        """Take the lease if it has run out; false while somebody else holds it."""
        with reading(self.engine) as connection:
            row = connection.execute(_STATE, {"name": self.name}).one_or_none()
        if row is not None and not row.over:
            return False
        try:
            with writing(self.engine) as connection:
                connection.execute(_IN_TIME)
                if row is None:
                    connection.execute(_ALONE, {"name": self.name})  # or two make a row each
                    connection.execute(_FIRST, {"name": self.name})
                else:
                    connection.execute(_SESSIONS, {"name": self._session(row.holder)})
                epoch = connection.scalar(_TAKE, self._terms)
        except Stale:  # another was faster, or the holder is in a transaction of this moment
            return False
        self.epoch = epoch or 0
        return bool(epoch)

    def renew(self) -> None:
        """Go on holding the lease; `LeaseLost` if another has taken it."""
        with writing(self.engine) as connection:
            if connection.scalar(_RENEW, self._terms) is None:
                raise self._lost()

    def check(self) -> None:
        """Raise `LeaseLost` if another has taken it since, whether that one still holds it or not.

        The next holder ends what this one had open: without asking, that looks as if the database
        had gone away.
        """
        with reading(self.engine) as connection:
            row = connection.execute(_STATE, {"name": self.name}).one_or_none()
        if row is not None and row.epoch != self.epoch:
            raise self._lost()

    def give_up(self) -> None:
        """Let the next one have it at once."""
        with writing(self.engine) as connection:
            connection.execute(_END, self._terms)

    def guard(self, engine: Engine) -> None:
        """Let an engine write only under this lease: each transaction that writes proves it."""
        mine = (leases.c.name == self.name) & (leases.c.epoch == self.epoch)
        proof = select(leases.c.epoch).where(mine).with_for_update(read=True, key_share=True)

        def prove(connection: Connection) -> None:
            writes = connection.get_execution_options().get("writes", False)
            if writes and connection.scalar(proof) is None:
                raise self._lost()

        event.listen(engine, "begin", prove)
        event.listen(engine, "connect", self._sign)

    def _sign(self, connection: Any, _record: object) -> None:
        """Give a session the name by which it is found and ended if its process hangs."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT set_config('application_name', %s, false)", [self._session(self.holder)]
            )
        connection.commit()

    def _lost(self) -> LeaseLost:
        msg = f"the lease {self.name!r} of epoch {self.epoch} is held by another; nothing changed"
        return LeaseLost(msg)

    def _session(self, holder: str) -> str:
        return f"borough {self.name} {holder}"[:_NAME_CHARS]

    @property
    def _terms(self) -> dict[str, Any]:
        return {
            "name": self.name, "holder": self.holder, "for_ms": self.for_ms, "epoch": self.epoch,
        }  # fmt: skip


def holder_of(engine: Engine, name: str) -> str:
    """Say who holds a lease now; empty where nobody does."""
    with reading(engine) as connection:
        row = connection.execute(_STATE, {"name": name}).one_or_none()
    return str(row.holder) if row is not None and not row.over else ""
