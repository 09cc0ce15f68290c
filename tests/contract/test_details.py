"""What went wrong is said in both languages: the table is sound, and doors use it."""

import re

import httpx
import pytest
from hypothesis import given, strategies as st

from borough.api.application import create
from borough.api.details import FILE, details, table
from borough.testing.serving import serving
from borough.testing.town import OPERATOR, town


def test_every_row_keeps_what_stands_in_its_holes() -> None:
    """The Chinese names each hole that the English has, and no other."""
    rows = FILE.read_text("utf-8").splitlines()
    for row in (each for each in rows if each.startswith('"')):
        english, chinese = row.split('" ')[0], row.rpartition(" = ")[2]
        assert set(re.findall(r"\{\w\}", english)) == set(re.findall(r"\{\w\}", chinese)), row


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("case 7 is at version 3, and you saw 2", "案卷 7 已是第 3 版，您看到的是第 2 版"),
        ("visit is at version 3, and you saw 2", "visit 已是第 3 版，您看到的是第 2 版"),
        ("by: must be one of a, b, not 'c'", "by：须为 a, b 之一，不能是 'c'"),
        ("patrol: there is no 'nope'", "patrol：没有 'nope'"),
        ("agencies: the district has no 'xx'", "agencies：本区没有 'xx'"),
        ("moon: it is full", "标题：moon: it is full"),
        ("lon: 不在区内 it is outside", "lon: 不在区内 it is outside"),
    ],
)
def test_a_detail_is_told_in_chinese_too(english: str, chinese: str) -> None:
    """By its row, under its title where it has none, and as it is where it says both."""
    assert details(english, "标题") == {"zh": chinese, "en": english}


@given(st.text())
def test_whatever_a_detail_says_it_is_told(text: str) -> None:
    """No text breaks the table, and the English is never changed."""
    assert details(text, "标题")["en"] == text
    assert len(table()) > 1


def test_a_door_says_what_is_wrong_in_the_language_of_the_caller() -> None:
    """Both are there; the plain one is theirs, for a sentence and for each field."""
    ports = town(20)
    with serving(create(ports), ports.live) as served:
        signed = {"authorization": f"Bearer {OPERATOR}", "accept-language": "zh-CN"}
        address = f"{served.url}/api/v1"
        lost = httpx.get(f"{address}/things/nobody", headers=signed, timeout=60).json()
        english = httpx.get(f"{address}/things/nobody", timeout=60).json()
        state = httpx.get(f"{address}/requests?state=waiting,lost", headers=signed)
        wrong = httpx.post(
            f"{address}/shelves", headers=signed, json={"why": ""}, timeout=60
        ).json()
    assert (lost["detail"], english["detail"]) == (lost["details"]["zh"], lost["details"]["en"])
    assert lost["detail"] != english["detail"]
    assert "nobody" in lost["detail"]
    assert state.status_code == 422
    assert state.json()["detail"].startswith("state：须为 waiting, ")
    told = {each["field"]: each["details"]["zh"] for each in wrong["fields"]}
    assert told["until"] == "必填"
    assert told["why"] == "至少 1 个字符"
