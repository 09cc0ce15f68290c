"""What a door does with a word that it does not know: it says so, and takes nothing in."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from borough.api.application import create
from borough.testing.serving import serving
from borough.testing.town import OPERATOR, town

ELSEWHERE = {"/api/v1/me/password"}
"""Doors that look first at who it is; so do those that are about one case, task or scene."""
WRITES = ("post", "put", "patch")


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    """Serve a town to one who may do everything."""
    ports = town(20)
    signed = {"authorization": f"Bearer {OPERATOR}"}
    with (
        serving(create(ports), ports.live) as served,
        httpx.Client(base_url=served.url, headers=signed, timeout=60) as made,
    ):
        yield made


def doors(client: httpx.Client) -> list[tuple[str, str, dict[str, Any]]]:
    """List every door that reads a body of JSON by a model of ours, from the served reference."""
    told = client.get("/api/v1/openapi.json").raise_for_status().json()
    models = told["components"]["schemas"]
    found = []
    for path, verbs in told["paths"].items():
        for verb in WRITES:
            content = verbs.get(verb, {}).get("requestBody", {}).get("content", {})
            ref = content.get("application/json", {}).get("schema", {}).get("$ref", "")
            if ref:
                found.append((verb, path, models[ref.rpartition("/")[2]]))
    return found


def test_every_door_refuses_a_field_that_it_does_not_have(client: httpx.Client) -> None:
    """422 `bad-fields` names it in both languages; the reference says of each that it is exact."""
    known = doors(client)
    assert len(known) > 40, known
    for verb, path, model in known:
        assert model["additionalProperties"] is False, path
        if "{" in path or path in ELSEWHERE:
            continue
        answer = client.request(verb, path, json={"urgnet": True})
        assert (answer.status_code, answer.json()["code"]) == (422, "bad-fields"), (path, answer)
        fields = {each["field"]: each["details"] for each in answer.json()["fields"]}
        assert fields["urgnet"]["zh"] == "没有这个字段", path


def test_a_part_of_a_body_is_as_exact_as_the_whole(client: httpx.Client) -> None:
    """A row of a list, too, is named with its place."""
    row = {"day": "2024-07-10", "post": "x", "shfit": "D"}
    answer = client.post("/api/v1/rosters/changes", json={"rows": [row]})
    assert [each["field"] for each in answer.json()["fields"]] == ["rows.0.shfit"]
