"""Take files of things in: read, judge, enter, and say what became of every row."""

import time
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from borough.adapters import sheets
from borough.adapters.sheets import Sheet
from borough.app.intake.jobs import (
    DONE,
    FAILED,
    OVER,
    RUNNING,
    TOKENS,
    Job,
    Say,
    Shelf,
    digest,
    refuses,
    told,
    write_tokens,
)
from borough.app.intake.judging import Order, Verdict, judged
from borough.app.intake.reading import Known
from borough.app.intake.taking_back import taken_back
from borough.core.district import District
from borough.core.errors import BadSheet, BoroughError, Stale
from borough.core.registry import SPEAKS
from borough.storage.sql import SqlCredentials, SqlIntake, SqlRegistry
from borough.storage.sql.intake import Change, Held, Note

TRIES = 3
"""How often a file is judged anew because somebody else changed the registry meanwhile."""
SPOKEN_S = 0.5
"""How often progress is told."""
INTERRUPTED = {
    "zh": "导入被中断，未作任何改动；请重新导入",
    "en": "the import was interrupted and changed nothing; send the file again",
}


class Intake:
    """Does one job after another; whoever owns it calls `work` in a thread of their own."""

    def __init__(
        self, data: Path, engine: Engine, district: District, say: Say = lambda _job: None
    ) -> None:
        self.shelf = Shelf(data)
        self.store = SqlIntake(engine, district.given)
        self.registry = SqlRegistry(engine)
        self.credentials = SqlCredentials(engine)
        self.district = district
        self.say = say
        self._said = 0.0

    def begin(self, upload: Path | None, **asked: Any) -> Job:
        """Make a job of an upload, or of an import to be taken back; it waits to be worked on."""
        job = Job(number=self.store.number(), **asked)
        if upload is not None:
            self.shelf.take_in(job, upload)
        self.shelf.keep(job)
        return job

    def recover(self) -> list[Job]:
        """Find what a kill has interrupted: what is not in the registry wholly is not at all.

        Gives the jobs that were still waiting.
        """
        self.store.abandon()
        entered = {each["number"]: each for each in self.store.list()}
        waiting = []
        for job in reversed(self.shelf.jobs()):
            if job.state == RUNNING:
                row = entered.get(job.number)
                job.state, job.applied = (DONE, True) if row else (FAILED, False)
                job.counts = dict(row["counts"]) if row else {}
                job.problem = {} if row else {"code": "interrupted", **INTERRUPTED}
                self.shelf.keep(job)
            elif job.state not in OVER:
                waiting.append(job)
        return waiting

    def work(self, job: Job, at_ms: int) -> Job:
        """Do one job to its end; what goes wrong is kept with it."""
        began = time.monotonic()
        job.state, job.at_ms = RUNNING, at_ms
        try:
            self._try(job)
            job.state = DONE
        except BoroughError as error:
            said = getattr(error, "said", {"zh": str(error), "en": str(error)})
            place = {"row": error.row, "field": error.field} if isinstance(error, BadSheet) else {}
            job.state, job.problem = FAILED, {"code": error.code, **said, **place}
        except BaseException:
            job.state, job.problem = FAILED, {"code": "borough", **INTERRUPTED}
            raise
        finally:
            job.seconds = round(time.monotonic() - began, 3)
            job.phase = ""
            self.shelf.keep(job)
            self.say(shown(job))
        return job

    def _try(self, job: Job) -> None:
        read = self._read(job) if job.undoes is None else None
        attempt = 1
        while True:
            known = Known(self.store.held(), self.district)
            sheet, verdict = self._judge(job, read, known)
            try:
                self._enter(job, verdict, known.held)
                break
            except Stale:
                attempt += 1
                if attempt > TRIES:
                    raise
        self._tell(job, "report", 0, 1)
        self.shelf.report(job, sheet, verdict)
        if job.applied and job.credentials:
            self._issue(job, verdict.change, known.held)

    def _judge(self, job: Job, read: Sheet | None, known: Known) -> tuple[Sheet, Verdict]:
        self._tell(job, "compare", 0, 1)
        order = Order(job.at_ms, job.kind, partial=job.partial)
        if read is not None:
            sheet, verdict = read, judged(read, job.file, known, order)
        else:
            sheet, verdict = taken_back(self.store.before(job.undoes or 0), known, order)
        job.counts = verdict.counts
        job.errors = told(verdict, sheet.numbers)
        self._tell(job, "compare", 1, 1)
        return sheet, verdict

    def _read(self, job: Job) -> Sheet:
        self._tell(job, "read", 0, 1)
        path = self.shelf.upload(job)
        sheet = sheets.read(path, job.sheet)
        self._tell(job, "read", 1, 1)
        return sheet

    def _enter(self, job: Job, verdict: Verdict, held: Held) -> None:
        change = verdict.change
        idle = not change.added["key"] and not change.edited["id"]
        if job.dry_run or idle or refuses(verdict, partial=job.partial):
            return
        many = len(change.added["key"])
        note = Note(
            number=job.number,
            at_ms=job.at_ms,
            who=job.who,
            file=job.file,
            sha256=digest(self.shelf.upload(job)) if job.upload else "",
            counts=job.counts,
            undoes=job.undoes,
        )
        self._tell(job, "enter", 0, many)
        job.version = self.store.enter(
            change,
            note,
            expected=held.version,
            tell=lambda rows: self._tell(job, "enter", rows, many),
        )
        job.applied = True

    def _issue(self, job: Job, change: Change, held: Held) -> None:
        """Give a token to each new gateway, and to each new device that has none above it."""
        speaks = [kind.role in SPEAKS for kind in held.kinds]
        gates = [kind.role == "gateway" for kind in held.kinds]
        rows = zip(change.added["key"], change.added["kind"], change.added["via"], strict=True)
        keys = [key for key, kind, via in rows if speaks[kind] and (gates[kind] or via is None)]
        tokens = self.credentials.issue(keys, at_ms=job.at_ms)
        write_tokens(self.shelf.path(job.number, TOKENS), tokens)
        job.tokens = len(tokens)

    def _tell(self, job: Job, phase: str, done: int, total: int) -> None:
        """Keep and say how far a job is, not too often."""
        turned = (job.phase, job.total) != (phase, total)
        job.phase, job.done, job.total = phase, done, total
        if turned or time.monotonic() - self._said > SPOKEN_S:
            self._said = time.monotonic()
            self.shelf.keep(job)
            self.say(shown(job))


def shown(job: Job) -> dict[str, Any]:
    """Give what the live stream says of a job: enough for a line and its bar."""
    names = ("number", "file", "state", "phase", "done", "total", "applied", "counts", "problem")
    return {name: getattr(job, name) for name in names}
