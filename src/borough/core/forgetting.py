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
    letters = [f"[{re.escape(each)}{re.escape(widened(each))}]" for each in value]
    before = f"(?<!{WORDY})" if re.match(WORDY, value[0]) else ""
    after = f"(?!{WORDY})" if re.match(WORDY, value[-1]) else ""
    return before + BETWEEN.join(letters) + after


def widened(letter: str) -> str:
    """Give the full-width form of a character; itself where it has none."""
    return chr(ord(letter) + 0xFEE0) if "!" <= letter <= "~" else letter


@dataclass(frozen=True, slots=True)
class Telling:
    """What tells of somebody in words that others wrote, by how surely it is them.

    People share names: there are thousands of 王伟, and 高兴 is a word besides.  So only what one
    person alone has is ``sure`` of itself: a telephone, identity number, plate or e-mail, and a
    name of four characters or of two words.  A shorter name, and an address, where neighbours
    live too, are ``weak``: they count together, or beside something sure, or where the words are
    about the very matter of a request of theirs; alone they are shown to whoever erases and stay
    unless they are chosen.  A form of address (王先生) counts for nothing, and goes where the
    rest shows that it is them.
    """

    sure: Mapping[str, Found]
    weak: Mapping[str, Found]
    forms: Found = ()

    @classmethod
    def of(cls, fields: Mapping[str, str], forms: Forms) -> "Telling":
        """Read what a record holds; several values of a field stand with commas between them."""
        sure: dict[str, Found] = {}
        weak: dict[str, Found] = {}
        for field, told in fields.items():
            values = values_of(field, told)
            for is_sure, kept in ((True, sure), (False, weak)):
                of_kind = [
                    each for each in values if field in {NAME, ADDRESS} or len(each) >= ALONE
                ]
                found = finders(each for each in of_kind if _sure(field, each) == is_sure)
                if found:
                    kept[field] = found
        return cls(sure, weak, finders(forms.of(fields.get(NAME, ""))))

    @property
    def values(self) -> Found:
        """All that is taken out of words that are about them."""
        return [*_all(self.sure), *_all(self.weak), *self.forms]

    def why(self, words: Iterable[str], *, same_matter: bool) -> tuple[list[str], bool]:
        """Say by which fields words tell of them, none where they do not, and whether surely.

        >>> telling = Telling.of({"name": "王伟", "phone": "13900001234"}, Forms())
        >>> telling.why(["我是王伟的邻居"], same_matter=False)
        (['name'], False)
        >>> telling.why(["王伟，139 0000 1234"], same_matter=False)
        (['phone', 'name'], True)
        """
        text = "\n".join(words)
        strong = [name for name, found in self.sure.items() if _in(found, text)]
        soft = [name for name, found in self.weak.items() if _in(found, text)]
        sure = bool(strong) or len(soft) > 1 or (NAME in soft and same_matter)
        return [*strong, *soft], sure


def values_of(field: str, told: str) -> list[str]:
    """Give the values of a field of a record: several stand with commas between them."""
    return [told] if field == ADDRESS else [each.strip() for each in told.split(", ")]


NAME, ADDRESS = "name", "address"
ALONE = 6
"""Characters that a value other than a name has at least, to tell of one person."""
WHOLE = 4
"""Characters of a Chinese name that few share; shorter ones are weak."""


def _sure(field: str, value: str) -> bool:
    """Say whether nobody else is told by a value."""
    if field == NAME:
        western = re.match(WORDY, unicodedata.normalize("NFKC", value).strip())
        return len(value.split()) > 1 if western else len(value.strip()) >= WHOLE
    return field != ADDRESS


def _all(kinds: Mapping[str, Found]) -> list[re.Pattern[str]]:
    return [each for found in kinds.values() for each in found]


def _in(found: Found, text: str) -> bool:
    return any(each.search(text) for each in found)


def excerpts(text: str, found: Found, around: int) -> list[str]:
    """Give what stands around each hit, so many characters on either side.

    >>> excerpts("昨天下午张三丰来过我家门口", finders(["张三丰"]), 3)
    ['…天下午张三丰来过我…']
    """
    spans = sorted(each.span() for pattern in found for each in pattern.finditer(text))
    shown: list[str] = []
    last = -1
    for start, end in spans:
        if start < last:
            continue
        left, last = max(0, start - around), min(len(text), end + around)
        shown.append(f"{'…' * (left > 0)}{text[left:last]}{'…' * (last < len(text))}")
    return shown
