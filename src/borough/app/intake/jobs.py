"""One file on its way in: what is asked, how far it is, what came of it; kept in a folder."""

import csv
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import file_digest
from pathlib import Path
from typing import Any

import msgspec

from borough.adapters import sheets
from borough.adapters.sheets import Sheet, marked
from borough.app.intake.judging import REFUSED, RESULTS, Verdict
from borough.app.intake.refusals import Fault
from borough.core.errors import NotFound

FOLDER = "imports"
RECORD, ROWS, ERRORS, TOKENS = "job.json", "results.csv", "errors.xlsx", "credentials.csv"
TOLD = 200
"""Errors told with a job; the results have them all."""
WHOLE = 20_000
"""Rows up to which a workbook returns all of them; of a longer file only those refused."""
UPLOAD = "upload"
NAME_MOST = 100
WAITING, RUNNING, DONE, FAILED = "waiting", "running", "done", "failed"
OVER = {DONE, FAILED}
Say = Callable[[Mapping[str, Any]], None]


@dataclass(slots=True, kw_only=True)
class Job:
    """One import: ``state`` is waiting, running, done or failed; ``phase`` says at what it is.

    ``applied`` tells whether the registry was changed; a dry run, a file that is refused and
    one that changes nothing leave it as it was.
    """

    number: int
    who: str
    file: str
    upload: str = ""
    sheet: str | None = None
    kind: str = ""
    dry_run: bool = False
    partial: bool = False
    credentials: bool = False
    undoes: int | None = None
    state: str = WAITING
    phase: str = ""
    done: int = 0
    total: int = 0
    applied: bool = False
    version: int = 0
    at_ms: int = 0
    seconds: float = 0.0
    counts: dict[str, int] = field(default_factory=dict)
    errors: list[dict[str, Any]] = field(default_factory=list)
    problem: dict[str, Any] = field(default_factory=dict)
    tokens: int = 0


class Shelf:
    """The jobs of a data folder, each in a folder of its own below ``uploads/imports``."""

    def __init__(self, data: Path) -> None:
        self.folder = data / "uploads" / FOLDER

    def path(self, number: int, name: str) -> Path:
        """Say where a file of a job lies."""
        return self.folder / str(number) / name

    def keep(self, job: Job) -> None:
        """Write how a job is; whoever reads it reads all of it."""
        path = self.path(job.number, RECORD)
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(".new")
        fresh.write_bytes(msgspec.json.encode(job))
        fresh.replace(path)

    def job(self, number: int) -> Job:
        """Read a job; `NotFound` where there is none."""
        try:
            return msgspec.json.decode(self.path(number, RECORD).read_bytes(), type=Job)
        except (OSError, msgspec.DecodeError) as error:
            msg = f"import: there is none of number {number}"
            raise NotFound(msg) from error

    def jobs(self, limit: int = 100) -> list[Job]:
        """Read the newest jobs, newest first; one whose record is damaged is left out."""
        numbers = sorted(
            (int(each.parent.name) for each in self.folder.glob(f"*/{RECORD}")), reverse=True
        )
        found = []
        for number in numbers[:limit]:
            with suppress(NotFound):
                found.append(self.job(number))
        return found

    def take_in(self, job: Job, upload: Path) -> None:
        """Move an upload into the folder of its job, under the name that people gave it."""
        job.upload = Path(job.file.replace("\\", "/")).name[-NAME_MOST:] or "rows.csv"
        path = self.upload(job)
        path.parent.mkdir(parents=True, exist_ok=True)
        upload.replace(path)

    def upload(self, job: Job) -> Path:
        """Say where the file of a job lies."""
        return self.path(job.number, UPLOAD) / job.upload

    def report(self, job: Job, sheet: Sheet, verdict: Verdict) -> None:
        """Keep the result of every row, and return refused rows in a workbook."""
        faults: dict[int, list[Fault]] = {}
        for each in verdict.faults:
            faults.setdefault(each.place, []).append(each)
        lines = zip(sheet.numbers, verdict.key, verdict.status.tolist(), strict=True)
        with self.path(job.number, ROWS).open("w", encoding="utf-8-sig", newline="") as file:
            pen = csv.writer(file)
            pen.writerow(["row", "key", "result", "field", "code", "zh", "en"])
            for place, (number, key, status) in enumerate(lines):
                row = [number, sheets.neutral(key), RESULTS[status]]
                for wrong in faults.get(place, ()):
                    said = [wrong.said("zh"), wrong.said("en")]
                    pen.writerow([*row, wrong.column, wrong.code, *said])
                if place not in faults:
                    pen.writerow([*row, "", "", "", ""])
        if faults:
            places = range(len(sheet.rows)) if len(sheet.rows) <= WHOLE else sorted(faults)
            sentences = {
                sheet.numbers[place]: [
                    (each.column, f"{each.said('zh')} {each.said('en')}") for each in wrong
                ]
                for place, wrong in faults.items()
            }
            marked(self.path(job.number, ERRORS), sheet.pick(places), sentences)


def told(verdict: Verdict, numbers: Any) -> list[dict[str, Any]]:
    """Tell the first errors, by row."""
    first = sorted(verdict.faults, key=lambda each: each.place)[:TOLD]
    return [
        {
            "row": numbers[each.place],
            "key": verdict.key[each.place],
            "field": each.column,
            "code": each.code,
            "zh": each.said("zh"),
            "en": each.said("en"),
        }
        for each in first
    ]


def digest(path: Path) -> str:
    """Name a file by what is in it."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def write_tokens(path: Path, tokens: Mapping[str, str]) -> None:
    """Keep fresh tokens where only we can read them."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
        pen = csv.writer(file, lineterminator="\n")
        pen.writerow(["key", "token"])
        pen.writerows(sorted(tokens.items()))


def refuses(verdict: Verdict, *, partial: bool) -> bool:
    """Say whether nothing is to be taken in, because of what is refused."""
    return not partial and bool((verdict.status == REFUSED).any())
