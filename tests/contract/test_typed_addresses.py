"""Whoever types a word after the address of the district comes to a page, or is told of all."""

from collections.abc import Iterator

import httpx
import pytest

from borough.api.application import create
from borough.api.pages import PAGES, TYPED
from borough.testing.serving import serving
from borough.testing.town import town


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    """Ask a town as a browser does, which goes where it is led."""
    ports = town(5)
    with (
        serving(create(ports), ports.live) as served,
        httpx.Client(base_url=served.url, follow_redirects=True, timeout=60) as http,
    ):
        yield http


@pytest.mark.parametrize("word", [*TYPED, "queue.html", "Queue", "queue/", "console/"])
def test_a_word_leads_to_its_page(client: httpx.Client, word: str) -> None:
    """By the name of the page, or by what it is about, however it is written."""
    page = client.get(f"/{word}")
    assert page.status_code == 200, page.text
    assert page.headers["content-type"].startswith("text/html")
    assert page.url.path in {*PAGES.values(), "/console/"}


def test_a_word_that_leads_nowhere_is_answered_with_all_pages(client: httpx.Client) -> None:
    """In both languages; and what is not a page is no business of this."""
    lost = client.get("/moon")
    assert (lost.status_code, lost.json()["code"]) == (404, "not-found")
    for said in lost.json()["details"].values():
        assert all(f"/{each}" in said for each in ("docs", *PAGES) if each != "index"), said
    assert lost.json()["details"]["zh"].startswith("page：没有 'moon' 这个页面")
    assert client.get("/api/v1/moon").json()["detail"] == "Not Found"
