"""What the desk answers to a request, and what the live stream should say of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from borough.core.cases import Case


@dataclass(frozen=True, slots=True)
class Answer:
    """The body that goes back to whoever asked, and the news: pairs of kind and body."""

    ok: Mapping[str, Any]
    news: tuple[tuple[str, Mapping[str, Any]], ...] = ()

    @classmethod
    def of_case(cls, case: Case) -> "Answer":
        """Answer with a case, and tell everybody of it."""
        return cls(shown(case), (("case", shown(case)),))


def shown(case: Case) -> dict[str, Any]:
    """Give what the live stream says of a case: enough for a line of a list."""
    fields = msgspec.to_builtins(case)
    fields.pop("trail", None)
    return dict(fields)
