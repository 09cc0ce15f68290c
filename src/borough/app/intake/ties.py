"""The relations that a file of things wants, against those that hold."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from borough.app.intake.reading import NOBODY, RELATION, Cells, Known
from borough.app.intake.refusals import Faults
from borough.core.observations import Index

SIGNS = {"": 1, "1": 1, "+1": 1, "-1": -1}
Ends = tuple[int, str, int, int]
"""Place of the row, name of the relation, the other thing (new ones behind those held), sign."""


@dataclass(slots=True)
class Ties:
    """All relations that rows name; those of them to be made; those that are to end."""

    wanted: list[Ends] = field(default_factory=list)
    tied: list[Ends] = field(default_factory=list)
    untied: list[Ends] = field(default_factory=list)

    @property
    def turned(self) -> set[int]:
        """The rows whose relations change."""
        return {place for place, *_ in (*self.tied, *self.untied)}


def tied_by(
    columns: Mapping[str, Cells], row: Index, end: Index, known: Known, faults: Faults
) -> Ties:
    """Read the columns ``rel.*``; each cell says all that its thing is tied to by that name."""
    ties = Ties()
    names = [name for name in columns if name.startswith(RELATION)]
    if not names:
        return ties
    total, at = len(known.held.id), row.tolist()
    fresh = {columns["key"][place]: place + total for place in np.flatnonzero(row < 0).tolist()}
    ends = np.append(known.held.valid_to, end)
    ends[row[row >= 0]] = end[row >= 0]
    holds: dict[tuple[str, int], dict[int, int]] = {}
    for tie, start, stop, holding in known.held.ties:
        holds.setdefault((tie, start), {})[stop] = holding
    for column in names:
        name = column.removeprefix(RELATION)
        for place, cell in enumerate(columns[column]):
            has = holds.get((name, at[place]), {}) if at[place] >= 0 else {}
            if not cell and not has:
                continue
            asked: dict[int, int] = {}
            for word in cell.replace(";", " ").replace(",", " ").split():
                key, _, sign = word.partition(":")
                to = known.rows.get(key, fresh.get(key, NOBODY))
                if sign not in SIGNS:
                    faults.add(place, column, "relation-sign", value=word)
                elif to < 0:
                    faults.add(place, column, "relation", value=key)
                elif ends[to] >= 0 and to not in has:
                    faults.add(place, column, "relation-retired", value=key)
                else:
                    asked[to] = SIGNS[sign]
            compare(ties, place, name, asked, has)
    return ties


def compare(
    ties: Ties, place: int, name: str, asked: Mapping[int, int], has: Mapping[int, int]
) -> None:
    """Note what one cell asks for beyond what holds, and what holds beyond what it asks for."""
    ties.wanted += [(place, name, to, sign) for to, sign in asked.items()]
    ties.tied += [(place, name, to, sign) for to, sign in asked.items() if has.get(to) != sign]
    ties.untied += [(place, name, to, sign) for to, sign in has.items() if asked.get(to) != sign]
