"""What people may ask of the desk about citizens' requests."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from borough.app.desk.answers import Answer, shown
from borough.app.desk.desk import Desk
from borough.core.errors import BadRequest, BoroughError
from borough.core.requests import Filing, Request

News = tuple[str, Mapping[str, Any]]
MOST = 500
"""Requests that one call brings in."""
DRAFT = (
    "text", "key", "title", "place", "lon", "lat", "channel", "kind", "category", "contact",
    "secret",
)  # fmt: skip


def file_request(desk: Desk, ask: Mapping[str, Any]) -> Answer:
    """Take one request in: ``text`` and ``key``, and what else `core.requests.Filing` has."""
    return answered(desk, desk.requests.file(draft_of(ask), at_ms=desk.now(), by=ask["by"]))


def file_requests(desk: Desk, ask: Mapping[str, Any]) -> Answer:
    """Take many in, each for itself; one result for each, with what was wrong."""
    drafts: Sequence[Mapping[str, Any]] = ask["requests"]
    if len(drafts) > MOST:
        msg = f"requests: {len(drafts)}; at most {MOST} at once"
        raise BadRequest(msg)
    done = [one_of_many(desk, each, ask["by"], dry_run=bool(ask.get("dry_run"))) for each in drafts]
    added = [made for made, told in done if made is not None and told["outcome"] == "added"]
    news = tuple(each for made in added for each in news_of(desk, made))
    return Answer({"results": [told for _, told in done]}, news)


def one_of_many(
    desk: Desk, said: Mapping[str, Any], by: str, *, dry_run: bool
) -> tuple[Request | None, dict[str, Any]]:
    """Take one of many in; give it, and say what became of it."""
    try:
        draft = draft_of(said)
        known = desk.requests.store.known(draft.key)
        if known or dry_run:
            desk.requests.entry(draft, desk.now())
            outcome = "same" if known else "fits"
            return known, {"outcome": outcome, **(told(known) if known else {})}
        made = desk.requests.file(draft, at_ms=desk.now(), by=by)
    except BoroughError as error:
        return None, {"outcome": "refused", "code": error.code, "detail": str(error)}
    return made, {"outcome": "added", **told(made)}


def triage_request(desk: Desk, ask: Mapping[str, Any]) -> Answer:
    """Sort a request: what is not said stays as triage suggests."""
    before = desk.requests.store.one(ask["request"]).agency
    made = desk.requests.triage(
        ask["request"], ask, at_ms=desk.now(), by=ask["by"], note=ask.get("note", "")
    )
    return answered(desk, made, before)


def refuse_request(desk: Desk, ask: Mapping[str, Any]) -> Answer:
    """Do not accept a request, or count it nowhere."""
    acted = {"at_ms": desk.now(), "by": ask["by"], "note": ask.get("note", "")}
    return answered(desk, desk.requests.acts.refuse(number(desk, ask), ask["reason"], **acted))


def contact_request(desk: Desk, ask: Mapping[str, Any]) -> Answer:
    """Note that the caller was spoken to."""
    acted = {"at_ms": desk.now(), "by": ask["by"], "note": ask.get("note", "")}
    return answered(desk, desk.requests.acts.contact(number(desk, ask), **acted))


def answer_request(desk: Desk, ask: Mapping[str, Any]) -> Answer:
    """Answer a request."""
    acted = {"at_ms": desk.now(), "by": ask["by"]}
    return answered(desk, desk.requests.acts.answer(number(desk, ask), ask["text"], **acted))


def revisit_request(desk: Desk, ask: Mapping[str, Any]) -> Answer:
    """Note what the caller says of the answer; not resolved opens the request again."""
    made = desk.requests.revisit(
        ask["request"], resolved=bool(ask["resolved"]),
        satisfaction=int(ask.get("satisfaction", 0)), at_ms=desk.now(), by=ask["by"],
        note=ask.get("note", ""),
    )  # fmt: skip
    return answered(desk, made)


def merge_request(desk: Desk, ask: Mapping[str, Any]) -> Answer:
    """Have a request join another case."""
    into = desk.cases.one(ask["into"]).id
    made = desk.requests.acts.merge(number(desk, ask), into, at_ms=desk.now(), by=ask["by"])
    return answered(desk, made)


def merge_case(desk: Desk, ask: Mapping[str, Any]) -> Answer:
    """Join a case with another one, with its requests."""
    case, into = desk.cases.one(ask["case"]), desk.cases.one(ask["into"])
    done = desk.requests.acts.merge_case(
        case.id, into.id, version=ask["version"], at_ms=desk.now(), by=ask["by"]
    )
    return Answer(shown(done), (("case", shown(done)), ("case", shown(desk.cases.one(into.id)))))


def split_request(desk: Desk, ask: Mapping[str, Any]) -> Answer:
    """Give a request that was merged a case of its own again."""
    acted = {"at_ms": desk.now(), "by": ask["by"], "note": ask.get("note", "")}
    return answered(desk, desk.requests.split(ask["request"], **acted))


def draft_of(said: Mapping[str, Any]) -> Filing:
    """Read what comes in; `BadRequest` names the field."""
    try:
        return msgspec.convert({name: said[name] for name in DRAFT if name in said}, Filing)
    except msgspec.ValidationError as error:
        raise BadRequest(str(error)) from error


def number(desk: Desk, ask: Mapping[str, Any]) -> int:
    """Give the id of the request that is meant by its id, code or receipt."""
    return desk.requests.store.one(ask["request"]).id


def told(request: Request) -> dict[str, Any]:
    """Give what whoever sent it is told of a request: no words of it."""
    names = (
        "id", "code", "receipt", "state", "category", "kind", "urgent", "agency", "case_id",
        "received_ms", "contact_due_ms", "answer_due_ms",
    )  # fmt: skip
    return {name: getattr(request, name) for name in names}


def news_of(desk: Desk, request: Request, before: str = "") -> tuple[News, ...]:
    """Give what the live stream is told of a request and of its case: no words, no receipt.

    With where it is, by which the door knows who may hear of it; *before* is the agency that
    had it until now.
    """
    public = {name: value for name, value in told(request).items() if name != "receipt"}
    public |= {name: getattr(request, name) for name in ("first_agency", "street", "grid")}
    case = shown(desk.cases.one(request.case_id))
    return (("request", {**public, "before": before}), ("case", case))


def answered(desk: Desk, request: Request, before: str = "") -> Answer:
    """Answer with a request, and tell everybody of it and of its case."""
    return Answer(told(request), news_of(desk, request, before))


VERBS = {
    "file_request": file_request,
    "file_requests": file_requests,
    "triage_request": triage_request,
    "refuse_request": refuse_request,
    "contact_request": contact_request,
    "answer_request": answer_request,
    "revisit_request": revisit_request,
    "merge_request": merge_request,
    "merge_case": merge_case,
    "split_request": split_request,
}
