"""What people write into the log of a case stays for good; personal data in it does not.

A telephone number, an identity number or a plate in a note or an answer is kept as a person's
data, outside the log; in the text it is covered, with the number under which it can be read.
Whoever made a request about the case stands there by their number alone: neither their name, nor
how they are spoken of (王先生), nor anything else of their record comes into the log.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine

from borough.api.covering import clean, patterns
from borough.app.requests.addressing import forms
from borough.core.forgetting import Found, blotted, finders
from borough.storage.sql import SqlPersons
from borough.storage.sql.engines import glancing, writing
from borough.storage.sql.requests_erasure import known, of_case

DESK = "desk"
MARK = "〔个人信息 {}〕"


@contextmanager
def sheltered(engine: Engine, ask: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Give a request without the personal data in its note and its answers.

    What was kept is forgotten again where the act that the texts belong to fails.
    """
    kept: list[int] = []
    texts = {"note": ask.get("note"), "answers": ask.get("answers")}
    callers = _callers(engine, ask) if any(texts.values()) else {}
    changed = {name: _covered(engine, text, kept, callers) for name, text in texts.items() if text}
    try:
        yield {**ask, **changed}
    except BaseException:
        for person in kept:
            SqlPersons(engine).erase(person, by=DESK)
        raise


def _callers(engine: Engine, ask: Mapping[str, Any]) -> dict[int, Found]:
    """Give what finds those whose requests are about the case of a request, by their number."""
    if not isinstance(ask.get("case"), int):
        return {}
    with glancing(engine) as connection:
        found = of_case(connection, ask["case"])
    return {person: finders(known(fields, forms())) for person, fields in found.items()}


def _covered(engine: Engine, text: Any, kept: list[int], callers: Mapping[int, Found]) -> Any:
    if isinstance(text, Mapping):
        return {name: _covered(engine, each, kept, callers) for name, each in text.items()}
    if not isinstance(text, str):
        return text
    for person, found in callers.items():
        text = blotted(text, found, MARK.format(person))
    told = personal(text)
    if not told:
        return text
    with writing(engine) as connection:
        kept.append(SqlPersons(engine).keep(connection, told))
    return clean(text) + MARK.format(kept[-1])


def personal(text: str) -> dict[str, str]:
    """Find personal data in a text; what occurs several times is told with commas.

    >>> personal("车主13800001234，车牌渝A12345")
    {'phone': '13800001234', 'plate': '渝A12345'}
    """
    hits = {name: pattern.findall(text) for name, pattern in patterns().items()}
    return {name: ", ".join(dict.fromkeys(each)) for name, each in hits.items() if each}
