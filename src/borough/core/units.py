"""Numbers as statistics write them: how much, how sure, and in which unit.

Nothing is rounded on the way: ``0.1亿元`` is ten million yuan, not nearly so.  The units
themselves are data, a table that says of each what it measures and how large it is.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from functools import cached_property

from borough.core.errors import BadFact

EQUAL, MORE, LESS, AT_LEAST, AT_MOST, ABOUT, NEARLY = "=", ">", "<", ">=", "<=", "≈", "≈<"
COMPARATORS = (EQUAL, MORE, LESS, AT_LEAST, AT_MOST, ABOUT, NEARLY)
"""How a number stands to the truth: exactly, above, below, at least, at most, about, just below."""
BEFORE = {
    "不低于": AT_LEAST, "不少于": AT_LEAST, "至少": AT_LEAST, "≥": AT_LEAST, ">=": AT_LEAST,
    "不超过": AT_MOST, "不高于": AT_MOST, "最高": AT_MOST, "最多": AT_MOST, "≤": AT_MOST,
    "<=": AT_MOST, "超过": MORE, "超": MORE, "突破": MORE, "逾": MORE, "高于": MORE, "大于": MORE,
    ">": MORE, "低于": LESS, "不足": LESS, "不到": LESS, "小于": LESS, "接近": NEARLY,
    "将近": NEARLY, "近": NEARLY, "≈<": NEARLY, "大约": ABOUT, "约": ABOUT, "≈": ABOUT, "<": LESS,
    "=": EQUAL,
}  # fmt: skip
AFTER = {"以上": AT_LEAST, "以下": AT_MOST, "左右": ABOUT, "上下": ABOUT}
WITHIN = ("余", "多")
"""Marks between a number and its unit that say "and some more"."""
DIGITS = {mark: number for number, mark in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
TENS = {"十": 10, "百": 100, "千": 1_000}
SCALES = {"万": 10_000, "亿": 100_000_000}
CHINESE = "".join((*DIGITS, *TENS))
PLAIN = re.compile(r"[-+]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?|[-+]?\.\d+")
SLASHED = re.compile(r"(\d+)/(\d+)")
PARTS = re.compile(f"([{CHINESE}]+)分之([{CHINESE}]+)")
HUNDREDTHS = "百分之"
SPOKEN = re.compile(f"[{CHINESE}]+")
COUNT = "1"
"""The unit that is meant where only a scale is written, as in 20万."""
PLACES = 12
"""Digits kept after the point where a conversion has no end, as from 亩 to square metres."""
LONGEST = 40
"""Digits that a number may have: more than any statistic, fewer than an attack."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number as it was written: how it stands to the truth, how much, and the unit's own word."""

    comparator: str
    value: Decimal
    unit: str


def exact(text: str) -> Decimal:
    """Read a decimal number exactly as it is written; `BadFact` if it is none.

    >>> exact("3,512.50")
    Decimal('3512.50')
    """
    said = unicodedata.normalize("NFKC", text).strip()
    try:
        value = Decimal(said.replace(",", "")) if PLAIN.fullmatch(said) else None
    except InvalidOperation:
        value = None
    if value is None or len(value.as_tuple().digits) > LONGEST:
        msg = f"value: {text!r} is not a number"
        raise BadFact(msg)
    return value


def plain(value: Decimal) -> str:
    """Write a decimal without exponent and without idle zeros; the same value, always one way.

    >>> plain(Decimal("2.40E+3")), plain(Decimal("-0.50")), plain(Decimal("-0"))
    ('2400', '-0.5', '0')
    """
    text = f"{value:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text


def read(text: str) -> Quantity:
    """Read a number with its comparator and its unit as people write them.

    Raises `BadFact`, naming ``value``.

    >>> read("超2,400亿元")
    Quantity(comparator='>', value=Decimal('2400'), unit='亿元')
    >>> read("35.6万余个").comparator, read("三分之二").value == Decimal(2) / 3
    ('>', True)
    """
    said = unicodedata.normalize("NFKC", text).replace(" ", "")
    comparator, rest = EQUAL, said
    for word in sorted(BEFORE, key=len, reverse=True):
        if rest.startswith(word):
            comparator, rest = BEFORE[word], rest.removeprefix(word)
            break
    for word, meaning in AFTER.items():
        if rest.endswith(word):
            comparator, rest = meaning, rest.removesuffix(word)
    value, unit = _amount(rest, text)
    bare = unit.removeprefix("万").removeprefix("亿")
    for mark in WITHIN:
        if unit.startswith(mark):
            comparator, unit = MORE, unit.removeprefix(mark)
        elif bare.startswith(mark):
            comparator, unit = MORE, unit.replace(mark, "", 1)
    return Quantity(comparator, value, unit)


