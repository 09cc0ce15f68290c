"""The archive: one tar file of named parts, with a list of them and of what they add up to.

    borough.json       what it is: format, release, district, when; first, so that it is seen early
    <part> ...         settings, database rows, streams, checkpoint, history, other files
    manifest.json      the SHA-256 and size of every part, and the positions that they belong to
    manifest.sha256    the sum of the list; without this last part the archive is cut short

It holds tokens and credentials as the district does, so only its owner may read it.
"""

import gzip
import hashlib
import json
import os
import tarfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any, NoReturn, Self

from borough.core.errors import BadArchive

FORMAT = 1
HEAD, LIST, SUM = "borough.json", "manifest.json", "manifest.sha256"
ENDING = ".borough.tar"
PACKED = ".gz"
EFFORT = 1
"""How hard gzip tries: rows and frames shrink to a third, at 100 MB a second."""
PRIVATE = 0o600


@dataclass(slots=True)
class Manifest:
    """What an archive says of itself.

    ``moment_ms`` is the district's time at which it was cut, ``positions`` how far journal,
    detections, history, checkpoint and database are, by name; ``unjournalled`` how many
    messages the doors had answered for that the journal did not hold yet.  ``counts`` are rows
    by table, ``parts`` their (SHA-256, bytes).
    """

    format: int
    release: str
    district: str
    name: dict[str, str]
    synthetic: dict[str, str]
    made: str
    revision: str = ""
    moment_ms: int = 0
    unjournalled: int = 0
    positions: dict[str, int] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    parts: dict[str, list[Any]] = field(default_factory=dict)

    @property
    def head(self) -> dict[str, Any]:
        """What stands at the beginning of the archive, before anything was copied."""
        return {name: getattr(self, name) for name in ("format", "release", "district", "made")}


class Writer:
    """Writes an archive beside where it is to be, and moves it there when it is whole."""

    def __init__(self, path: Path, manifest: Manifest) -> None:
        self.path = path
        self.manifest = manifest
        self._part = path.with_name(f".{path.name}.part")
        path.parent.mkdir(parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | os.O_TRUNC
        self._file = os.fdopen(os.open(self._part, flags, PRIVATE), "w+b")
        self._tar = tarfile.TarFile(fileobj=self._file, mode="w")
        self._put(HEAD, json.dumps(manifest.head).encode())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self._file.close()
        if kind is not None:
            self._part.unlink(missing_ok=True)

    def add(self, name: str, content: bytes) -> None:
        """Add a part; one whose name ends in ``.gz`` is packed on the way."""
        if name.endswith(PACKED):
            content = gzip.compress(content, EFFORT, mtime=0)
        self.manifest.parts[name] = [hashlib.sha256(content).hexdigest(), len(content)]
        self._put(name, content)

    def close(self) -> None:
        """Write the list of parts, bring everything to the disk, and give the archive its name."""
        told = json.dumps(asdict(self.manifest), ensure_ascii=False, indent=1).encode()
        self._put(LIST, told)
        self._put(SUM, hashlib.sha256(told).hexdigest().encode())
        self._tar.close()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._part.replace(self.path)

    def _put(self, name: str, content: bytes) -> None:
        entry = tarfile.TarInfo(name)
        entry.size, entry.mode = len(content), PRIVATE
        self._tar.addfile(entry, BytesIO(content))


def verified(path: Path, tell: Any = lambda _done, _total: None) -> Manifest:
    """Read an archive from end to end and give what it says of itself.

    Raises `BadArchive`, naming the part, where a part is damaged, missing or too much, where
    the file is cut short, is no archive of ours, or was made by a later release.
    """
    sums: dict[str, list[Any]] = {}
    last: dict[str, bytes] = {}
    whole = path.stat().st_size if path.exists() else 0
    for name, content in contents(path, packed=True):
        if name in {LIST, SUM}:
            last[name] = content
        elif name != HEAD:
            sums[name] = [hashlib.sha256(content).hexdigest(), len(content)]
            tell(sum(size for _, size in sums.values()), whole)
    end = next(reversed(sums), HEAD)
    if last.keys() != {LIST, SUM}:
        _bad(path, f"it is cut short or damaged behind {end}")
    if hashlib.sha256(last[LIST]).hexdigest().encode() != last[SUM]:
        _bad(path, f"{LIST} is damaged")
    manifest = Manifest(**json.loads(last[LIST]))
    for name in manifest.parts | sums:
        if sums.get(name) != manifest.parts.get(name):
            what = "is missing" if name not in sums else "is damaged"
            _bad(path, f"{name} {'is not listed' if name not in manifest.parts else what}")
    return manifest


def contents(path: Path, under: str = "", *, packed: bool = False) -> Iterator[tuple[str, bytes]]:
    """Give the parts of an archive whose names begin with *under*, in order; see `verified`.

    They are unpacked unless *packed*.
    """
    try:
        with tarfile.open(path, "r:") as tar:
            for number, entry in enumerate(tar):
                if number == 0:
                    _check_head(path, entry.name, _read(tar, entry))
                if not entry.name.startswith(under):
                    continue
                content = _read(tar, entry)
                if entry.name.endswith(PACKED) and not packed:
                    content = gzip.decompress(content)
                yield entry.name, content
    except FileNotFoundError as error:
        msg = f"{path}: there is no such file"
        raise BadArchive(msg) from error
    except (tarfile.TarError, EOFError, OSError, ValueError) as error:
        msg = f"{path}: no archive of Borough, or cut short or damaged: {error}"
        raise BadArchive(msg) from error


def _read(tar: tarfile.TarFile, entry: tarfile.TarInfo) -> bytes:
    file = tar.extractfile(entry)
    content = b"" if file is None else file.read()
    if len(content) != entry.size:
        msg = f"{entry.name} is cut short"
        raise tarfile.ReadError(msg)
    return content


def _check_head(path: Path, name: str, content: bytes) -> None:
    head = json.loads(content) if name == HEAD else {}
    if "format" not in head:
        _bad(path, f"it does not begin with {HEAD}: this is no archive of Borough")
    if head["format"] > FORMAT:
        _bad(
            path,
            f"it was made by release {head['release']}, in format {head['format']}; "
            f"this release reads up to {FORMAT}",
        )


def _bad(path: Path, why: str) -> NoReturn:
    msg = f"{path}: {why}"
    raise BadArchive(msg)
