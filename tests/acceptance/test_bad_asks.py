"""What people and programs ask for wrongly: the field is named in both languages, nothing stays."""

import re
import sqlite3
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from borough.testing.living import Living, eventually

EVENT, ROW = "yuncheng-2024:E0110", "E0110-1"
SPOT = {"lon": 106.63, "lat": 29.72}
CHINESE = re.compile("[\u4e00-\u9fff]")
WRITTEN = (
    "SELECT count(*), max(id) FROM cases",
    "SELECT count(*) FROM case_events WHERE actor != 'desk'",
    "SELECT id, state, case_id FROM requests ORDER BY id",
    "SELECT count(*) FROM persons",
    "SELECT count(*) FROM case_files",
    "SELECT count(*) FROM leaves",
    "SELECT count(*) FROM roster_changes",
    "SELECT count(*) FROM shelves",
    "SELECT count(*) FROM tokens",
)
"""What nothing of a refused request may be found in; the desk's own clocks go on."""


class Counter:
    """A duty officer at a window of a living district, and what is written down behind it."""

    def __init__(self, living: Living) -> None:
        self.living = living
        signed = {"authorization": f"Bearer {living.settings.operator}"}
        self.http = httpx.Client(base_url=f"{living.url}/api/v1/", headers=signed, timeout=60)

    def good(self, method: str, path: str, **how: Any) -> Any:
        """Ask for something that is right."""
        answer = self.answered(method, path, **how)
        assert answer.is_success, answer.text
        return answer.json()

    def answered(self, method: str, path: str, **how: Any) -> httpx.Response:
        """Ask, and once more where the desk was busy."""
        heard: list[httpx.Response] = []

        def answered() -> bool:
            heard.append(self.http.request(method, path, **how))
            return heard[-1].status_code != httpx.codes.SERVICE_UNAVAILABLE

        eventually(answered, path)
        return heard[-1]

    def kept(self) -> list[Any]:
        """Look at all that a request may have written, files included."""
        folder = self.living.settings.folder
        database = sqlite3.connect(f"file:{folder / 'registry.db'}?mode=ro", uri=True)
        with database:
            rows = [database.execute(each).fetchall() for each in WRITTEN]
        database.close()
        stored = [sorted(map(str, (folder / name).rglob("*"))) for name in ("files", "uploads")]
        return [*rows, *stored]

    def refused(self, code: str, field: str, method: str, path: str, **how: Any) -> dict[str, Any]:
        """Ask for something wrong, and see that it is refused by name and leaves nothing."""
        before = self.kept()
        answer = self.answered(method, path, **how)
        said: dict[str, Any] = answer.json()
        assert 400 <= answer.status_code < 500, answer.text
        assert said["code"] == code, said
        for told in (said["titles"], said["details"]):
            assert CHINESE.search(told["zh"]), said
        english, chinese = named(said, "en"), named(said, "zh")
        assert field in english, said
        assert field in chinese, said
        assert not chinese.startswith(said["titles"]["zh"]), f"no Chinese for {said['detail']!r}"
        assert self.kept() == before
        return said


def named(said: dict[str, Any], language: str) -> str:
    """Give what names the field: the fields that are listed, or else the sentence."""
    listed = [f"{each['field']} {each['details'][language]}" for each in said.get("fields", ())]
    return "; ".join(listed) or str(said["details"][language])


@pytest.fixture(scope="module")
def counter(one_living: Living) -> Iterator[Counter]:
    """Open the window."""
    if one_living.process is None or one_living.process.poll() is not None:
        one_living.start()
    made = Counter(one_living)
    yield made
    made.http.close()


@pytest.mark.parametrize(
    ("code", "field", "told"),
    [
        ("unknown-code", "event", {"event": "yuncheng-2024:E9999"}),
        ("unknown-code", "event", {"event": "E0110"}),
        ("bad-request", "standard", {"standard": "E9999-1"}),
        ("bad-request", "standard", {"standard": "E0501-1"}),
        ("outside-district", "lon", {"lon": 121.47, "lat": 31.23}),
        ("bad-fields", "lat", {"lat": 91}),
        ("bad-fields", "source", {"source": "rumour"}),
        ("bad-request", "thing", {"thing": "nobody", "lon": None, "lat": None}),
        ("bad-fields", "urgnet", {"urgnet": True}),
    ],
)
def test_a_report_with_an_unknown_code_or_place_leaves_no_case(
    counter: Counter, code: str, field: str, told: dict[str, Any]
) -> None:
    """Codes, rows and sources that nobody knows, and places outside of the district."""
    body = {"event": EVENT, **SPOT, "text": "满了", "source": "collector", **told}
    counter.refused(code, field, "POST", "cases", json=body)


def test_a_case_is_not_given_to_somebody_off_shift(counter: Counter) -> None:
    """Post and shift are named; a post that is none, too; a day without a roster has no duty."""
    report = {"event": EVENT, **SPOT, "text": "满了", "source": "collector"}
    case = counter.good("POST", "cases", json=report)
    posts = counter.good("GET", "posts", params={"kind": "grid_worker"})["posts"]
    off = next(each["code"] for each in posts if not each["until_ms"])
    where, seen = f"cases/{case['id']}/assign", {"version": case["version"]}
    told = counter.refused("off-shift", "post", "POST", where, json={**seen, "post": off})
    assert off in told["details"]["zh"]
    counter.refused("not-found", "post", "POST", where, json={**seen, "post": "nobody"})
    duty = {"kind": "grid_worker", "grid": 0, "at": "2031-01-01"}
    counter.refused("calendar-hole", "at", "GET", "rosters/duty", params=duty)


