"""Dead letters: what was not taken in, kept with the reason so that somebody can repair it."""

import base64
import json
from collections.abc import Iterable

from borough.storage.journal.streams import Deposit


def deposits_of(
    door: str, letters: Iterable[tuple[str, str, bytes, bytes]], at: int, most_bytes: int
) -> list[Deposit]:
    """Write letters ``(reason, detail, subject, payload)`` for the stream DEAD.

    *at* is when they came, district time in ms; of a payload *most_bytes* are kept.
    """
    return [
        Deposit(
            f"dead.{door}",
            json.dumps(
                {
                    "reason": reason,
                    "detail": detail,
                    "subject": subject.decode(errors="replace"),
                    "payload": base64.b64encode(payload[:most_bytes]).decode(),
                    "at": at,
                },
                ensure_ascii=False,
            ).encode(),
        )
        for reason, detail, subject, payload in letters
    ]
