"""`borough facts`: bring figures in, look at them, send them out, take an import back."""

import asyncio
import getpass
import json
import secrets
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, Parameter

from borough.adapters import sheets
from borough.api.fact_files import results_of
from borough.app.facts.door import FactDoor
from borough.app.facts.imports import REFUSED, UPLOADS
from borough.app.settings import Settings
from borough.cli.tune import asked
from borough.core.errors import BadRequest
from borough.core.facts import Wanted
from borough.storage.sql import connect

app = App(name="facts", help="Figures that were reported. 统计数据。")
Data = Annotated[Path, Parameter(name="--data")]
Json = Annotated[bool, Parameter(name="--json", negative="")]
Flag = Annotated[bool, Parameter(negative="")]
HERE = Path(".borough/data")
SHOWN = 20
"""Refused rows that are printed; all are in the workbook of errors."""


@app.command(name="import")
def import_(
    file: Path,
    *,
    given: tuple[str, ...] = (),
    dry_run: Flag = False,
    partial: Flag = False,
    title: str = "",
    errors: Path | None = None,
    by: str = "",
    data: Data = HERE,
    as_json: Json = False,
) -> None:
    """导入统计数据文件。Bring a CSV or Excel file of figures in: all of it, or nothing.

    The district must be running. The same file again changes nothing; another value of a known
    figure becomes its next revision.

    Parameters
    ----------
    file
        A table with columns such as indicator, period, region, subject, value, unit, document.
    given
        Fills a column that the file leaves empty, as `region=500112`; may be given several times.
    dry_run
        Only say what would become of each row.
    partial
        Take the good rows in where others are refused.
    title
        The title of a source that is named here first, with `--given document=CODE`.
    errors
        Write a workbook with what is wrong beside each refused row.
    by
        Who; the name of your login if none is given.
    data
        The data folder of the district.
    as_json
        Print one JSON object with a result for each row.
    """
    ask = {
        "given": assigned(given), "dry_run": dry_run, "partial": partial, "title": title,
        "by": by or getpass.getuser(),
    }  # fmt: skip
    done, results = brought(Settings.read(data.resolve()), file, ask)
    refused = [each for each in results if each["outcome"] == REFUSED]
    if errors:
        faults = {each["row"]: [(each["field"], each["detail"])] for each in refused}
        sheets.marked(errors, sheets.read(file), faults)
    tell(done, results, as_json=as_json)
    raise SystemExit(1 if refused and not partial else 0)


def brought(
    settings: Settings, file: Path, ask: Mapping[str, Any]
) -> tuple[Mapping[str, Any], list[dict[str, Any]]]:
    """Hand a file to the desk; give what became of it, as a whole and row by row."""
    if not file.is_file():
        msg = f"{file}: there is no such file"
        raise BadRequest(msg)
    upload = settings.folder / UPLOADS / f"facts-{secrets.token_hex(8)}{file.suffix.lower()}"
    upload.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(file, upload)
    try:
        about = {**ask, "file": upload.name, "name": file.name}
        done = asyncio.run(asked(settings, "import_facts", about))
        return done, results_of(upload)
    finally:
        upload.unlink(missing_ok=True)


def tell(done: Mapping[str, Any], results: Sequence[Mapping[str, Any]], *, as_json: bool) -> None:
    """Say what became of a file: in lines, or as one JSON object."""
    if as_json:
        print(json.dumps({**done, "results": results}, ensure_ascii=False))
        return
    refused = [each for each in results if each["outcome"] == REFUSED]
    for each in refused[:SHOWN]:
        print(f"row {each['row']}, {each['field']}: {each['detail']}")
    if len(refused) > SHOWN:
        print(f"... and {len(refused) - SHOWN} more")
    counts = ", ".join(f"{done[name]} {name}" for name in ("added", "revised", "same", "refused"))
    kept = f"import {done['import']}" if done["import"] else "nothing was written"
    print(f"{counts}, {done['marked']} doubted: {kept}")


