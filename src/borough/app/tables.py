"""Lists that leave as files: CSV or Excel, of which no cell runs as a formula."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from borough.adapters import sheets


class TableFiles:
    """Writes rows under a heading into a file."""

    def written(
        self, name: str, header: Sequence[str], rows: Sequence[Sequence[Any]], suffix: str
    ) -> bytes:
        """Give the bytes of a CSV or Excel file, as *suffix* says; None is an empty cell.

        A column that holds a number anywhere is written as numbers where it can be.
        """
        lines = [tuple("" if cell is None else str(cell) for cell in row) for row in rows]
        numeric = frozenset(
            title
            for at, title in enumerate(header)
            if any(isinstance(row[at], int | float) for row in rows)
        )
        sheet = sheets.Sheet(name, tuple(header), lines, range(2, len(lines) + 2), numeric)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"table{suffix}"
            sheets.write(path, sheet)
            return path.read_bytes()
