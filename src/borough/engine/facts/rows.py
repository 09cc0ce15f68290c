"""Rows of a file become facts, or are refused with the field that is at fault.

Two layouts are read.  In the long one each row is one fact, with columns ``indicator`` and
``value``.  In the wide one each row is a subject in a period, and every column that bears an
indicator's code or name is a fact: ``TAX``, ``税收``, ``税收(万元)``.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from borough.core import units as quantities
from borough.core.errors import BadFact
from borough.core.facts import ACTUAL, Fact, Indicator, Region, defined
from borough.core.periods import Period
from borough.core.units import EQUAL, Units
from borough.engine.facts.vocabulary import ATTRIBUTE, FIELD, headings

NEEDED = ("region", "period", "document")
KEY = re.compile(r"[A-Za-z0-9_-]{1,64}")
IN_UNIT = re.compile(r"(.+?)\s*\(([^()]+)\)")
LONGEST = 2_000
"""Characters of a cell that is kept as text."""
Cells = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a row was refused: the number of the row, the field, and what is wrong with it."""

    row: int
    field: str
    detail: str


@dataclass(slots=True)
class Taken:
    """What became of a file's rows: facts, and refusals; and headings that nobody looked at."""

    facts: list[Fact] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    passed_over: tuple[str, ...] = ()


