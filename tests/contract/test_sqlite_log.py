"""The log of a SQLite file is put away beside the work: no commit waits for it, nothing is lost."""

import logging
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from threading import Event, Timer, enumerate as threads

import pytest
from sqlalchemy import Engine, text

from borough.storage.sql import connect, sqlite_log
from borough.storage.sql.engines import reading, writing
from borough.storage.sql.sqlite_log import ROWS, put_away


def commit(engine: Engine, first: int) -> None:
    """Commit more rows than are left in the log."""
    rows = [{"number": first + each} for each in range(ROWS)]
    with writing(engine) as connection:
        connection.execute(text("CREATE TABLE IF NOT EXISTS kept (number INTEGER)"))
        connection.execute(text("INSERT INTO kept VALUES (:number)"), rows)


def many(engine: Engine, first: int) -> None:
    """Commit so many, and await what follows."""
    commit(engine, first)
    for each in threads():
        if each.name == "sqlite-log":
            each.join()


def without_log(file: Path, folder: Path) -> int:
    """Count what stands in the file itself."""
    copy = Path(shutil.copy(file, folder / "copy.db"))
    with closing(sqlite3.connect(copy)) as connection:
        return int(connection.execute("SELECT count(*) FROM kept").fetchone()[0])


def test_after_many_rows_the_log_is_put_away_though_no_commit_did_it(tmp_path: Path) -> None:
    """What was committed stands in the file by itself, without any word from whoever wrote."""
    file = tmp_path / "kept.db"
    engine = connect(file)
    many(engine, 0)

    assert without_log(file, tmp_path) == ROWS
    engine.dispose()


def test_whoever_reads_sees_what_was_there_when_they_began(tmp_path: Path) -> None:
    """Putting away takes nothing from under a reader, and is made up for afterwards."""
    file = tmp_path / "kept.db"
    engine = connect(file)
    many(engine, 0)
    count = text("SELECT count(*) FROM kept")
    with reading(engine) as connection:
        assert connection.scalar(count) == ROWS
        many(engine, ROWS)
        assert connection.scalar(count) == ROWS
    many(engine, 2 * ROWS)

    assert without_log(file, tmp_path) == 3 * ROWS
    engine.dispose()


def test_a_file_that_was_let_go_of_may_be_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long it takes to put its log away: what was committed is in the file by then."""
    disk = Event()

    def slow(path: Path) -> None:
        disk.wait()
        put_away(path)

    monkeypatch.setattr(sqlite_log, "put_away", slow)
    file = tmp_path / "kept.db"
    engine = connect(file)
    commit(engine, 0)
    Timer(0.2, disk.set).start()
    engine.dispose()

    assert disk.is_set()
    assert [each.name for each in tmp_path.iterdir()] == [file.name]
    assert without_log(file, tmp_path) == ROWS


def test_a_log_that_cannot_be_put_away_is_told_and_stops_nobody(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A file that is gone is not made anew."""
    with caplog.at_level(logging.WARNING):
        put_away(tmp_path / "gone.db")

    assert "gone.db was not put away" in caplog.text
    assert not (tmp_path / "gone.db").exists()