def _amount(rest: str, text: str) -> tuple[Decimal, str]:
    """Take the number off the front of what was written; give it with what is left."""
    if match := SLASHED.match(rest):
        return _ratio(int(match[1]), int(match[2]), text), rest[match.end() :]
    if match := PLAIN.match(rest):
        return exact(match[0]), rest[match.end() :]
    if rest.startswith(HUNDREDTHS):
        value, unit = _amount(rest.removeprefix(HUNDREDTHS), text)
        return value, f"%{unit}"
    if match := PARTS.match(rest):
        return _ratio(spoken(match[2]), spoken(match[1]), text), rest[match.end() :]
    if match := SPOKEN.match(rest):
        return Decimal(spoken(match[0])), rest[match.end() :]
    msg = f"value: {text!r} does not begin with a number"
    raise BadFact(msg)


def _ratio(over: int, under: int, text: str) -> Decimal:
    """Divide, or say which number cannot be."""
    if under == 0 or max(len(str(over)), len(str(under))) > LONGEST:
        msg = f"value: {text!r} cannot be divided"
        raise BadFact(msg)
    return Decimal(over) / under


def spoken(text: str) -> int:
    """Read a whole number below ten thousand in Chinese characters.

    >>> spoken("两千三百零五"), spoken("十二"), spoken("二〇二四")
    (2305, 12, 2024)
    """
    if all(mark in DIGITS for mark in text):
        return int("".join(str(DIGITS[mark]) for mark in text[:LONGEST]))
    total, digit = 0, 0
    for mark in text:
        if mark in TENS:
            total += (digit or (0 if total else 1)) * TENS[mark]
            digit = 0
        else:
            digit = DIGITS[mark]
    return total + digit


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit: what it measures, and how large it is in the first unit of that measure.

    ``words`` are the ways in which people write it; a scale such as 万 may stand before any of
    them.  Units of one ``measure`` are converted into each other, others never are.
    """

    code: str
    measure: str
    factor: Fraction
    name: Mapping[str, str]
    words: tuple[str, ...] = ()
    source: str = ""


class Units:
    """The table of units, and conversions by it."""

    def __init__(self, units: Iterable[Unit], scales: Mapping[str, int]) -> None:
        self.by_code = {each.code: each for each in units}
        self.scales = dict(scales)
        self._factors: dict[tuple[str, str], Fraction] = {}

    @cached_property
    def words(self) -> dict[str, Unit]:
        """Each unit by every way of writing it."""
        found = {word: each for each in self.by_code.values() for word in each.words}
        return found | self.by_code

    def find(self, written: str) -> tuple[Unit, int]:
        """Give the unit that *written* means, and the scale before it; `BadFact` if unknown."""
        said = unicodedata.normalize("NFKC", written).strip()
        if said in self.words:
            return self.words[said], 1
        for scale in sorted(self.scales, key=len, reverse=True):
            rest = said.removeprefix(scale)
            if rest != said and (rest in self.words or not rest):
                return self.words.get(rest) or self.by_code[COUNT], self.scales[scale]
        msg = f"unit: {written!r} is in no table of units"
        raise BadFact(msg)

    def convert(self, value: Decimal, written: str, to: str) -> Decimal:
        """Say *value*, given in the unit that is *written*, in the unit of code *to*.

        Exact wherever decimals can be; else rounded to `PLACES` digits after the point.  Raises
        `BadFact`, naming ``unit``, where the two do not measure the same.
        """
        factor = self._factors.get((written, to))
        if factor is None:
            unit, scale = self.find(written)
            target = self.by_code[to]
            if unit.measure != target.measure:
                msg = f"unit: {written!r} is {unit.measure}, and {target.code} is {target.measure}"
                raise BadFact(msg)
            factor = self._factors[written, to] = scale * unit.factor / target.factor
        return decimal(Fraction(value) * factor)


def decimal(ratio: Fraction) -> Decimal:
    """Write a fraction as a decimal: exactly if it has an end, else to `PLACES` digits."""
    under, twos, fives = ratio.denominator, 0, 0
    while under % 2 == 0:
        under, twos = under // 2, twos + 1
    while under % 5 == 0:
        under, fives = under // 5, fives + 1
    places = max(twos, fives) if under == 1 else PLACES
    scaled = round(ratio * 10**places)
    sign, digits = int(scaled < 0), tuple(int(mark) for mark in str(abs(scaled)))
    return Decimal((sign, digits, -places))
