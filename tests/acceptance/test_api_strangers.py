"""The interface under questions that nobody would ask: made from its own description, by the score.

Schemathesis reads the description that a living district gives of itself, and makes questions
from it: some as it says, some deliberately not.  Whatever is asked and whoever asks, nothing is
our fault, every refusal is a problem document with a code that is in the reference, and every
answer is of a status, a type and a shape that the description knows.
"""

import json
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from http.client import HTTPConnection
from typing import Any
from xml.etree import ElementTree as ET

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.core.failures import FailureGroup
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from borough.api.refusals import TITLES
from borough.testing.living import Living

NEVER = {"GET /api/v1/live": "its answer has no end; `test_api_http` listens to it"}
"""Operations that are not asked, and why."""
EXAMPLES = 2
"""Questions for each operation, sign and mode; the extremes below are asked besides."""
CHECKS = [content_type_conformance, response_schema_conformance, status_code_conformance]
PROBLEM = "application/problem+json"
OURS, REFUSED = 500, 400
NUMBERS = ("0", "-1", str(2**31), str(2**63 - 1), str(2**63), str(-(2**63) - 1), "9" * 40, "1e3")
WORDS = ("%00", "%ED%A0%80", "%F0%9F%99%82", "a" * 2000, "%25_%27%22", "..%2f..", "nan",
         "0001-01-01", "9999-12-31T23:59:59-12:00", "-62135596800001", "9" * 40)  # fmt: skip
BODIES = (2**63, -(10**40), 1e308, "\0", "\ud800", "", None, True, [], {"\ud800": 1}, {"a": 2**70})


@dataclass
class Asked:
    """What was asked of a district and what of the answers should not be."""

    living: Living
    faults: dict[str, str] = field(default_factory=dict)
    count: int = 0

    @property
    def signs(self) -> dict[str, str]:
        """Give what strangers, people and devices show."""
        gateway = f"gw-0001:{self.living.token}".encode()
        return {
            "nobody": "",
            "operator": f"Bearer {self.living.settings.operator}",
            "device": f"Basic {b64encode(gateway).decode()}",
        }

    def judge(self, label: str, status: int, media: str, body: bytes) -> None:
        """Note what is wrong with an answer."""
        self.count += 1
        said = f"{status} {body[:300]!r}"
        if status >= OURS:
            self.faults[f"{label}: our fault"] = said
        if status < REFUSED:
            return
        if label.partition(" ")[2].startswith("/open311/") and is_georeport(status, media, body):
            return
        told = json.loads(body) if media.startswith(PROBLEM) else {}
        if told.get("code") not in TITLES or told.get("status") != status:
            self.faults[f"{label}: no problem document"] = said


def is_georeport(status: int, media: str, body: bytes) -> bool:
    """Tell a refusal as the public standard of that door wants it: errors with their code."""
    if media.startswith("text/xml"):
        codes = [each.findtext("code") for each in ET.fromstring(body)]  # noqa: S314 - ours
    else:
        told = json.loads(body)
        codes = [str(each["code"]) for each in told] if isinstance(told, list) else []
    return set(codes) == {str(status)}


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    """Start a district of our own: what is asked of it may change it in any way."""
    living = Living.made(tmp_path_factory.mktemp("strangers") / "data")
    try:
        living.start()
        yield Asked(living)
    finally:
        living.stop()


def description(asked: Asked) -> dict[str, Any]:
    """Read how the district describes its own interface."""
    told: dict[str, Any] = httpx.get(f"{asked.living.url}/api/v1/openapi.json", timeout=60).json()
    return told


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda each: each.value)
def test_whatever_the_description_suggests_is_answered_as_it_says(
    asked: Asked, mode: GenerationMode
) -> None:
    """Each operation, as strangers, as the operator and as a gateway; well-formed or not."""
    asked.faults.clear()
    for found in schemathesis.openapi.from_dict(description(asked)).get_all_operations():
        operation = found.ok()
        wrong = mode is GenerationMode.POSITIVE or may_be_wrong(operation)
        if operation.label not in NEVER and wrong:
            _ask(asked, operation, mode)
    assert asked.faults == {}
    assert asked.count > len(NEVER)


