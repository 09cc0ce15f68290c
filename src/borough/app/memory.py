"""How much memory there is for a district, and that what is free goes back to the machine."""

import contextlib
import ctypes
import threading
import time
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


def give_back() -> bool:
    """Hand back what the C library keeps of what was freed; false where it has no way to.

    The GNU library keeps up to 64 MB at the top of its store once a large array was freed, and
    every hole below: some 10 MB in an hour where many small answers come and go between a few
    large ones.  A call takes 2 to 8 ms.
    """
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (OSError, AttributeError):
        return False
    trim(0)
    return True


def give_back_each(seconds: float) -> threading.Thread:
    """Hand it back again and again, in a thread that ends with the process."""

    def work() -> None:
        while give_back():
            time.sleep(seconds)

    thread = threading.Thread(target=work, name="give-back", daemon=True)
    thread.start()
    return thread
