"""Imports and exports kept in memory: for tests of the doors, and to try a client on."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from borough.core.errors import NotFound
from borough.core.registry import Registry

Row = Mapping[str, Any]


class MemoryIntakes:
    """Jobs and files that a test puts there; an export has the keys and nothing else."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.kept: dict[int, dict[str, Any]] = {}
        self.files: dict[tuple[int, str], Path] = {}
        self.issued: dict[int, bytes] = {}

    def jobs(self, limit: int, /) -> Sequence[Row]:
        """List the newest imports, newest first."""
        return [self.kept[number] for number in sorted(self.kept, reverse=True)[:limit]]

    def job(self, number: int, /) -> Row:
        """Tell everything about an import."""
        found: Row = self._of(number, self.kept)
        return found

    def file(self, number: int, which: str, /) -> Path:
        """Find what an import has left."""
        found: Path = self._of((number, which), self.files)
        return found

    def tokens(self, number: int, /) -> bytes:
        """Give the tokens that an import issued, once."""
        shown: bytes = self._of(number, self.issued)
        del self.issued[number]
        return shown

    def export(self, form: str, /, *, kind: str, grid: str, retired: bool) -> Path:  # noqa: ARG002 - a port's signature
        """Write the keys of all things of a kind."""
        codes = [each.code for each in self.registry.kinds]
        rows = zip(self.registry.key, self.registry.kind.tolist(), strict=True)
        keys = [key for key, number in rows if kind in {"", codes[number]}]
        path = Path(mkdtemp(prefix="borough-")) / f"things.{form}"
        path.write_text("\n".join(["key", *keys, ""]), "utf-8")
        return path

    def _of(self, name: Any, kept: Mapping[Any, Any]) -> Any:
        if name not in kept:
            msg = f"import: there is no {name}"
            raise NotFound(msg)
        return kept[name]
