"""A gate kept at the doors of the bus: who may enter, and how soon that holds."""

import logging
import threading

from sqlalchemy.exc import DBAPIError

from borough.adapters.gate import Gate
from borough.adapters.limits import Limits
from borough.app.bus import bus_of
from borough.app.logs import event
from borough.app.settings import Settings
from borough.core.errors import BoroughError, BusDown
from borough.storage.sql import SqlCredentials, connect

log = logging.getLogger(__name__)
OPEN_S = 0.02
"""How soon a gate looks again for a bus that is away: devices are at its door at once."""
REFRESH_S = 3.0
"""How soon a new credential is good for entering, and a revoked one no longer."""


class GateKeeper:
    """A gate in a thread of its own, opened again whenever the bus comes back."""

    def __init__(self, settings: Settings) -> None:
        self.bus = bus_of(settings)
        self.credentials = SqlCredentials(connect(settings.store))
        self.version = self.credentials.version()  # before they are read, so that none is missed
        self.gate = Gate(self.bus, self._digests(), Limits.load())
        self.stop = threading.Event()
        self.threads = [
            threading.Thread(target=work, name="gate", daemon=True)
            for work in (self._keep, self._refresh)
        ]
        for each in self.threads:
            each.start()

    def _digests(self) -> dict[str, bytes]:
        return {key: bytes.fromhex(digest) for key, digest in self.credentials.all().items()}

    def _keep(self) -> None:
        while not self.stop.is_set():
            try:
                self.gate.serve(self.stop)
            except BusDown:
                self.stop.wait(OPEN_S)

    def _refresh(self) -> None:
        while not self.stop.wait(REFRESH_S):
            self.look()

    def look(self) -> None:
        """Read the credentials if they have changed; those that were revoked cannot enter any more.

        Where the database does not answer, the gate keeps those that it has and looks again.
        """
        try:
            version = self.credentials.version()
            if version != self.version:
                self.gate.credentials = self._digests()
                self.version = version
        except (BoroughError, DBAPIError) as error:
            log.warning(
                "the gate keeps the credentials it has: %s", error, extra=event("store-down")
            )

    def close(self) -> None:
        """Stop answering; another gate may."""
        self.stop.set()
        for each in self.threads:
            each.join(2.0)
