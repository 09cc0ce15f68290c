"""A sheet: a heading and rows of text, each with the number that people see beside it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Self

from borough.adapters.sheets.limits import Limits
from borough.adapters.sheets.refusals import refused

Line = tuple[int, Sequence[str]]
"""The number of a row as people see it, and its cells."""
LETTERS = 26
EXACT = 10**15
"""From here on Excel has lost digits: it keeps 15."""


@dataclass(frozen=True)
class Sheet:
    """Rows under a heading; every cell is text without blanks around it, "" where it is empty.

    A number is written as shortly as it can be, a date as ISO 8601, a yes or no as ``true`` or
    ``false``, so that CSV, Excel and GeoJSON of the same table read the same.  ``numbers[i]``
    is the number of ``rows[i]`` in its file: the line, the row of the workbook, or the feature
    counted from 1.  The columns in ``numeric`` are written as numbers where they can be.
    """

    name: str
    header: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    numbers: Sequence[int] = ()
    numeric: frozenset[str] = field(default=frozenset())

    @cached_property
    def columns(self) -> dict[str, tuple[str, ...]]:
        """The cells of each column, by its name."""
        across = zip(*self.rows, strict=True) if self.rows else ((),) * len(self.header)
        return dict(zip(self.header, across, strict=True))

    def pick(self, which: Iterable[int]) -> Self:
        """Keep only some of the rows, by their places."""
        places = list(which)
        rows = [self.rows[place] for place in places]
        return replace(self, rows=rows, numbers=[self.numbers[place] for place in places])


def laid_out(file: str, name: str, lines: Iterable[Line], limits: Limits) -> Sheet:
    """Take the first row that says anything as the heading, and what follows as its rows.

    Empty rows are passed over.  Raises `BadSheet` naming the row and the column.
    """
    told = ((number, cells) for number, cells in lines if any(cells))
    at, heading = next(told, (0, ()))
    if not heading:
        raise refused(file, "no-header", sheet=name)
    header = _checked(file, name, at, heading, limits)
    wide = len(header)
    rows: list[tuple[str, ...]] = []
    numbers: list[int] = []
    for number, cells in told:
        if len(cells) != wide:
            cells = _fitted(file, name, number, cells, wide)  # noqa: PLW2901 - the same cells, cut
        rows.append(tuple(cells))
        numbers.append(number)
    for what, many, most in (
        ("many-rows", len(rows), limits.rows),
        ("many-cells", len(rows) * wide, limits.cells),
    ):
        if many > most:
            raise refused(file, what, sheet=name, many=many, most=most)
    return Sheet(name, header, rows, numbers)


def _checked(
    file: str, name: str, at: int, heading: Sequence[str], limits: Limits
) -> tuple[str, ...]:
    """Give the heading without the empty cells at its end; each name once, and none missing."""
    wide = max(place for place, cell in enumerate(heading, 1) if cell)
    if wide > limits.columns:
        raise refused(file, "many-columns", sheet=name, row=at, many=wide, most=limits.columns)
    header = tuple(heading[:wide])
    for place, cell in enumerate(header):
        if not cell:
            raise refused(file, "empty-header", sheet=name, row=at, column=lettered(place))
        if cell in header[:place]:
            raise refused(file, "double-header", sheet=name, row=at, field=cell, name=cell)
    return header


def _fitted(file: str, name: str, number: int, cells: Sequence[str], wide: int) -> Sequence[str]:
    """Cut empty cells off the end of a row that is too long; nothing else may differ."""
    if len(cells) > wide and not any(cells[wide:]):
        return cells[:wide]
    raise refused(file, "ragged", sheet=name, row=number, many=len(cells), most=wide)


def lettered(place: int) -> str:
    """Name a column as Excel does, counted from 0.

    >>> lettered(0), lettered(25), lettered(26), lettered(701), lettered(702)
    ('A', 'Z', 'AA', 'ZZ', 'AAA')
    """
    letters = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, LETTERS)
        letters = chr(ord("A") + rest) + letters
    return letters


def numbered(letters: str) -> int:
    """Give the place of a column, counted from 0, by the name that Excel gives it.

    >>> numbered("A"), numbered("AA"), numbered("AAA")
    (0, 26, 702)
    """
    place = 0
    for letter in letters:
        place = LETTERS * place + ord(letter) - ord("A") + 1
    return place - 1


def spelled(number: float) -> str:
    """Write a number as shortly as it can be read back.

    >>> spelled(12.0), spelled(0.1), spelled(3)
    ('12', '0.1', '3')
    """
    return f"{number:.0f}" if abs(number) < EXACT and number == int(number) else repr(number)
