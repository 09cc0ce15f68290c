"""The doors of Open311: discovery, services, requests, tokens and updates."""

from datetime import UTC, datetime
from hashlib import sha256
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import Header, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from borough.api.access import Given, bearer
from borough.api.broadcast import wall_ms
from borough.api.door import Door
from borough.api.open311 import telling
from borough.api.open311.asking import (
    language,
    moment,
    named,
    offered,
    several,
    span,
    statuses,
    written,
)
from borough.api.open311.bodies import PARTS, PLAIN, Body, read
from borough.api.open311.filing import Reading, key, read as read_request
from borough.api.open311.media import attach, looked_at
from borough.api.open311.refusing import MISSING, GeoReportRoute, Refused
from borough.api.open311.writing import Form, answer, bare, declared
from borough.api.ports import Ports
from borough.api.rights import rights
from borough.core.errors import Forbidden, NotFound
from borough.core.offers import STATUSES
from borough.core.people import Who
from borough.core.requests import LONGEST

router = Door(prefix="/open311", tags=["open311 公共诉求接口"], route_class=GeoReportRoute)
RIGHT = "requests.file"
"""What the token of a program must be good for."""
Text = Annotated[str, Query()]
FORM = {"schema": {"type": "object", "additionalProperties": {"type": "string"}}}
BODY = {"requestBody": {"required": True, "content": {PLAIN: FORM, PARTS: FORM}}}


@router.get("/discovery.{form}", summary="Discovery 服务发现", responses=declared(400, 404))
@router.get("/v2/discovery.{form}", summary="Discovery 服务发现", responses=declared(400, 404))
def discovery(request: Request, ports: Given, form: Form) -> Response:
    """Tell where the endpoint is, in which forms it answers, and whom to ask."""
    base = str(request.base_url).rstrip("/")
    return bare(form, "discovery", telling.discovered(offered(ports).listing, base))


@router.get("/v2/services.{form}", summary="Services 服务目录", responses=declared(400, 404))
def services(
    request: Request, ports: Given, form: Form, jurisdiction_id: Text = ""
) -> Response:  # fmt: skip
    """List what one may ask for."""
    listing, spoken = offered(ports, jurisdiction_id).listing, language(request)
    told = [telling.service(each, spoken) for each in listing.services.values()]
    return answer(form, "services", told)


@router.get(
    "/v2/services/{code}.{form}", summary="Questions of a service 填报项",
    responses=declared(400, 404),
)  # fmt: skip
def definition(
    request: Request, ports: Given, code: str, form: Form, jurisdiction_id: Text = ""
) -> Response:
    """Tell the questions of a service."""
    service = offered(ports, jurisdiction_id).listing.services.get(code)
    if service is None:
        msg = f"service_code: 没有此服务 there is no {code[:80]!r}"
        raise NotFound(msg)
    return answer(form, "service_definition", telling.definition(service, language(request)))


@router.get("/v2/requests.{form}", summary="Requests 诉求列表", responses=declared(400, 404))
def requests(
    request: Request,
    ports: Given,
    *,
    form: Form,
    jurisdiction_id: Text = "",
    service_request_id: Text = "",
    service_code: Text = "",
    start_date: Text = "",
    end_date: Text = "",
    status: Text = "",
    page: Text = "",
    page_size: Text = "",
) -> Response:
    """List requests, newest first: by id, or by service, status and when they came in."""
    offer = offered(ports, jurisdiction_id)
    if service_request_id.strip():
        codes = named(several(service_request_id), "service_request_id")
        found = offer.requests.named(codes)
        if not found:
            msg = f"service_request_id: 没有 there is none of {', '.join(codes)[:200]}"
            raise NotFound(msg)
    else:
        wanted = several(service_code)
        if strange := [each for each in wanted if each not in offer.listing.services]:
            msg = f"service_code: 没有此服务 there is no {strange[0][:80]!r}"
            raise NotFound(msg)
        when = span(
            ports.clock.now(wall_ms()), ports.district.zone, start=start_date, end=end_date,
            page=page, page_size=page_size,
        )  # fmt: skip
        found = offer.requests.find(
            services=wanted, statuses=statuses(status), since_ms=when.since_ms,
            until_ms=when.until_ms, skip=when.skip, limit=when.limit,
        )  # fmt: skip
    spoken = language(request)
    known = telling.callers(ports, found)
    told = [
        telling.report(ports, offer.listing, each, spoken, known.get(each.request.person, {}))
        for each in found
    ]
    return answer(form, "service_requests", told)


@router.get("/v2/requests/{code}.{form}", summary="One request 诉求", responses=declared(400, 404))
def one(
    request: Request, ports: Given, code: str, form: Form, jurisdiction_id: Text = ""
) -> Response:
    """Tell one request."""
    offer = offered(ports, jurisdiction_id)
    found = offer.requests.one(code)
    caller = telling.callers(ports, [found]).get(found.request.person, {})
    told = telling.report(ports, offer.listing, found, language(request), caller)
    return answer(form, "service_requests", [told])


