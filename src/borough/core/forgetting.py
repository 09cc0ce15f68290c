"""Take somebody who is to be forgotten out of what was written about them.

What their record knew (name, telephone, address, plate, identity number) goes wherever it stands
in a text, however it is spaced, and in full or half width; so does how they are spoken of by their
surname (王先生), and whatever looks like such data.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

GONE = "〔已删除〕"
SHORTEST = 2
"""Characters below which a value says nothing of anybody, and stands in every text."""
WORDY = "[A-Za-z0-9]"
BETWEEN = r"[\s·.()（）-]*"
"""What may stand between the characters of a name or number."""
SAYS = "why"
"""Where a suggestion names the words that it stands on: parts of names may be among them."""
Found = Sequence[re.Pattern[str]]


@dataclass(frozen=True, slots=True)
class Forms:
    """Forms of address: what stands before and after a surname; surnames of two characters."""

    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    double: tuple[str, ...] = ()

    def of(self, name: str) -> list[str]:
        """Give how somebody of a name may be spoken of.

        >>> Forms(("老",), ("先生",), ("欧阳",)).of("欧阳小五")
        ['老欧阳', '欧阳先生']
        """
        plain = unicodedata.normalize("NFKC", name).strip()
        if not plain:
            return []
        if re.match(WORDY, plain):
            last = plain.split()[-1]
            return [f"{each}{last}" for each in self.before if re.match(WORDY, each)]
        surname = next((each for each in self.double if plain.startswith(each)), plain[0])
        titled = [f"{each}{surname}" for each in self.before if not re.match(WORDY, each)]
        return [*titled, *(f"{surname}{each}" for each in self.after)]


def finders(values: Iterable[str], patterns: Iterable[re.Pattern[str]] = ()) -> Found:
    """Give what finds *values* in a text, the longest first, and then what *patterns* find."""
    even = {"".join(unicodedata.normalize("NFKC", each).split()) for each in values}
    known = sorted((each for each in even if len(each) >= SHORTEST), key=len, reverse=True)
    return [*(re.compile(_spelt(each), re.IGNORECASE) for each in known), *patterns]


def blotted(text: str, found: Found, mark: str = GONE) -> str:
    """Take out what *found* finds in a text; *mark* stands in its place.

    >>> blotted("我是张三丰，电话１３９ 0000 1234", finders(["张三丰", "13900001234"]))
    '我是〔已删除〕，电话〔已删除〕'
    """
    for each in found:
        text = each.sub(lambda _: mark, text)
    return text


def blotted_all(value: Any, found: Found, mark: str = GONE) -> Any:
    """Take it out of plain data, wherever a text is in it; words that were reasons go wholly."""
    if isinstance(value, str):
        return blotted(value, found, mark)
    if isinstance(value, Mapping):
        return {
            name: [] if name == SAYS and isinstance(each, list) else blotted_all(each, found, mark)
            for name, each in value.items()
        }
    return [blotted_all(each, found, mark) for each in value] if isinstance(value, list) else value


def _spelt(value: str) -> str:
    """Write the pattern of a value; one of letters and digits ends where its word does."""
    letters = [f"[{re.escape(each)}{re.escape(_wide(each))}]" for each in value]
    before = f"(?<!{WORDY})" if re.match(WORDY, value[0]) else ""
    after = f"(?!{WORDY})" if re.match(WORDY, value[-1]) else ""
    return before + BETWEEN.join(letters) + after


def _wide(letter: str) -> str:
    """Give the full-width form of a character; itself where it has none."""
    return chr(ord(letter) + 0xFEE0) if "!" <= letter <= "~" else letter
