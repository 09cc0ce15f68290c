"""What the doctor says: the faults it knows, their limits, and the words for them, as data."""

import tomllib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from borough.app import pulse
from borough.app.settings import Settings
from borough.core.district import District
from borough.core.errors import BadDistrict
from borough.engine.district import read

ROLES = ("stream", "desk", "api")
LANGUAGES = ("zh", "en")


@cache
def declared() -> Mapping[str, Mapping[str, Any]]:
    """Give the faults by code, as ``faults.toml`` declares them."""
    return tomllib.loads((files("borough.app.doctor") / "faults.toml").read_text("utf-8"))


@dataclass(frozen=True, slots=True)
class Finding:
    """One question answered: whether all is well, what was seen, and what to do if not.

    ``what``, ``says`` and ``do`` are texts by language, ``zh`` and ``en``.
    """

    code: str
    ok: bool
    what: Mapping[str, str]
    says: Mapping[str, str]
    do: Mapping[str, str]

    @classmethod
    def of(cls, code: str, *, ok: bool, **seen: Any) -> "Finding":
        """Put what was seen into the words of a fault; ``well`` of a fault is said if all is."""
        row = declared()[code]
        says = row["well"] if ok and "well" in row else row["says"]
        return cls(
            code,
            ok,
            row["name"],
            {each: says[each].format(**seen) for each in LANGUAGES},
            {each: "" if ok else row["do"][each].format(**seen) for each in LANGUAGES},
        )


@dataclass(frozen=True, slots=True)
class Patient:
    """Whom the questions are about: a data folder, its settings if it has any, its pulses.

    ``district`` is None where there is none, or where its tables cannot be read.
    """

    data: Path
    settings: Settings | None
    district: District | None
    pulses: Mapping[str, Mapping[str, Any]]
    limits: Mapping[str, float]

    @classmethod
    def at(cls, data: Path, settings: Settings | None, limits: Mapping[str, float]) -> "Patient":
        """Look at the pulses of a folder; *limits* stand in for declared ones, by code."""
        usual = {code: row["limit"]["value"] for code, row in declared().items() if "limit" in row}
        pulses = {role: pulse.read(data, role) for role in (*ROLES, "bus")}
        tables = None
        if settings is not None:
            with suppress(BadDistrict, OSError):
                tables = read(Path(settings.district))
        return cls(data, settings, tables, pulses, {**usual, **limits})

    @property
    def runs(self) -> bool:
        """Say whether any of its roles gives a sign of life."""
        return any(self.pulses[role] for role in ROLES)

    @property
    def ours(self) -> Settings:
        """The settings, where a question is only asked of a district that is there."""
        assert self.settings is not None  # noqa: S101 - see `asking.QUESTIONS`
        return self.settings
