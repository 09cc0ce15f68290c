"""What Open311 tells, asked over HTTP: the standard, its traps, and questions without sense."""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

import httpx
import pytest
from hypothesis import given, settings, strategies as st

from borough.api.application import create
from borough.storage.sql.public_requests import SqlPublicRequests
from borough.testing.offering import KEY, MEDIA, PATIENCE_S, Door, described, opened
from borough.testing.requesting import HOUR
from borough.testing.serving import serving
from borough.testing.town import town

FORMS = sorted(MEDIA)


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """Serve Yubei's offer on an empty database."""
    with opened(tmp_path_factory.mktemp("open311")) as served:
        yield served


# The rules of SeeClickFix's open311-validator, and what the specification says beside them.


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("where", ["", "/v2"])
def test_discovery_comes_in_both_forms_under_their_bare_types(
    door: Door, form: str, where: str
) -> None:
    """Both forms are mandatory; the type has no charset, and the body is ASCII all the same."""
    answer = door.client.get(f"{door.url}/open311{where}/discovery.{form}")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == MEDIA[form]
    assert answer.content.isascii()


def test_discovery_names_an_endpoint_that_answers(door: Door) -> None:
    """Whoever follows discovery finds services, in a form that it promised."""
    said = door.client.get(f"{door.url}/open311/discovery.json").json()
    for key in ("changeset", "contact", "key_service", "endpoints"):
        assert said[key]
    assert datetime.fromisoformat(said["changeset"]) < datetime.now(UTC)
    (endpoint,) = said["endpoints"]
    assert endpoint["specification"] == "http://wiki.open311.org/GeoReport_v2"
    assert endpoint["type"] in {"production", "test"}
    assert datetime.fromisoformat(endpoint["changeset"]) < datetime.now(UTC)
    assert endpoint["formats"] == ["text/xml", "application/json"]
    assert door.client.get(f"{endpoint['url']}/services.xml").status_code == 200


def test_discovery_as_xml_says_the_same(door: Door) -> None:
    """The two forms are one document."""
    said = door.client.get(f"{door.url}/open311/discovery.json").json()
    root = ET.fromstring(door.client.get(f"{door.url}/open311/discovery.xml").content)  # noqa: S314 - ours
    assert root.tag == "discovery"
    assert root.findtext("contact") == said["contact"]
    assert root.findtext("endpoints/endpoint/url") == said["endpoints"][0]["url"]
    assert [each.text for each in root.findall("endpoints/endpoint/formats/format")] == [
        "text/xml",
        "application/json",
    ]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("path", [
    "services", "services/roads", "requests", "servicerequestupdates",
])  # fmt: skip
def test_answers_name_their_charset(door: Door, form: str, path: str) -> None:
    """All but discovery say that they are UTF-8."""
    answer = door.get(f"{path}.{form}")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == f"{MEDIA[form]}; charset=utf-8"


def test_each_service_has_what_the_schema_requires(door: Door) -> None:
    """Code, name, metadata as a truth value, and a type out of three; codes are texts, once."""
    services = door.get("services.json").json()
    assert services
    for each in services:
        assert isinstance(each["service_code"], str)
        assert each["service_name"]
        assert isinstance(each["metadata"], bool)
        assert each["type"] in {"realtime", "batch", "blackbox"}
        assert isinstance(each["keywords"], str)
    codes = [each["service_code"] for each in services]
    assert len(set(codes)) == len(codes)


def test_a_service_with_metadata_has_a_definition(door: Door) -> None:
    """Every question has a code, a known datatype, an order, and values where it is a list."""
    for each in door.get("services.json").json():
        told = door.get(f"services/{each['service_code']}.json").json()
        assert told["service_code"] == each["service_code"]
        assert bool(told["attributes"]) == each["metadata"]
        for number, asked in enumerate(told["attributes"], 1):
            assert asked["order"] == number
            assert asked["variable"] is True
            assert isinstance(asked["required"], bool)
            assert bool(asked["values"]) == asked["datatype"].endswith("valuelist")
            assert all({"key", "name"} == value.keys() for value in asked["values"])


