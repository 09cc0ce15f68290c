"""What taking somebody out of texts promises, without a database."""

from hypothesis import given, settings, strategies as st

from borough.core.forgetting import GONE, blotted, blotted_all, finders

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
