"""Facts: what somebody reported about the district's economy, and what was meant by it.

A fact is one statement by one source: that an indicator had a value in a period.  It is never
changed; what is found to be wrong later is said again, as the next revision, and what was known
at any earlier moment can still be asked for.  An indicator is a definition, not a name: where the
definition changes, the version does, and the series visibly breaks.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from borough.core.errors import BadFact
from borough.core.observations import Floats, Index
from borough.core.periods import Period
from borough.core.units import COMPARATORS, EQUAL, plain

ACTUAL = "actual"
STATUSES = (ACTUAL, "preliminary", "estimate", "forecast", "target", "plan", "capacity", "design",
            "policy")  # fmt: skip
"""What a number is: measured, or hoped for, or possible, or laid down."""
PRICES = ("", "nominal", "constant", "volume")
"""At whose prices: without any, those of the day, those of a base year, or counted in pieces."""
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator:
    """What a number means: one version of one definition.

    ``polarity`` is 1 where more is better, -1 where less is, 0 where neither; ``valid_from`` and
    ``valid_to`` bound the days for which the definition was in force, both within.
    """

    code: str
    version: int
    name: Mapping[str, str]
    unit: str
    polarity: int = 0
    text: Mapping[str, str] = field(default_factory=dict)
    formula: str = ""
    source: str = ""
    valid_from: date | None = None
    valid_to: date | None = None

    @property
    def ref(self) -> str:
        """The definition in one word, such as ``TAX@2``."""
        return f"{self.code}@{self.version}"

    def in_force(self, day: date | None) -> bool:
        """Tell whether this is the definition on a day; on none it is always."""
        if day is None:
            return True
        begun = self.valid_from is None or self.valid_from <= day
        return begun and (self.valid_to is None or day <= self.valid_to)


def defined(known: Sequence[Indicator], ref: str, day: date | None) -> Indicator:
    """Choose the definition that *ref* means on a day.

    ``TAX@2`` is that one, ``TAX`` the one in force; where several are, the newest counts.
    Raises `BadFact`, naming ``indicator``.
    """
    code, _, version = ref.partition("@")
    mine = [each for each in known if each.code == code]
    if version:
        fits = [each for each in mine if str(each.version) == version]
    else:
        fits = [each for each in mine if each.in_force(day)]
    if fits:
        return max(fits, key=lambda each: each.version)
    if mine and not version:
        msg = f"indicator: {code} has no definition that was in force on {day}"
    else:
        msg = f"indicator: there is no definition {ref!r}"
    raise BadFact(msg)


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """An administrative area for as long as it had its code; what came after it is named."""

    code: str
    name: Mapping[str, str]
    parent: str = ""
    valid_from: date | None = None
    valid_to: date | None = None
    successors: tuple[str, ...] = ()
    source: str = ""

    def existed(self, day: date | None) -> bool:
        """Tell whether it was there on a day."""
        if day is None:
            return True
        begun = self.valid_from is None or self.valid_from <= day
        return begun and (self.valid_to is None or day <= self.valid_to)


@dataclass(frozen=True, kw_only=True)
class Fact:
    """One statement by one source.

    ``value`` is in the unit of the indicator; ``stated`` and ``stated_unit`` are the words of the
    source.  ``subject`` is the key of a thing, such as a firm, and empty where the region itself
    is meant.  ``document`` is the code of the source; ``statement`` tells statements apart that
    say something of the same series in one document, and is usually empty.  ``line`` is the line
    of the document, ``row`` that of the imported file.  ``attributes`` holds what the source said
    besides (growth, rank, share), as text.
    """

    indicator: str
    definition: int
    region: str
    period: Period
    value: Decimal
    unit: str
    document: str
    scope: str = ""
    subject: str = ""
    prices: str = ""
    status: str = ACTUAL
    comparator: str = EQUAL
    statement: str = ""
    stated: str = ""
    stated_unit: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)
    note: str = ""
    line: int = 0
    row: int = 0

    def __post_init__(self) -> None:
        for name, among in (("status", STATUSES), ("prices", PRICES), ("comparator", COMPARATORS)):
            if getattr(self, name) not in among:
                given = getattr(self, name)
                msg = f"{name}: {given!r} is not one of {', '.join(filter(None, among))}"
                raise BadFact(msg)
        if not self.value.is_finite():
            msg = f"value: {self.value} is not finite"
            raise BadFact(msg)

    @cached_property
    def key(self) -> str:
        """What makes it this fact and no other: the series, the period and the source; SHA-256."""
        return digest(
            self.indicator, self.definition, self.region, self.scope, self.subject,
            self.period.kind, self.period.code, self.prices, self.status, self.document,
            self.statement,
        )  # fmt: skip

    @cached_property
    def said(self) -> str:
        """What it says, so that the same statement is known again; where it stood is not in it."""
        return digest(
            plain(self.value), self.unit, self.comparator, dict(self.attributes), self.note
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which facts are asked for; whatever is empty or None is not looked at.

    ``indicator`` is a code or ``CODE@version``; ``as_of_ms`` asks what was known at that moment.
    """

    indicator: str = ""
    region: str = ""
    subject: str | None = None
    period: str = ""
    period_kind: str = ""
    status: str = ""
    document: str = ""
    import_id: int | None = None
    marked: bool = False
    as_of_ms: int | None = None


def digest(*parts: Any) -> str:
    """Give the SHA-256 of some words, the same on every machine."""
    text = json.dumps(parts, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Column:
    """One indicator over all subjects: float64 values, NaN where missing, and where each is from.

    ``fact`` and ``revision`` are 0 where there is nothing; ``marked`` is true where a check
    objected to the fact.
    """

    value: Floats
    missing: Bools
    fact: Index
    revision: Index
    marked: Bools


@dataclass(frozen=True, slots=True)
class FactColumns:
    """Facts laid out for formulas: row *i* of every column is about ``subjects[i]``.

    ``columns`` goes by the indicator as it was asked for; ``definitions`` says which definition
    each turned out to mean.
    """

    subjects: tuple[str, ...]
    columns: Mapping[str, Column]
    definitions: Mapping[str, str]

    def __getitem__(self, indicator: str) -> Column:
        return self.columns[indicator]

    def __len__(self) -> int:
        return len(self.subjects)
