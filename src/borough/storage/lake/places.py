"""Where a history lies: in a folder, or in an object store that speaks S3.

The files of a history never change once they are written, so what was fetched from a store is
kept in a folder of this machine and fetched again only after it was dropped from there.  DuckDB
reads from that folder: it needs neither the network nor an extension.
"""

import contextlib
import os
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

from borough.core.errors import BadSetting, HistoryDamaged

IN_USE_S = 60.0
"""What was asked for so lately may just be read, and stays whatever it takes."""
RETRIES: Any = {"max_retries": 3, "retry_timeout": timedelta(seconds=10)}
"""Soon enough to say so: who appends tries again by itself, and who asks does not wait."""
MB = 1 << 20


class Folder:
    """A folder of this machine, or one that machines share."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def address(self) -> str:
        """What a Delta library opens."""
        return str(self.folder)

    def below(self, name: str) -> Self:
        """Give the place *name* in this one."""
        return type(self)(self.folder / name)

    def put(self, name: str, content: bytes) -> None:
        """Write a whole file through to the disk, or leave none; `OSError` says why."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        written(path, content)

    def forget(self, name: str) -> None:
        """Delete a file, if it is there."""
        (self.folder / name).unlink(missing_ok=True)

    def has(self, name: str) -> bool:
        """Say whether a file is there."""
        return (self.folder / name).exists()

    def names(self, ending: str) -> list[str]:
        """List the files that end so, directly in this place, in order."""
        return sorted(path.name for path in self.folder.glob(f"*{ending}"))

    def paths(self, names: Sequence[str]) -> list[str]:
        """Say where on this machine these files can be read."""
        return [str(self.folder / name) for name in names]

    def changed(self, name: str) -> int | None:
        """Say when anything in a folder was last changed; None where only a look can tell."""
        return (self.folder / name).stat().st_mtime_ns


class Bucket(Folder):
    """A part of an object store; ``folder`` keeps on this machine what was fetched from it.

    Of that it keeps at most *kept_mb*, and drops the longest unused first.  *address* is
    ``s3://bucket/prefix``.  The store's own address and our keys come from the
    environment: ``AWS_ENDPOINT_URL``, ``AWS_ACCESS_KEY_ID``, ``AWS_SECRET_ACCESS_KEY``,
    ``AWS_REGION``, and ``AWS_ALLOW_HTTP`` for one without TLS.
    """

    def __init__(self, folder: Path, address: str, kept_mb: int) -> None:
        super().__init__(folder)
        self._address, self._kept_mb = address.rstrip("/"), kept_mb
        try:
            # Needed by whoever has an object store, and installed with `borough[s3]` only.
            import obstore  # noqa: PLC0415 - see above
            from obstore.exceptions import BaseError  # noqa: PLC0415 - see above
            from obstore.store import from_url  # noqa: PLC0415 - see above
        except ImportError as error:
            msg = "history: an object store needs the package obstore; install borough[s3]"
            raise BadSetting(msg) from error
        self._obstore = obstore
        self._wrong = (BaseError, OSError)
        plain = os.environ.get("AWS_ALLOW_HTTP", "").lower() in {"1", "true"}
        self._store: Any = from_url(
            self._address, client_options={"allow_http": plain}, retry_config=RETRIES
        )

    @property
    def address(self) -> str:
        """What a Delta library opens."""
        return self._address

    def below(self, name: str) -> Self:
        """Give the place *name* in this one."""
        return type(self)(self.folder / name, f"{self._address}/{name}", self._kept_mb)

    def put(self, name: str, content: bytes) -> None:
        """Store a file and keep it here, too; `OSError` says why it is not stored."""
        try:
            self._obstore.put(self._store, name, content, mode="create")
        except self._wrong as error:
            msg = f"{self._address}/{name}: {error}"
            raise OSError(msg) from error
        self._keep(self.folder / name, content)

    def forget(self, name: str) -> None:
        """Delete a file, if it is there; one that stays is gone with the next vacuum."""
        super().forget(name)
        with contextlib.suppress(*self._wrong):
            self._obstore.delete(self._store, name)

    def has(self, name: str) -> bool:
        """Say whether a file is there."""
        try:
            self._obstore.head(self._store, name)
        except FileNotFoundError:
            return False
        except self._wrong as error:
            raise self._damaged(name, error) from error
        return True

    def names(self, ending: str) -> list[str]:
        """List the files that end so, directly in this place, in order."""
        try:
            found = self._obstore.list_with_delimiter(self._store)["objects"]
        except self._wrong as error:
            raise self._damaged(ending, error) from error
        names = (each["path"].rpartition("/")[2] for each in found)
        return sorted(name for name in names if name.endswith(ending))

    def paths(self, names: Sequence[str]) -> list[str]:
        """Fetch what is not here yet, and say where; `HistoryDamaged` if that cannot be had."""
        for name in names:
            path = self.folder / name
            try:
                os.utime(path)
            except FileNotFoundError:
                self._make_room()
                try:
                    content = bytes(self._obstore.get(self._store, name).bytes())
                    written(path.with_name(f"{path.name}.{uuid4().hex[:8]}"), content, path)
                except self._wrong as error:
                    raise self._damaged(name, error) from error
        return super().paths(names)

    def changed(self, name: str) -> int | None:  # noqa: ARG002 - nobody can say without a look
        """Say that only a look can tell."""
        return None

    def _damaged(self, name: str, error: Exception) -> HistoryDamaged:
        return HistoryDamaged(f"history cannot be read: {self._address}/{name}: {error}")

    def _keep(self, path: Path, content: bytes) -> None:
        """Keep a file here, if there is room; it is stored already."""
        with contextlib.suppress(OSError):
            self._make_room()
            written(path, content)

    def _make_room(self) -> None:
        """Drop the longest unused of what is kept, beyond the most that may be."""
        held = sorted(
            (told.st_mtime, told.st_size, path)
            for path in self.folder.rglob("*.parquet")
            for told in [path.stat()]
        )
        over = sum(size for _, size, _ in held) - self._kept_mb * MB
        for used, size, path in held:
            if over <= 0 or time.time() - used < IN_USE_S:
                return
            path.unlink(missing_ok=True)
            over -= size


def written(path: Path, content: bytes, then: Path | None = None) -> None:
    """Write a whole file through to the disk, or leave none, *then* move it to its place."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if then is not None:
            path.replace(then)
    except OSError:
        path.unlink(missing_ok=True)
        raise


def place_of(folder: Path, address: str, kept_mb: int) -> Folder:
    """Say where a history lies: in *folder*, or at an *address* with *folder* to keep copies.

    `BadSetting` for an address that is not ``s3://bucket/...``.
    """
    if not address:
        return Folder(folder)
    if not address.startswith("s3://") or not address.removeprefix("s3://").strip("/"):
        msg = f"history: {address!r} is not s3://bucket/prefix"
        raise BadSetting(msg)
    return Bucket(folder / "kept", address, kept_mb)
