"""What filing over Open311 promises: whole requests once, and refusals that name the field."""

from collections.abc import Iterator
from xml.etree import ElementTree as ET

import httpx
import pytest
from hypothesis import given, settings, strategies as st
from sqlalchemy import text

from borough.api.open311.bodies import parts
from borough.storage.sql.engines import writing
from borough.testing.offering import KEY, LAMP, MEDIA, Door, described, opened

FORMS = sorted(MEDIA)


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """Serve Yubei's offer on an empty database."""
    with opened(tmp_path_factory.mktemp("open311")) as served:
        yield served


BAD: list[tuple[dict[str, str | None], int, str]] = [
    ({"api_key": None}, 403, "api_key"),
    ({"api_key": "guess"}, 403, "api_key"),
    ({"api_key": "other"}, 403, "api_key"),
    ({"service_code": None}, 400, "service_code"),
    ({"service_code": "potholes"}, 404, "service_code"),
    ({"jurisdiction_id": "elsewhere.gov"}, 404, "jurisdiction_id"),
    ({"long": None}, 400, "long"),
    ({"lat": None}, 400, "lat"),
    ({"lat": None, "long": None}, 400, "lat"),
    ({"lat": "north"}, 400, "lat"),
    ({"lat": "nan"}, 400, "lat"),
    ({"long": "1e400"}, 400, "long"),
    ({"lat": "91"}, 400, "lat"),
    ({"lat": "39.9", "long": "116.4"}, 400, "lat"),
    ({"lat": None, "long": None, "address_id": "nowhere"}, 400, "address_id"),
    ({"description": "字" * 4001}, 400, "description"),
    ({"description": "灯坏了<script>alert(1)</script>"}, 400, "description"),
    ({"description": "x < y 也可以 <br>"}, 400, "description"),
    ({"address_string": "路" * 201}, 400, "address_string"),
    ({"email": "nobody"}, 400, "email"),
    ({"phone": "call me"}, 400, "phone"),
    ({"media_url": "file:///etc/passwd"}, 400, "media_url"),
    ({"attribute__WHAT]": None}, 400, "attribute[WHAT]"),
    ({"attribute__WHAT]": "bridge"}, 400, "attribute[WHAT]"),
    ({"attribute__DEPTH_CM]": "3"}, 400, "attribute[DEPTH_CM]"),
    ({"service_code": "drainage", "attribute__WHAT]": None, "attribute__DEPTH_CM]": "deep"}, 400,
     "attribute[DEPTH_CM]"),
    ({"service_code": "drainage", "attribute__WHAT]": None, "attribute__SINCE]": "today"}, 400,
     "attribute[SINCE]"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "status", "field"), BAD)
@pytest.mark.parametrize("form", FORMS)
def test_half_a_request_is_refused_and_nothing_is_written(
    door: Door, form: str, changes: dict[str, str | None], status: int, field: str
) -> None:
    """What is missing, unknown, outside or too long is named; no request, case or person stays."""
    before = door.count()
    answer = door.file(form, **changes)
    assert answer.status_code == status, answer.text
    assert any(each.startswith(f"{field}:") for each in described(answer))
    assert door.count() == before


def test_everything_that_is_wrong_is_told_at_once(door: Door) -> None:
    """Whoever filled in a form badly need not ask five times."""
    answer = door.file(lat=None, description="<p>", email="x", **{"attribute__WHAT]": "bridge"})
    fields = {each.partition(":")[0] for each in described(answer)}
    assert fields == {"description", "attribute[WHAT]", "lat", "email"}


def test_the_same_form_twice_is_one_request(door: Door) -> None:
    """A client that heard no answer sends again, and is told the id of before."""
    first, again = (door.filed(description="重复提交") for _ in range(2))
    other = door.filed(description="另一件事")
    assert first == again
    assert other != first


def test_a_key_of_the_senders_own_decides(door: Door) -> None:
    """With `Idempotency-Key` the same key is the same request, and another key another one."""
    ids = [
        door.send({**LAMP, "description": "同样的话"}, headers={"idempotency-key": key}).json()[0][
            "service_request_id"
        ]
        for key in ("a", "a", "b")
    ]
    assert ids[0] == ids[1] != ids[2]


def test_an_address_or_the_code_of_a_ground_will_do(door: Door) -> None:
    """Instead of a point: words, or a community's code, which is told as an address."""
    community = door.ports.district.communities
    one = door.filed(lat=None, long=None, address_string="双龙湖街道五星路社区")
    two = door.filed(lat=None, long=None, address_id=community.code[0], description="灯")
    told = door.get("requests.json", service_request_id=f"{one},{two}").json()
    assert {each["address"] for each in told} == {"双龙湖街道五星路社区", community.name_zh[0]}
    assert all("lat" not in each for each in told)


def test_answers_to_questions_stand_in_the_text(door: Door) -> None:
    """Several values come as `attribute[CODE][]`, and are told by their names."""
    data = {k: v for k, v in LAMP.items() if k != "attribute[WHAT]"}
    data |= {"service_code": "environment", "attribute[SENSES][]": ["smell", "noise"]}
    code = door.send(data).json()[0]["service_request_id"]
    (told,) = door.get(f"requests/{code}.json").json()
    assert told["description"] == "路灯不亮\n有什么现象：异味、噪声"


