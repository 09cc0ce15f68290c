"""Files of things: one result for each row, all of it or nothing, and the way back."""

import csv
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Engine

from borough.adapters.sheets import ERRORS, Sheet, read
from borough.app.intake.exports import export_file, exported
from borough.app.intake.intake import Intake
from borough.app.intake.jobs import ERRORS as WORKBOOK, ROWS, TOKENS, Job
from borough.app.intake.judging import Order, judged
from borough.app.intake.reading import Known
from borough.core.errors import BadRequest, BadSheet
from borough.core.registry import Registry
from borough.storage.sql import SqlCredentials, SqlRegistry, SqlThings, connect
from borough.testing.town import district_of, registry_of

REGISTRY = registry_of(60)
DISTRICT = district_of(REGISTRY)
AT = 1_720_569_600_000
PLACE = "106.61,29.71"
SERIES = int((REGISTRY.first + REGISTRY.widths).max())
Work = Callable[..., Job]


@pytest.fixture
def intake(engine: Engine, tmp_path: Path) -> Intake:
    """Fill a registry with two gateways and 60 meters, and open its intake."""
    SqlRegistry(engine).save_all(REGISTRY)
    return Intake(tmp_path / "data", engine, DISTRICT)


@pytest.fixture
def work(intake: Intake, tmp_path: Path) -> Work:
    """Give a function that has a text taken in."""

    def worked(text: str, at_ms: int = AT, **asked: Any) -> Job:
        upload = tmp_path / "upload"
        upload.write_text(text, "utf-8")
        return intake.work(intake.begin(upload, who="test", file="things.csv", **asked), at_ms)

    return worked


def registry(intake: Intake) -> Registry:
    """Load what every role would."""
    return intake.registry.load()


def results(intake: Intake, job: Job) -> list[dict[str, str]]:
    """Read the result of every row."""
    path = intake.shelf.path(job.number, ROWS)
    return list(csv.DictReader(StringIO(path.read_text("utf-8-sig"))))


@pytest.mark.parametrize("form", ["csv", "xlsx", "geojson"])
def test_an_export_taken_in_again_changes_nothing(
    form: str, intake: Intake, tmp_path: Path
) -> None:
    """All that goes out comes in the same: places to the last digit, grids, gateways, names."""
    intake.work(begun(intake, tmp_path, "key,name.zh,attr.site\nm-1,一号,屋顶\n"), AT)
    SqlThings(intake.store._engine).relate("feeds", "m-1", "m-2", at_ms=1, sign=-1)  # noqa: SLF001 - the same database
    version = intake.registry.version()
    path = export_file(exported(intake.store.held(), DISTRICT), form)
    job = intake.work(intake.begin(path, who="test", file=path.name), AT + 5)

    assert (job.state, job.problem, job.errors) == ("done", {}, [])
    assert job.counts == {"added": 0, "changed": 0, "same": 62, "refused": 0}
    assert not job.applied
    assert intake.registry.version() == version


def begun(intake: Intake, tmp_path: Path, text: str, **asked: Any) -> Job:
    """Make a job of a text."""
    upload = tmp_path / "upload"
    upload.write_text(text, "utf-8")
    return intake.begin(upload, who="test", file="things.csv", **asked)


def test_new_things_get_numbers_that_no_other_had(intake: Intake, work: Work) -> None:
    """Whatever the order of rows, gateways first; ids and series go on where others ended."""
    job = work(
        "编号,类别,经度,纬度,网关,名称\n"
        f"n-1,meter,{PLACE},n-gw,新表\nn-2,meter,,,gw-1,\nn-gw,gateway,{PLACE},,网关\n"
    )
    after = registry(intake)
    row = {key: after.rows[key] for key in ("n-1", "n-2", "n-gw")}

    assert job.counts == {"added": 3, "changed": 0, "same": 0, "refused": 0}
    assert sorted(after.id[list(row.values())].tolist()) == [63, 64, 65]
    assert after.via[row["n-1"]] == row["n-gw"]
    assert after.via[row["n-2"]] == after.rows["gw-1"]
    assert sorted(after.numbers.tolist()) == list(range(SERIES + 5))
    assert after.grid[row["n-1"]] == REGISTRY_GRID
    assert after.grid[row["n-2"]] == -1
    assert np.isnan(after.lon[row["n-2"]])
    assert SqlThings(intake.store._engine).thing("n-1")["name"] == {"zh": "新表"}  # noqa: SLF001 - the same database