def test_names_come_in_the_language_of_the_caller(door: Door) -> None:
    """Chinese where nothing is said, English where it is preferred; codes stay."""
    first = door.get("services.json").json()[0]
    other = door.client.get(
        f"{door.base}/services.json", headers={"accept-language": "en-GB"}
    ).json()[0]
    assert first["service_code"] == other["service_code"]
    assert not first["service_name"].isascii()
    assert other["service_name"].isascii()


def test_a_list_of_nothing_is_an_empty_container(door: Door) -> None:
    """In XML an empty list is an element without content, in JSON an empty array."""
    past = {"start_date": "2020-01-01T00:00:00Z", "end_date": "2020-01-02T00:00:00Z"}
    assert door.get("requests.json", **past).json() == []
    root = ET.fromstring(door.get("requests.xml", **past).content)  # noqa: S314 - ours
    assert (root.tag, len(root)) == ("service_requests", 0)


@pytest.mark.parametrize("form", FORMS)
def test_a_request_that_was_filed_is_found_again(door: Door, form: str) -> None:
    """By id, in the list, under its token: with what the schema requires, and zones on dates."""
    answer = door.file(form, description=f"井盖松动 {form}")
    if form == "json":
        (made,) = answer.json()
        code = made["service_request_id"]
        assert "token" not in made
    else:
        code = ET.fromstring(answer.content).findtext("request/service_request_id")  # noqa: S314 - ours
    (told,) = door.get(f"requests/{code}.json").json()
    for key in ("service_request_id", "status", "service_code", "requested_datetime"):
        assert told[key]
    for key in ("requested_datetime", "updated_datetime", "expected_datetime"):
        assert datetime.fromisoformat(told[key]).tzinfo is not None
    assert (told["status"], told["service_code"]) == ("open", "roads")
    assert (told["lat"], told["long"]) == (29.72, 106.63)
    assert told["agency_responsible"] == "渝北区城市管理局"
    assert code in {each["service_request_id"] for each in door.get("requests.json").json()}
    receipt = door.desk.requests.store.one(str(code)).receipt
    assert door.get(f"tokens/{receipt}.json").json() == [
        {"service_request_id": code, "token": receipt}
    ]


def test_a_request_closes_with_its_answer(door: Door) -> None:
    """The answer is what the public is told; the date of the update is that of the answer."""
    code = door.filed(description="路面坑洼")
    request = door.desk.requests.store.one(code)
    at = request.received_ms + HOUR
    door.desk.requests.acts.answer(request.id, "已修补，电话13900001111", at_ms=at, by="x")
    (told,) = door.get(f"requests/{code}.json").json()
    assert told["status"] == "closed"
    assert told["status_notes"] == "已修补，电话139****1111"
    assert datetime.fromisoformat(told["updated_datetime"]).timestamp() == at // 1000
    assert "service_notice" not in told
    both = [door.get("requests.json", status=s).json() for s in ("open", "closed", "open,closed")]
    ids = [{each["service_request_id"] for each in some} for some in both]
    assert [code in some for some in ids] == [False, True, True]


def test_ids_override_all_else(door: Door) -> None:
    """A list of ids is answered whatever the other arguments say; unknown ones are passed over."""
    codes = [door.filed(description=f"灯杆{n}") for n in range(3)]
    wanted = f"{codes[0]}, {codes[2]},nobody"
    found = door.get("requests.json", service_request_id=wanted, status="closed", page="9").json()
    assert {each["service_request_id"] for each in found} == {codes[0], codes[2]}
    lost = door.get("requests.json", service_request_id="nobody")
    assert lost.status_code == 404
    assert "service_request_id" in described(lost)[0]


def test_services_and_pages_narrow_the_list(door: Door) -> None:
    """Commas join services; pages do not overlap, and the newest come first."""
    for number in range(3):
        door.filed(
            service_code="property", **{"attribute__WHAT]": None}, description=f"电梯{number}"
        )
    some = door.get("requests.json", service_code="property,market").json()
    assert {each["service_code"] for each in some} == {"property"}
    pages = [
        door.get("requests.json", service_code="property", page=str(n), page_size="2").json()
        for n in (1, 2, 3)
    ]
    assert [len(page) for page in pages][:2] == [2, len(some) - 2]
    assert pages[0] + pages[1] + pages[2] == some
    times = [each["requested_datetime"] for each in some]
    assert times == sorted(times, reverse=True)


