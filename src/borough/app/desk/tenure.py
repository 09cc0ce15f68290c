"""Who is the desk: where several stand ready, the one that holds the lease.

On one machine with a SQLite file the lock on the data folder decides that, and there is no lease.
With a database server, desks of several machines stand by one another: each waits here until the
lease is free, and from then on renews it.  One that finds it lost ends, and stands by again.
"""

import logging
import secrets
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Self

from sqlalchemy import Engine

from borough.app.logs import event
from borough.app.pulse import Pulse
from borough.app.settings import Settings
from borough.core.errors import BoroughError, LeaseLost, StoreDown
from borough.storage.sql import SqlLease, connect

log = logging.getLogger(__name__)
NAME = "desk"
ASKS = 5
"""How often the lease is renewed, or asked for, while it would hold once."""


class Tenure(threading.Thread):
    """The lease of the desk, held by this process; the thread ends when it is lost."""

    def __init__(self, lease: SqlLease, every_s: float) -> None:
        super().__init__(name="tenure", daemon=True)
        self.lease = lease
        self.every_s = every_s
        self.over = threading.Event()

    @classmethod
    def awaited(cls, settings: Settings) -> Self:
        """Stand by until the lease is ours."""
        who = f"{secrets.token_hex(4)} {socket.gethostname()}"
        every_s = settings.lease_s / ASKS
        lease = SqlLease(connect(settings.store), NAME, who, round(settings.lease_s * 1000))
        pulse = Pulse(settings.folder, NAME)
        while True:
            try:
                if lease.take():
                    log.warning("this desk is on duty, epoch %d", lease.epoch, extra=event("duty"))
                    return cls(lease, every_s)
            except BoroughError as error:
                log.warning("no lease yet: %s", error, extra=event(error.code))
            pulse.beat(standby=True)
            time.sleep(every_s)

    def guard(self, engine: Engine) -> None:
        """Let an engine write only as long as the lease is ours."""
        self.lease.guard(engine)

    def run(self) -> None:
        """Renew the lease until closed or lost; a database that is away may come back in time."""
        while not self.over.wait(self.every_s):
            try:
                self.lease.renew()
            except LeaseLost as error:
                log.warning("%s", error, extra=event(error.code))
                return
            except BoroughError as error:
                log.warning("the lease waits: %s", error, extra=event(error.code))

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Let what is done in here end with `LeaseLost` where the lease is why it could not go on.

        A desk that was paused finds its sessions ended by the next one, and hears of that before
        it hears of the lease.
        """
        try:
            yield
        except BoroughError:
            with suppress(StoreDown):
                self.lease.check()
            raise

    def close(self) -> None:
        """Stop renewing and let the next one have it at once."""
        self.over.set()
        self.join(2.0)
        try:
            self.lease.give_up()
        except BoroughError as error:
            log.warning("the lease runs out by itself: %s", error, extra=event(error.code))


def is_shared(settings: Settings) -> bool:
    """Say whether desks of other machines may reach this district's database."""
    return "://" in settings.database and not settings.database.startswith("sqlite")
