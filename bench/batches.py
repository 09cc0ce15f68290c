"""How many observations a second are taken in over HTTP, in JSON or in Arrow.

``borough bench batches [--form json|arrow] [--devices 356000] [--rows 0] [--senders 2]
[--seconds 20] [--json]`` sets up a synthetic district in a folder of its own, starts all its
roles, and lets a process of its own post batches over connections that stay open: each by one of
40 gateways, a whole report of each of its devices, values with two decimals, without times.
``--rows`` cuts or repeats a batch.  Bodies are written beforehand.  It sends as fast as answers
come, unless ``--rate`` says how many observations a second.  What is answered is in the bus's
store; ``caught_up_s`` is how much later the journal has the last of it.  ``disk_bytes_a_row`` is
what bus (the door's store and the journal) and history hold.  The last line is one JSON object.
Where no form is named, both are measured; ``borough bench ingest --door http`` is the same.
"""

import argparse
import base64
import http.client
import io
import json
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from _ground import (
    SEED,
    counts,
    devices_of,
    end_of_journal,
    fine,
    latency,
    processor_s,
    say,
    set_up,
)
from _told import tell
from borough.app.district_run import pss_mb, supervisor
from borough.app.settings import Settings
from borough.app.supervisor import Supervisor
from borough.core.registry import Property, Registry

MEDIA = {"json": "application/json", "arrow": "application/vnd.apache.arrow.stream"}
GATEWAYS = 40
DONE = 200
FIRST_S, LONGEST_S = 2.0, 120.0
DIGITS = 2
"""Decimals of a value: what a sensor resolves."""


def bodies(
    folder: Path, registry: Registry, tokens: dict[str, str], asked: argparse.Namespace
) -> None:
    """Write a body for each gateway, and who sends it: its devices' reports, value by value."""
    drawn = np.random.default_rng(SEED)
    senders = devices_of(registry)[: asked.devices]
    said = [each for kind in registry.kinds for each in kind.properties]
    low, high = np.array([middle(each) for each in said]).T
    before = np.cumsum([0, *(len(kind.properties) for kind in registry.kinds)])
    for key, token in tokens.items():
        mine = senders[registry.via[senders] == registry.rows[key]]
        wide = registry.widths[mine]
        first = np.repeat(registry.first[mine] - np.cumsum(wide) + wide, wide)
        series = np.resize(first + np.arange(len(first)), asked.rows or len(first))
        which = before[registry.kind_of_series[series]] + registry.column[series]
        value = np.round(drawn.uniform(low[which], high[which]), DIGITS)
        path = folder / f"{key}.{asked.form}"
        if asked.form == "arrow":
            stream = io.BytesIO()
            columns = {"series": series.astype(np.int32), "value": value}
            pl.DataFrame(columns).write_ipc_stream(stream)
            path.write_bytes(stream.getvalue())
        else:
            told = zip(registry.row_of_series[series], which, value.tolist(), strict=True)
            rows = [
                {"thing": registry.key[row], "property": said[place].code, "value": number}
                for row, place, number in told
            ]
            path.write_text(json.dumps({"observations": rows}), "utf-8")
        word = base64.b64encode(f"{key}:{token}".encode()).decode()
        path.with_suffix(".word").write_text(word, "utf-8")


def middle(said: Property) -> tuple[float, float]:
    """Give between which values nothing is wrong: the middle half of what is normal."""
    low, high = said.normal
    if high - low <= 1:
        return fine(said), fine(said)
    return (3 * low + high) / 4, (low + 3 * high) / 4


def post(asked: argparse.Namespace, which: list[Path], account: dict[str, float]) -> None:
    """Post some gateways' bodies in turn until the time is over."""
    line = http.client.HTTPConnection("127.0.0.1", asked.port, timeout=60)
    loaded = [(each.read_bytes(), each.with_suffix(".word").read_text("utf-8")) for each in which]
    begun, sent, turn = time.monotonic(), 0, 0
    pace = asked.rate / asked.senders
    while time.monotonic() < begun + asked.seconds:
        body, word = loaded[turn % len(loaded)]
        head = {"content-type": MEDIA[asked.form], "authorization": f"Basic {word}"}
        at = time.monotonic()
        line.request("POST", "/api/v1/observations", body, head)
        answer = line.getresponse()
        text = answer.read()
        if answer.status != DONE:
            account["refused"] += 1
            sys.stderr.write(f"{answer.status} {text[:300]!r}\n")
            time.sleep(0.2)
            continue
        rows = json.loads(text)["accepted"]
        sent, turn = sent + rows, turn + 1
        account["answered"] += rows
        account["slowest_ms"] = max(account["slowest_ms"], 1000 * (time.monotonic() - at))
        ahead = begun + sent / pace - time.monotonic() if pace else 0.0
        if ahead > 0:
            time.sleep(ahead)


