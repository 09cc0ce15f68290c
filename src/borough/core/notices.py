"""Notices: who is told of which event of a case, when, in which words, and who if not they.

A rule says which events are told to whom.  A recipient has hours of quiet, through which only what
is urgent breaks; the rest waits and comes as one digest.  Where a rule asks for an answer (叫应)
and none comes in time, the next circle is told.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Any, Self
from zoneinfo import ZoneInfo

from borough.core.cases import Case, Event
from borough.core.errors import BadRequest, BadSetting

LANGUAGES = ("zh", "en")
WHOM = ("post", "agency", "holder", "role", "recipient")
"""Who may be told: the case's own post, agency or holder, or a named one as ``role:duty``."""
WHEN = {"scenes", "level_from", "bands", "urgent", "source"}
URGENT = "case"
"""A rule is urgent always, never, or where its case is."""
NEEDS, MAY = {"id", "on", "to", "title", "text"}, {"when", "urgent", "answer_s", "then"}
PLACES = {
    "code", "title", "step", "post", "agency", "due", "level", "band", "at", "task", "count",
    "limit",
}  # fmt: skip
"""What the words of a rule may name."""
PLACE = re.compile(r"\{([^{}]*)\}")
SETTLING = frozenset({"moved", "closed", "cancelled", "returned", "reworked", "suspended"})
"""Events by which people show that they have heard: they acted."""
ANSWERING = frozenset({"task_acknowledged", "task_done", "task_skipped"})
"""The same for a task of a case."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody who is told: a person or an office, by what they hold.

    ``channels`` are addresses with their secrets; ``quiet`` is ``22:00-07:00`` or empty;
    ``most_per_h`` messages reach them in an hour at most, urgent ones aside.
    """

    code: str
    name: str = ""
    language: str = "zh"
    posts: tuple[str, ...] = ()
    agencies: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    channels: tuple[str, ...] = field(default=(), repr=False)
    quiet: str = ""
    most_per_h: int = 60
    active: bool = True
    changed_ms: int = 0
    by: str = ""

    def rests_until(self, at_ms: int, zone: ZoneInfo) -> int | None:
        """Say when the quiet in which a moment falls ends, ms; None where it falls in none."""
        if not self.quiet:
            return None
        start, end = hours(self.quiet)
        here = datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(zone)
        now = here.time()
        within = start <= now < end if start < end else now >= start or now < end
        if not within:
            return None
        day = here.date() + timedelta(days=1 if start > end and now >= start else 0)
        return round(datetime.combine(day, end, zone).timestamp() * 1000)


def hours(text: str) -> tuple[time, time]:
    """Read ``22:00-07:00``; `BadRequest` where it is none.

    >>> hours("22:00-07:00")
    (datetime.time(22, 0), datetime.time(7, 0))
    """
    start, _, end = text.partition("-")
    try:
        read = time.fromisoformat(start.strip()), time.fromisoformat(end.strip())
    except ValueError as error:
        msg = f"quiet: {text!r} is not like 22:00-07:00"
        raise BadRequest(msg) from error
    if read[0] == read[1] or read[0].tzinfo or read[1].tzinfo:
        msg = f"quiet: {text!r} does not say how long"
        raise BadRequest(msg)
    return read


