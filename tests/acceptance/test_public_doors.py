"""What others' programs find at a living district's public doors: two clients, a feed, a photo."""

import io
import itertools
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import httpx
import numpy as np
import pytest
import xmlschema
from cap_tools.models import Alert
from georeport import GeoReport
from PIL import Image
from xsdata.formats.dataclass.parsers import XmlParser

from borough.testing.living import Living, eventually
from borough.testing.senders import Caller

SCHEMA = xmlschema.XMLSchema(Path(__file__).parents[1] / "data" / "cap" / "CAP-v1.2.xsd")
ATOM = "{http://www.w3.org/2005/Atom}"
GATEWAY = "gw-0001"
SPOT = {"lat": "29.72", "long": "106.63"}


@pytest.fixture(scope="module")
def district(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Living]:
    """A small district on a clock like the wall's."""
    living = Living.made(tmp_path_factory.mktemp("doors"), rate=1.0)
    try:
        living.start()
        yield living
    finally:
        living.stop()


@pytest.fixture(scope="module")
def key(district: Living) -> str:
    """Give the token of a program that may file requests, made as an operator makes one."""
    made = httpx.post(
        f"{district.url}/api/v1/tokens",
        json={"name": "public client", "rights": ["requests.file"]},
        headers={"authorization": f"Bearer {district.settings.operator}"},
        timeout=60.0,
    )
    assert made.status_code == 201, made.text
    return str(made.json()["token"])