@app.command(name="list")
def list_(
    *,
    indicator: str = "",
    region: str = "",
    subject: str | None = None,
    period: str = "",
    status: str = "",
    marked: Flag = False,
    limit: int = 50,
    data: Data = HERE,
    as_json: Json = False,
) -> None:
    """列出统计数据。List figures: number, indicator, region or subject, period, value, source.

    Parameters
    ----------
    indicator
        A code, or a definition such as `GDP@1`.
    region
        The code of a region.
    subject
        The key of what the figure is about; `""` for the regions themselves.
    period
        As it is told, such as `2024` or `2024-01/2024-11`.
    status
        Such as actual, target, plan, capacity, forecast.
    marked
        Only those that a check objects to.
    limit
        How many at most, up to 1000.
    data
        The data folder of the district.
    as_json
        Print one JSON object for each figure.
    """
    wanted = Wanted(
        indicator=indicator, region=region, subject=subject, period=period, status=status,
        marked=marked,
    )  # fmt: skip
    for row in door(data).find(wanted, after=0, limit=limit):
        print(json.dumps(row, ensure_ascii=False) if as_json else line(row))


def line(row: Mapping[str, Any]) -> str:
    """Write a figure on one line."""
    what = f"{row['indicator']}@{row['definition']}"
    about = row["subject"] or row["region"]
    doubt = "  ! " + "; ".join(each["said"]["zh"] for each in row["marks"]) if row["marks"] else ""
    said = f"{row['comparator']}{row['value']} {row['unit']}"
    return (
        f"{row['id']:>6}  {what:<32}{about:<28}{row['period_kind']:<11}{row['period']:<18}"
        f"{row['status']:<9}{said}  [{row['document']}]{doubt}"
    )


@app.command
def show(number: int, *, data: Data = HERE, as_json: Json = False) -> None:
    """查看一条数据的来源与修订。Show one figure with its source and every revision.

    Parameters
    ----------
    number
        The number of the figure, as `borough facts list` tells it.
    data
        The data folder of the district.
    as_json
        Print one JSON object instead of lines.
    """
    row = door(data).one(number)
    if as_json:
        print(json.dumps(row, ensure_ascii=False))
        return
    print(line(row))
    for each in row["revisions"]:
        said = "withdrawn" if each["withdrawn"] else f"{each['comparator']}{each['value']}"
        print(
            f"  revision {each['revision']}: {said} {each['unit']}, stated {each['stated']}"
            f"{each['stated_unit']}; row {each['row']} of {each['import_name']}, by {each['by']}"
        )
    for mark in row["marks"]:
        print(f"  {mark['rule']}: {mark['said']['zh']} {mark['said']['en']}")


@app.command
def export(file: Path, *, indicator: str = "", marked: Flag = False, data: Data = HERE) -> None:
    """导出统计数据。Write figures to a CSV or Excel file that can be imported again.

    Parameters
    ----------
    file
        Where to; its end says what it becomes: `.csv` or `.xlsx`.
    indicator
        Only this one; all if none is named.
    marked
        Only those that a check objects to.
    data
        The data folder of the district.
    """
    wanted = Wanted(indicator=indicator, marked=marked)
    source = door(data)
    file.write_bytes(source.exported(wanted, file.suffix.lower()))
    print(f"{source.count(wanted)} figures → {file}")


@app.command
def withdraw(number: int, *, why: str, by: str = "", data: Data = HERE) -> None:
    """撤回一次导入。Take an import back; what it replaced counts again.

    Parameters
    ----------
    number
        The number of the import, as the import printed it.
    why
        Why; it is written down.
    by
        Who; the name of your login if none is given.
    data
        The data folder of the district.
    """
    settings = Settings.read(data.resolve())
    ask = {"import": number, "why": why, "by": by or getpass.getuser()}
    done = asyncio.run(asked(settings, "withdraw_facts", ask))
    print(f"import {number}: {done['set_back']} set back, {done['left']} left to later imports")


def assigned(given: Sequence[str]) -> dict[str, str]:
    """Read `column=text` pairs."""
    pairs = {}
    for each in given:
        name, sign, text = each.partition("=")
        if not (name and sign):
            msg = f"given: {each!r} is not of the form column=text"
            raise BadRequest(msg)
        pairs[name] = text
    return pairs


def door(data: Path) -> FactDoor:
    """Open the fact store of a data folder to read in it."""
    return FactDoor(connect(Settings.read(data.resolve()).store))
