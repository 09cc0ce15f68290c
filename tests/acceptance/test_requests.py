"""Citizens' requests through the doors of a living district: form, inbox, answer, rates."""

import csv
import tomllib
from collections.abc import Iterator
from hashlib import sha256
from importlib.resources import files
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import ExifTags, Image

from borough.adapters import sheets
from borough.app.requests.practice import learned
from borough.edge.citizens.calling import Citizens
from borough.edge.citizens.clerks import Clerks, streets
from borough.edge.fleet.workers import Workers
from borough.testing.living import Living

PHONE = "13912345678"
LONG_S = 1_000.0
"""Longer than any simulated citizen or clerk rests."""
CALLS, ROUNDS = 6, 60
PACE = tomllib.loads((files("borough.edge.citizens") / "pace.toml").read_text("utf-8"))


@pytest.fixture(scope="module")
def living(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Living]:
    """Start a district that has learned to sort, as that of a demonstration has."""
    made = Living.made(tmp_path_factory.mktemp("requests") / "data", share=0.0005, rate=60.0)
    try:
        learned(made.settings.folder, made.held.district)
        made.start()
        yield made
    finally:
        made.stop()


@pytest.fixture(name="citizen")
def a_citizen(living: Living) -> Iterator[httpx.Client]:
    """Somebody who shows nothing."""
    with httpx.Client(base_url=f"{living.url}/api/v1", timeout=60) as http:
        yield http


@pytest.fixture(name="staff")
def somebody_of_the_centre(living: Living) -> Iterator[httpx.Client]:
    """Somebody with the token of this machine."""
    shown = {"authorization": f"Bearer {living.settings.operator}"}
    url = f"{living.url}/api/v1"
    with httpx.Client(base_url=url, headers=shown, timeout=60) as http:
        yield http


def good(answer: httpx.Response, status: int = 200) -> Any:
    """Give the body of an answer that must be good."""
    assert answer.status_code == status, answer.text
    return answer.json()


def test_a_request_goes_from_the_form_to_the_rates(
    citizen: httpx.Client, staff: httpx.Client
) -> None:
    """Filed by anybody, sorted, called back, answered, rated; the receipt tells its way."""
    body = {
        "text": "双龙湖街道五星路社区门口的排水沟盖板破了好几天，请尽快处理", "key": "form-1",
        "place": "双龙湖街道五星路社区", "category": "drainage", "kind": "complaint",
        "contact": {"name": "李四", "phone": PHONE},
    }  # fmt: skip
    filed = good(citizen.post("/requests", json=body), 201)
    again = good(citizen.post("/requests", json=body), 201)
    assert again["receipt"] == filed["receipt"]
    assert filed["agency"]["zh"] == "渝北区住房和城乡建设委员会"

    one = good(staff.get(f"/requests/{filed['code']}"))
    assert (one["state"], one["agency"], one["urgent"]) == ("accepted", "housing", False)
    assert one["person"]["phone"] == PHONE
    good(staff.post(f"/requests/{one['id']}/contact", json={"note": "已致电"}))
    good(staff.post(f"/requests/{one['id']}/answer", json={"text": f"已疏通，联系人{PHONE}"}))
    done = good(
        staff.post(f"/requests/{one['id']}/revisit", json={"resolved": True, "satisfaction": 4})
    )
    assert done["state"] == "closed"

    public = citizen.get(f"/requests/receipts/{filed['receipt']}")
    assert [each["verb"] for each in good(public)["acts"]][-1] == "revisited"
    assert PHONE not in public.text
    assert "李四" not in public.text
    told = good(staff.get("/requests/rates", params={"by": "agency"}))
    (housing,) = [each for each in told["groups"] if each["group"] == "housing"]
    for rate in ("response", "resolution", "satisfaction"):
        assert housing[rate]["below_ids"] == [one["id"]]
        assert housing[rate]["value"] == 1.0
    assert housing["score"] == 1.0


def test_what_triage_doubts_waits_with_suggestions_and_one_key_accepts_it(
    citizen: httpx.Client, staff: httpx.Client
) -> None:
    """A message that names no matter waits; the acceptor sees words and shares, and accepts."""
    filed = good(
        citizen.post("/requests", json={"text": "龙塔街道的事情一直没有人过问，请领导关心"}), 201
    )
    assert filed["state"] == "waiting"
    (one,) = [
        each
        for each in good(staff.get("/requests", params={"state": "waiting"}))["requests"]
        if each["code"] == filed["code"]
    ]
    said = one["suggestion"]["category"]
    assert said["sure"] < said["threshold"]
    assert said["why"]

    done = good(staff.post(f"/requests/{one['id']}/triage", json={"category": "property"}))
    assert (done["state"], done["agency"]) == ("accepted", "housing")
    assert done["street"] == "500112013"


