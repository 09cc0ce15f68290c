"""A network of our own for servers of a test: each in a namespace, and one can be cut off.

A namespace has its own addresses and a cable to a bridge; pulling the cable leaves its processes
as they are, and nobody hears of it, as with a switch that dies.  Bridge and test stand in a
namespace as well: browsers of other tests give up what they load when addresses of the machine
change.  It needs Linux, root and ``iproute2``; elsewhere the servers share the loopback and there
is no cable to pull.
"""

import ctypes
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from borough.core.errors import BadSetting

RANGE = "198.18"
"""RFC 2544 keeps 198.18.0.0/15 for tests of networks: no machine has such an address."""
OURS = 254
CLONE_NEWNET = 0x40000000
HERE = "/proc/thread-self/ns/net"


@dataclass(frozen=True)
class Network:
    """Addresses, and a namespace behind each, if this machine can have them."""

    hosts: tuple[str, ...]
    name: str = ""

    def within(self, number: int) -> tuple[str, ...]:
        """Give the words that start a command in the namespace of a host."""
        return ("ip", "netns", "exec", f"{self.name}-{number}") if self.name else ()

    def cut(self, number: int) -> None:
        """Pull the cable of a host."""
        _ip("link", "set", f"{self.name}v{number}", "down")

    def mend(self, number: int) -> None:
        """Put it back."""
        _ip("link", "set", f"{self.name}v{number}", "up")


@contextmanager
def network(count: int) -> Iterator[Network]:
    """Make a network of so many hosts, whom we reach; the loopback where that cannot be.

    This thread, and whoever it starts meanwhile, is in that network and in no other.
    """
    number = os.getpid() % 256
    made = Network(
        tuple(f"{RANGE}.{number}.{each}" for each in range(1, count + 1)), f"bo{os.getpid()}"
    )
    with _apart():
        try:
            try:
                _lay(made, f"{RANGE}.{number}.{OURS}")
            except BadSetting:
                _clear(made)
                made = Network(("127.0.0.1",) * count)
            yield made
        finally:
            _clear(made)


@contextmanager
def _apart() -> Iterator[None]:
    """Leave the machine's network for one with nothing in it, where that is allowed, and return."""
    if not Path(HERE).exists():
        yield
        return
    own = ctypes.CDLL(None, use_errno=True)
    home = os.open(HERE, os.O_RDONLY)
    try:
        left = own.unshare(CLONE_NEWNET) == 0
        try:
            if left:
                _ip("link", "set", "lo", "up")
            yield
        finally:
            if left and own.setns(home, CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "the way back to the machine's network")
    finally:
        os.close(home)


def _lay(made: Network, ours: str) -> None:
    bridge = f"{made.name}b"
    _ip("link", "add", bridge, "type", "bridge")
    _ip("addr", "add", f"{ours}/24", "dev", bridge)
    _ip("link", "set", bridge, "up")
    for number, host in enumerate(made.hosts):
        space, cable = f"{made.name}-{number}", f"{made.name}v{number}"
        _ip("netns", "add", space)
        _ip("link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", space)
        _ip("link", "set", cable, "master", bridge, "up")
        _ip("-n", space, "addr", "add", f"{host}/24", "dev", "eth0")
        for each in ("eth0", "lo"):
            _ip("-n", space, "link", "set", each, "up")


def _clear(made: Network) -> None:
    if made.name:
        for number in range(len(made.hosts)):
            with suppress(BadSetting):
                _ip("netns", "del", f"{made.name}-{number}")
        with suppress(BadSetting):
            _ip("link", "del", f"{made.name}b")


def _ip(*words: str) -> None:
    program = shutil.which("ip")
    if program is None:
        msg = "ip: there is no such program here"
        raise BadSetting(msg)
    done = subprocess.run([program, *words], capture_output=True, text=True, check=False)  # noqa: S603 - our own words
    if done.returncode:
        msg = f"ip {' '.join(words)}: {done.stderr.strip()}"
        raise BadSetting(msg)
