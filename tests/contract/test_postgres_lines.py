"""What is sent ahead is done wholly or not at all, and whoever is refused hears it."""

import time

import pytest
from sqlalchemy import Engine, event, select, text

from borough.core.cases import Case, Event, Plan
from borough.core.errors import BadRequest, LeaseLost, Stale, StoreDown
from borough.core.moves import noting
from borough.storage.sql import SqlCases, SqlLease, connect
from borough.storage.sql.audit import audited
from borough.storage.sql.bulk import added
from borough.storage.sql.bundles import one_by_one
from borough.storage.sql.engines import reading, writing
from borough.storage.sql.people_tables import audit
from borough.storage.sql.postgres_lines import is_ahead
from borough.storage.sql.tables import case_events, counters

NOW = 1_720_569_600_000
PLAN = Plan.declared(
    "lane",
    {"step": [{"name": "look", "holder": "nobody", "within_s": 7200, "then": ["closed"]}]},
)
ENTRY = {
    "case_id": 1, "seq": 9, "at_ms": NOW, "actor": "ann", "verb": "noted", "data": "{}",
    "before": "", "hash": "",
}  # fmt: skip
on_postgresql = pytest.mark.parametrize("address", ["postgresql"], indirect=True)


def another(engine: Engine) -> Engine:
    """Open the same database again."""
    return connect(engine.url.render_as_string(hide_password=False))


def opened(engine: Engine) -> Case:
    """Open a case that nobody has."""
    return SqlCases(engine).report(PLAN, title={}, at_ms=NOW, by="ann")


def counted(engine: Engine) -> dict[str, int]:
    """Give the counters."""
    with reading(engine) as connection:
        return {row.name: row.value for row in connection.execute(select(counters))}


def twice(engine: Engine) -> None:
    """Add the same row twice, and something between."""
    with writing(engine, ahead=True) as connection:
        for name in ("one", "other", "one"):
            connection.execute(counters.insert(), {"name": name, "value": 1})


def orphaned(engine: Engine) -> None:
    """Write into the log of a case that there is not."""
    with writing(engine, ahead=True) as connection:
        connection.execute(counters.insert(), {"name": "one", "value": 1})
        connection.execute(case_events.insert(), ENTRY)
        assert connection.scalar(select(counters.c.value)) == 1


def test_what_is_refused_leaves_no_trace(engine: Engine) -> None:
    """Whether it is heard of at the end or at the next question; the line is good for more."""
    with pytest.raises(Stale):
        twice(engine)
    with pytest.raises(BadRequest):
        orphaned(engine)
    assert counted(engine) == {}
    with writing(engine, ahead=True) as connection:
        connection.execute(counters.insert(), {"name": "one", "value": 2})
    assert counted(engine) == {"one": 2}


def test_an_act_and_its_audit_stand_or_fall_together(engine: Engine) -> None:
    """Sent ahead as well; what fails in the act is told to nobody."""
    case = opened(engine)
    for name, version in (("first", case.version), ("second", 99)):
        try:
            with audited(engine, "ann", name, "case"):
                SqlCases(engine).act(
                    case.id, lambda now: noting(now, "x", at_ms=NOW, by="ann"), at_ms=NOW,
                    expected_version=version,
                )  # fmt: skip
        except Stale:
            assert name == "second"
    with reading(engine) as connection:
        assert list(connection.scalars(select(audit.c.verb))) == ["first"]
    assert SqlCases(engine).verify(case.id) == []


def test_hundreds_of_rows_may_be_sent_ahead(engine: Engine) -> None:
    """They go in as rows, for nothing can be copied then."""
    rows = [{"name": f"n{number}", "value": number} for number in range(300)]
    with writing(engine, ahead=True) as connection:
        assert is_ahead(connection) == (engine.dialect.name == "postgresql")
        added(connection, counters, rows)
    assert len(counted(engine)) == 300


@on_postgresql
@pytest.mark.parametrize("written", ["together", "one by one"])
def test_of_two_who_act_at_once_one_is_told(engine: Engine, written: str) -> None:
    """Whoever was faster while the other decided has won; its log is whole."""
    case, other = opened(engine), another(engine)
    how = {} if written == "together" else {"together": one_by_one}

    def deciding(now: Case) -> Event:
        SqlCases(other).note(case.id, "faster", by="bob", at_ms=NOW)
        return noting(now, "slower", at_ms=NOW, by="ann")

    with pytest.raises(Stale):
        SqlCases(engine, **how).act(case.id, deciding, at_ms=NOW, expected_version=case.version)
    notes = [each.data for each in SqlCases(engine).events(case.id) if each.verb == "noted"]
    assert notes == [{"note": "faster"}]
    assert SqlCases(engine).verify(case.id) == []
    other.dispose()


@on_postgresql
def test_a_line_that_breaks_midway_is_said_and_replaced(engine: Engine) -> None:
    """Nothing of it was done; who comes next gets another line."""
    case, other = opened(engine), another(engine)

    ends = text("SELECT pg_terminate_backend(:pid)")
    lines: list[int] = []

    def broken(now: Case) -> Event:
        with writing(other) as connection:
            assert connection.scalar(ends, {"pid": lines[-1]})
        return noting(now, "never", at_ms=NOW, by="ann")

    named = another(engine)
    event.listen(named, "checkout", lambda line, *_: lines.append(line.info.backend_pid))
    with pytest.raises(StoreDown):
        SqlCases(named).act(case.id, broken, at_ms=NOW, expected_version=case.version)
    assert SqlCases(named).note(case.id, "after", by="ann", at_ms=NOW).version == case.version + 1
    named.dispose()
    other.dispose()


@on_postgresql
def test_who_has_lost_the_lease_cannot_act(engine: Engine) -> None:
    """Also what is sent ahead proves the lease first, over a line that was ended, too."""
    case, guarded = opened(engine), another(engine)
    first, second = (
        SqlLease(another(engine), "desk", holder, for_ms)
        for holder, for_ms in (("first", 1), ("second", 60_000))
    )
    assert first.take()
    first.guard(guarded)
    SqlCases(guarded).note(case.id, "ours", by="ann", at_ms=NOW)
    time.sleep(0.01)
    assert second.take()
    with pytest.raises(LeaseLost):
        SqlCases(guarded).note(case.id, "late", by="ann", at_ms=NOW)
    with reading(engine) as connection:
        assert connection.scalar(text("SELECT count(*) FROM case_events")) == case.version + 1
    for each in (guarded, first.engine, second.engine):
        each.dispose()
