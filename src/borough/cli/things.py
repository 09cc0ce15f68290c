"""`borough things`: files of things in and out, and single ones entered and retired."""

import asyncio
import getpass
import json
import secrets
import shutil
import time
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, Parameter

from borough.adapters.sheets import write
from borough.app import pulse
from borough.app.clocks import wall_ms
from borough.app.intake.door import IntakeDoor
from borough.app.intake.exports import exported
from borough.app.intake.intake import Intake
from borough.app.intake.jobs import DONE, OVER, Job, Shelf
from borough.app.intake.reading import Known
from borough.app.settings import Settings
from borough.cli.progress import Progress
from borough.cli.tune import asked
from borough.core.errors import BadRequest
from borough.engine.district import read
from borough.storage.sql import SqlIntake, connect

app = App(name="things", help="Things of the district, by the file or one by one. 对象。")
Data = Annotated[Path, Parameter(name="--data")]
Json = Annotated[bool, Parameter(name="--json", negative="")]
Flag = Annotated[bool, Parameter(negative="")]
HERE = Path(".borough/data")
LOOK_S = 0.2
SHOWN = 20
"""Refused rows that are printed; the results have them all."""


@app.command(name="import")
def import_(
    file: Path,
    *,
    kind: str = "",
    sheet: str = "",
    dry_run: Flag = False,
    partial: Flag = False,
    credentials: Path | None = None,
    errors: Path | None = None,
    data: Data = HERE,
    as_json: Json = False,
) -> None:
    """导入对象文件。Bring a CSV, Excel or GeoJSON file of things in: all of it, or nothing.

    A running district takes the new things up by itself. The same file again changes nothing.

    Parameters
    ----------
    file
        A table with columns key, kind, name.zh, name.en, lon, lat, grid, via, valid_from,
        valid_to, attr.*, rel.*
    kind
        The kind of new things where the file has no such column.
    sheet
        Which sheet of a workbook that has several.
    dry_run
        Only say what would become of each row.
    partial
        Take the good rows in where others are refused.
    credentials
        Issue tokens to new gateways, and to new devices without one; write them here.
    errors
        Write the workbook that shows what is wrong with which row.
    data
        The data folder of the district.
    as_json
        Print the import as one JSON object.
    """
    settings = Settings.read(data.resolve())
    asking: dict[str, Any] = {"kind": kind, "sheet": sheet or None, "dry_run": dry_run}
    asking |= {"partial": partial, "credentials": credentials is not None}
    job = worked(settings, uploaded(settings, file), file.name, asking)
    door = IntakeDoor(settings.folder, connect(settings.store), read(Path(settings.district)))
    if credentials is not None and job.tokens:
        credentials.touch(mode=0o600)
        credentials.write_bytes(door.tokens(job.number))
    if errors is not None and job.counts.get("refused"):
        shutil.copyfile(door.file(job.number, "errors"), errors)
    told(job, as_json=as_json)


def uploaded(settings: Settings, file: Path) -> Path:
    """Copy a file to where the desk finds it; `BadRequest` where it cannot be read."""
    upload = settings.folder / "uploads" / f"things-{secrets.token_hex(8)}"
    upload.parent.mkdir(parents=True, exist_ok=True)
    try:
        shutil.copyfile(file, upload)
    except OSError as error:
        msg = f"{file}: {error.strerror}"
        raise BadRequest(msg) from error
    return upload


@app.command
def undo(
    number: int, *, partial: Flag = False, dry_run: Flag = False, data: Data = HERE,
    as_json: Json = False,
) -> None:  # fmt: skip
    """撤销导入。Take an import back: what it added is retired, what it changed is as it was.

    Parameters
    ----------
    number
        The number of the import.
    partial
        Leave alone what was changed since, instead of doing nothing.
    dry_run
        Only say what would happen.
    data
        The data folder of the district.
    as_json
        Print it as one JSON object.
    """
    settings = Settings.read(data.resolve())
    asking = {"dry_run": dry_run, "partial": partial, "undoes": number}
    told(worked(settings, None, f"import {number}", asking), as_json=as_json)


@app.command
def imports(*, data: Data = HERE, as_json: Json = False) -> None:
    """导入记录。List imports, newest first.

    Parameters
    ----------
    data
        The data folder of the district.
    as_json
        Print them as one JSON list.
    """
    jobs = Shelf(Settings.read(data.resolve()).folder).jobs()
    if as_json:
        print(json.dumps([plain(job) for job in jobs], ensure_ascii=False))
        return
    for job in jobs:
        taken = "applied" if job.applied else "nothing changed"
        print(f"{job.number:>5}  {job.state:<8}{taken:<17}{job.file}  {counted(job)}")


