"""VictoriaMetrics from the system's packages, asked what our history is asked.

The package is unpacked into a folder of the bench's own and nothing is installed.  Times are
those of HTTP answers read to their end and not decoded, without its cache of answers; bytes
are those of its data alone, without its index.
"""

import contextlib
import http.client
import itertools
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import msgspec
import numpy as np

from borough.core.errors import BusDown
from borough.storage.lake import Points

PACKAGE = "victoria-metrics"
START_S, FETCH_S = 20.0, 120.0
LINES = 5_000
"""Series in one request of an import."""


@dataclass
class Victoria:
    """A server of our own: where it listens and where it keeps its data."""

    port: int
    data: Path

    def __post_init__(self) -> None:
        self.line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=FETCH_S)

    def ask(self, path: str, body: bytes | None = None, **given: str | int) -> bytes:
        """Ask, and read the answer to its end; `BusDown` where it is no good answer."""
        method = "GET" if body is None else "POST"
        self.line.request(method, f"{path}?{urlencode(given)}", body)
        answer = self.line.getresponse()
        read = answer.read()
        if answer.status >= http.client.BAD_REQUEST:
            msg = f"{PACKAGE}: {answer.status} {read[:200]!r}"
            raise BusDown(msg)
        return read


def fetched(folder: Path) -> Path | None:
    """Give the program, unpacked from the system's package; None where it cannot be had."""
    if found := shutil.which(PACKAGE):
        return Path(found)
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        return None
    try:
        for words in (["apt-get", "download", PACKAGE], ["dpkg-deb", "-x", "{deb}", "x"]):
            deb = next((each.name for each in folder.glob("*.deb")), "")
            subprocess.run(  # noqa: S603 - our own words
                [word.format(deb=deb) for word in words],
                cwd=folder, check=True, capture_output=True, timeout=FETCH_S,
            )  # fmt: skip
    except (subprocess.SubprocessError, OSError):
        return None
    return folder / "x/usr/bin" / PACKAGE


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Victoria | None]:
    """Let a server run in a folder of its own; None where there is no program for it."""
    folder.mkdir(parents=True)
    program = fetched(folder)
    if program is None:
        yield None
        return
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    data = folder / "data"
    words = [
        program, f"-storageDataPath={data}", f"-httpListenAddr=127.0.0.1:{port}",
        "-retentionPeriod=100y", "-loggerLevel=ERROR",
    ]  # fmt: skip
    server = subprocess.Popen(words)  # noqa: S603 - our own words
    try:
        made, until = Victoria(port, data), time.monotonic() + START_S
        while True:
            with contextlib.suppress(OSError):
                made.ask("/health")
                break
            made.line.close()
            if time.monotonic() > until:
                msg = f"{PACKAGE} does not answer"
                raise BusDown(msg)
            time.sleep(0.1)
        yield made
    finally:
        server.terminate()
        server.wait()


def lines(rows: Points, of_class: int) -> Iterator[bytes]:
    """Write rows of a fixed order as import lines, a series each."""
    order = np.argsort(rows.series, kind="stable")
    ends = np.flatnonzero(np.diff(rows.series[order], append=-1)) + 1
    time_ms, value, begin = rows.time[order], rows.value[order], 0
    for end in ends.tolist():
        series = int(rows.series[order[begin]])
        labels = {"__name__": "reading", "s": str(series), "c": str(series // of_class)}
        yield msgspec.json.encode(
            {
                "metric": labels,
                "timestamps": time_ms[begin:end].tolist(),
                "values": value[begin:end].tolist(),
            }
        )
        begin = end


def fill(theirs: Victoria, hours: Iterator[Points], of_class: int) -> tuple[int, float]:
    """Import hour by hour; give the rows and the seconds that its answers took."""
    rows, taken = 0, 0.0
    for hour in hours:
        rows += len(hour)
        for some in batched(lines(hour, of_class), LINES):
            begin = time.perf_counter()
            theirs.ask("/api/v1/import", b"\n".join(some))
            taken += time.perf_counter() - begin
    for path in ("/internal/force_flush", "/internal/force_merge"):
        theirs.ask(path)
    return rows, taken


def batched(some: Iterator[bytes], many: int) -> Iterator[list[bytes]]:
    """Take so many at a time."""
    while batch := list(itertools.islice(some, many)):
        yield batch


def size(folder: Path) -> int:
    """Add up the bytes of the files below a folder; merges may drop some meanwhile."""
    total = 0
    for each in folder.rglob("*"):
        with contextlib.suppress(FileNotFoundError):
            total += each.stat().st_size if each.is_file() else 0
    return total


def settled(folder: Path) -> int:
    """Wait until merges have ended, and give the size of a folder."""
    before = -1
    while (now := size(folder)) != before:
        before = now
        time.sleep(2.0)
    return now


def questions(
    theirs: Victoria, stretch: tuple[int, int], series: int, of_class: int, times: int
) -> dict[str, Any]:
    """Name each question with what puts it, given how often it was put before."""
    start, end = stretch
    chance = np.random.default_rng(3).integers(0, series, times + 1)
    classes = max(series // of_class, 1)
    whole = {"start": start // 1000, "end": end // 1000, "nocache": 1}

    def one(number: int) -> bytes:
        return theirs.ask(
            "/api/v1/export", start=start / 1000, end=end / 1000,
            **{"match[]": f'reading{{s="{chance[number]}"}}'},
        )  # fmt: skip

    def latest(_: int) -> bytes:
        ask = {"query": "last_over_time(reading[1d])", "time": end // 1000, "nocache": 1}
        return theirs.ask("/api/v1/query", **ask)

    def aggregate(number: int) -> bytes:
        wanted = f'avg_over_time(reading{{c="{chance[number] % classes}"}}[1h])'
        return theirs.ask("/api/v1/query_range", query=wanted, step="1h", **whole)

    return {"series_day": one, "latest": latest, "aggregate": aggregate}
