"""A credit code is believed only when every part of it holds."""

import pytest
from hypothesis import assume, given, strategies as st

from borough.core import credit_code as cc
from borough.core.errors import BadRequest

REAL = (
    "11500112009315877L", "11500105768865765W", "11500000009275780L", "1150010700927688XM",
    "11370881004339597L", "91110000600037341L", "912201011239989159",
)  # fmt: skip
"""Published codes of public bodies and of well-known companies."""
BODIES = st.text("0123456789ABCDEFGHJKLMNPQRTUWXY", min_size=8, max_size=8)
CODES = st.builds(
    cc.completed,
    st.sampled_from([a + k for a, kinds in cc.KINDS.items() for k in kinds]),
    st.builds(lambda p, rest: f"{p}{rest:04d}", st.sampled_from(sorted(cc.PROVINCES)),
              st.integers(0, 9999)),
    BODIES,
)  # fmt: skip


@pytest.mark.parametrize("code", REAL)
def test_a_real_code_is_believed(code: str) -> None:
    """Codes that are printed on official pages pass."""
    assert cc.checked(f" {code} ") == code


@pytest.mark.parametrize(
    ("code", "part"),
    [
        ("91110000600037341", "17 characters"),
        ("9111000060003734IL", "'I' at place 17"),
        ("91110000600037341l", "'l' at place 18"),
        ("B1110000600037341L", "place 1:"),
        ("98110000600037341L", "place 2:"),
        ("9111A000600037341L", "places 3 to 8: a region"),
        ("91990000600037341L", "places 3 to 8: no province"),
        ("91110000600037351L", "place 17: the organisation code"),
        ("91110000600037341M", "place 18: the check character should be L"),
    ],
)
def test_what_is_wrong_is_named(code: str, part: str) -> None:
    """Each part has its own message, and the message says which part it is."""
    with pytest.raises(BadRequest, match="credit code") as told:
        cc.checked(code)

    assert part in str(told.value)


@given(CODES, st.integers(0, 17), st.sampled_from(cc.ALPHABET))
def test_one_wrong_character_is_always_caught(code: str, place: int, other: str) -> None:
    """31 is prime and no weight is a multiple of it, so no single mistake can pass."""
    assume(code[place] != other)

    assert list(cc.faults(code)) == []
    assert list(cc.faults(code[:place] + other + code[place + 1 :]))


@given(st.text(max_size=24))
def test_any_text_is_judged_without_a_fall(text: str) -> None:
    """Whatever a cell says, the answer is a list of sentences."""
    wrong = list(cc.faults(text))

    assert wrong or len(text) == cc.LENGTH


def test_the_weights_are_those_of_the_standard() -> None:
    """GB 32100 prints seventeen weights; they are the powers of three modulo 31."""
    assert cc.WEIGHTS == (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
    assert len(cc.ALPHABET) == 31