@pytest.mark.parametrize(("params", "status", "field"), [
    ({"start_date": "2024-01-01T00:00:00Z", "end_date": "2024-06-01T00:00:00Z"}, 400, "start_date"),
    ({"start_date": "2024-06-01T00:00:00Z", "end_date": "2024-01-01T00:00:00Z"}, 400, "start_date"),
    ({"start_date": "2024-01-01T00:00:00"}, 400, "start_date"),
    ({"end_date": "yesterday"}, 400, "end_date"),
    ({"end_date": "1720569600000"}, 400, "end_date"),
    ({"status": "pending"}, 400, "status"),
    ({"page_size": "1001"}, 400, "page_size"),
    ({"page_size": "-1"}, 400, "page_size"),
    ({"page": "0"}, 400, "page"),
    ({"page": "9" * 30}, 400, "page"),
    ({"service_code": "001"}, 404, "service_code"),
    ({"jurisdiction_id": "elsewhere.gov"}, 404, "jurisdiction_id"),
    ({"service_request_id": ",".join(map(str, range(1001)))}, 400, "service_request_id"),
])  # fmt: skip
@pytest.mark.parametrize("form", FORMS)
def test_a_question_that_makes_no_sense_is_told_so(
    door: Door, form: str, params: dict[str, str], status: int, field: str
) -> None:
    """The status is that of the specification, and the description begins with the field."""
    answer = door.get(f"requests.{form}", **params)
    assert answer.status_code == status
    assert described(answer)[0].startswith(f"{field}:")


@pytest.mark.parametrize(("path", "field"), [
    ("services/nothing.json", "service_code"), ("requests/nothing.xml", "service_request_id"),
    ("tokens/nothing.json", "token"), ("services.yaml", "form"), ("requests/x.yaml", "form"),
])  # fmt: skip
def test_what_is_not_there_is_404(door: Door, path: str, field: str) -> None:
    """An unknown service, request, token or form, in the form asked for and both languages."""
    answer = door.get(path)
    assert answer.status_code == 404
    (says,) = described(answer)
    assert says.startswith(f"{field}:")
    assert re.search("[\u4e00-\u9fff]{2}", says)
    assert re.search("there is|should be", says)


def test_optional_and_empty_is_absent(door: Door) -> None:
    """Empty parameters are as if they were not there."""
    empty = dict.fromkeys(("service_request_id", "service_code", "start_date", "end_date",
                           "status", "page", "page_size", "jurisdiction_id"), "")  # fmt: skip
    assert door.get("requests.json", **empty).json() == door.get("requests.json").json()
    ours = door.ports.open311
    assert ours is not None
    named = door.get("services.json", jurisdiction_id=ours.listing.jurisdiction)
    assert named.status_code == 200


# Updates, as FixMyStreet asks for them


def test_updates_tell_what_was_done(door: Door) -> None:
    """Each with an id of its own, the request, a status and a date; words only if meant for all."""
    code = door.filed(description="雨水口堵塞")
    request = door.desk.requests.store.one(code)
    at = request.received_ms + HOUR
    door.desk.requests.acts.contact(request.id, at_ms=at, by="x", note="内部：此人常投诉")
    door.desk.requests.acts.answer(request.id, "已疏通", at_ms=at + 1, by="x")
    end = datetime.fromtimestamp(at / 1000 + 60, UTC).isoformat()
    found = door.get("servicerequestupdates.json", end_date=end).json()
    mine = [each for each in found if each["service_request_id"] == code]
    assert [(each["status"], each["description"]) for each in mine] == [
        ("open", "已登记"), ("open", "已联系诉求人"), ("closed", "已疏通"),
    ]  # fmt: skip
    assert len({each["update_id"] for each in found}) == len(found)
    root = ET.fromstring(door.get("servicerequestupdates.xml", end_date=end).content)  # noqa: S314 - ours
    assert (root.tag, {each.tag for each in root}) == (
        "service_request_updates",
        {"request_update"},
    )