def test_line_breaks_stay_and_control_characters_do_not_break_xml(door: Door) -> None:
    """A description keeps its lines; what XML cannot say is replaced, and readers stay strict."""
    code = door.filed(description="一行\n二行 & \x01\x0b < ü 😀")
    root = ET.fromstring(door.get(f"requests/{code}.xml").content)  # noqa: S314 - ours
    said = str(root.findtext("request/description"))
    assert said.startswith("一行\n二行 & \ufffd\ufffd < ü 😀")


def test_what_is_personal_is_not_told(door: Door) -> None:
    """Names and numbers of a caller are in no answer and no log; numbers in a text are covered."""
    code = door.filed(
        description="请回电13712345678", first_name="小五", last_name="欧阳", phone="13712345678",
        email="ou@example.org", device_id="dev-77", account_id="acc-9",
    )  # fmt: skip
    told = door.get(f"requests/{code}.json").text + door.get(f"requests/{code}.xml").text
    request = door.desk.requests.store.one(code)
    log = str(door.desk.cases.events(request.case_id))
    for secret in ("13712345678", "欧阳", "ou@example.org"):
        assert secret not in told + log
    assert request.person
    assert "137****5678" in told


def test_a_secret_request_is_as_if_it_were_not_there(door: Door) -> None:
    """Neither its id, nor its token, nor a list tells of it."""
    code = door.filed(description="不公开")
    with writing(door.desk.engine) as connection:
        connection.execute(text("UPDATE requests SET secret = TRUE WHERE code = :c"), {"c": code})
    receipt = door.desk.requests.store.one(code).receipt
    assert door.get(f"requests/{code}.json").status_code == 404
    assert door.get(f"tokens/{receipt}.json").status_code == 404
    assert code not in door.get("requests.json").text
    assert code not in door.get("servicerequestupdates.json").text
    update = {"api_key": KEY, "service_request_id": code, "update_id": "1", "status": "open",
              "updated_datetime": "2024-07-10T09:00:00+08:00", "description": "x"}  # fmt: skip
    assert (
        door.client.post(f"{door.base}/servicerequestupdates.json", data=update).status_code == 404
    )


@given(st.binary(max_size=400), st.sampled_from([
    "application/x-www-form-urlencoded", "multipart/form-data; boundary=b", "multipart/form-data",
    'multipart/form-data; boundary="', "application/json", "",
]))  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_any_bytes_for_a_body_are_refused(door: Door, raw: bytes, kind: str) -> None:
    """What is no form at all is refused; without a key it is never more than a 403."""
    answer = door.client.post(
        f"{door.base}/requests.json", content=raw, headers={"content-type": kind}
    )
    assert answer.status_code in {400, 403}
    described(answer)


def test_parts_within_parts_are_only_content(door: Door) -> None:
    """A body that opens part within part is not followed down, and is refused at once."""
    nest = b"".join(
        b"--b%d\r\ncontent-type: multipart/mixed; boundary=b%d\r\n\r\n" % (n, n + 1)
        for n in range(20_000)
    )
    head = {"content-type": "multipart/form-data; boundary=b0"}
    answer = door.client.post(f"{door.base}/requests.json", content=nest, headers=head)
    assert answer.status_code == 400
    assert described(answer)[0].startswith("body:")


@given(
    st.dictionaries(
        st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=9),
        st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=40),
        min_size=1, max_size=6,
    ),
    st.binary(max_size=300),
)  # fmt: skip
@settings(max_examples=100, deadline=None)
def test_what_a_client_packs_is_unpacked(fields: dict[str, str], content: bytes) -> None:
    """Fields and a file come out of parts as a common client put them in, byte for byte."""
    made = httpx.Request(
        "POST", "http://x/", files={
            **{name: (None, value) for name, value in fields.items()},
            "media": ("a b.jpg", content, "image/jpeg"),
        },
    )  # fmt: skip
    body = parts(made.headers["content-type"], made.read())
    assert body.fields == {name: [value] for name, value in fields.items() if name != "media"}
    assert [(each.name, each.content) for each in body.files] == [("a b.jpg", content)]


def test_a_form_in_parts_is_read_as_well(door: Door) -> None:
    """Clients that may send a photo send parts, also when they have none."""
    files = {name: (None, value) for name, value in {**LAMP, "description": "分段"}.items()}
    answer = door.client.post(f"{door.base}/requests.json", files=files)
    assert answer.status_code == 200


def test_a_file_that_is_no_photo_is_refused_before_anything_is_filed(door: Door) -> None:
    """The photo is looked at first, so that no request stays without what came with it."""
    before = door.count()
    data = {**LAMP, "description": "附件"}
    answer = door.send(data, files={"media": ("photo.jpg", b"not a photo", "image/jpeg")})
    assert answer.status_code == 400
    assert described(answer)[0].startswith("media:")
    many = [("media", (f"{n}.jpg", b"x", "image/jpeg")) for n in range(6)]
    assert described(door.send(data, files=many))[0].startswith("media:")
    assert door.count() == before


def test_a_form_that_is_too_large_is_refused(door: Door) -> None:
    """A body beyond the limit of the door is not read to its end."""
    answer = door.send({**LAMP, "description": "x" * (door.ports.limits.body_bytes + 1)})
    assert answer.status_code == 413
    described(answer)
