"""Offers: what the public may ask for over Open311, and requests as everybody sees them.

A service is a category of requests under the name, the group and the questions with which it is
offered to the public; its code is the code of the category.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from borough.core.errors import BadRequest
from borough.core.requests import ANSWERED, CLOSED, REFUSED, Request

Words = Mapping[str, str]
DATATYPES = ("string", "number", "datetime", "text", "singlevaluelist", "multivaluelist")
KINDS = ("realtime", "batch", "blackbox")
STAGES = ("production", "test")
OPEN_, CLOSED_ = STATUSES = ("open", "closed")
"""All that Open311 says of how far a request is."""
OVER = frozenset({ANSWERED, CLOSED, REFUSED})
MARKUP = re.compile(r"<\s*[A-Za-z!/?]")
"""How a piece of HTML begins."""
LONGEST_ANSWER = 500
"""Characters of one answer to a question."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question of a service; ``values`` are the keys of a list with what each is called."""

    code: str
    datatype: str
    required: bool
    question: Words
    hint: Words
    values: Mapping[str, Words]

    def answer(self, said: Sequence[str], language: str) -> str:
        """Read what was answered, in words for people; `BadRequest` says what does not fit."""
        if len(said) > 1 and self.datatype != "multivaluelist":
            msg = "只能填写一个值 one value is allowed"
            raise BadRequest(msg)
        if any(len(each) > LONGEST_ANSWER or MARKUP.search(each) for each in said):
            msg = (
                f"至多 {LONGEST_ANSWER} 字，不含 HTML: at most {LONGEST_ANSWER} characters, no HTML"
            )
            raise BadRequest(msg)
        if self.values:
            strange = [each for each in said if each not in self.values]
            if strange:
                msg = f"{strange[0][:40]!r} 不在 is none of {', '.join(self.values)}"
                raise BadRequest(msg)
            return "、".join(self.values[each][language] for each in said)
        (one,) = said
        if self.datatype == "number" and not is_number(one):
            msg = f"{one[:40]!r} 不是数字 is not a number"
            raise BadRequest(msg)
        if self.datatype == "datetime" and not is_moment(one):
            msg = f"{one[:40]!r} 不是带时区的时刻 is not a moment with a zone"
            raise BadRequest(msg)
        return one


def is_number(text: str) -> bool:
    """Tell whether a text is a finite number.

    >>> is_number("1.5"), is_number("nan"), is_number("many")
    (True, False, False)
    """
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def is_moment(text: str) -> bool:
    """Tell whether a text is a moment with its offset from UTC.

    >>> is_moment("2024-07-10T08:00:00+08:00"), is_moment("2024-07-10T08:00:00")
    (True, False)
    """
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class Service:
    """What the public may ask for: texts by language, and the questions that go with it."""

    code: str
    name: Words
    description: Words
    group: Words
    keywords: tuple[str, ...]
    kind: str
    attributes: tuple[Question, ...] = ()


@dataclass(frozen=True, slots=True)
class Offer:
    """What a district offers over Open311, and whom to ask about it.

    ``changed`` is when the offer was last changed (ISO 8601), ``key_service`` how to come by a
    key, ``stage`` ``production`` or ``test``.
    """

    services: Mapping[str, Service]
    jurisdiction: str
    contact: str
    key_service: str
    changed: str
    stage: str


@dataclass(frozen=True, slots=True)
class PublicRequest:
    """A request as the public sees it, with what its case says; times in ms, None where not.

    ``pending_ms`` is until when the case is set aside 挂账.
    """

    request: Request
    ended_ms: int | None
    pending_ms: int | None

    @property
    def status(self) -> str:
        """Say whether it is open or closed."""
        over = self.request.state in OVER or self.ended_ms is not None
        return CLOSED_ if over else OPEN_

    @property
    def updated_ms(self) -> int:
        """Say when something was last done that the public may know."""
        now = self.request
        moments = (
            now.received_ms, now.accepted_ms, now.contacted_ms, now.answered_ms,
            now.revisited_ms, self.ended_ms,
        )  # fmt: skip
        return max(each for each in moments if each is not None)


@dataclass(frozen=True, slots=True)
class Update:
    """Something that was done about a request, as the public may know of it; ``at_ms`` in ms.

    ``text`` are words meant for the public, and often empty.
    """

    number: int
    code: str
    verb: str
    at_ms: int
    text: str
