"""Read on whose behalf a district warns the public: the table ``[warnings]`` of its file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from borough.core.errors import BadDistrict
from borough.core.shapes import LANGUAGES
from borough.core.warnings import EXERCISE, STATUSES, Issuer
from borough.engine.district.folder import DECLARED
from borough.engine.district.sheets import Notes, read_toml

UNFIT = frozenset(" ,<&\t\n\r")
"""What the sender of a CAP 1.2 message may not hold."""


def read_issuer(folder: Path) -> Issuer:
    """Read who sends the warnings of a district; `BadDistrict` names the key that is wrong.

    A district that says nothing sends under its own id, as an exercise.
    """
    notes = Notes()
    said = read_toml(folder, DECLARED, notes)
    if said is None:
        raise BadDistrict(notes[0].line())
    table = said.get("warnings", {})
    for key, says in _wrong(table):
        msg = f"{DECLARED}: warnings.{key}: {says}"
        raise BadDistrict(msg)
    return Issuer(
        id=table.get("sender", f"{said['id']}@borough.invalid"),
        name=table.get("name", said["name"]),
        contact=table.get("contact", ""),
        status=table.get("status", EXERCISE),
        zone=said["timezone"],
    )


def _wrong(table: Any) -> list[tuple[str, str]]:
    if not isinstance(table, Mapping):
        return [("", "it must be a table")]
    sender, name, status = (table.get(key) for key in ("sender", "name", "status"))
    rules = (
        (
            "sender",
            sender is None or (isinstance(sender, str) and sender and not UNFIT & set(sender)),
            "a text without spaces, commas, < and &",
        ),
        (
            "name",
            name is None or (isinstance(name, Mapping) and name.keys() >= LANGUAGES),
            'a text in both languages, as { zh = "…", en = "…" }',
        ),
        ("status", status is None or status in STATUSES, f"one of {', '.join(STATUSES)}"),
        ("contact", isinstance(table.get("contact", ""), str), "a text"),
    )
    return [(key, says) for key, fits, says in rules if not fits]
