"""What the public may ask of the desk about requests that are there: to add words to one."""

from collections.abc import Mapping
from typing import Any

from borough.app.desk.answers import Answer
from borough.app.desk.desk import Desk
from borough.app.desk.requests import news_of
from borough.core.errors import BadRequest
from borough.core.requests import LONGEST
from borough.storage.sql.public_requests import SqlPublicRequests


def update_request(desk: Desk, ask: Mapping[str, Any]) -> Answer:
    """Keep words of the public with a request, once for each key."""
    if not ask["text"].strip() or len(ask["text"]) > LONGEST:
        msg = f"text: 1 to {LONGEST} characters"
        raise BadRequest(msg)
    made = SqlPublicRequests(desk.engine).update(
        ask["request"], key=ask["key"], text=ask["text"], at_ms=desk.now(), by=ask["by"],
        wrote=desk.wrote,
    )  # fmt: skip
    news = news_of(desk, desk.requests.store.one(ask["request"]))
    return Answer({"update": f"{made.code}.{made.number}"}, news)


VERBS = {"update_request": update_request}
