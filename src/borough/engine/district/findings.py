"""What is wrong with a district folder, and where."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong with one value, in Chinese and English."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to put right.

    ``row`` is the line of a table (its header is line 1), the number of a feature of a GeoJSON
    file counted from 1, or 0 for the file as a whole.  ``field`` is a column or key, or empty.
    ``says`` is by language, ``zh`` and ``en``.
    """

    file: str
    row: int
    field: str
    says: Mapping[str, str]

    @classmethod
    def of(cls, file: str, row: int, field: str, flaw: Flaw) -> "Finding":
        """Say that a value has a flaw."""
        return cls(file, row, field, {"zh": flaw.zh, "en": flaw.en})

    def line(self, language: str = "en") -> str:
        """Write it on one line, as ``grids.csv:12: lon: ...``."""
        where = [self.file + (f":{self.row}" if self.row else ""), self.field, self.says[language]]
        return ": ".join(part for part in where if part)
