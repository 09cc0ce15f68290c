"""Several machines of one district, on this one: each has a data folder and processes of its own.

They share a bus and a database, as real ones would; what a machine keeps for itself it does not
share.  The processes are real, and are killed, paused and started one by one.
"""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from borough.adapters.bus.config import command
from borough.app import pulse
from borough.app.bus import prepared
from borough.app.settings import Settings
from borough.testing.living import eventually, free_ports

GONE_S = 20.0


@dataclass
class Machine:
    """A data folder and the processes that run from it, by the role of each."""

    settings: Settings
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @classmethod
    def beside(cls, first: Settings, folder: Path, **given: Any) -> "Machine":
        """Make another machine of the same district, as an operator would; *given* differ."""
        settings = replace(first, data=str(folder.resolve()), **given)
        settings.write()
        (folder / "bus").mkdir()
        shutil.copy(first.folder / "bus" / "secrets.json", folder / "bus" / "secrets.json")
        return cls(settings)

    @property
    def folder(self) -> str:
        """Where this machine keeps what it writes."""
        return self.settings.data

    def start(self, role: str) -> None:
        """Start one role; it need not be ready when this returns."""
        if role in self.processes:
            self.ended(role)
        words = (
            command(prepared(self.settings))
            if role == "bus"
            else [sys.executable, "-m", "borough", "up", "--role", role, "--data", self.folder]
        )
        with Path(self.folder, f"{role}.out").open("ab") as log:
            self.processes[role] = subprocess.Popen(  # noqa: S603 - our own program
                words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )

    def signal(self, role: str, number: signal.Signals) -> None:
        """Send a process a signal: kill it, pause it, let it go on."""
        os.kill(self.processes[role].pid, number)

    def ended(self, role: str) -> int:
        """Wait until a process has ended; gives its code."""
        return self.processes[role].wait(GONE_S)

    def pulse(self, role: str) -> dict[str, Any]:
        """Give the last pulse of a role."""
        return pulse.read(self.settings.folder, role)

    def await_pulse(self, role: str, **facts: Any) -> None:
        """Wait until a role says of itself what is given."""
        eventually(
            lambda: (told := self.pulse(role)) and facts.items() <= told.items(),
            f"{role} that says {facts}: {self.pulse(role)}",
        )

    def printed(self, role: str) -> str:
        """Give what a role printed and logged."""
        paths = (self.settings.folder / f"{role}.out", self.settings.folder / f"logs/{role}.log")
        return "\n".join(each.read_text("utf-8", "replace") for each in paths if each.exists())

    def close(self) -> None:
        """End what still runs, paused or not."""
        for each in self.processes.values():
            if each.poll() is None:
                each.kill()
                each.wait()


@contextmanager
def closing(*machines: Machine) -> Iterator[None]:
    """End what still runs on the machines, whatever happens."""
    try:
        yield
    finally:
        for each in machines:
            each.close()


def one_bus(first: Settings, folder: Path, count: int = 3) -> list[Machine]:
    """Make *count* machines whose servers are one bus; *first* is the first of them."""
    ports = [free_ports(3) for _ in range(count - 1)]
    (route,) = free_ports(1)
    listens = [(first.bus_port, first.mqtt_port, route), *ports]
    shared: dict[str, Any] = {
        "bus_servers": tuple(f"127.0.0.1:{bus}" for bus, _, _ in listens),
        "bus_routes": tuple(f"127.0.0.1:{route}" for _, _, route in listens),
        "bus_copies": count,
    }
    head = replace(first, bus_name="bus-1", bus_route_port=route, **shared)
    prepared(head)
    head.write()
    others = [
        Machine.beside(
            head, folder / f"machine-{number}", bus_name=f"bus-{number}",
            bus_port=bus, mqtt_port=mqtt, bus_route_port=route,
        )
        for number, (bus, mqtt, route) in enumerate(ports, 2)
    ]  # fmt: skip
    return [Machine(head), *others]
