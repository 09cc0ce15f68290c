"""Refuse as GeoReport v2 does: a list of errors, each with a code and a description."""

import re
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from borough.api.details import details
from borough.api.open311.writing import MEDIA, answer
from borough.api.problems import OURS, log, status_of
from borough.api.refusals import TITLES
from borough.core.errors import BadRequest, BoroughError, Forbidden

MISSING = "缺少 it is missing"
FIELD = re.compile(r"([a-z_0-9.]+)(: )(.*)", re.DOTALL)
"""What is wrong with a field begins with its name."""


class Refused(BadRequest):
    """Several things are wrong with a request; each of *wrong* begins with its field."""

    def __init__(self, wrong: Sequence[str]) -> None:
        super().__init__("; ".join(wrong))
        self.wrong = tuple(wrong)

    @classmethod
    def one(cls, field: str, says: str) -> "Refused":
        """Refuse one field."""
        return cls([f"{field}: {says}"])


class GeoReportRoute(APIRoute):
    """A path whose refusals are those of GeoReport v2, in the form that was asked for."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Have what goes wrong answered here."""
        inner = super().get_route_handler()

        async def handler(request: Request) -> Response:
            form = str(request.path_params.get("form", ""))
            try:
                return await inner(request)
            except RequestValidationError as error:
                wrong = [
                    spoken(f"{each['loc'][-1]}: {each['msg']}", BadRequest.code)
                    for each in error.errors()
                ]
                return refused(form, 400 if form in MEDIA else 404, wrong)
            except BoroughError as error:
                status = standing(error)
                if status >= OURS:
                    log.error("%s: %s", request.url.path, error)
                said = error.wrong if isinstance(error, Refused) else (str(error),)
                return refused(form, status, [spoken(each, error.code) for each in said])

        return handler


def spoken(says: str, code: str) -> str:
    """Say in both languages what is wrong with a field; *code* tells what where no row does.

    >>> spoken("token: there is none such", "not-found")
    'token: 没有此凭条 there is none such'
    """
    title = TITLES[code]["zh"]
    whole = details(says, title)["zh"]
    if whole == says:
        return says
    named = FIELD.fullmatch(says)
    field, colon, rest = named.groups() if named else ("", "", says)
    told = details(rest, title)["zh"] if whole == f"{title}：{says}" else whole
    told = title if told == f"{title}：{rest}" else told.removeprefix(f"{field}：")
    return f"{field}{colon}{told} {rest}"


def standing(error: BoroughError) -> int:
    """Give the status of an error: whoever may not, 403; whatever is malformed, 400."""
    if isinstance(error, Forbidden):
        return 403
    status = status_of(error)
    return 400 if status in {409, 422} else status


def refused(form: str, status: int, wrong: Sequence[str]) -> Response:
    """Write the errors; in XML where nobody knows the form that was asked for."""
    errors = [{"code": status, "description": each} for each in wrong]
    return answer(form if form in MEDIA else "xml", "errors", errors, status)