@app.command
def export(
    file: Path, *, kind: str = "", grid: str = "", retired: Flag = False, data: Data = HERE
) -> None:
    """导出对象。Write things into a CSV, Excel or GeoJSON file that can be imported again.

    Parameters
    ----------
    file
        Where to; the end of its name says what: .csv, .xlsx or .geojson
    kind
        Only things of this kind.
    grid
        Only things in the grid of this code.
    retired
        Also what is out of use.
    data
        The data folder of the district.
    """
    settings = Settings.read(data.resolve())
    with Progress() as progress:
        progress.tell("read", 0, 2)
        held = SqlIntake(connect(settings.store)).held()
        district = read(Path(settings.district))
        sheet = exported(held, district, kind=kind, grid=grid, retired=retired)
        progress.tell("read", 1, 2)
        write(file, sheet)
        progress.tell("read", 2, 2)
    print(f"{len(sheet.rows)} rows → {file}")


@app.command
def add(
    key: str,
    kind: str,
    *,
    lon: float | None = None,
    lat: float | None = None,
    via: str = "",
    credential: Flag = False,
    data: Data = HERE,
) -> None:
    """新增一个对象。Enter one thing; a running district takes it up by itself.

    Parameters
    ----------
    key
        1 to 64 letters, digits, _ or -; never used before.
    kind
        The code of its class.
    lon
        Degrees, WGS 84; the grid follows from the place.
    lat
        Degrees, WGS 84.
    via
        The key of the gateway that it reports through.
    credential
        Print a token under which it may report by itself.
    data
        The data folder of the district.
    """
    settings = Settings.read(data.resolve())
    held, district = SqlIntake(connect(settings.store)), read(Path(settings.district))
    spot = [float("nan") if each is None else each for each in (lon, lat)]
    grid = Known(held.held(), district).grid_at(*spot)
    ask = {"key": key, "kind": kind, "lon": lon, "lat": lat, "grid": grid, "via": via}
    made = asyncio.run(asked(settings, "add_thing", {**ask, "credential": credential}))
    print(f"{made['key']}: id {made['id']}, first series {made['first_series']}")
    if "token" in made:
        print(f"{made['key']},{made['token']}")


@app.command
def retire(key: str, *, data: Data = HERE) -> None:
    """停用一个对象。Take one thing out of use; its key, id and series stay its own.

    Parameters
    ----------
    key
        Which thing.
    data
        The data folder of the district.
    """
    asyncio.run(asked(Settings.read(data.resolve()), "retire_thing", {"key": key}))
    print(f"{key}: retired")


def worked(settings: Settings, upload: Path | None, name: str, asking: dict[str, Any]) -> Job:
    """Have a job done: by the desk where the district runs, and else here and now."""
    shelf, who = Shelf(settings.folder), getpass.getuser()
    with Progress() as progress:
        seen: list[str] = []

        def tell(phase: str, done: int, total: int) -> None:
            for over in (each for each in seen if each != phase):
                progress.tell(over, 1, 1)
            seen[:] = [phase]
            progress.tell(phase, done, max(total, 1))

        if pulse.read(settings.folder, "desk").get("age_s", pulse.STALE_S) < pulse.STALE_S:
            if upload is not None:
                verb, said = "import_things", {"upload": upload.name, "file": name, **asking}
            else:
                verb, said = "take_back_things", {**asking, "import": asking["undoes"]}
            number = asyncio.run(asked(settings, verb, {**said, "by": who}))["number"]
            while (job := shelf.job(number)).state not in OVER:
                if job.phase:
                    tell(job.phase, job.done, job.total)
                time.sleep(LOOK_S)
            return job
        intake = Intake(
            settings.folder,
            connect(settings.store),
            read(Path(settings.district)),
            lambda job: tell(job["phase"], job["done"], job["total"]) if job["phase"] else None,
        )
        intake.recover()
        begun = intake.begin(upload, who=who, file=name, **asking)
        return intake.work(begun, settings.clock.now(wall_ms()))


def told(job: Job, *, as_json: bool) -> None:
    """Print what became of a job; leave with 1 where rows or the file were refused."""
    if as_json:
        print(json.dumps(plain(job), ensure_ascii=False))
    else:
        done = "applied" if job.applied else "nothing changed"
        print(f"import {job.number}: {counted(job)} ({done}, {job.seconds} s)")
        for each in job.errors[:SHOWN]:
            print(f"  row {each['row']} {each['field']}: {each['zh']} · {each['en']}")
        if job.problem:
            print(f"  {job.problem['zh']} · {job.problem['en']}")
    if job.state != DONE or job.counts.get("refused"):
        raise SystemExit(1)


def counted(job: Job) -> str:
    """Say how many rows have each result."""
    return ", ".join(f"{many} {name}" for name, many in job.counts.items() if many) or "no rows"


def plain(job: Job) -> dict[str, Any]:
    """Give a job as plain data."""
    return {name: getattr(job, name) for name in Job.__dataclass_fields__}
