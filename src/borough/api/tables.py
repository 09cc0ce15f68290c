"""Lists as files for people: CSV or Excel, in the words of the page and of whoever asks."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import Response

from borough.api import answers
from borough.api.naming import Names
from borough.api.places import atlas_of
from borough.api.ports import Ports
from borough.api.problems import language
from borough.api.refusals import BadFields

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FORMS = {"csv": answers.CSV, "xlsx": XLSX}
Row = Sequence[Any]


@cache
def headings() -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    """Read what the columns of each list are called."""
    return tomllib.loads((files("borough.api") / "tables.toml").read_text("utf-8"))


def form_of(request: Request) -> str:
    """Say as which file a list is asked for, ``csv`` or ``xlsx``; empty where as none."""
    asked = request.query_params.get("format", "json")
    if asked not in (*FORMS, "json"):
        field = "format"
        raise BadFields.one(field, f"must be one of {', '.join((*FORMS, 'json'))}, not {asked!r}")
    return asked if asked in FORMS else ""


def fits(many: int, most: int) -> None:
    """Refuse a file of more rows than one takes."""
    if many > most:
        field = "format"
        raise BadFields.one(field, f"a file takes {most} rows, and there are {many}; choose fewer")


@dataclass(frozen=True, slots=True)
class Words:
    """What a list says, in the language of whoever asks."""

    language: str
    names: Mapping[str, Names]
    zone: ZoneInfo

    @classmethod
    def of(cls, request: Request, ports: Ports) -> "Words":
        """Speak to somebody."""
        return cls(language(request), atlas_of(request).said, ZoneInfo(ports.district.zone))

    def said(self, text: Mapping[str, str], code: str = "") -> str:
        """Say a text, or the code where it has none."""
        return text.get(self.language) or text.get("zh") or code

    def name(self, kind: str, code: str) -> str:
        """Name what is held by code."""
        return self.said(self.names.get(kind, {}).get(code, {}), code)

    def time(self, at_ms: int | None) -> str:
        """Say a moment as it reads on a clock of the district."""
        if at_ms is None:
            return ""
        return f"{datetime.fromtimestamp(at_ms / 1000, self.zone):%Y-%m-%d %H:%M:%S}"

    def table(
        self, ports: Ports, what: str, rows: Sequence[Row], form: str, more: Sequence[str] = ()
    ) -> Response:
        """Answer with a file of rows under the headings of a list, and *more* of them."""
        head = [*(self.said(each) for each in headings()[what].values()), *more]
        body = ports.tables.written(what, head, rows, f".{form}")
        headers = {"content-disposition": f'attachment; filename="{what}.{form}"'}
        return Response(body, media_type=FORMS[form], headers=headers)
