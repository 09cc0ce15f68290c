"""What we tell systemd: that we are ready, that we are alive, that we stop; sd_notify(3)."""

import os
import socket

WATCHED = "NOTIFY_SOCKET"


def notify(state: str) -> bool:
    """Tell systemd a state, ``READY=1`` or its like; false where nobody has asked to be told."""
    where = os.environ.get(WATCHED, "")
    if not where:
        return False
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as line:
        try:
            line.sendto(state.encode(), "\0" + where[1:] if where[0] == "@" else where)
        except OSError:  # who started us has gone; that is no reason to go, too
            return False
    return True
