"""What may be attached to a case, as ``limits.toml`` beside this file declares it."""

import tomllib
from dataclasses import dataclass, fields
from importlib.resources import files as package
from typing import Self

from borough.core.files import PDF, PHOTOS


@dataclass(frozen=True, slots=True)
class FileLimits:
    """How large files are, and their copies; see ``limits.toml`` for unit and reason."""

    photo_bytes: int
    paper_bytes: int
    film_bytes: int
    pixels: int
    shared_edge: int
    thumbnail_edge: int
    quality: int
    files: int

    @classmethod
    def declared(cls) -> Self:
        """Read them from the table."""
        table = tomllib.loads((package("borough.app.files") / "limits.toml").read_text("utf-8"))
        return cls(**{field.name: table[field.name]["value"] for field in fields(cls)})

    @property
    def most(self) -> int:
        """The largest file of any kind, bytes."""
        return max(self.photo_bytes, self.paper_bytes, self.film_bytes)

    def most_of(self, media: str) -> int:
        """The largest file of a media type, bytes."""
        if media in PHOTOS:
            return self.photo_bytes
        return self.paper_bytes if media == PDF else self.film_bytes


LIMITS = FileLimits.declared()
