"""The desk's clerk goes on with the next import, whatever the one before it tripped over."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from borough.app.clocks import wall_ms
from borough.app.desk.desk import Desk
from borough.app.desk.intake import Clerk, intake_of
from borough.app.intake.jobs import FAILED, RECORD, ROWS, RUNNING, Job
from borough.app.settings import Settings
from borough.app.setup import folder_of
from borough.testing.living import eventually, laid_out

MORNING = 1_720_569_600_000
Told = list[tuple[int, str]]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Give a desk of a small district."""
    settings = Settings(
        str(tmp_path / "data"), str(folder_of("yubei")), clock_start_ms=MORNING,
        clock_origin_ms=wall_ms(),
    )  # fmt: skip
    laid_out(settings, share=0.005)
    return Desk(settings)


@pytest.fixture
def told() -> Told:
    """Give what the live stream hears: the number of each import, and how it is."""
    return []


@pytest.fixture
def clerk(desk: Desk, told: Told) -> Iterator[Clerk]:
    """Let its clerk work."""

    def say(_kind: str, job: Any) -> None:
        told.append((job["number"], job["state"]))

    made = Clerk(desk, say)
    yield made
    made.close()


def begun(clerk: Clerk, tmp_path: Path) -> Job:
    """Lay down a file that is only to be tried."""
    upload = tmp_path / "upload"
    upload.write_text("key,kind\n", "utf-8")
    return clerk.intake.begin(upload, who="test", file="things.csv", dry_run=True)


@pytest.mark.parametrize("spoiled", [ROWS, RECORD])
def test_an_import_that_trips_over_something_is_told_and_the_next_one_is_done(
    spoiled: str, clerk: Clerk, told: Told, tmp_path: Path
) -> None:
    """As where a file of it cannot be written; its sender does not wait for ever."""
    bad, good = begun(clerk, tmp_path), begun(clerk, tmp_path)
    path = clerk.intake.shelf.path(bad.number, spoiled)
    path.unlink(missing_ok=True)
    (path / "in the way").mkdir(parents=True)
    clerk.desk.imports.put(bad)
    clerk.desk.imports.put(good)

    eventually(lambda: (good.number, "done") in told, "the next import is done")
    assert (bad.number, "failed") in told
    assert clerk.thread.is_alive()


def test_a_damaged_record_hides_no_other_import(clerk: Clerk, tmp_path: Path) -> None:
    """A desk that begins takes up the imports that it can read."""
    bad, good = begun(clerk, tmp_path), begun(clerk, tmp_path)
    clerk.intake.shelf.path(bad.number, RECORD).write_bytes(b"{")

    assert [job.number for job in clerk.intake.recover()] == [good.number]


def test_what_was_interrupted_is_told_before_anything_new_is_taken_in(
    desk: Desk, told: Told
) -> None:
    """A desk that hears of an import while it still looks for older ones would do it twice."""
    intake = intake_of(desk)
    job = intake.begin(None, who="test", file="things.csv")
    job.state = RUNNING
    intake.shelf.keep(job)
    clerk = Clerk(desk, lambda _kind, each: told.append((each["number"], each["state"])))
    state = intake.shelf.job(job.number).state
    clerk.close()

    assert state == FAILED