def test_danger_is_urgent_whatever_else_is_doubted(
    citizen: httpx.Client, staff: httpx.Client
) -> None:
    """A word of danger makes a request urgent, with the limits of what is urgent."""
    filed = good(
        citizen.post("/requests", json={"text": "回兴街道一楼住户家里燃气漏气，味道很大"}), 201
    )
    one = good(staff.get(f"/requests/{filed['code']}"))

    assert one["urgent"] is True
    assert one["answer_due_ms"] - one["received_ms"] == 2 * 3_600_000


def test_a_file_is_taken_in_row_by_row(staff: httpx.Client, tmp_path: Path) -> None:
    """Dry run first; the second time all is known; what is wrong comes back in a workbook."""
    text = StringIO()
    rows = csv.writer(text)
    rows.writerow(["工单号", "诉求内容", "地址", "类别", "渠道", "联系电话", "经度", "纬度"])
    rows.writerow(["A1", "路灯坏了三盏", "回兴街道", "市政道路设施", "hotline", PHONE, "", ""])
    rows.writerow(["A2", "", "回兴街道", "", "hotline", "", "", ""])
    rows.writerow(["A3", "垃圾没人收", "龙塔街道", "sanitation", "hotline", "", "x", "29.6"])
    body = text.getvalue().encode()

    tried = good(staff.post("/requests/imports", params={"dry_run": True}, content=body))
    assert (tried["fits"], tried["refused"], tried["added"]) == (1, 2, 0)
    done = good(staff.post("/requests/imports", content=body))
    assert [each["outcome"] for each in done["results"]] == ["added", "refused", "refused"]
    assert [each["row"] for each in done["results"]] == [2, 3, 4]
    assert "text" in done["results"][1]["detail"]
    assert "lon" in done["results"][2]["detail"]
    again = good(staff.post("/requests/imports", content=body))
    assert (again["same"], again["added"]) == (1, 0)

    book = tmp_path / "errors.xlsx"
    book.write_bytes(staff.post("/requests/imports", params={"errors": True}, content=body).content)
    assert "lon" in sheets.read(book).rows[2][-1]


def test_photos_come_with_a_request_without_the_place_they_were_taken_at(
    citizen: httpx.Client, staff: httpx.Client
) -> None:
    """By the receipt: kept once under its digest, given as a copy without EXIF; no more than five.

    What is no photo, or comes with a number that can be guessed, is refused.
    """
    filed = good(citizen.post("/requests", json={"text": "路边护栏被撞断", "key": "photo"}), 201)
    way = f"/requests/receipts/{filed['receipt']}/photos"
    taken = photo(1)
    first = good(citizen.post(way, params={"name": "护栏.jpg"}, content=taken), 201)
    good(citizen.post(way, params={"name": "again.jpg"}, content=taken), 201)
    assert first["sha256"] == sha256(taken).hexdigest()

    one = good(staff.get(f"/requests/{filed['code']}"))
    (kept,) = good(staff.get(f"/cases/{one['case_id']}/files"))["files"]
    assert (kept["sha256"], kept["media"]) == (first["sha256"], "image/jpeg")
    where = f"/cases/{one['case_id']}/files/{kept['id']}"
    with Image.open(BytesIO(staff.get(where).content)) as copy:
        assert not dict(copy.getexif())
    assert staff.get(f"{where}/original").content == taken

    for wrong in (b"not a photo", b"%PDF-1.7\n%%EOF"):
        refused = citizen.post(way, content=wrong)
        assert (refused.status_code, refused.json()["code"]) == (422, "bad-file")
    guessed = citizen.post(f"/requests/receipts/{filed['code']}/photos", content=taken)
    assert guessed.status_code == 404
    for shade in range(2, 6):
        good(citizen.post(way, content=photo(shade)), 201)
    assert "5" in citizen.post(way, content=photo(9)).json()["detail"]
    assert len(good(staff.get(f"/cases/{one['case_id']}/files"))["files"]) == 5