class Reader:
    """Reads rows with what the store knows; ``given`` fills cells that a file leaves empty."""

    def __init__(
        self,
        *,
        units: Units,
        indicators: Sequence[Indicator],
        regions: Sequence[Region],
        documents: Sequence[str],
        today: date,
        given: Cells | None = None,
        find: Callable[[str], str] = str,
    ) -> None:
        """*find* gives the key of a subject by what the file calls it, or raises `BadFact`."""
        self.units = units
        self.indicators = indicators
        self.regions = {each.code: each for each in regions}
        self.documents = set(documents)
        self.today = today
        self.given = dict(given or {})
        self.find = find
        self.meant: dict[tuple[str, date | None], Indicator] = {}

    def read(
        self, header: Sequence[str], rows: Sequence[Sequence[str]], numbers: Sequence[int]
    ) -> Taken:
        """Read all rows; of one that has a fault no fact is taken, and the others go on.

        Raises `BadFact` where the heading itself leaves no way to read any row.
        """
        columns, wide = self._columns(header)
        seen = {name for name, _ in columns.values()} | {heading for heading, _, _ in wide}
        taken = Taken(passed_over=tuple(name for name in header if name not in seen))
        first: dict[str, Fact] = {}
        for number, cells in zip(numbers, rows, strict=True):
            said = dict(zip(header, cells, strict=True))
            try:
                facts = list(self._facts(said, columns, wide, number))
                for each in facts:
                    once(each, first)
            except BadFact as error:
                about, _, detail = str(error).partition(": ")
                taken.refused.append(Refusal(number, about, detail))
            else:
                first |= {each.key: each for each in facts}
                taken.facts += facts
        return taken

    def _columns(
        self, header: Sequence[str]
    ) -> tuple[dict[str, tuple[str, str]], list[tuple[str, str, str]]]:
        """Say what each heading means: by field, and, in a wide layout, the indicators."""
        columns: dict[str, tuple[str, str]] = {}
        for name in header:
            known = headings().get(name.lower())
            if known is None:
                continue
            if known.field in columns:
                msg = f"{name}: means the same as {columns[known.field][0]}"
                raise BadFact(msg)
            columns[known.field] = (name, known.kind)
        long = "indicator" in columns and "value" in columns
        wide = [] if long else [found for name in header if (found := self._bears(name))]
        needed = [each for each in NEEDED if each not in columns and each not in self.given]
        if not long and not wide:
            needed = ["indicator", "value", *needed]
        if needed:
            msg = f"{needed[0]}: the column is missing"
            raise BadFact(msg)
        return columns, wide

    def _bears(self, name: str) -> tuple[str, str, str] | None:
        """Tell which indicator a heading names, and in which unit its cells are."""
        bare = unicodedata.normalize("NFKC", name)
        match = IN_UNIT.fullmatch(bare)
        said, unit = (match[1], match[2]) if match else (bare, "")
        for each in self.indicators:
            if said in {each.code, each.ref, each.name.get("zh"), each.name.get("en")}:
                return name, each.ref if said == each.ref else each.code, unit
        return None

    def _facts(
        self,
        said: Cells,
        columns: Mapping[str, tuple[str, str]],
        wide: Sequence[tuple[str, str, str]],
        number: int,
    ) -> Iterator[Fact]:
        """Make the facts of one row."""
        cells = dict(self.given)
        extra = {}
        for name, (heading, kind) in columns.items():
            cell = said[heading]
            if len(cell) > LONGEST:
                msg = f"{heading}: has more than {LONGEST} characters"
                raise BadFact(msg)
            if cell and kind == FIELD:
                cells[name] = cell
            if cell and kind == ATTRIBUTE:
                extra[name] = cell
        if not wide:
            yield self._fact(cells, extra, number)
        for heading, ref, unit in wide:
            if said[heading]:
                one = {"indicator": ref, "value": said[heading]} | ({"unit": unit} if unit else {})
                try:
                    yield self._fact({**cells, **one}, extra, number)
                except BadFact as error:
                    about, _, detail = str(error).partition(": ")
                    msg = f"{heading if about in one else about}: {detail}"
                    raise BadFact(msg) from error

    def _fact(self, cells: Cells, extra: Cells, number: int) -> Fact:
        for name in ("indicator", "value", *NEEDED):
            if not cells.get(name):
                msg = f"{name}: is empty"
                raise BadFact(msg)
        period = Period.read(cells["period"], cells.get("period_kind", ""))
        asked = cells["indicator"], period.end
        if asked not in self.meant:
            self.meant[asked] = defined(self.indicators, *asked)
        indicator = self.meant[asked]
        amount = quantities.read(cells["value"])
        written = cells.get("unit") or amount.unit or indicator.unit
        if cells.get("unit") and amount.unit and cells["unit"] != amount.unit:
            msg = f"unit: the cell says {cells['unit']!r}, and the value itself {amount.unit!r}"
            raise BadFact(msg)
        made = Fact(
            indicator=indicator.code,
            definition=indicator.version,
            region=cells["region"],
            scope=cells.get("scope", ""),
            subject=self._subject(cells.get("subject", "")),
            period=period,
            value=self.units.convert(amount.value, written, indicator.unit),
            unit=indicator.unit,
            comparator=self._comparator(cells.get("comparator", ""), amount.comparator),
            prices=cells.get("prices", ""),
            status=cells.get("status", ACTUAL),
            document=cells["document"],
            statement=cells.get("statement", ""),
            stated=cells["value"],
            stated_unit=written,
            attributes=extra,
            note=cells.get("note", ""),
            line=whole(cells.get("line", "0")),
            row=number,
        )
        self._stands(made)
        return made

    def _subject(self, said: str) -> str:
        """Give the key of what a row is about; empty where it is about the region."""
        key = self.find(said) if said else ""
        if key and not KEY.fullmatch(key):
            msg = f"subject: {said!r} is not a key of letters, digits, - and _"
            raise BadFact(msg)
        return key

    def _comparator(self, cell: str, within: str) -> str:
        """Take the comparator of its own column, or the one that stands with the value."""
        if cell and within not in {EQUAL, cell}:
            msg = f"comparator: the cell says {cell!r}, and the value itself {within!r}"
            raise BadFact(msg)
        return cell or within

    def _stands(self, made: Fact) -> None:
        """See that a fact speaks of a region, a source and a time that there are."""
        region = self.regions.get(made.region)
        if region is None:
            msg = f"region: there is no region {made.region!r}"
            raise BadFact(msg)
        start = made.period.start
        if made.status == ACTUAL and start and not region.existed(start):
            after = ", ".join(region.successors)
            msg = f"region: {region.code} was no more on {start}" + (after and f"; see {after}")
            raise BadFact(msg)
        if made.document not in self.documents:
            msg = f"document: there is no source {made.document!r}; declare it first"
            raise BadFact(msg)
        if made.status == ACTUAL and start and start > self.today:
            msg = f"period: {made.period.code} has not happened; today is {self.today}"
            raise BadFact(msg)


def once(fact: Fact, first: Mapping[str, Fact]) -> None:
    """See that no row before says something else of the same fact."""
    before = first.get(fact.key)
    if before and before.said != fact.said:
        msg = f"value: row {before.row} says {before.comparator}{before.value:f} of the same"
        raise BadFact(msg)


def whole(text: str) -> int:
    """Read the number of a line."""
    if not (text.isascii() and text.isdecimal() and len(text) < len(str(1 << 31))):
        msg = f"line: {text!r} is not the number of a line"
        raise BadFact(msg)
    return int(text)