@dataclass(frozen=True, slots=True)
class NoticeRule:
    """Which events are told to whom, in which words.

    ``to`` names who is told and ``then`` who is told next, one circle after the other, each after
    ``answer_ms`` without an answer; 0 asks for none.
    """

    id: str
    on: tuple[str, ...]
    to: tuple[str, ...]
    title: Mapping[str, str]
    text: Mapping[str, str]
    when: Mapping[str, Any] = field(default_factory=dict)
    urgent: bool | str = False
    answer_ms: int = 0
    then: tuple[tuple[str, ...], ...] = ()

    @classmethod
    def declared(cls, told: Mapping[str, Any]) -> Self:
        """Check one ``[[rule]]`` table; raises `BadSetting`, naming the rule and the key."""
        name = str(told.get("id", "?"))
        needs, then = NEEDS - told.keys(), tuple(tuple(each) for each in told.get("then", ()))
        stray = told.keys() - NEEDS - MAY
        wrong = {
            f"unknown key {', '.join(sorted(stray))}": stray,
            f"{', '.join(sorted(needs))} is missing": needs,
            f"when: may hold {', '.join(sorted(WHEN))}": told.get("when", {}).keys() - WHEN,
            'urgent: must be true, false or "case"': told.get("urgent", False)
            not in (True, False, URGENT),
            "answer_s: must be a number of seconds": told.get("answer_s", 0) < 0,
            "then: needs answer_s": then and not told.get("answer_s"),
        }
        for says, it_is in wrong.items():
            if it_is:
                msg = f"notice rule {name}: {says}"
                raise BadSetting(msg)
        for circle in (tuple(told["to"]), *then):
            _known(name, circle)
        for words in (told["title"], told["text"]):
            _sayable(name, words)
        return cls(
            name, tuple(told["on"]), tuple(told["to"]), dict(told["title"]), dict(told["text"]),
            dict(told.get("when", {})), told.get("urgent", False),
            round(told.get("answer_s", 0) * 1000), then,
        )  # fmt: skip

    def fits(self, case: Case, event: Event) -> bool:
        """Say whether an event of a case is told by this rule."""
        when = self.when
        return (
            event.verb in self.on
            and case.scene in when.get("scenes", (case.scene,))
            and case.source in when.get("source", (case.source,))
            and case.level >= when.get("level_from", case.level)
            and event.data.get("band", case.band)
            in when.get("bands", (event.data.get("band", case.band),))
            and case.urgent is when.get("urgent", case.urgent)
            and (event.verb != "assigned" or bool(event.data.get("post")))
        )

    def is_urgent(self, case: Case) -> bool:
        """Say whether it breaks through the quiet."""
        return case.urgent if self.urgent == URGENT else bool(self.urgent)

    def circle(self, number: int) -> tuple[str, ...]:
        """Say who is told at first (0) and who after so many circles in vain; empty: nobody."""
        return ((self.to, *self.then) + ((),) * (number + 1))[number]


def _known(rule: str, circle: Iterable[str]) -> None:
    for each in circle:
        whom, colon, name = each.partition(":")
        if whom not in WHOM or (bool(name) != (whom in {"role", "recipient"} or bool(colon))):
            msg = f"notice rule {rule}: {each!r} is none of {', '.join(WHOM)}"
            raise BadSetting(msg)


def _sayable(rule: str, words: Mapping[str, str]) -> None:
    for language in LANGUAGES:
        if not words.get(language):
            msg = f"notice rule {rule}: it has no words in {language}"
            raise BadSetting(msg)
        named = set(PLACE.findall(words[language]))
        if named - PLACES:
            msg = f"notice rule {rule}: its words name {', '.join(sorted(named - PLACES))}"
            raise BadSetting(msg)


def chosen(
    recipients: Iterable[Recipient], circle: Sequence[str], case: Case, event: Mapping[str, Any]
) -> list[Recipient]:
    """Pick those who are told, each once; *event* is the data of the event."""
    wanted: set[tuple[str, str]] = set()
    for each in circle:
        whom, _, name = each.partition(":")
        own = {
            "post": event.get("post") or case.post,
            "agency": event.get("agency") or case.agency,
            "holder": case.holder,
        }
        wanted.add(("role" if whom == "holder" else whom, name or own.get(whom, "")))
    return [
        one
        for one in recipients
        if one.active
        and any(
            name and name in held
            for whom, name in wanted
            for held in (
                {"post": one.posts, "agency": one.agencies, "role": one.roles}.get(
                    whom, (one.code,)
                ),
            )
        )
    ]


def worded(words: Mapping[str, str], language: str, told: Mapping[str, Any]) -> str:
    """Put what is told into the words of a rule; what is unknown is a dash."""
    text = words.get(language) or words[LANGUAGES[0]]
    return PLACE.sub(lambda found: str(told.get(found[1]) or "–"), text)