def sender(asked: argparse.Namespace) -> None:
    """Post from several threads, and print the account."""
    account = {"answered": 0.0, "refused": 0.0, "slowest_ms": 0.0}
    paths = sorted(asked.bodies.glob(f"*.{asked.form}"))
    begun, used = time.monotonic(), time.process_time()
    threads = [
        threading.Thread(target=post, args=(asked, paths[place :: asked.senders], account))
        for place in range(asked.senders)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    account["seconds"] = time.monotonic() - begun
    account["cpu_s"] = time.process_time() - used
    sys.stdout.write(json.dumps(account) + "\n")


def posted(
    settings: Settings, folder: Path, asked: argparse.Namespace, seconds: float
) -> dict[str, float]:
    """Let a process of its own post for so long, and give its account."""
    given = {"form": asked.form, "senders": asked.senders, "rate": asked.rate}
    given |= {"seconds": seconds, "bodies": folder, "port": settings.http_port}
    words = [text for name, value in given.items() for text in (f"--{name}", str(value))]
    printed = subprocess.run(  # noqa: S603 - this very file
        [sys.executable, __file__, *words], stdout=subprocess.PIPE, check=True
    ).stdout
    account: dict[str, float] = json.loads(printed)
    return account


def caught_up(settings: Settings, stored: int) -> None:
    """Wait until the journal holds so many observations; in the end, wait no longer."""
    until = time.monotonic() + LONGEST_S
    while counts(settings).get("stored", 0) < stored and time.monotonic() < until:
        time.sleep(0.1)


def on_disk(settings: Settings) -> dict[str, int]:
    """Say how many bytes the bus's streams and the history take."""
    return {
        name: sum(each.stat().st_size for each in settings.folder.rglob(f"*.{ending}"))
        for name, ending in (("bus", "blk"), ("history", "parquet"))
    }


def measure(
    settings: Settings, folder: Path, watch: Supervisor, asked: argparse.Namespace
) -> dict[str, Any]:
    """Post, wait until the journal has it all, and say what came of it."""
    say(f"first {FIRST_S:.0f} s, not counted: they fill tables once")
    first = counts(settings).get("stored", 0) + posted(settings, folder, asked, FIRST_S)["answered"]
    caught_up(settings, round(first))
    before, place, used = counts(settings), end_of_journal(settings), processor_s(watch.pids())
    held = on_disk(settings)
    say(f"posting {asked.form} for {asked.seconds:.0f} s")
    account, ended = posted(settings, folder, asked, asked.seconds), time.monotonic()
    caught_up(settings, before["stored"] + round(account["answered"]))
    later = time.monotonic() - ended
    spent = processor_s(watch.pids())
    time.sleep(2 * settings.tick_ms / 1000)
    stored, waits = latency(settings, place)
    millions = max(account["answered"], 1) / 1e6
    disk = {name: size - held[name] for name, size in on_disk(settings).items()}
    return {
        "form": asked.form, "observations_s": round(account["answered"] / account["seconds"]),
        "answered": round(account["answered"]), "stored": stored,
        "lost": round(account["answered"]) - stored, "refused": round(account["refused"]),
        "slowest_answer_ms": round(account["slowest_ms"]), "caught_up_s": round(later, 1),
        **waits,
        "disk_bytes": disk,
        "disk_bytes_a_row": {
            name: round(each / max(stored, 1), 1) for name, each in disk.items()
        },
        "cpu_s_per_million": {
            **{name: round((spent[name] - used[name]) / millions, 3) for name in spent},
            "sender": round(account["cpu_s"] / millions, 3),
        },
        "pss_mb": pss_mb(list(watch.pids().values())),
    }  # fmt: skip


def main(arguments: list[str] | None = None) -> None:
    """Set up, measure, print."""
    parser = argparse.ArgumentParser(prog="borough bench batches", description=__doc__)
    parser.add_argument("--form", choices=sorted(MEDIA), help="json, then arrow, if not given")
    parser.add_argument("--devices", type=int, default=356_000)
    parser.add_argument("--rows", type=int, default=0, help="observations in a batch; 0: all")
    parser.add_argument("--senders", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--rate", type=float, default=0, help="observations a second; 0: all")
    parser.add_argument("--json", action="store_true", help="print only the JSON object")
    parser.add_argument("--bodies", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    asked = parser.parse_args(arguments)
    if asked.bodies:
        sender(asked)
        return
    if asked.form:
        tell(run(asked), plain=asked.json)
        return
    runs = [run(argparse.Namespace(**{**vars(asked), "form": form})) for form in ("json", "arrow")]
    tell({"door": "http", "runs": runs}, plain=asked.json)


def run(asked: argparse.Namespace) -> dict[str, Any]:
    """Set a district up and measure one form."""
    with tempfile.TemporaryDirectory(prefix="borough-batches-") as name:
        settings, registry, tokens = set_up(Path(name) / "data", asked.devices, GATEWAYS)
        folder = Path(name) / "bodies"
        folder.mkdir()
        bodies(folder, registry, tokens, asked)
        watch = supervisor(settings, say)
        try:
            watch.start()
            return measure(settings, folder, watch, asked)
        finally:
            watch.stop()


if __name__ == "__main__":
    main()
