"""What the bus's log says about messages and connections that it turned away.

The bus tells a device nothing: a forbidden publication is acknowledged and dropped, one that
is too long ends the connection.  Only its log has the reason.
"""

import re
from typing import Final

_REASONS: Final = {
    "Publish Violation": "forbidden-topic",
    "Subscription Violation": "forbidden-subscription",
    "maximum payload exceeded": "too-large",
    "character not supported for MQTT topics": "bad-topic",
    "wildcards not allowed in publish's topic": "bad-topic",
    "invalid null character in topic": "bad-topic",
    "invalid utf8": "bad-topic",
    "unable to connect: authentication error": "refused",
    "maximum connections exceeded": "too-many-connections",
    "Replacing old client": "replaced",
    "unable to store retained message": "retained-full",
    "IPQ len limit reached": "overrun",
    "Slow Consumer": "slow-reader",
    "maximum bytes exceeded": "backlog-full",
    "no space left on device": "disk-full",
    "insufficient resources": "disk-full",
    "insufficient storage": "disk-full",
    "the first packet should be a CONNECT": "malformed",
    "received a second CONNECT": "malformed",
    "error reading protocol name": "malformed",
    "invalid fixed header": "malformed",
    "malformed": "malformed",
}
"""What the log says, as nats-server 2.15 says it, and what we count it as."""

_ANY = re.compile("|".join(map(re.escape, _REASONS)), re.IGNORECASE)
_LOWER = {said.lower(): reason for said, reason in _REASONS.items()}


def reason_of(line: str) -> str | None:
    """Say why the bus turned something away, if that is what a line of its log is about.

    >>> reason_of('[ERR] 127.0.0.1:1 - mid:7 - "gw1" - Publish Violation - Subject "d.gw2.x"')
    'forbidden-topic'
    >>> reason_of("[INF] Server is ready") is None
    True
    """
    if "[INF]" in line:
        return None
    found = _ANY.search(line)
    return _LOWER[found.group().lower()] if found else None
