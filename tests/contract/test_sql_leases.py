"""A lease: one holder at a time, and nobody writes under one that is gone; on PostgreSQL."""

import time
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Engine, text

from borough.app.desk.tenure import Tenure
from borough.core.errors import LeaseLost, StoreDown
from borough.storage.sql import SqlLease, connect
from borough.storage.sql.engines import reading, writing

Desk = Callable[..., tuple[SqlLease, Engine]]
LONG_MS, SHORT_MS = 60_000, 1
WRITE = text("INSERT INTO meta (name, value) VALUES (:key, '{}')")
ENDS = text("SELECT pg_terminate_backend(pg_backend_pid())")


pytestmark = pytest.mark.parametrize("address", ["postgresql"], indirect=True)


@pytest.fixture
def desk(engine: Engine) -> Iterator[Desk]:
    """Make a lease as one holder sees it, and another engine that it is to guard."""
    opened: list[Engine] = []

    def made(holder: str, for_ms: int = LONG_MS) -> tuple[SqlLease, Engine]:
        opened.extend(connect(engine.url.render_as_string(hide_password=False)) for _ in range(2))
        return SqlLease(opened[-2], "desk", holder, for_ms), opened[-1]

    yield made
    for each in opened:
        each.dispose()


def write(engine: Engine, key: str) -> None:
    """Write something."""
    with writing(engine) as connection:
        connection.execute(WRITE, {"key": key})


def written(engine: Engine) -> set[str]:
    """Give what was written."""
    with reading(engine) as connection:
        return set(connection.scalars(text("SELECT name FROM meta WHERE name LIKE 'by %'")))


def test_one_at_a_time_holds_a_lease(desk: Desk) -> None:
    """While it holds nobody else gets it; given up, the next one has it, one epoch later."""
    one, other = desk("one")[0], desk("other")[0]

    assert one.take()
    assert not other.take()
    one.renew()
    one.give_up()
    assert other.take()
    assert (one.epoch, other.epoch) == (1, 2)
    with pytest.raises(LeaseLost):
        one.renew()


def test_who_has_lost_the_lease_cannot_write(engine: Engine, desk: Desk) -> None:
    """Each transaction proves the epoch: after a takeover the old holder's are refused."""
    (one, by_one), (other, by_other) = desk("one", SHORT_MS), desk("other")
    assert one.take()
    one.guard(by_one)
    write(by_one, "by one")
    time.sleep(0.01)
    write(by_one, "by one, late but not followed")

    assert other.take()
    other.guard(by_other)
    with pytest.raises(LeaseLost):
        write(by_one, "by one, too late")
    write(by_other, "by other")

    assert written(engine) == {"by one", "by one, late but not followed", "by other"}
    with reading(by_one) as connection:
        assert connection.scalar(text("SELECT 1")) == 1


def test_what_a_paused_holder_had_open_is_ended(engine: Engine, desk: Desk) -> None:
    """A transaction that is open while the lease is taken leaves no trace and blocks nobody."""
    (one, by_one), (other, by_other) = desk("one", SHORT_MS), desk("other")
    assert one.take()
    one.guard(by_one)

    def paused() -> None:
        with writing(by_one) as connection:
            connection.execute(WRITE, {"key": "by one, unfinished"})
            time.sleep(0.01)
            assert other.take()
            other.guard(by_other)
            write(by_other, "by one, unfinished")
            write(by_other, "by other")

    with pytest.raises(StoreDown):
        paused()

    assert written(engine) == {"by one, unfinished", "by other"}


def test_who_finds_his_sessions_ended_learns_why(desk: Desk) -> None:
    """The lease says that another took it, even one who gave it up; before, and else, nothing."""
    (one, _), (other, _) = desk("one", SHORT_MS), desk("other")
    assert one.take()
    time.sleep(0.01)
    one.check()

    assert other.take()
    other.check()
    other.give_up()

    with pytest.raises(LeaseLost, match="held by another"):
        one.check()


def test_a_desk_is_told_of_the_lease_and_not_of_a_database_that_went_away(desk: Desk) -> None:
    """What a takeover ended, ends as a lease that was lost; a fault of the database stays one."""
    (one, by_one), (other, _) = desk("one", SHORT_MS), desk("other")
    assert one.take()
    tenure = Tenure(one, every_s=1.0)

    def paused(*, taken: bool) -> None:
        with tenure.explained(), writing(by_one) as connection:
            time.sleep(0.01)
            assert not taken or other.take()
            connection.execute(ENDS)

    with pytest.raises(StoreDown):
        paused(taken=False)
    with pytest.raises(LeaseLost):
        paused(taken=True)


def test_a_renewal_waits_for_no_transaction(engine: Engine, desk: Desk) -> None:
    """A long transaction of the holder does not keep it from renewing."""
    one, by_one = desk("one")
    assert one.take()
    one.guard(by_one)

    with writing(by_one) as connection:
        connection.execute(WRITE, {"key": "by one"})
        one.renew()

    assert written(engine) == {"by one"}


def test_a_renewal_that_was_paused_midway_blocks_nobody(desk: Desk) -> None:
    """A holder that is stopped between renewing and saying so is ended like any other."""
    (one, _), (other, _) = desk("one", SHORT_MS), desk("other")
    assert one.take()

    def paused() -> None:
        with writing(one.engine) as connection:
            connection.execute(text("UPDATE leases SET until_ms = until_ms WHERE name = 'desk'"))
            time.sleep(0.01)
            assert other.take()

    with pytest.raises(StoreDown):
        paused()
