"""Small disks of their own, which a test or a bench can really fill."""

import errno
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from borough.core.errors import BadSetting

MB = 1 << 20


@contextmanager
def disk(folder: Path, size_mb: int) -> Iterator[Path]:
    """Mount a small disk at a new folder; `BadSetting` for who may not mount."""
    folder.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size_mb}m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:  # noqa: S603 - our own words
        msg = "only who may mount a file system can fill one"
        raise BadSetting(msg)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)  # noqa: S603, S607 - our own words


def fill(folder: Path) -> Path:
    """Take all room that is left on a disk; give the file to remove."""
    ballast = folder / "ballast"
    with ballast.open("ab", buffering=0) as file:
        for size in (MB, 4096, 1):
            try:
                while file.write(bytes(size)) == size:
                    pass
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
    return ballast
