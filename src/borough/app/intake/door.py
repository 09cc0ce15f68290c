"""What the HTTP doors need of imports and exports: jobs to look at, and files to send."""

import contextlib
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Engine

from borough.app.intake.exports import export_file, exported
from borough.app.intake.jobs import ERRORS, ROWS, TOKENS, Shelf
from borough.core.district import District
from borough.core.errors import NotFound
from borough.storage.sql import SqlIntake

FILES = {"rows": ROWS, "errors": ERRORS}


class IntakeDoor:
    """Imports and exports as the doors see them; only reading, but for tokens shown once."""

    def __init__(self, data: Path, engine: Engine, district: District) -> None:
        self.shelf = Shelf(data)
        self.store = SqlIntake(engine)
        self.district = district

    def jobs(self, limit: int) -> list[dict[str, Any]]:
        """List the newest imports, newest first."""
        return [msgspec.to_builtins(job) for job in self.shelf.jobs(limit)]

    def job(self, number: int) -> dict[str, Any]:
        """Tell everything about an import; `NotFound` if there is none."""
        told: dict[str, Any] = msgspec.to_builtins(self.shelf.job(number))
        return told

    def file(self, number: int, which: str) -> Path:
        """Find what an import has left: its ``rows`` or ``errors``; else `NotFound`."""
        path = self.shelf.path(number, FILES[which])
        if not path.is_file():
            msg = f"import {number} has left no {which}"
            raise NotFound(msg)
        return path

    def tokens(self, number: int) -> bytes:
        """Give the tokens that an import issued, as CSV, once: then they are gone."""
        path = self.shelf.path(number, TOKENS)
        taken = path.with_suffix(".shown")
        with contextlib.suppress(FileNotFoundError):
            path.rename(taken)  # of two who ask at once, one gets them
            shown = taken.read_bytes()
            taken.unlink()
            return shown
        msg = f"import {number} has no tokens to show, or has shown them"
        raise NotFound(msg)

    def export(self, form: str, *, kind: str, grid: str, retired: bool) -> Path:
        """Write things into a file, in a folder of its own that the caller clears away."""
        sheet = exported(self.store.held(), self.district, kind=kind, grid=grid, retired=retired)
        return export_file(sheet, form)
