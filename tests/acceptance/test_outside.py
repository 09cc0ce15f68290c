"""Signing in through an OpenID provider that runs beside us, and what it must not get away with."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from borough.api.application import create
from borough.api.ports import Ports
from borough.app.outside import BACK, OpenProvider, provider
from borough.app.settings import Settings
from borough.core.errors import BadSetting
from borough.testing.living import eventually, free_ports
from borough.testing.people import MemoryPeople, PeopleDesk
from borough.testing.serving import Served, serving
from borough.testing.town import town

WAIT_S = 60.0
SECRET = "provider-secret"  # noqa: S105 - of a provider that lives for a minute


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    """Start a provider."""
    (port,) = free_ports(1)
    command = [sys.executable, str(Path(__file__).with_name("openid.py")), str(port)]
    process = subprocess.Popen([*command, "borough", SECRET])  # noqa: S603 - our own program
    url = f"http://127.0.0.1:{port}"

    def answers() -> bool:
        try:
            return httpx.get(f"{url}/keys", timeout=WAIT_S).status_code == 200
        except httpx.HTTPError:
            return False

    try:
        eventually(answers, "a provider")
        yield url
    finally:
        process.terminate()
        process.wait(WAIT_S)


@pytest.fixture
def ports() -> Ports:
    """Build a town in which one account is tied to a subject of the provider."""
    made = town(10)
    assert isinstance(made.people, MemoryPeople)
    made.people.subjects["subject-7"] = "li.lei"
    return replace(made, desk=PeopleDesk(made.people))


@pytest.fixture
def served(ports: Ports, issuer: str) -> Iterator[Served]:
    """Serve it, with the provider set up."""
    (port,) = free_ports(1)
    settings = Settings(
        "", "", oidc_issuer=issuer, oidc_client="borough", oidc_secret=SECRET,
        oidc_back=f"http://127.0.0.1:{port}",
    )  # fmt: skip
    made = replace(ports, provider=provider(settings))
    with serving(create(made), made.live, port) as running:
        yield running
    httpx.get(f"{issuer}/lie/no-more", timeout=WAIT_S)


def test_who_is_vouched_for_is_signed_in(served: Served) -> None:
    """The browser goes to the provider and comes back with a session of ours."""
    with httpx.Client(base_url=served.url, timeout=WAIT_S) as http:
        assert http.get("/api/v1/me").json()["outside"] is True
        away = http.get("/api/v1/sessions/outside")
        asked = parse_qs(urlsplit(away.headers["location"]).query)
        assert asked["code_challenge_method"] == ["S256"]
        back = http.get(away.headers["location"])
        home = http.get(back.headers["location"])
        assert (home.status_code, home.headers["location"]) == (302, "/")
        assert http.get("/api/v1/me").json()["name"] == "li.lei"
        twice = http.get(back.headers["location"])
        assert twice.status_code == 403


@pytest.mark.parametrize("how", ["audience", "nonce", "late", "key"])
def test_a_token_that_is_not_as_it_must_be_opens_nothing(
    served: Served, issuer: str, how: str
) -> None:
    """For another client, of another question, expired, or signed by somebody else."""
    httpx.get(f"{issuer}/lie/{how}", timeout=WAIT_S)
    with httpx.Client(base_url=served.url, follow_redirects=True, timeout=WAIT_S) as http:
        answer = http.get("/api/v1/sessions/outside")
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
        assert http.get("/api/v1/me").json()["kind"] == "nobody"


def test_an_answer_to_somebody_elses_question_opens_nothing(served: Served) -> None:
    """A link that brings a stranger's code back is refused, and so is one with nothing."""
    with (
        httpx.Client(base_url=served.url, timeout=WAIT_S) as http,
        httpx.Client(timeout=WAIT_S) as stranger,
    ):
        theirs = stranger.get(f"{served.url}/api/v1/sessions/outside").headers["location"]
        back = stranger.get(theirs).headers["location"]
        http.get("/api/v1/sessions/outside")
        assert http.get(back).status_code == 403
        assert stranger.get(f"{served.url}{BACK}").status_code == 403
    assert httpx.get(back, timeout=WAIT_S).status_code == 403


def test_who_has_no_account_here_does_not_get_in(served: Served, ports: Ports) -> None:
    """The provider's word is about who somebody is, not about what they may."""
    assert isinstance(ports.people, MemoryPeople)
    ports.people.subjects.clear()
    with httpx.Client(base_url=served.url, follow_redirects=True, timeout=WAIT_S) as http:
        answer = http.get("/api/v1/sessions/outside")
        assert (answer.status_code, answer.json()["code"]) == (401, "not-signed-in")


def test_none_is_asked_unless_it_is_set_up() -> None:
    """Nothing set up, no provider; half of it is an error that names what is missing."""
    assert provider(Settings("", "")) is None
    assert isinstance(OpenProvider(Settings("", "", oidc_issuer="http://x")), OpenProvider)
    with pytest.raises(BadSetting, match="oidc_client"):
        provider(Settings("", "", oidc_issuer="http://x"))
