"""`borough requests`: bring citizens' requests in, send what people sorted out, see the rates."""

import asyncio
import csv
import getpass
import json
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, Parameter

from borough.app.clocks import wall_ms
from borough.app.requests.door import RequestDoor
from borough.app.settings import Settings
from borough.cli.tune import asked
from borough.core.errors import BadRequest
from borough.core.requests import STATES, WAITING, Request
from borough.engine.district import read
from borough.storage.sql import SqlCases, connect

app = App(name="requests", help="Citizens' requests. 民呼我为。")
Data = Annotated[Path, Parameter(name="--data")]
Json = Annotated[bool, Parameter(name="--json", negative="")]
Flag = Annotated[bool, Parameter(negative="")]
HERE = Path(".borough/data")
AT_ONCE, PAGE = 25, 1_000
SHOWN = 20
"""Refused rows that are printed; all are in the workbook of errors."""
MACHINE = "desk"
"""Who sorted what no person did."""
LEARNED = ("text", "subject", "category", "kind", "urgent")


@app.command(name="import")
def import_(
    file: Path,
    *,
    dry_run: Flag = False,
    errors: Path | None = None,
    by: str = "",
    data: Data = HERE,
    as_json: Json = False,
) -> None:
    """导入诉求文件。Bring a CSV or Excel file of requests in, each row for itself.

    The district must be running. Columns: key and text, perhaps title, place, lon, lat, channel,
    kind, category, name, phone, secret, or their Chinese names. The same key again is taken once.

    Parameters
    ----------
    file
        A table of requests.
    dry_run
        Only say what would become of each row.
    errors
        Write a workbook with what is wrong beside each refused row.
    by
        Who; the name of your login if none is given.
    data
        The data folder of the district.
    as_json
        Print one JSON object with a result for each row.
    """
    if not file.is_file():
        msg = f"{file}: there is no such file"
        raise BadRequest(msg)
    settings = Settings.read(data.resolve())
    door = door_of(settings)
    results = brought(settings, door.drafts(file), by or getpass.getuser(), dry_run=dry_run)
    if errors:
        errors.write_bytes(door.marked(file, results))
    refused = [each for each in results if each["outcome"] == "refused"]
    counts = {name: sum(each["outcome"] == name for each in results)
              for name in ("added", "same", "fits", "refused")}  # fmt: skip
    if as_json:
        print(json.dumps({**counts, "results": results}, ensure_ascii=False))
    else:
        for each in refused[:SHOWN]:
            print(f"row {each['row']}: {each['detail']}")
        print(", ".join(f"{many} {name}" for name, many in counts.items()))
    raise SystemExit(1 if refused else 0)


def brought(
    settings: Settings, rows: list[dict[str, Any]], by: str, *, dry_run: bool
) -> list[dict[str, Any]]:
    """Hand rows to the desk, some at a time; give one result for each."""
    results: list[dict[str, Any]] = []
    for at in range(0, len(rows), AT_ONCE):
        part = rows[at : at + AT_ONCE]
        good = [each["draft"] for each in part if not each["wrong"]]
        ask = {"requests": good, "dry_run": dry_run, "by": by}
        done = iter(asyncio.run(asked(settings, "file_requests", ask))["results"])
        for each in part:
            wrong = {"outcome": "refused", "code": "bad-request", "detail": each["wrong"]}
            results.append({"row": each["row"], **(wrong if each["wrong"] else next(done))})
    return results


@app.command
def export(out: Path, *, data: Data = HERE) -> None:
    """导出人工分类的诉求，供学习。Write out what people sorted, to learn from.

    Secret requests stay, and so does what a machine sorted: it would learn its own mistakes.

    Parameters
    ----------
    out
        A CSV file with text, subject, category, kind and urgent.
    data
        The data folder of the district.
    """
    door = door_of(Settings.read(data.resolve()))
    states = [each for each in STATES if each != WAITING]
    many = 0
    with out.open("w", encoding="utf-8", newline="") as file:
        pen = csv.writer(file)
        pen.writerow(LEARNED)
        for each in every(door, states):
            if each.sorted_by not in {"", MACHINE} and not each.secret and each.category:
                urgent = "yes" if each.urgent else "no"
                pen.writerow((each.text, each.title, each.category, each.kind, urgent))
                many += 1
    print(f"{out}: {many}")


def every(door: RequestDoor, states: list[str]) -> list[Request]:
    """Read all requests of some states, page by page."""
    found: list[Request] = []
    before = 0
    while page := door.find(state=states, before=before, limit=PAGE):
        found += page
        before = page[-1].id
    return found


@app.command
def rates(*, by: str = "all", days: float = 31, data: Data = HERE, as_json: Json = False) -> None:
    """响应率、解决率、满意率。The three rates of the requests received lately.

    Parameters
    ----------
    by
        agency, first_agency, street, month, category, kind or all.
    days
        How far back.
    data
        The data folder of the district.
    as_json
        Print one JSON object, with the requests that count.
    """
    settings = Settings.read(data.resolve())
    now = settings.clock.now(wall_ms())
    told = door_of(settings).rates(now - round(days * 86_400_000), now + 1, by, now)
    if as_json:
        print(json.dumps(told, ensure_ascii=False))
        return
    for group in told["groups"]:
        parts = [f"{group['group'] or '-'}: {group['requests']}"]
        for name in ("response", "resolution", "satisfaction"):
            rate = group[name]
            share = "-" if rate["value"] is None else f"{rate['value']:.1%}"
            parts.append(f"{name} {share} ({rate['above']}/{rate['below']})")
        print("  ".join(parts))


def door_of(settings: Settings) -> RequestDoor:
    """Read the requests of a district; it need not run."""
    district = read(Path(settings.district))
    engine = connect(settings.store)
    return RequestDoor(engine, SqlCases(engine), district, Path(settings.district))