def test_the_same_pair_is_merged_once(counter: Counter) -> None:
    """The second time, into a case that there is not, and one that is over: each says so."""
    one, other = (
        counter.good("POST", "requests/calls", json={"text": f"路灯不亮 {n}", "category": "roads"})
        for n in range(2)
    )
    body = {"into": other["case_id"]}
    counter.good("POST", f"requests/{one['id']}/merge", json=body)
    counter.refused("illegal-move", "into", "POST", f"requests/{one['id']}/merge", json=body)
    counter.refused("not-found", "case", "POST", f"requests/{one['id']}/merge", json={"into": 9**9})


@pytest.mark.parametrize(
    ("code", "field", "content"),
    [
        ("bad-file", "file", b"GIF89a no"),
        ("bad-file", "file", b"\xff\xd8\xff" + b"x" * 500),
        ("bad-file", "file", b"%PDF"),
        ("bad-fields", "body", b""),
    ],
)
def test_a_photo_that_is_none_is_not_kept(
    counter: Counter, code: str, field: str, content: bytes
) -> None:
    """Its name says nothing; neither the case nor the folder has anything of it."""
    report = {"event": EVENT, **SPOT, "text": "满了", "source": "collector"}
    case = counter.good("POST", "cases", json=report)["id"]
    how: dict[str, Any] = {"params": {"name": "a.jpg"}, "content": content}
    counter.refused(code, field, "POST", f"cases/{case}/files", **how)


def test_a_token_of_another_agency_changes_nothing(counter: Counter) -> None:
    """What its rights do not reach is refused with the right; so is a token that is none."""
    report = {"event": EVENT, **SPOT, "text": "满了", "source": "collector", "standard": ROW}
    case = counter.good("POST", "cases", json=report)
    made = counter.good("POST", "tokens", json={
        "name": "other", "rights": ["cases.read", "cases.move"], "agencies": ["gas_utility"],
    })  # fmt: skip
    path = f"cases/{case['id']}/move"
    body = {"version": case["version"], "to": "open"}
    other = {"authorization": f"Bearer {made['token']}"}
    counter.refused("forbidden", "case", "POST", path, json=body, headers=other)
    counter.refused("forbidden", "case", "GET", f"cases/{case['id']}", headers=other)
    told = {"name": "duty", "rights": ["posts.own"], "agencies": ["gas_utility"]}
    own = {"authorization": f"Bearer {counter.good('POST', 'tokens', json=told)['token']}"}
    counter.refused("forbidden", "post", "GET", "duties?post=G0001", headers=own)
    wrong = {"authorization": "Bearer none"}
    said = counter.http.post(path, json=body, headers=wrong).json()
    assert (said["code"], bool(CHINESE.search(said["details"]["zh"]))) == ("not-signed-in", True)


@pytest.mark.parametrize(
    ("field", "bounds"), [("agencies", {"agencies": ["nobody"]}), ("areas", {"areas": ["999"]})]
)
def test_bounds_that_reach_nothing_are_refused(
    counter: Counter, field: str, bounds: dict[str, list[str]]
) -> None:
    """An account or a token of an agency or area that the district has not would see nothing."""
    grants = [{"role": "handler", **bounds}]
    counter.refused(
        "bad-request", field, "POST", "accounts", json={"account": "x", "grants": grants}
    )
    told = {"name": "x", "rights": ["cases.read"], **bounds}
    counter.refused("bad-request", field, "POST", "tokens", json=told)


def test_an_account_is_at_a_post_that_there_is(counter: Counter) -> None:
    """Another one is refused, and no account is made."""
    told = {"account": "x", "post": "nowhere"}
    counter.refused("bad-request", "post", "POST", "accounts", json=told)


@pytest.mark.parametrize("form", ["json", "xml"])
def test_half_an_open311_request_names_its_fields(counter: Counter, form: str) -> None:
    """Without a service, and then with half a point and no word of what is wrong."""
    made = counter.good("POST", "tokens", json={"name": "app", "rights": ["requests.file"]})
    door = f"{counter.living.url}/open311/v2"
    service = counter.http.get(f"{door}/services.json").json()[0]["service_code"]
    before = counter.kept()
    for sent, fields in (
        ({}, {"service_code"}),
        ({"service_code": service, "lat": "29.72"}, {"long", "description"}),
        ({"service_code": "moon", "lat": "29.72", "long": "106.63"}, {"service_code"}),
    ):
        answer = counter.http.post(
            f"{door}/requests.{form}", data={"api_key": made["token"], **sent}
        )
        assert 400 <= answer.status_code < 500, answer.text
        assert all(field in answer.text for field in fields), answer.text
        assert CHINESE.search(answer.text)
    assert counter.kept() == before