REGISTRY_GRID = 2 * 8 + 2
"""The grid in which `PLACE` lies: the third from the west and from the south."""


def test_the_same_file_again_changes_nothing(intake: Intake, work: Work) -> None:
    """Rows are known by their keys, so a file may be sent until somebody is sure of it."""
    text = f"key,kind,lon,lat,via,attr.site,rel.feeds\nn-1,meter,{PLACE},gw-2,roof,m-1 m-2:-1\n"
    first, version = work(text), intake.registry.version()
    again = work(text, AT + 1)

    assert first.counts["added"] == 1
    assert again.counts["same"] == 1
    assert (again.applied, intake.registry.version()) == (False, version)


def test_one_bad_row_keeps_all_others_out(intake: Intake, work: Work) -> None:
    """Nothing is half taken in; the answer says which row and why, and returns the workbook."""
    version = intake.registry.version()
    job = work(f"key,kind,lon,lat\nn-1,meter,{PLACE}\nn-2,metre,{PLACE}\nm-1,meter,106.7,29.8\n")
    back = read(intake.shelf.path(job.number, WORKBOOK))

    assert job.counts == {"added": 1, "changed": 1, "same": 0, "refused": 1}
    assert (job.applied, intake.registry.version()) == (False, version)
    assert job.errors == [
        {"row": 3, "key": "n-2", "field": "kind", "code": "kind-unknown",
         "zh": "没有类别 metre；相近：meter, gateway",
         "en": "no such kind as metre; near: meter, gateway"}
    ]  # fmt: skip
    assert [each["result"] for each in results(intake, job)] == ["added", "refused", "changed"]
    assert len(back.rows) == 3
    assert "metre" in back.columns[ERRORS][1]
    assert back.columns[ERRORS][0] == ""


def test_good_rows_go_in_where_that_is_asked_for(intake: Intake, work: Work) -> None:
    """What hangs on a refused row is refused with it, however long the chain."""
    job = work(
        "key,kind,lon,lat,via\n"
        f"g-1,gateway,200,29.7,\ng-2,gateway,{PLACE},g-1\nn-1,meter,{PLACE},g-2\n"
        f"n-2,meter,{PLACE},gw-1\n",
        partial=True,
    )
    said = [(each["result"], each["code"]) for each in results(intake, job)]

    assert said == [
        ("refused", "degrees"), ("refused", "via-refused"), ("refused", "via-refused"),
        ("added", ""),
    ]  # fmt: skip
    assert job.applied
    assert set(registry(intake).key) - set(REGISTRY.key) == {"n-2"}


def test_a_column_that_is_none_of_ours_is_refused(work: Work) -> None:
    """A misspelt heading would otherwise be passed over in silence."""
    job = work("key,kinds\nn-1,meter\n")

    assert job.state == "failed"
    assert job.problem["code"] == "bad-sheet"
    assert "kinds: no such column" in job.problem["en"]
    assert "near: kind" in job.problem["en"]
    assert "things.csv" in job.problem["zh"]


def test_a_retired_thing_keeps_its_numbers_and_may_come_back(intake: Intake, work: Work) -> None:
    """Retiring is an end date; taking it back into use is said by an empty one."""
    series = REGISTRY.series_of("m-7", "flow")
    gone = work("key,valid_to\nm-7,2024-07-09\n")
    without = registry(intake)
    silent = work("key,name.zh\nm-7,七\n")
    back = work("key,valid_to\nm-7,\n", AT + 9)

    assert gone.counts["changed"] == 1
    assert "m-7" not in without.rows
    assert silent.errors[0]["code"] == "retired"
    assert back.counts["changed"] == 1
    assert registry(intake).series_of("m-7", "flow") == series