def may_be_wrong(operation: Any) -> bool:
    """Say whether anything can be asked wrongly: not where only a path is asked, of any words."""
    plain = {"type": "string"}
    return operation.method.upper() != "GET" or any(
        each["in"] != "path" or {k: v for k, v in each["schema"].items() if k != "title"} != plain
        for each in operation.definition.raw.get("parameters", ())
    )


def _ask(asked: Asked, operation: Any, mode: GenerationMode) -> None:
    """Ask a few questions of one operation, each under every sign."""

    @settings(
        max_examples=EXAMPLES, deadline=None, derandomize=True, database=None,
        phases=[Phase.generate], suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(operation.as_strategy(generation_mode=mode))
    def ask(case: Any) -> None:
        signs = asked.signs if case.method != "GET" else {"nobody": ""}
        for sign in signs.values():
            case.headers = {**(case.headers or {}), "Authorization": sign}
            answer = case.call(base_url=asked.living.url, timeout=60)
            media = answer.headers.get("content-type", [""])[0]
            asked.judge(operation.label, answer.status_code, media, answer.content)
            try:
                case.validate_response(answer, checks=CHECKS)
            except FailureGroup as fault:
                asked.faults[f"{operation.label}: not as described"] = str(fault)[:600]

    try:
        ask()
    except Unsatisfiable:
        if mode is GenerationMode.POSITIVE:  # where everything is allowed, nothing is wrong
            raise


def test_extremes_are_answered_too(asked: Asked) -> None:
    """Numbers no database holds, moments before all calendars, halves of characters: refused."""
    asked.faults.clear()
    told = description(asked)
    where = asked.living.settings.host, asked.living.settings.http_port
    sign = {"authorization": asked.signs["operator"]}
    # Thousands of questions: a client that does more for each takes longer than the district.
    with closing(HTTPConnection(*where, timeout=60)) as line:
        for path, methods in told["paths"].items():
            for method, operation in methods.items():
                label = f"{method.upper()} {path}"
                for url, body in extremes(path, operation, told["components"]["schemas"]):
                    sent = None if body is None else json.dumps(body).encode()
                    line.request(method.upper(), url, sent, sign)
                    with line.getresponse() as answer:
                        media = answer.getheader("content-type", "")
                        said = f"{label}: {url} {body!r}"[:300]
                        asked.judge(said, answer.status, media, answer.read())
    assert asked.faults == {}


def extremes(
    path: str, operation: dict[str, Any], schemas: dict[str, Any]
) -> Iterator[tuple[str, Any]]:
    """Give questions in which one thing is as far out as can be, and all others are plain."""
    if f"GET {path}" in NEVER:
        return
    parameters = [each for each in operation.get("parameters", ()) if each["in"] != "header"]
    content = operation.get("requestBody", {}).get("content", {})
    named = content.get("application/json", {}).get("schema", {}).get("$ref", "")
    fields = schemas[named.rpartition("/")[2]]["properties"] if named else {}
    plain = {name: PLAIN.get(each.get("type", ""), "x") for name, each in fields.items()}
    for one in parameters:
        kinds = [one["schema"], *one["schema"].get("anyOf", ())]
        whole = any(each.get("type") == "integer" for each in kinds)
        for value in NUMBERS if whole else WORDS:
            yield address(path, parameters, {one["name"]: value}), plain or None
    for name in fields:
        for value in BODIES:
            yield address(path, parameters, {}), {**plain, name: value}


PLAIN = {"integer": 1, "number": 1.5, "boolean": True, "object": {"a": 1.0}}


def address(path: str, parameters: list[dict[str, Any]], given_values: dict[str, str]) -> str:
    """Fill in a path and its query."""
    asked_for = []
    for each in parameters:
        name = each["name"]
        whole = each["schema"].get("type") == "integer"
        value = given_values.get(name, "1" if whole else "x")
        if each["in"] == "path":
            path = path.replace(f"{{{name}}}", value)
        elif name in given_values or each.get("required"):
            asked_for.append(f"{name}={value}")
    return f"{path}?{'&'.join(asked_for)}"
