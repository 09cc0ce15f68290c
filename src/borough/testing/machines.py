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

from borough.app import pulse
from borough.app.settings import Settings
from borough.testing.living import eventually

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

    def start(self, role: str) -> None:
        """Start one role; it need not be ready when this returns."""
        words = ["up", "--role", role, "--data", self.settings.data]
        with (self.settings.folder / f"{role}.out").open("ab") as log:
            self.processes[role] = subprocess.Popen(  # noqa: S603 - our own program
                [sys.executable, "-m", "borough", *words],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip

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
