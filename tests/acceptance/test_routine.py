"""The routine loop through the API of a living district, from a report to an appeal."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from borough.testing.living import Living

EVENT, ROW = "yuncheng-2024:E0110", "E0110-1"
SPOT = {"lon": 106.63, "lat": 29.72}
HOUR_S = 3600


@pytest.fixture(scope="module")
def living(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Living]:
    """Start a district whose clock runs as ours does."""
    made = Living.made(tmp_path_factory.mktemp("routine") / "data", share=0.0005, rate=1.0)
    try:
        made.start()
        yield made
    finally:
        made.stop()


class Desk:
    """Somebody with the operator's token."""

    def __init__(self, living: Living) -> None:
        token = {"authorization": f"Bearer {living.settings.operator}"}
        self.http = httpx.Client(base_url=f"{living.url}/api/v1", headers=token, timeout=60)

    def get(self, path: str, **query: Any) -> Any:
        """Ask; what is not 200 is a failure."""
        answer = self.http.get(path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, status: int = 200, **body: Any) -> Any:
        """Act."""
        answer = self.http.post(path, json=body)
        assert answer.status_code == status, answer.text
        return answer.json()

    def report(self, **told: Any) -> Any:
        """Report refuse in the street."""
        said = {"event": EVENT, **SPOT, "text": "满出来了", "source": "citizen", **told}
        return self.post("cases", 201, **said)

    def act(self, case: Any, verb: str, status: int = 200, **body: Any) -> Any:
        """Act on a case as it was seen."""
        return self.post(f"cases/{case['id']}/{verb}", status, version=case["version"], **body)


@pytest.fixture(scope="module")
def desk(living: Living) -> Iterator[Desk]:
    """Sit down at the desk."""
    made = Desk(living)
    yield made
    made.http.close()


def test_standards_are_found_by_code_and_by_words(desk: Desk) -> None:
    """Two numberings stand side by side; the row has the limit."""
    told = desk.get("standards", code="E0501")
    by_words = desk.get("standards", text="占用消防通道")

    assert {row["event"] for row in told["standards"]} == {
        "yuncheng-2024:E0501", "cjt-214:E0501",
    }  # fmt: skip
    assert told["standards"][0]["limit"] == "1 urgent_hour"
    assert {row["agency"] for row in by_words["standards"]} == {"fire_rescue"}


def test_a_report_goes_round_the_loop(desk: Desk) -> None:
    """Verified, opened by a row, dispatched, reworked, checked, confirmed and closed."""
    case = desk.report()
    assert (case["thing"], case["step"], case["source"]) == (0, "accept", "citizen")
    assert "open" not in [move["to"] for move in case["moves"]]
    assert "is verified before" in case["barred"]["open"]

    for to, answers in (("verify", {}), ("open", {"finding": "yes"})):
        case = desk.act(case, "move", to=to, answers=answers)
    assert "standard" in case["may"]
    assert [row["id"] for row in case["rows"]] == [ROW]
    case = desk.act(case, "standard", standard=ROW)
    assert (case["agency"], case["row"]["limit"]) == ("urban_management", "4 work_hour")
    for to in ("dispatch", "dispose"):
        case = desk.act(case, "move", to=to)
    whole = case["limit_due_ms"]
    case = desk.act(case, "move", to="check", answers={"result": "cleared"})
    case = desk.act(case, "move", to="dispose", note="half of it", answers={"finding": "no"})
    assert (case["rework"], case["limit_due_ms"]) == (1, whole)
    case = desk.act(case, "move", to="check", answers={"result": "cleared"})
    case = desk.act(case, "move", to="close", answers={"finding": "gone"})
    refused = desk.act(case, "close", 409, outcome="true")
    assert "close_condition" in refused["detail"]
    case = desk.act(case, "close", outcome="true", answers={"close_condition": True})

    assert (case["step"], case["outcome"]) == ("closed", "true")
    assert case["may"] == []
    assert [event["verb"] for event in case["events"] if event["verb"] != "assigned"] == [
        "opened", "moved", "moved", "standardised", "moved", "moved", "moved", "reworked",
        "moved", "moved", "closed",
    ]  # fmt: skip


def disposing(desk: Desk) -> Any:
    """Take a collector's report to its disposal."""
    case = desk.report(source="collector", standard=ROW)
    for to in ("open", "dispatch", "dispose"):
        case = desk.act(case, "move", to=to)
    return case


def test_more_time_needs_two_approvals_and_a_suspension_one(desk: Desk, living: Living) -> None:
    """What waits is shown with the role that decides."""
    case = desk.act(disposing(desk), "extend", note="parts are on their way")
    assert (case["asked"]["what"], case["decides"]) == ("extension", "department")
    first = desk.act(case, "extend/decide", granted=True)
    both = desk.act(first, "extend/decide", granted=True)
    assert (first["decides"], both["extended"]) == ("dispatcher", 1)
    assert both["due_ms"] > case["due_ms"] == first["due_ms"]

    to_ms = living.now + 48 * HOUR_S * 1000
    case = desk.act(both, "suspend", note="road closed", to=str(to_ms))
    case = desk.act(case, "suspend/decide", granted=True)
    assert case["suspended_to_ms"] == to_ms
    assert (case["moves"], case["outcomes"]) == ([], [])
    desk.act(case, "move", 409, to="check", answers={"result": "x"})
    case = desk.act(case, "resume")
    case = desk.act(case, "cancel", note="reported twice")
    assert case["outcome"] == "cancelled"


def test_what_is_wrong_is_named_in_both_languages(desk: Desk) -> None:
    """An unknown code, a place outside, an unknown row, an illegal move: nothing half-written."""
    before = desk.get("cases", limit=1000)["cases"]
    wrong = {
        "unknown-code": {"event": "yuncheng-2024:E9999"},
        "outside-district": {"lon": 121.47, "lat": 31.23},
        "bad-request": {"standard": "E9999-1"},
    }
    for code, told in wrong.items():
        answer = desk.http.post("cases", json={"event": EVENT, **SPOT, **told})
        said = answer.json()
        assert (said["code"], set(said["titles"])) == (code, {"zh", "en"}), said
        assert any(said["detail"].startswith(field) for field in ("event", "lon", "standard"))
    other = desk.http.post("cases", json={"event": EVENT, **SPOT, "source": "rumour"}).json()
    assert other["fields"][0]["field"] == "source"
    assert desk.get("cases", limit=1000)["cases"] == before

    case = desk.report()
    illegal = desk.act(case, "move", 409, to="close", note="so")
    assert (illegal["code"], illegal["titles"]["zh"]) == ("illegal-move", "流程不允许这一步")
    assert desk.get(f"cases/{case['id']}")["version"] == case["version"]
