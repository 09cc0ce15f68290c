"""The bus as the roles see it: where it is, how to enter it, and a gate kept at its doors."""

import threading
from typing import Any

from borough.adapters.bus.config import Bus, config_path, prepare, secrets_of
from borough.adapters.gate import Gate
from borough.adapters.limits import Limits
from borough.app.settings import Settings
from borough.core.errors import BusDown
from borough.storage.sql import SqlCredentials, connect

AGAIN_S = 0.5


def bus_of(settings: Settings) -> Bus:
    """Say where the bus of a district is."""
    folder = settings.folder / "bus"
    known = config_path(
        Bus(settings.host, settings.bus_port, settings.mqtt_port, folder, secrets_of(folder))
    )
    if not known.exists():
        return prepared(settings)
    return Bus(
        settings.host, settings.bus_port, settings.mqtt_port, folder.resolve(), secrets_of(folder)
    )


def prepared(settings: Settings) -> Bus:
    """Write the configuration of the bus for the ports that the settings name now."""
    folder = settings.folder / "bus"
    return prepare(folder, settings.host, settings.bus_port, settings.mqtt_port, Limits.load())


def address(settings: Settings) -> dict[str, Any]:
    """Give what the asyncio client needs to enter the bus as one of our own."""
    bus = bus_of(settings)
    return {
        "servers": [f"nats://{bus.host}:{bus.port}"],
        "user": "borough",
        "password": bus.secrets.borough,
        "connect_timeout": 5,
    }


class GateKeeper:
    """A gate in a thread of its own, opened again whenever the bus comes back."""

    def __init__(self, settings: Settings) -> None:
        self.bus = bus_of(settings)
        self.credentials = SqlCredentials(connect(settings.store))
        self.gate = Gate(self.bus, self._digests(), Limits.load())
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self._keep, name="gate", daemon=True)
        self.thread.start()

    def _digests(self) -> dict[str, bytes]:
        return {key: bytes.fromhex(digest) for key, digest in self.credentials.all().items()}

    def _keep(self) -> None:
        while not self.stop.is_set():
            try:
                self.gate.credentials = self._digests()
                self.gate.serve(self.stop)
            except BusDown:
                self.stop.wait(AGAIN_S)

    def refresh(self) -> None:
        """Read the credentials again; those that were revoked cannot enter any more."""
        self.gate.credentials = self._digests()

    def close(self) -> None:
        """Stop answering; another gate may."""
        self.stop.set()
        self.thread.join(2.0)