@pytest.fixture
def three(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Give the client `three` as it was published in 2013.

    It asks the standard library for ``ifilter``, which Python 2 had; a name for ``filter`` is all
    it is lent, and not a line of it is changed.
    """
    monkeypatch.setattr(itertools, "ifilter", filter, raising=False)
    with warnings.catch_warnings():  # its own XML reader has escapes that Python now warns of
        warnings.simplefilter("ignore")
        import three as client  # noqa: PLC0415 - only after the name is there

    return client


def test_georeport_reads_what_it_finds(district: Living, key: str) -> None:
    """The client georeport lists services, definitions and requests, in both forms."""
    base = f"{district.url}/open311/v2"
    filed = httpx.post(
        f"{base}/requests.json",
        data={"api_key": key, "service_code": "property", **SPOT, "description": "电梯停运"},
        timeout=60.0,
    )
    (made,) = filed.json()
    for form in ("json", "xml"):
        client = GeoReport(base, output_format=form)
        codes = [each["service_code"] for each in client.get_service_list()]
        assert "roads" in codes
        assert client.get_service_definition("roads")["service_code"] == "roads"
        one = client.get_service_request(made["service_request_id"])
        assert (one["status"], one["description"]) == ("open", "电梯停运")
        some = client.get_service_requests(service_code="property", status="open")
        assert made["service_request_id"] in str(some)


def test_three_finds_files_and_follows(district: Living, key: str, three: Any) -> None:
    """The client three discovers, lists, files with a name and an address, and reads back."""
    client = three.Three(f"{district.url}/open311/v2", api_key=key)
    found = three.Three(client.discovery()["endpoints"][0]["url"], api_key=key)
    assert "roads" in {each["service_code"] for each in found.services()}
    assert found.services("roads")["attributes"][0]["code"] == "WHAT"
    (made,) = found.post(
        "property", address="双龙湖街道五星路社区", name="Ada Li", phone="555-5555",
        description="门禁坏了",
    )  # fmt: skip
    (told,) = found.request(made["service_request_id"])
    assert told["address"] == "双龙湖街道五星路社区"
    assert found.requests("property", count=1)[0]["service_code"] == "property"
    day = told["requested_datetime"]
    between = f"{day[5:7]}-{day[8:10]}-{day[:4]}"
    assert found.requests(between=[between, "07-11-2024"])
    assert found.requests(start="01-01-2024")[0]["code"] == 400  # to today: over 90 days


def test_three_sends_a_photo_that_people_see(district: Living, key: str, three: Any) -> None:
    """A photo sent in parts hangs on the case of the request; sent again it hangs there once."""
    client = three.Three(f"{district.url}/open311/v2", api_key=key)
    picture = io.BytesIO()
    Image.new("RGB", (64, 48), "grey").save(picture, "JPEG")
    ids = set()
    for _ in range(2):
        media = io.BytesIO(picture.getvalue())
        (made,) = client.post("sanitation", media=media, description="垃圾未清", **SPOT)
        ids.add(made["service_request_id"])
    (code,) = ids
    head = {"authorization": f"Bearer {district.settings.operator}"}
    asked = httpx.get(f"{district.url}/api/v1/requests/{code}", headers=head, timeout=60.0).json()
    case = asked["request"]["case_id"] if "request" in asked else asked["case_id"]
    files = httpx.get(f"{district.url}/api/v1/cases/{case}/files", headers=head, timeout=60.0)
    (file,) = files.json()["files"]
    assert file["media"] == "image/jpeg"


def act(living: Living, case: int, what: str, **body: Any) -> httpx.Response:
    """Act on a case as the operator, on the version that it has now."""
    head = {"authorization": f"Bearer {living.settings.operator}"}
    url = f"{living.url}/api/v1/cases/{case}"
    version = httpx.get(url, headers=head, timeout=60.0).json()["version"]
    asked = {"version": version, **body}
    return httpx.post(f"{url}/{what}", json=asked, headers=head, timeout=60.0)


def messages(living: Living) -> list[Alert]:
    """Read every message of the feed, oldest first, each valid against OASIS' schema."""
    feed = ET.fromstring(httpx.get(f"{living.url}/cap/feed.atom", timeout=60.0).content)  # noqa: S314 - ours
    links = [entry.find(f"{ATOM}link") for entry in feed.findall(f"{ATOM}entry")]
    found = []
    for each in reversed(links):
        assert each is not None
        answer = httpx.get(each.attrib["href"], timeout=60.0)
        assert answer.headers["content-type"] == "application/cap+xml; charset=utf-8"
        SCHEMA.validate(answer.text)
        found.append(XmlParser().from_bytes(answer.content, Alert))
    return found


def test_a_gas_leak_is_told_to_the_public_and_lifted(district: Living) -> None:
    """From a device's reading to the feed: an alert once the crew is there, a cancel at the end."""
    registry = district.held.registry
    codes = [registry.kinds[kind].code for kind in registry.kind.tolist()]
    rows = np.flatnonzero(registry.via == registry.rows[GATEWAY])
    home = next(registry.key[row] for row in rows if codes[row] == "gas_home")
    with Caller(district, GATEWAY, district.token) as line:
        for lel in (30, 31, 32):
            assert line.say(f"d/{GATEWAY}/{home}/ch4_lel", b"%d" % lel)
    head = {"authorization": f"Bearer {district.settings.operator}"}
    found: list[int] = []

    def red() -> bool:
        url, params = f"{district.url}/api/v1/cases", {"thing": home, "scene": "gas"}
        cases = httpx.get(url, params=params, headers=head, timeout=60.0).json()["cases"]
        found[:] = [each["id"] for each in cases if each["level"] >= 3]
        return bool(found)

    eventually(red, "a case about gas")
    assert messages(district) == []
    assert act(district, found[0], "move", to="on_site").status_code == 200
    (alert,) = messages(district)
    assert (alert.msg_type.value, alert.status.value) == ("Alert", "Exercise")
    url = f"{district.url}/api/v1/warnings"
    (shown,) = httpx.get(url, params={"current": True}, timeout=60.0).json()["warnings"]
    assert (shown["stands"]["key"], shown["level_name"]) == (home, "red")

    assert act(district, found[0], "warning/withdraw", note="").status_code in {400, 422}
    assert act(district, found[0], "warning/withdraw", note="复测合格").status_code == 200
    alert, cancel = messages(district)
    sent = f"{alert.sender},{alert.identifier},{alert.sent}"
    assert (cancel.msg_type.value, cancel.references) == ("Cancel", sent)
    assert httpx.get(url, params={"current": True}, timeout=60.0).json()["warnings"] == []


def test_a_kill_changes_nothing_of_what_was_told(district: Living, key: str) -> None:
    """Desk and api come back with the same requests and messages, letter for letter."""
    base = f"{district.url}/open311/v2"
    before = httpx.get(f"{base}/requests.json", timeout=60.0).json()
    feed = [each.identifier for each in messages(district)]
    district.kill("desk", "api")
    eventually(district.serves, "a district that serves")
    data = {"api_key": key, "service_code": "property", **SPOT, "description": "电梯停运"}
    again = httpx.post(f"{base}/requests.json", data=data, timeout=60.0)
    assert again.json()[0]["service_request_id"] in {e["service_request_id"] for e in before}
    assert httpx.get(f"{base}/requests.json", timeout=60.0).json() == before
    assert [each.identifier for each in messages(district)] == feed
