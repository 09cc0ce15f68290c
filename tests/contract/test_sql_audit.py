"""The audit log and personal data, on both databases: what is told, and what tampering shows."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import Engine

from borough.core.audit import Anchor
from borough.core.errors import BadRequest, NotFound
from borough.storage.sql import SqlAudit, SqlPersons
from borough.storage.sql.audit import audited, noted
from borough.storage.sql.engines import reading, writing
from borough.storage.sql.people_tables import audit, persons


def filled(engine: Engine, entries: int = 5) -> SqlAudit:
    """Write a few entries."""
    made = SqlAudit(engine)
    rows = [{"actor": "li", "verb": "move", "subject": f"case {n}"} for n in range(entries)]
    made.note(rows)
    return made


def half_kept(engine: Engine) -> None:
    """Keep somebody, and then fail in the same transaction."""
    people = SqlPersons(engine)
    with audited(engine, "li", "keep", "again"), writing(engine) as connection:
        people.keep(connection, {"name": "李"})
        people.digest(connection, 99)


def test_a_log_that_nobody_touched_is_whole(engine: Engine) -> None:
    """Entries are numbered from 1, and its anchor is found in it again."""
    log = filled(engine)

    assert log.anchor().seq == 5
    assert list(log.faults([log.anchor(), Anchor.read(str(log.anchor()))])) == []
    assert [row["seq"] for row in log.find(actor="li", limit=2)] == [5, 4]


def test_writers_who_wait_for_each_other_write_one_log(engine: Engine) -> None:
    """Each entry follows the one before, also where its writer began before that was there."""
    log = SqlAudit(engine)
    begins = Barrier(4)

    def writer(name: str) -> None:
        begins.wait()
        for number in range(8):
            log.note([{"actor": name, "verb": "move", "subject": f"case {number}"}])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(writer, "abcd"))

    assert log.anchor().seq == 32
    assert list(log.faults()) == []


@pytest.mark.parametrize("column", ["at_ms", "actor", "verb", "subject", "data", "before", "hash"])
def test_a_changed_entry_is_the_first_fault(engine: Engine, column: str) -> None:
    """Whatever column of a row is changed, its number is told."""
    log = filled(engine)
    value = 7 if column == "at_ms" else "0" * 64
    with writing(engine) as connection:
        connection.execute(audit.update().where(audit.c.seq == 3).values({column: value}))

    assert next(log.faults())[0] == 3


def test_a_removed_entry_is_missed(engine: Engine) -> None:
    """A row cut out of the middle is named by its own number."""
    log = filled(engine)
    with writing(engine) as connection:
        connection.execute(audit.delete().where(audit.c.seq == 2))

    assert next(log.faults())[0] == 2


def test_a_removed_tail_is_missed(engine: Engine) -> None:
    """By its counter; and where that was turned back as well, by an anchor kept elsewhere."""
    log = filled(engine)
    anchor = log.anchor()
    with writing(engine) as connection:
        connection.execute(audit.delete().where(audit.c.seq > 3))
    assert next(log.faults())[0] == 4

    with writing(engine) as connection:
        connection.exec_driver_sql("UPDATE counters SET value = 3 WHERE name = 'audit'")
    assert list(log.faults()) == []
    assert [seq for seq, _ in log.faults([anchor])] == [5]


def test_a_tail_written_anew_is_not_the_one_that_was_anchored(engine: Engine) -> None:
    """Who rewrites the whole log from some place on cannot meet the anchor."""
    log = filled(engine)
    anchor = log.anchor()
    with writing(engine) as connection:
        connection.execute(audit.delete().where(audit.c.seq > 3))
        connection.exec_driver_sql("UPDATE counters SET value = 3 WHERE name = 'audit'")
        for _ in range(3):
            noted(connection, "li", "move")

    assert list(log.faults()) == []
    assert next(log.faults([anchor])) == (5, "is not the one that the anchor names")


def test_a_change_and_its_entry_stand_or_fall_together(engine: Engine) -> None:
    """The first transaction writes the entry; one that fails leaves neither."""
    people, log = SqlPersons(engine), SqlAudit(engine)
    with audited(engine, "li", "keep", "person"), writing(engine) as connection:
        people.keep(connection, {"name": "王"})
    with pytest.raises(NotFound):
        half_kept(engine)
    with audited(engine, "li", "look", "nothing written"):
        pass

    assert [row["subject"] for row in log.find()] == ["nothing written", "person"]
    with reading(engine) as connection:
        assert len(connection.execute(persons.select()).all()) == 1
    assert list(log.faults()) == []


def test_each_reading_of_personal_data_is_told(engine: Engine) -> None:
    """Who read whose data and why; a page of people is one entry; no reason, no data."""
    people, log = SqlPersons(engine), SqlAudit(engine)
    with writing(engine) as connection:
        one = people.keep(connection, {"name": "王五", "phone": "13800001234", "plate": ""})
        two = people.keep(connection, {"name": "赵六"})

    assert people.read(one, by="li", why="回访") == {"name": "王五", "phone": "13800001234"}
    assert people.read_all([two, one], by="li", why="列表").keys() == {one, two}
    with pytest.raises(BadRequest, match="why"):
        people.read(one, by="li", why=" ")
    with pytest.raises(NotFound):
        people.read(404, by="li", why="回访")

    told = log.find(verb="person_read")
    assert [row["data"]["persons"] for row in told] == [[one, two], [one]]
    assert "王五" not in str(told)


def test_erasing_somebody_leaves_the_log_whole(engine: Engine) -> None:
    """The data is gone, salt included; number and digest stay; the erasing is told, once."""
    people, log = SqlPersons(engine), SqlAudit(engine)
    with writing(engine) as connection:
        one = people.keep(connection, {"name": "王五", "phone": "13800001234"})
        digest = people.digest(connection, one)
    people.read(one, by="li", why="回访")
    people.erase(one, by="li")
    people.erase(one, by="li")

    assert people.read(one, by="li", why="还在吗") == {}
    with reading(engine) as connection:
        row = connection.execute(persons.select()).mappings().one()
    assert (row["fields"], row["salt"], row["digest"]) == (None, "", digest)
    assert [each["data"]["digest"] for each in log.find(verb="person_erased")] == [digest]
    assert list(log.faults()) == []
