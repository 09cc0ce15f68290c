"""What each of some posts has is found where it stands, not among all that anybody has."""

from pathlib import Path
from typing import Any

from sqlalchemy import event

from borough.storage.sql import connect
from borough.storage.sql.crews import busy
from borough.storage.sql.engines import reading
from borough.testing.backends import every_table


def test_the_load_of_a_post_is_read_from_indexes_alone(tmp_path: Path) -> None:
    """However much others have, and however much it has itself, no case of theirs is looked at."""
    engine = connect(tmp_path / "loads.db")
    every_table().create_all(engine)
    plans: list[str] = []

    def explained(connection: Any, _cursor: Any, sql: str, given: Any, *_: Any) -> None:
        if not sql.startswith("EXPLAIN"):
            rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", given)
            plans.extend(row[3] for row in rows)

    event.listen(engine, "before_cursor_execute", explained)
    with reading(engine) as connection:
        assert busy(connection, ["P1", "P2"]) == {}

    looks = [each for each in plans if "handings" in each or "case_tasks" in each]
    assert [" ".join(each.split()[:5]) for each in looks] == [
        "SEARCH handings USING COVERING INDEX",
        "SEARCH case_tasks USING COVERING INDEX",
    ]
    engine.dispose()