@router.post(
    "/v2/requests.{form}", summary="File a request 提交诉求", openapi_extra=BODY,
    responses=declared(400, 403, 404, 413, 503),
)  # fmt: skip
async def file(
    request: Request,
    ports: Given,
    form: Form,
    idempotency_key: Annotated[str, Header(max_length=200)] = "",
) -> Response:
    """File a request with the token of a program as `api_key`; photos come as parts `media`.

    The same `Idempotency-Key`, or the same form on the same day, is the same request.
    """
    body = await read(request, ports.limits.body_bytes)
    program = await run_in_threadpool(admitted, request, ports, body)
    offer, spoken = offered(ports, body.one("jurisdiction_id")), language(request)
    told = read_request(body, offer, spoken)
    now = ports.clock.now(wall_ms())
    day = datetime.fromtimestamp(now / 1000, UTC).astimezone(ZoneInfo(ports.district.zone))
    own = key(program.name, idempotency_key, body, day.date().isoformat())
    async with looked_at(ports, body) as looked:
        made = await ports.desk.ask("file_request", {**told, "key": own, "by": program.name})
        if looked:
            await attach(ports, made["case_id"], looked, program.name)
    due = telling.DUE[spoken].format(due=written(made["answer_due_ms"], ports.district.zone))
    said = {"service_request_id": made["code"], "service_notice": due}
    if account := body.one("account_id"):
        said["account_id"] = account
    return answer(form, "service_requests", [said])


@router.get("/v2/tokens/{token}.{form}", summary="Token 凭条", responses=declared(400, 404))
def token(ports: Given, token: str, form: Form, jurisdiction_id: Text = "") -> Response:
    """Tell which request a caller's receipt is for."""
    found = offered(ports, jurisdiction_id).requests.by_token(token)
    told = {"service_request_id": found.request.code, "token": token}
    return answer(form, "service_requests", [told])


@router.get(
    "/v2/servicerequestupdates.{form}", summary="What was done 办理进展",
    responses=declared(400, 404),
)  # fmt: skip
def updates(
    request: Request,
    ports: Given,
    *,
    form: Form,
    jurisdiction_id: Text = "",
    start_date: Text = "",
    end_date: Text = "",
    page: Text = "",
    page_size: Text = "",
) -> Response:
    """List what was done about requests, oldest first, for programs that follow them."""
    offer = offered(ports, jurisdiction_id)
    zone = ports.district.zone
    when = span(
        ports.clock.now(wall_ms()), zone, start=start_date, end=end_date,
        page=page, page_size=page_size,
    )  # fmt: skip
    found = offer.requests.updates(
        since_ms=when.since_ms, until_ms=when.until_ms, skip=when.skip, limit=when.limit
    )
    spoken = language(request)
    known = telling.callers(ports, [about for about, _ in found])
    told = [
        telling.update(about, done, spoken, zone, known.get(about.request.person, {}))
        for about, done in found
    ]
    return answer(form, "service_request_updates", told)


@router.post(
    "/v2/servicerequestupdates.{form}", summary="Add words 补充说明", openapi_extra=BODY,
    responses=declared(400, 403, 404, 413, 503),
)  # fmt: skip
async def add(request: Request, ports: Given, form: Form) -> Response:
    """Keep words of a caller with a request; the same `update_id` is kept once."""
    body = await read(request, ports.limits.body_bytes)
    program = await run_in_threadpool(admitted, request, ports, body)
    offer = offered(ports, body.one("jurisdiction_id"))
    needed = ("service_request_id", "update_id", "updated_datetime", "status", "description")
    reading = Reading(body, [f"{each}: {MISSING}" for each in needed if not body.one(each)])
    reading.text("description", LONGEST)
    moment("updated_datetime", body.one("updated_datetime"), ports.district.zone, reading.wrong)
    if body.one("status").lower() not in {*STATUSES, "", "fixed"}:
        reading.wrong.append(f"status: {body.one('status')[:40]!r} 应为 must be open / closed")
    if reading.wrong:
        raise Refused(reading.wrong)
    code = body.one("service_request_id")
    await run_in_threadpool(offer.requests.one, code)
    own = f"{program.name}:{body.one('update_id')[:200]}"
    words = {"request": code, "key": own, "text": body.one("description"), "by": program.name}
    made = await ports.desk.ask("update_request", words)
    return answer(form, "service_request_updates", [{"update_id": made["update"]}])


def admitted(request: Request, ports: Ports, body: Body) -> Who:
    """Say which program asks; `Forbidden` without a good key, or without the right to file."""
    shown = body.one("api_key") or bearer(request)
    who = ports.people.program(sha256(shown.encode("utf-8", "replace")).hexdigest())
    if who is None or not who.reach(rights().roles, RIGHT):
        says = "无效，或无权提交诉求 it is not good, or not good for filing requests"
        msg = f"api_key: {says if shown else MISSING}"
        raise Forbidden(msg)
    return who
