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
from borough.testing.networks import Network

GONE_S = 60.0
ALIVE_S = 2.0


@dataclass
class Machine:
    """A data folder and the processes that run from it, by the role of each.

    ``within`` are words before the command of its bus, which put it into a network of its own.
    """

    settings: Settings
    within: tuple[str, ...] = ()
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
            [*self.within, *command(prepared(self.settings))]
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

    def works_for(self, partition: int) -> bool:
        """Say whether its stream has just now been at work for a partition."""
        told = self.pulse("stream")
        return told.get("partition") == partition and told["age_s"] < ALIVE_S

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


def one_bus(
    first: Settings, folder: Path, count: int = 3, network: Network | None = None
) -> list[Machine]:
    """Make *count* machines whose servers are one bus; *first* is the first of them."""
    net = network or Network(("127.0.0.1",) * count)
    ports = [free_ports(3) for _ in range(count - 1)]
    (route,) = free_ports(1)
    listens = [(first.bus_port, first.mqtt_port, route), *ports]
    placed = list(zip(net.hosts, listens, strict=True))
    shared: dict[str, Any] = {
        "bus_servers": tuple(f"{host}:{bus}" for host, (bus, _, _) in placed),
        "bus_routes": tuple(f"{host}:{route}" for host, (_, _, route) in placed),
        "bus_copies": count,
    }
    head = replace(first, host=net.hosts[0], bus_name="bus-1", bus_route_port=route, **shared)
    prepared(head)
    head.write()
    made = [Machine(head)]
    made += [
        Machine.beside(
            head, folder / f"machine-{number}", host=host, bus_name=f"bus-{number}",
            bus_port=bus, mqtt_port=mqtt, bus_route_port=route,
        )
        for number, (host, (bus, mqtt, route)) in enumerate(placed[1:], 2)
    ]  # fmt: skip
    for number, each in enumerate(made):
        each.within = net.within(number)
    return made
