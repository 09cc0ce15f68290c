"""The cabinet: bytes under their own SHA-256 in the data folder, on the disk before we say so.

    files/3f/3f9a...    a file that nobody serves as it is; only its owner may read it

What is there under a name is what the name says, so the same bytes are kept once.
"""

import os
from hashlib import file_digest
from pathlib import Path

from borough.core.errors import NotFound

FOLDER = "files"
PRIVATE, OWN = 0o600, 0o700


class Cabinet:
    """Keeps the bytes of files below the data folder *data*."""

    def __init__(self, data: Path) -> None:
        self.folder = data / FOLDER

    def path(self, digest: str) -> Path:
        """Say where the bytes of a digest are; `NotFound` where they are not there any more."""
        path = self._place(digest)
        if not path.is_file():
            msg = f"file: its bytes are gone ({digest[:12]})"
            raise NotFound(msg)
        return path

    def keep(self, source: Path, digest: str) -> None:
        """Move a file in, and return when a power cut could not lose it any more."""
        place = self._place(digest)
        if place.exists():
            source.unlink()
            return
        place.parent.mkdir(parents=True, exist_ok=True, mode=OWN)
        source.chmod(PRIVATE)
        with source.open("rb") as file:
            os.fsync(file.fileno())
        source.replace(place)
        for folder in (place.parent, self.folder):
            settle(folder)

    def drop(self, digest: str) -> None:
        """Delete bytes that nothing needs any more."""
        self._place(digest).unlink(missing_ok=True)

    def sound(self, digest: str) -> bool:
        """Say whether the bytes under a digest are there, and are those that it names."""
        place = self._place(digest)
        return place.is_file() and digest_of(place) == digest

    def _place(self, digest: str) -> Path:
        return self.folder / digest[:2] / digest


def settle(folder: Path) -> None:
    """Have the names in a folder written to the disk."""
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def digest_of(path: Path) -> str:
    """Give the SHA-256 of a file, hex."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
