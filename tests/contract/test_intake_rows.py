"""Every row of a file of things is judged: what is wrong is told by field and code."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, strategies as st

from borough.adapters.sheets import Sheet
from borough.app.intake.judging import RESULTS, Order, judged
from borough.app.intake.reading import Known
from borough.storage.sql import SqlIntake, SqlRegistry, connect, upgrade
from borough.testing.town import district_of, registry_of

REGISTRY = registry_of(60)
DISTRICT = district_of(REGISTRY)
AT = 1_720_569_600_000


@pytest.mark.parametrize(
    ("row", "field", "code"),
    [
        ({"key": ""}, "key", "key-missing"),
        ({"key": "a b"}, "key", "key-form"),
        ({"key": "x" * 65}, "key", "key-form"),
        ({"key": "n-0"}, "key", "key-twice"),
        ({"kind": ""}, "kind", "kind-missing"),
        ({"kind": "motor"}, "kind", "kind-unknown"),
        ({"key": "gw-1"}, "kind", "kind-fixed"),
        ({"lon": "east"}, "lon", "number"),
        ({"lat": "106.6"}, "lat", "degrees"),
        ({"lon": "inf"}, "lon", "number"),
        ({"lat": ""}, "lon", "half-place"),
        ({"grid": "7"}, "grid", "grid-unknown"),
        ({"via": "nobody"}, "via", "via-unknown"),
        ({"via": "m-1"}, "via", "via-role"),
        ({"key": "n-1", "kind": "gateway", "via": "n-1"}, "via", "via-circle"),
        ({"valid_from": "yesterday"}, "valid_from", "time"),
        ({"valid_to": "2999-01-01"}, "valid_to", "future"),
        ({"valid_from": "2024-02-01", "valid_to": "2024-01-01"}, "valid_to", "order"),
        ({"rel.feeds": "m-1 nobody"}, "rel.feeds", "relation"),
        ({"rel.feeds": "m-1:x"}, "rel.feeds", "relation-sign"),
    ],
)
def test_each_fault_is_told_by_field_and_code(
    row: Mapping[str, str], field: str, code: str, sqlite_known: Known
) -> None:
    """Whoever mends the file is told where, and in their own language."""
    good = {
        "key": "n-1", "kind": "meter", "lon": "106.6", "lat": "29.7", "grid": "", "via": "",
        "valid_from": "", "valid_to": "", "rel.feeds": "",
    }  # fmt: skip
    first = {**good, "key": "n-0"}
    rows = [tuple(each.values()) for each in (first, {**good, **row})]
    faults = judged(Sheet("s", tuple(good), rows, [2, 3]), "f", sqlite_known, Order(AT)).faults

    assert [(each.place, each.column, each.code) for each in faults][:1] == [(1, field, code)]
    assert len(faults) == 1
    assert faults[0].said("zh") != faults[0].said("en")


@pytest.fixture(scope="session")
def sqlite_known(tmp_path_factory: pytest.TempPathFactory) -> Known:
    """Lay a registry out that nobody changes."""
    engine = connect(tmp_path_factory.mktemp("known") / "registry.db")
    upgrade(engine)
    SqlRegistry(engine).save_all(REGISTRY)
    return Known(SqlIntake(engine).held(), DISTRICT)


CELLS = {
    "key": st.sampled_from(["", "m-1", "m-2", "gw-1", "n-1", "n-2", "x y", "é"]),
    "kind": st.sampled_from(["", "meter", "gateway", "metre"]),
    "lon": st.sampled_from(["", "106.6", "nan", "1e400", "-0", "abc"]),
    "lat": st.sampled_from(["", "29.7", "106", "٣"]),
    "via": st.sampled_from(["", "gw-1", "gw-2", "n-1", "n-2", "m-1"]),
    "valid_to": st.sampled_from(["", "2024-01-01", "0001-01-01", "9999-12-31T23:59:59", "x"]),
    "attr.a": st.text(max_size=3),
    "rel.r": st.sampled_from(["", "m-1", "n-1 n-2", "m-1:-1;m-2", ":", "n-1:"]),
}


@given(data=st.data(), names=st.sets(st.sampled_from(sorted(CELLS))), partial=st.booleans())
def test_any_rows_are_judged(
    sqlite_known: Known, data: Any, names: set[str], *, partial: bool
) -> None:
    """Each row has one result, only refused ones have faults, and the change fits the counts."""
    header = ("key", *sorted(names - {"key"}))
    rows = data.draw(st.lists(st.tuples(*(CELLS[name] for name in header)), max_size=6))
    sheet = Sheet("s", header, rows, range(2, len(rows) + 2))
    verdict = judged(sheet, "f", sqlite_known, Order(AT, partial=partial))

    assert sum(verdict.counts.values()) == len(rows)
    assert {each.place for each in verdict.faults} == {
        place for place, status in enumerate(verdict.status) if RESULTS[status] == "refused"
    }
    assert len(verdict.change.added["key"]) == verdict.counts["added"]
    assert len(verdict.change.edited["id"]) == verdict.counts["changed"]
    assert all(each.said("zh") and each.said("en") for each in verdict.faults)