def photo(shade: int) -> bytes:
    """Make a synthetic photo that says where it was taken."""
    told = Image.Exif()
    told.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitude] = (29.0, 43.0, 12.0)
    made = BytesIO()
    Image.new("RGB", (64, 48), (25 * shade, 90, 20)).save(made, "JPEG", exif=told)
    return made.getvalue()


def test_simulated_citizens_are_served_to_the_end_but_for_those_left_to_people(
    living: Living, staff: httpx.Client
) -> None:
    """All that they say is filed once; clerks close what is theirs, fleet workers touch nothing."""
    shown = living.url, living.settings.operator
    citizens = Citizens(*shown, 3, 60.0, {**PACE, "by_form": 0.3})
    clerks = Clerks(*shown, citizens.filed, PACE, 3)
    clerks.learn()
    citizens.places = streets(clerks.form)
    workers = Workers(*shown, lambda *_: False, 3)
    for call in range(CALLS):
        citizens.go_round(call * LONG_S)
        citizens.go_round(call * LONG_S)  # not due: nothing is said
    waiting = good(staff.get("/cases", params={"open": True}))["cases"]

    workers.go_round(0.0)
    for number in range(ROUNDS):
        clerks.go_round(number * LONG_S)

    served = [good(staff.get(f"/requests/{code}")) for code in citizens.filed]
    closed = [each for each in served if each["state"] == "closed"]
    left = [each for each in served if each["state"] != "closed"]
    assert len(served) == CALLS
    assert citizens.refused == clerks.refused == 0
    assert {each["id"] % PACE["left"] for each in left} <= {0}
    assert all(each["satisfaction"] for each in closed)
    assert waiting
    assert not workers.due
    cases = good(staff.get("/cases"))["cases"]
    still = {each["id"] for each in cases if each["closed_ms"] is None}
    assert still & {each["case_id"] for each in served} == {each["case_id"] for each in left}


def test_a_form_that_comes_too_often_is_told_to_wait(living: Living) -> None:
    """More than the district allows from one address in an hour: 429, and nothing is kept."""
    with httpx.Client(base_url=f"{living.url}/api/v1", timeout=60) as http:
        codes = [
            http.post("/requests", json={"text": "测试", "key": "same"}).status_code
            for _ in range(25)
        ]
    assert 429 in codes
    assert codes.index(429) <= 20


@pytest.mark.parametrize(
    ("body", "field"),
    [({}, "text"), ({"text": ""}, "text"), ({"text": "x", "lon": 200, "lat": 1}, "lon"),
     ({"text": "x", "lon": 106.5}, "lat"), ({"text": "长" * 5_000}, "text")],
)  # fmt: skip
def test_half_a_request_is_refused_with_its_field(
    staff: httpx.Client, body: dict[str, Any], field: str
) -> None:
    """Empty, too long, half a point: the field is named, and nothing is half-written."""
    before = good(staff.get("/requests"))["counts"]
    refused = staff.post("/requests/calls", json=body)

    assert refused.status_code in {400, 422}
    assert field in refused.text
    assert good(staff.get("/requests"))["counts"] == before


def test_who_may_not_see_persons_reads_their_name_nowhere(staff: httpx.Client) -> None:
    """Neither as the caller nor in the words, in the list or alone."""
    body = {"text": f"我是诸葛四郎，电话{PHONE}，水管漏水", "contact": {"name": "诸葛四郎"}}
    good(staff.post("/requests/calls", json=body), 201)
    one = next(e for e in good(staff.get("/requests"))["requests"] if "诸葛" in e["text"])
    made = good(staff.post("/tokens", json={"name": "reader", "rights": ["requests.read"]}), 201)
    reader = {"authorization": f"Bearer {made['token']}"}
    listed = httpx.get(f"{staff.base_url}requests", headers=reader, timeout=30)
    alone = httpx.get(f"{staff.base_url}requests/{one['id']}", headers=reader, timeout=30)
    for told in (listed, alone):
        assert told.status_code == 200, told.text
        assert "诸***" in told.text
        assert "诸葛四郎" not in told.text
        assert PHONE not in told.text


def test_nobody_reads_the_inbox_without_a_name(citizen: httpx.Client) -> None:
    """The inbox and the acts are for those who hold the right; a guessed code is no receipt."""
    assert citizen.get("/requests").status_code in {401, 403}
    assert citizen.post("/requests/1/answer", json={"text": "x"}).status_code in {401, 403}
    assert citizen.get("/requests/receipts/YUBEI-R-20240710-000001").status_code == 404
