"""Tell services, requests and updates as GeoReport v2 names their fields; absent ones are out."""

from collections.abc import Mapping, Sequence
from typing import Any

from borough.api.covering import hidden
from borough.api.open311.asking import written
from borough.api.ports import Ports
from borough.core.offers import CLOSED_, Offer, PublicRequest, Question, Service, Update
from borough.core.requests import ANSWERED, REFUSED, WAITING

SPECIFICATION = "http://wiki.open311.org/GeoReport_v2"
NOTES: Mapping[str, Mapping[str, str]] = {
    "waiting": {"zh": "待受理", "en": "Waiting to be sorted"},
    "accepted": {"zh": "已受理，办理中", "en": "Accepted, being worked on"},
    "pending": {"zh": "已挂账缓办，至 {until}", "en": "Set aside until {until}"},
    "refused": {"zh": "不予受理", "en": "Not accepted"},
    "closed": {"zh": "已办结", "en": "Closed"},
    "ended": {"zh": "案卷已结束", "en": "The case is over"},
}
"""What is told of how far a request is, where it has no answer yet."""
DONE: Mapping[str, Mapping[str, str]] = {
    "filed": {"zh": "已登记", "en": "Received"},
    "triaged": {"zh": "已受理，转承办单位", "en": "Accepted and given to an agency"},
    "contacted": {"zh": "已联系诉求人", "en": "The caller was spoken to"},
    "answered": {"zh": "已答复", "en": "Answered"},
    "revisited": {"zh": "已回访", "en": "The caller was asked how it went"},
    "updated": {"zh": "诉求人补充", "en": "The caller added something"},
}
"""What is told of what was done, where there are no words for the public."""
DUE = {"zh": "承诺答复时间 {due}", "en": "An answer is due by {due}"}


def discovered(listing: Offer, base: str) -> dict[str, Any]:
    """Tell where the endpoint is, and whom to ask."""
    endpoint = {
        "specification": SPECIFICATION,
        "url": f"{base}/open311/v2",
        "changeset": listing.changed,
        "type": listing.stage,
        "formats": ["text/xml", "application/json"],
    }
    return {
        "changeset": listing.changed,
        "contact": listing.contact,
        "key_service": listing.key_service,
        "endpoints": [endpoint],
    }


def service(each: Service, language: str) -> dict[str, Any]:
    """Tell a service."""
    return {
        "service_code": each.code,
        "service_name": each.name[language],
        "description": each.description[language],
        "metadata": bool(each.attributes),
        "type": each.kind,
        "keywords": ",".join(each.keywords),
        "group": each.group[language],
    }


def definition(each: Service, language: str) -> dict[str, Any]:
    """Tell the questions of a service."""
    return {
        "service_code": each.code,
        "attributes": [
            question(number, asked, language) for number, asked in enumerate(each.attributes, 1)
        ],
    }


def question(number: int, asked: Question, language: str) -> dict[str, Any]:
    """Tell one question."""
    values = [{"key": key, "name": names[language]} for key, names in asked.values.items()]
    return {
        "variable": True,
        "code": asked.code,
        "datatype": asked.datatype,
        "required": asked.required,
        "datatype_description": asked.hint[language],
        "order": number,
        "description": asked.question[language],
        "values": values,
    }


def callers(ports: Ports, told: Sequence[PublicRequest]) -> Mapping[int, Mapping[str, str]]:
    """Give the records of those who made requests, to cover them in all that is told."""
    wanted = {each.request.person for each in told if each.request.person}
    return ports.people.unread(wanted) if wanted else {}


def report(
    ports: Ports, listing: Offer, each: PublicRequest, language: str, caller: Mapping[str, str]
) -> dict[str, Any]:
    """Tell a request; its *caller*, and what looks like personal data, is covered in its text."""
    now, zone = each.request, ports.district.zone
    offered = listing.services.get(now.category)
    told = {
        "service_request_id": now.code,
        "status": each.status,
        "status_notes": noted(each, language, zone, caller),
        "service_name": offered.name[language] if offered else "",
        "service_code": now.category or "unsorted",
        "description": hidden(f"{now.title}\n{now.text}".strip(), caller),
        "agency_responsible": agency(ports, now.agency, language),
        "service_notice": notice(each, language, zone),
        "requested_datetime": written(now.received_ms, zone),
        "updated_datetime": written(each.updated_ms, zone),
        "expected_datetime": written(now.answer_due_ms, zone),
        "address": hidden(now.place, caller),
        "address_id": now.community,
        "lat": now.lat,
        "long": now.lon,
    }
    return {name: value for name, value in told.items() if value not in {None, ""}}


def noted(each: PublicRequest, language: str, zone: str, caller: Mapping[str, str]) -> str:
    """Say how far it is: the answer, or a sentence of ours."""
    now = each.request
    if now.state == ANSWERED or (now.answer and now.answered_ms is not None):
        return hidden(now.answer, caller)
    if now.state == REFUSED:
        return NOTES["refused"][language]
    if each.status == CLOSED_:
        return NOTES["closed" if now.state == "closed" else "ended"][language]
    if each.pending_ms is not None:
        return NOTES["pending"][language].format(until=written(each.pending_ms, zone))
    return NOTES["waiting" if now.state == WAITING else "accepted"][language]


def notice(each: PublicRequest, language: str, zone: str) -> str:
    """Say until when an answer is due, while there is none."""
    if each.status == CLOSED_:
        return ""
    return DUE[language].format(due=written(each.request.answer_due_ms, zone))


def agency(ports: Ports, code: str, language: str) -> str:
    """Name an agency; empty where nobody has it yet."""
    agencies = ports.district.agencies
    if code not in agencies.code:
        return ""
    names = agencies.name_en if language == "en" else agencies.name_zh
    return names[agencies.code.index(code)]


def update(
    each: PublicRequest, done: Update, language: str, zone: str, caller: Mapping[str, str]
) -> dict[str, Any]:
    """Tell what was done about a request."""
    closes = done.verb in {"answered", "revisited"} and each.status == CLOSED_
    return {
        "update_id": f"{done.code}.{done.number}",
        "service_request_id": done.code,
        "status": CLOSED_ if closes else "open",
        "updated_datetime": written(done.at_ms, zone),
        "description": hidden(done.text, caller) or DONE[done.verb][language],
    }