def test_relations_are_what_the_cell_says(intake: Intake, work: Work) -> None:
    """What a cell names is tied, what it no longer names ends; other relations stay."""
    work("key,rel.feeds,rel.near\nm-1,m-2 m-3:-1,m-9\n")
    work("key,rel.feeds\nm-1,m-3 m-4\n", AT + 1)
    after = registry(intake)
    names = {
        name: [(after.key[a], after.key[b], int(s)) for a, b, s in zip(*tie, strict=True)]
        for name, tie in after.relations.items()
    }

    assert names["feeds"] == [("m-1", "m-3", 1), ("m-1", "m-4", 1)]
    assert names["near"] == [("m-1", "m-9", 1)]


def test_a_dry_run_only_says(intake: Intake, work: Work) -> None:
    """It judges every row as the import would, and leaves nothing behind."""
    version = intake.registry.version()
    job = work(f"key,kind,lon,lat\nn-1,meter,{PLACE}\n", dry_run=True, credentials=True)

    assert job.counts["added"] == 1
    assert (job.applied, job.tokens) == (False, 0)
    assert intake.registry.version() == version


def test_tokens_go_to_those_who_speak_for_themselves(intake: Intake, work: Work) -> None:
    """New gateways, and new devices behind none; the file is ours alone, and tokens work."""
    job = work(
        f"key,kind,lon,lat,via\ng-9,gateway,{PLACE},\nn-8,meter,{PLACE},g-9\nn-9,meter,{PLACE},\n",
        credentials=True,
    )
    path = intake.shelf.path(job.number, TOKENS)
    keys = {line.partition(",")[0] for line in path.read_text("utf-8").splitlines()[1:]}

    assert job.tokens == 2
    assert keys == {"g-9", "n-9"} == set(SqlCredentials(intake.store._engine).all())  # noqa: SLF001 - the same database
    assert path.stat().st_mode & 0o777 == 0o600


def test_an_import_is_taken_back(intake: Intake, work: Work) -> None:
    """New things are retired, changed ones are as they were, and relations too; but only once."""
    before = registry(intake)
    job = work(f"key,kind,lon,lat,rel.feeds\nn-1,meter,{PLACE},m-1\nm-1,meter,106.7,29.8,n-1\n")
    undone = intake.work(intake.begin(None, who="test", file="undo", undoes=job.number), AT + 1)
    after = registry(intake)
    again = intake.work(intake.begin(None, who="test", file="undo", undoes=job.number), AT + 2)

    assert undone.counts == {"added": 0, "changed": 2, "same": 0, "refused": 0}
    assert after.key == before.key
    assert after.lon.tolist() == before.lon.tolist()
    assert after.grid.tolist() == before.grid.tolist()
    assert "feeds" not in {name for name, tie in after.relations.items() if len(tie[0])}
    assert intake.registry.load(retired=True).series_of("n-1", "flow") == SERIES
    assert again.state == "failed"
    assert "taken back already" in again.problem["en"]


def test_what_was_changed_since_is_not_taken_back(intake: Intake, work: Work) -> None:
    """Somebody has corrected a row meanwhile; undoing would destroy that."""
    job = work("key,name.zh\nm-1,一\nm-2,二\n")
    work("key,name.zh\nm-1,壹\n", AT + 1)
    whole = intake.work(intake.begin(None, who="t", file="u", undoes=job.number), AT + 2)
    part = intake.work(
        intake.begin(None, who="t", file="u", undoes=job.number, partial=True), AT + 3
    )
    names = {key: SqlThings(intake.store._engine).thing(key)["name"] for key in ("m-1", "m-2")}  # noqa: SLF001 - the same database

    assert whole.counts["refused"] == 1
    assert not whole.applied
    assert part.applied
    assert names == {"m-1": {"zh": "壹"}, "m-2": {}}


def test_a_change_by_others_meanwhile_is_heeded(intake: Intake, work: Work) -> None:
    """The file is judged anew for the registry as it has become."""
    meddled: list[str] = []

    def meddle(job: Mapping[str, Any]) -> None:
        if job["phase"] == "enter" and not meddled:
            meddled.append("once")
            SqlThings(intake.store._engine).retire("gw-2", at_ms=AT)  # noqa: SLF001 - the same database

    intake.say = meddle
    job = work(f"key,kind,lon,lat,via\nn-1,meter,{PLACE},gw-2\n")

    assert meddled
    assert job.errors[0]["code"] == "via-retired"
    assert not job.applied
    assert "n-1" not in registry(intake).rows


