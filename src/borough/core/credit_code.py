"""The unified social credit code (统一社会信用代码) names an organisation by 18 characters.

GB 32100-2015: one character for the authority that registers, one for the kind of organisation,
six digits for the region of that authority (GB/T 2260), nine characters of organisation code with
a check character of their own (GB 11714), and a last check character over all (GB/T 17710, base
31).  The region says where an organisation was first registered, not where it is now.

A few codes given out in early trials break the checks and are valid by decree; they are refused
here, because a mistyped code is far likelier, and must be taken in under a corrected code.
"""

from collections.abc import Iterator

from borough.core.errors import BadRequest

LENGTH = 18
ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""Digits and capitals without I, O, S, V and Z; the place of a character is its value."""
WEIGHTS = tuple(pow(3, place, 31) for place in range(LENGTH - 1))
"""1, 3, 9, 27, 19, 26 ...: powers of three, modulo 31."""
BODY_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
KINDS = {
    "1": "1239", "2": "19", "3": "123459", "4": "19", "5": "1239", "6": "129", "7": "129",
    "8": "19", "9": "123", "A": "19", "N": "1239", "Y": "1",
}  # fmt: skip
"""Which kinds of organisation each registering authority knows; 9 is the market regulator, whose
1 is a company, 2 a self-employed person, 3 a farmers' cooperative."""
PROVINCES = frozenset(
    map(str, (10, *range(11, 16), *range(21, 24), *range(31, 38), *range(41, 47), *range(50, 55),
              *range(61, 66), 71, 81, 82))
)  # fmt: skip
"""First two digits of GB/T 2260; 10 stands for the whole country."""
BODY = slice(8, 17)


def check_character(code: str) -> str:
    """Give the last character that belongs to the first seventeen.

    >>> check_character("91110000600037341")
    'L'
    """
    total = sum(ALPHABET.index(c) * w for c, w in zip(code, WEIGHTS, strict=True))
    return ALPHABET[-total % 31]


def body_check(body: str) -> str:
    """Give the ninth character of an organisation code from its first eight (GB 11714).

    Letters count from A = 10, here with all 26 of them; a remainder of ten is written X.

    >>> body_check("60003734")
    '1'
    """
    total = sum(int(c, 36) * w for c, w in zip(body, BODY_WEIGHTS, strict=True))
    return "0123456789X0"[11 - total % 11]


def faults(code: str) -> Iterator[str]:
    """Say which parts of *code* cannot be; nothing where all of it holds.

    What follows from an earlier fault is not repeated: without the right length or characters
    nothing else is looked at.

    >>> list(faults("91110000600037341L"))
    []
    """
    if len(code) != LENGTH:
        yield f"it has {len(code)} characters, not {LENGTH}"
        return
    strange = [f"{c!r} at place {i}" for i, c in enumerate(code, 1) if c not in ALPHABET]
    if strange:
        yield f"{', '.join(strange)}: only digits and capitals without I, O, S, V, Z may be there"
        return
    if code[0] not in KINDS:
        yield f"place 1: no authority registers as {code[0]!r} ({', '.join(KINDS)} do)"
    elif code[1] not in KINDS[code[0]]:
        kinds = ", ".join(KINDS[code[0]])
        yield f"place 2: authority {code[0]} knows the kinds {kinds}, not {code[1]!r}"
    region = code[2:8]
    if not region.isdecimal():
        yield f"places 3 to 8: a region is six digits, not {region!r}"
    elif region[:2] not in PROVINCES:
        yield f"places 3 to 8: no province has the number {region[:2]}"
    body = code[BODY]
    if body_check(body[:8]) != body[8]:
        yield f"place 17: the organisation code {body} should end in {body_check(body[:8])}"
    if check_character(code[:17]) != code[17]:
        right = check_character(code[:17])
        yield f"place 18: the check character should be {right}, not {code[17]}"


def checked(text: str) -> str:
    """Give the code that *text* says, without blanks around it; `BadRequest` names what is wrong.

    Small letters are refused: a code is written in capitals, and files that disagree about it
    would not match.
    """
    code = text.strip()
    wrong = list(faults(code))
    if wrong:
        msg = f"credit code {code!r}: {'; '.join(wrong)}"
        raise BadRequest(msg)
    return code


def completed(authority: str, region: str, body: str) -> str:
    """Make a whole code: two characters, six digits, and the eight of an organisation code.

    >>> completed("91", "110000", "60003734")
    '91110000600037341L'
    """
    seventeen = f"{authority}{region}{body}{body_check(body)}"
    return seventeen + check_character(seventeen)
