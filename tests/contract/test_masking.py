"""Personal data is covered for those who may not see it, and never enters a log for good."""

import pytest
from hypothesis import given, strategies as st
from sqlalchemy import Engine

from borough.api.covering import clean, cleaned, covered, hidden, masked
from borough.app.desk.sheltering import sheltered
from borough.core.errors import NotFound
from borough.storage.sql import SqlPersons
from borough.storage.sql.engines import reading
from borough.storage.sql.people_tables import persons

NOTE = "车主王五13800001234，车渝A12345，证500112199001011234"


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("name", "王小五", "王**"), ("phone", "13800001234", "138****1234"),
        ("phone", "110", "***"), ("plate", "渝A12345", "渝A***45"), ("id", "50011219", "********"),
        ("nickname", "阿五", "**"), ("name", "", ""),
        ("address", "渝北区龙溪街道1号", "渝北区龙溪街***"),
    ],
)  # fmt: skip
def test_each_field_is_covered_by_its_rule(name: str, value: str, shown: str) -> None:
    """What no rule names is covered wholly, and so is what is too short to keep its ends."""
    assert covered(name, value) == shown
    assert masked({name: value}) == {name: shown}


@given(st.text(max_size=40), st.from_regex(r"1[3-9]\d{9}", fullmatch=True), st.text(max_size=40))
def test_no_telephone_number_stays_in_a_text(before: str, phone: str, after: str) -> None:
    """Wherever it stands, unless it is part of a longer number."""
    text = f"{before} {phone} {after}"
    assert phone not in clean(text)
    assert len(clean(text)) == len(text)
    assert cleaned({"a": [text]})["a"][0] == clean(text)


def test_who_is_known_is_covered_in_their_words_as_in_their_record() -> None:
    """However a name is spaced and whatever is in it; what nobody knew is covered by its looks."""
    caller = {"name": "王小五", "email": r"\1w@x.cn"}
    text = r"我是王 小五（\1w@x.cn），电话13800001234"
    assert hidden(text, caller) == "我是王**（" + chr(92) + "*******），电话138****1234"
    assert hidden("路面积水", {}) == "路面积水"


def test_what_is_typed_into_a_note_is_kept_outside_the_log(engine: Engine) -> None:
    """The text is covered and names the person; who may read them finds the data."""
    ask = {"case": 1, "note": NOTE, "answers": {"seen": "yes", "who": "13900000000"}}
    with sheltered(engine, ask) as clean_ask:
        assert "13800001234" not in str(clean_ask)
        assert "13900000000" not in str(clean_ask)
        assert clean_ask["answers"]["seen"] == "yes"
        assert clean_ask["note"].endswith("〔个人信息 1〕")
    kept = SqlPersons(engine).read(1, by="li", why="回访")
    assert kept == {"phone": "13800001234", "plate": "渝A12345", "id": "500112199001011234"}
    with sheltered(engine, {"case": 1, "note": "路面积水"}) as plain:
        assert plain == {"case": 1, "note": "路面积水"}


def test_an_act_that_fails_keeps_nobody(engine: Engine) -> None:
    """What was put aside for a note that was refused is forgotten."""
    with pytest.raises(NotFound), sheltered(engine, {"note": NOTE}):
        raise NotFound
    with reading(engine) as connection:
        assert [row.fields for row in connection.execute(persons.select())] == [None]