def test_words_are_added_once(door: Door) -> None:
    """The same `update_id` again is the same update; the log of the case holds no word of it."""
    code = door.filed(description="树枝压电线")
    said = {"api_key": KEY, "service_request_id": code, "update_id": "fms-8", "status": "open",
            "updated_datetime": "2024-07-10T09:00:00+08:00", "description": "没人来"}  # fmt: skip
    url = f"{door.base}/servicerequestupdates"
    first, again = (door.client.post(f"{url}.json", data=said).json() for _ in range(2))
    third = door.client.post(f"{url}.xml", data={**said, "update_id": "fms-9"})
    assert first == again
    assert ET.fromstring(third.content).findtext("request_update/update_id")  # noqa: S314 - ours
    request = door.desk.requests.store.one(code)
    assert [each["note"] for each in door.desk.requests.store.acts(request.id)
            if each["verb"] == "updated"] == ["没人来"] * 2  # fmt: skip
    assert "没人来" not in str(door.desk.cases.events(request.case_id))
    assert door.desk.cases.verify(request.case_id) == []


@pytest.mark.parametrize("missing", [
    "api_key", "service_request_id", "update_id", "updated_datetime", "status", "description",
])  # fmt: skip
def test_half_an_update_is_refused(door: Door, missing: str) -> None:
    """Each field that is missing is named; 403 for the key, 400 for the others."""
    code = door.filed(description="更新测试")
    said = {"api_key": KEY, "service_request_id": code, "update_id": "1", "status": "open",
            "updated_datetime": "2024-07-10T09:00:00+08:00", "description": "x"}  # fmt: skip
    said.pop(missing)
    answer = door.client.post(f"{door.base}/servicerequestupdates.json", data=said)
    assert answer.status_code == (403 if missing == "api_key" else 400)
    assert described(answer)[0].startswith(f"{missing}:")


WORDS = st.one_of(
    st.text(max_size=30), st.sampled_from(["2024-07-10T08:00:00Z", "2024-07-10", "0001-01-01",
    "9999-12-31T23:59:59-14:00", "1e9", "-1", "roads,,", "open,closed", "%00", "00000000"]),
)  # fmt: skip


@given(st.dictionaries(st.sampled_from([
    "service_request_id", "service_code", "start_date", "end_date", "status", "page", "page_size",
    "jurisdiction_id", "unknown",
]), WORDS, max_size=5), st.sampled_from(["requests", "servicerequestupdates"]),
    st.sampled_from(FORMS))  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_whatever_is_asked_is_answered(
    door: Door, params: dict[str, str], path: str, form: str
) -> None:
    """Any parameters give an answer or a refusal that names a field, never a failure of ours."""
    with suppress(UnicodeEncodeError):
        answer = door.get(f"{path}.{form}", **params)
        assert answer.status_code in {200, 400, 404}
        if answer.status_code != 200:
            assert all(re.match(r"[a-z_]+: ", each) for each in described(answer))


@pytest.mark.parametrize("form", FORMS)
def test_a_district_without_an_offer_says_so(form: str) -> None:
    """Where the district's tables have no [open311], every address is a 404 in its own form."""
    ports = replace(town(meters=5), open311=None)
    with serving(create(ports), ports.live) as served:
        answer = httpx.get(f"{served.url}/open311/v2/services.{form}", timeout=PATIENCE_S)
    assert answer.status_code == 404
    described(answer)


def test_the_store_gives_no_more_than_asked(door: Door) -> None:
    """Pages of the store end where they must, and updates belong to requests that are there."""
    store = SqlPublicRequests(door.desk.engine)
    assert store.named([]) == []
    found = store.updates(since_ms=0, until_ms=1 << 50, skip=0, limit=3)
    assert len(found) == 3
    assert all(about.request.code == done.code for about, done in found)