CHILD = """
import sys, time
from pathlib import Path
from borough.app.intake import intake as intake_itself
from borough.app.intake.intake import Intake
from borough.storage.sql import connect
from borough.testing.town import district_of, registry_of
data, db, upload = map(Path, sys.argv[1:4])
def say(job):
    said = f"{job['phase']} {job['done']}"
    print(said, flush=True)
    if said == sys.argv[4]:
        time.sleep(600)  # and is killed there
intake_itself.SPOKEN_S = 0.0
intake = Intake(data, connect(db), district_of(registry_of(60)), say)
intake.work(intake.begin(upload, who="t", file="big.csv"), 1720569600000)
print("over", flush=True)
"""


@pytest.mark.parametrize("line", ["enter 5000", "report 0"])
def test_a_kill_leaves_all_or_nothing(line: str, sqlite_template: Path, tmp_path: Path) -> None:
    """Whoever is killed while a file enters says afterwards what came of it, and it is true."""
    db = tmp_path / "registry.db"
    db.write_bytes(sqlite_template.read_bytes())
    engine = connect(db)
    SqlRegistry(engine).save_all(REGISTRY)
    upload = tmp_path / "big"
    rows = "".join(f"n-{number:05d},meter,gw-1\n" for number in range(40_000))
    upload.write_text("key,kind,via\n" + rows, "utf-8")
    words = (tmp_path / "data", db, upload, line)
    command = [sys.executable, "-c", CHILD, *map(str, words)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:  # noqa: S603 - our own program
        assert child.stdout is not None
        assert f"{line}\n" in child.stdout
        assert (unseen(engine) > 0) == line.startswith("enter"), "rows on their way in"
        os.kill(child.pid, signal.SIGKILL)
    entered = len(SqlRegistry(engine).load().id) - len(REGISTRY.id)
    intake = Intake(tmp_path / "data", engine, DISTRICT)
    waiting = intake.recover()
    job = intake.shelf.job(1)

    assert waiting == []
    assert entered in {0, 40_000}
    assert (job.state, job.applied) == (("done", True) if entered else ("failed", False))
    assert entered == (0 if line.startswith("enter") else 40_000)
    assert unseen(engine) == 0
    assert job.problem.get("code", "") == ("" if entered else "interrupted")


def unseen(engine: Engine) -> int:
    """Count rows that nobody is to see."""
    with engine.connect() as connection:
        counted = connection.exec_driver_sql("SELECT count(*) FROM things WHERE valid_to_ms = -1")
        return int(counted.scalar_one())


def test_a_job_that_waits_is_done_after_a_restart(intake: Intake, tmp_path: Path) -> None:
    """What was accepted with 202 is not forgotten."""
    begun(intake, tmp_path, f"key,kind,lon,lat\nn-1,meter,{PLACE}\n")
    waiting = intake.recover()

    assert [job.number for job in waiting] == [1]
    assert intake.work(waiting[0], AT).applied
    assert intake.recover() == []


@cache
def headings() -> Sequence[str]:
    """Give the headings of an export."""
    return ("key", "kind", "lon", "lat", "grid", "via", "valid_from", "valid_to")


def test_exports_can_be_narrowed(intake: Intake, work: Work) -> None:
    """One kind, one grid, or everything that ever was."""
    work("key,valid_to\nm-7,2024-07-09\n")
    held = intake.store.held()
    code = DISTRICT.grids.code[int(REGISTRY.grid[5])]

    assert exported(held, DISTRICT, kind="gateway").columns["key"] == ("gw-1", "gw-2")
    assert set(exported(held, DISTRICT, grid=code).columns["grid"]) == {code}
    assert "m-7" not in exported(held, DISTRICT).columns["key"]
    everything = exported(held, DISTRICT, retired=True)
    assert set(headings()) <= set(everything.header)
    assert dict(zip(everything.columns["key"], everything.columns["valid_to"], strict=True))[
        "m-7"
    ].startswith("2024-07-09T00:00")
    with pytest.raises(BadRequest, match="kind"):
        exported(held, DISTRICT, kind="motor")
    with pytest.raises(BadSheet):
        judged(Sheet("s", ("lon",), [], []), "f", Known(held, DISTRICT), Order(AT))
