"""What taking somebody out of texts promises, without a database."""

import pytest
from hypothesis import given, settings, strategies as st

from borough.core.forgetting import GONE, Forms, blotted, blotted_all, finders

NAME, PHONE = "欧阳小五", "13900001234"
FOUND = finders([NAME, PHONE, "Li Si", "五", ""])


@given(st.text(max_size=30), st.text(max_size=30), st.sampled_from(["", " ", "·", "-"]))
@settings(deadline=None)
def test_nothing_that_was_known_is_left_however_it_is_spaced(
    before: str, after: str, gap: str
) -> None:
    """Whatever stands around it, a name goes; a telephone number where it is one."""
    for word in (NAME, "Li Si"):
        assert word not in blotted(f"{before}，{gap.join(word)}，{after}", finders([word]))
    assert PHONE not in blotted(f"电话{gap.join(PHONE)}。{after.replace(PHONE, '')}", FOUND)


FORMS = Forms(("老", "Mr "), ("先生", "女士", "老师", "某"), ("欧阳",))


@pytest.mark.parametrize(
    ("name", "text", "left"),
    [
        ("王小五", "王先生来电，王 女士也来了", f"{GONE}来电，{GONE}也来了"),
        ("王小五", "老王说王老师不在", f"{GONE}说{GONE}不在"),
        ("欧阳小五", "欧阳先生，欧阳某", f"{GONE}，{GONE}"),
        ("欧阳小五", "阳先生和张先生", "阳先生和张先生"),
        ("Li Si", "Mr Si rang; Mr Sill did not", f"{GONE} rang; Mr Sill did not"),
        ("王先生", "王女士", GONE),
        ("", "王先生", "王先生"),
    ],
)  # fmt: skip
def test_how_somebody_is_spoken_of_goes_with_their_name(name: str, text: str, left: str) -> None:
    """By their surname, of one character or two, and by no other."""
    assert blotted(text, finders(FORMS.of(name))) == left


def test_words_that_only_hold_the_same_letters_stay() -> None:
    """A name of letters ends where its word does, and one character alone names nobody."""
    assert blotted("light silk 五星路", FOUND) == "light silk 五星路"
    assert blotted("ＬＩ　ＳＩ 说", finders(["Li Si"])) == f"{GONE} 说"


def test_reasons_of_triage_go_with_the_name_that_they_may_be_part_of() -> None:
    """In plain data texts are covered, words that were reasons go, and numbers stay."""
    told = {
        "category": {"says": "roads", "sure": 0.9, "why": [{"word": "小五", "adds": 0.2}]},
        "place": {"why": f"{NAME}家"}, "like": [{"case": 3, "says": f"找{NAME}"}],
    }  # fmt: skip
    assert blotted_all(told, FOUND) == {
        "category": {"says": "roads", "sure": 0.9, "why": []},
        "place": {"why": f"{GONE}家"}, "like": [{"case": 3, "says": f"找{GONE}"}],
    }  # fmt: skip
