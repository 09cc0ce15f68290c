"""Standards of the districts that ship: two numberings, several rows, and who decides."""

from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request

import borough
from borough.api.access import MACHINE
from borough.api.case_acts import roles_of
from borough.core.deadlines import Limit
from borough.core.errors import BadRequest, UnknownCode
from borough.core.people import Grant, Who
from borough.core.standards import Standards
from borough.engine.district import read

DISTRICTS = Path(borough.__file__).parent / "districts"


@pytest.fixture(scope="module")
def yubei() -> Standards:
    """Read the standards of Yubei."""
    return read(DISTRICTS / "yubei").standards


def test_every_code_has_a_row_and_every_limit_is_read_as_it_is_written(yubei: Standards) -> None:
    """Both numberings, parts and events; a working value says so."""
    kinds = {code.kind for code in yubei.codes.values()}

    assert kinds == {"part", "event"}
    assert {row.event for row in yubei.rows.values()} == set(yubei.codes)
    assert all(Limit.read(str(row.limit)) == row.limit for row in yubei.rows.values())
    assert all(
        "working value" in row.basis or "workbook" in row.basis for row in yubei.rows.values()
    )


def test_a_code_is_another_matter_in_another_numbering(yubei: Standards) -> None:
    """The same four characters; where they mean one matter, that is said."""
    burst, trader = yubei.code("yuncheng-2024:E0501"), yubei.code("cjt-214:E0501")

    assert (burst.name["en"], trader.name["en"]) == (
        "Burst water main", "Street trading without licence",
    )  # fmt: skip
    assert trader.same_as == "yuncheng-2024:E0401"
    assert str(yubei.row("E0501-1").limit) == "1 urgent_hour"


def test_a_limit_hangs_on_the_condition(yubei: Standards) -> None:
    """A cover that is missing has two hours, one that rattles two days of work."""
    limits = {row.opens["en"]: str(row.limit) for row in yubei.of("yuncheng-2024:P0101")}

    assert limits["missing, shifted or cracked: dangerous"] == "2 urgent_hour"
    assert limits["it rattles or turns over"] == "2 work_day"


def test_rows_are_found_by_code_and_by_words(yubei: Standards) -> None:
    """With the scheme or without, in either language."""
    assert {row.event for row in yubei.find(code="E0496")} == {
        "yuncheng-2024:E0496", "cjt-214:E0496",
    }  # fmt: skip
    assert [row.id for row in yubei.find(code="yuncheng-2024:E0496")] == ["E0496-1"]
    assert {row.id for row in yubei.find(text="BURST water")} == {"E0501-1", "cjt-E0401-1"}
    assert yubei.find(code="E0496", text="积雪") == []


def test_what_there_is_not_is_named(yubei: Standards) -> None:
    """A code, a row, and a row of another code."""
    with pytest.raises(UnknownCode, match="event: no code 'E0501'; write it as scheme:code"):
        yubei.code("E0501")
    with pytest.raises(BadRequest, match="standard: no row 'E1'"):
        yubei.row("E1")
    with pytest.raises(BadRequest, match="is for yuncheng-2024:E0501, and the case is about"):
        yubei.row("E0501-1", "yuncheng-2024:E0502")


@pytest.mark.parametrize(
    ("who", "roles"),
    [
        (MACHINE, None),
        (
            Who("li", "person", (Grant("dispatcher"), Grant("collector"))),
            ["collector", "dispatcher"],
        ),
        (Who("bot", "program", rights=frozenset({"cases.approve"})), []),
    ],
)
def test_who_decides_shows_their_roles(who: Who, roles: Any) -> None:
    """This machine's own key may decide at every level; a program at none."""
    assert roles_of(Request({"type": "http", "state": {"who": who}})) == roles
