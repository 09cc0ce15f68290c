"""How much memory there is for a district: the machine's, or what its container was given."""

import contextlib
from pathlib import Path

import psutil

GROUPS, OWN = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")


def there_is(groups: Path = GROUPS, own: Path = OWN) -> int:
    """Say how many bytes we may use, all processes together.

    Containers and units of systemd are control groups (version 2), each of which may have a limit
    and so may those around it; *own* says which is ours, below *groups*.
    """
    least = int(psutil.virtual_memory().total)
    with contextlib.suppress(OSError):
        group = groups / own.read_text("utf-8").rpartition("::/")[2].strip()
        for each in (group, *group.parents):
            with contextlib.suppress(OSError, ValueError):  # it has none, or says "max"
                least = min(least, int((each / "memory.max").read_text("utf-8")))
    return least
