"""What leads out of a whole district: hooks, notices, files and shares, through its interface."""

import base64
import hashlib
import hmac
import io
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from borough.storage.sql import SqlCases, connect
from borough.testing.living import Living, eventually
from borough.testing.receiver import AWAY, FAIL, GONE, GOOD, HANG, Receiver
from borough.testing.senders import Caller

GATEWAY = "gw-0001"
SCENE = "gas"


@pytest.fixture(scope="module")
def district(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Living]:
    """A small district that may call on this machine, and tries again soon."""
    living = Living.made(
        tmp_path_factory.mktemp("outward"), rate=1.0,
        outward_inside=("127.0.0.0/8",), outward_again_s=0.1,
    )  # fmt: skip
    try:
        living.start()
        yield living
    finally:
        living.stop()


@pytest.fixture(scope="module")
def homes(district: Living) -> list[str]:
    """Give the gas detectors behind the first gateway."""
    registry = district.held.registry
    via = registry.via == registry.rows[GATEWAY]
    codes = [registry.kinds[kind].code for kind in registry.kind.tolist()]
    return [registry.key[row] for row in np.flatnonzero(via) if codes[row] == "gas_home"]


@pytest.fixture(scope="module")
def case(district: Living, homes: list[str]) -> int:
    """Open a case about gas."""
    return alarmed(district, homes.pop())


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receiver]:
    """Start a receiver."""
    made = Receiver(tmp_path / "receiver")
    made.start()
    yield made
    made.kill()


def ask(living: Living, how: str, path: str, token: str = "", **given: Any) -> httpx.Response:
    """Ask as the machine's operator, or with another token."""
    headers = {"authorization": f"Bearer {token or living.settings.operator}"}
    return httpx.request(
        how, f"{living.url}/api/v1/{path}", headers=headers | given.pop("headers", {}),
        timeout=60.0, **given,
    )  # fmt: skip


def alarmed(living: Living, home: str) -> int:
    """Let gas gather at a home, and give the case that follows."""
    with Caller(living, GATEWAY, living.token) as line:
        assert line.say(f"d/{GATEWAY}/{home}/ch4_lel", b"30")
    found: list[int] = []

    def opened() -> bool:
        said = ask(living, "GET", "cases", params={"thing": home, "scene": SCENE}).json()
        found[:] = [each["id"] for each in said["cases"]]
        return bool(found)

    eventually(opened, "a case about gas")
    return found[0]


def hooked(living: Living, receiver: Receiver, **told: Any) -> dict[str, Any]:
    """Add a hook to a receiver."""
    made = ask(living, "POST", "hooks", json={"url": receiver.url, **told})
    assert made.status_code == 201, made.text
    hook: dict[str, Any] = made.json()
    return hook


def note(living: Living, case: int, text: str) -> None:
    """Write a remark on a case."""
    assert ask(living, "POST", f"cases/{case}/note", json={"note": text}).status_code == 200


def numbers(receiver: Receiver, case: int) -> list[int]:
    """Give the numbers of the events of a case that a receiver took, in its order."""
    told = [json.loads(each["body"])["data"] for each in receiver.took()]
    return [each["event"]["seq"] for each in told if each["case"]["id"] == case]


def test_an_event_arrives_signed_and_without_what_people_wrote(
    district: Living, case: int, receiver: Receiver
) -> None:
    """A receiver with the secret alone can tell who sent a message, and that it is whole."""
    hook = hooked(district, receiver, events=["noted"])
    note(district, case, "门口有人吸烟")
    eventually(receiver.took, "a message")

    (heard,) = receiver.took()
    headers = heard["headers"]
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.{heard['body']}".encode()
    key = base64.b64decode(hook["secret"].removeprefix("whsec_"))
    wanted = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{wanted}"
    told = json.loads(heard["body"])
    assert (told["type"], told["data"]["case"]["id"]) == ("case.noted", case)
    assert "吸烟" not in heard["body"]
    assert all("secret" not in each for each in ask(district, "GET", "hooks").json()["hooks"])
    made = ask(district, "POST", f"hooks/{hook['id']}/secret").json()
    assert made["secret"] != hook["secret"]
    note(district, case, "又来人了")
    eventually(lambda: len(receiver.took()) == 2, "a message with two signatures")
    told = receiver.took()[-1]["headers"]["webhook-signature"].split()
    assert len(told) == len({*told}) == 2
    assert ask(district, "PATCH", f"hooks/{hook['id']}", json={"remarks": True}).json()["remarks"]
    ask(district, "DELETE", f"hooks/{hook['id']}")


def test_nothing_is_lost_when_receiver_and_desk_fail_hang_and_die(
    district: Living, case: int, receiver: Receiver
) -> None:
    """Each event arrives, in its case's order, and again only under an id that came before."""
    hook = hooked(district, receiver, events=["noted"])
    first = ask(district, "GET", f"cases/{case}").json()["version"] + 1
    note(district, case, "1")
    eventually(lambda: len(numbers(receiver, case)) == 1, "the first message")
    receiver.be(FAIL)
    note(district, case, "2")
    note(district, case, "3")
    eventually(lambda: sum(each["mode"] == FAIL for each in receiver.heard()) > 1, "two tries")
    receiver.be(HANG)
    eventually(lambda: any(each["mode"] == HANG for each in receiver.heard()), "a hanging try")
    before = district.pids()["desk"]
    os.kill(before, signal.SIGKILL)
    receiver.kill()
    eventually(lambda: district.pids().get("desk", before) != before, "another desk")
    receiver.be(GOOD)
    receiver.start()
    eventually(district.serves, "a district that serves")
    note(district, case, "4")
    eventually(lambda: len(numbers(receiver, case)) == 4, "every message")

    log = ask(district, "GET", f"cases/{case}").json()["events"]
    noted = [each["seq"] for each in log if each["verb"] == "noted" and each["seq"] >= first]
    assert numbers(receiver, case) == noted
    assert len(noted) == 4
    by_id: dict[str, set[str]] = {}
    for each in receiver.heard():
        by_id.setdefault(each["id"], set()).add(each["body"])
    assert all(len(bodies) == 1 for bodies in by_id.values())
    eventually(lambda: not waiting(district, hook["id"]), "an empty outbox")
    tries = ask(district, "GET", f"deliveries/msg_{hook['id']}_{case}_{noted[1]}").json()["log"]
    assert [each["good"] for each in tries][-1] is True
    assert any(each["status"] == 500 for each in tries)
    ask(district, "DELETE", f"hooks/{hook['id']}")


def waiting(living: Living, hook: str) -> list[Any]:
    """List what waits for a hook."""
    found: list[Any] = ask(
        living, "GET", "deliveries", params={"target": hook, "state": "waiting"}
    ).json()["deliveries"]
    return found


def test_a_receiver_that_points_elsewhere_or_wants_no_more_is_not_followed(
    district: Living, case: int, receiver: Receiver
) -> None:
    """A redirect counts as a failure; after 410 the hook rests, and what is dead can be resent."""
    hook = hooked(district, receiver, events=["noted"])
    receiver.be(AWAY)
    note(district, case, "away")
    eventually(lambda: any(each["mode"] == AWAY for each in receiver.heard()), "a try")
    receiver.be(GONE)
    eventually(lambda: not the(district, hook["id"])["active"], "a hook that rests")
    assert {each["path"] for each in receiver.heard()} == {"/hook"}
    assert "410" in the(district, hook["id"])["says"]
    eventually(lambda: not waiting(district, hook["id"]), "an empty outbox")
    dead = ask(district, "GET", "deliveries", params={"target": hook["id"]}).json()["deliveries"]
    assert [each["state"] for each in dead] == ["dead"]

    receiver.be(GOOD)
    assert ask(district, "PATCH", f"hooks/{hook['id']}", json={"active": True}).json()["active"]
    assert ask(district, "POST", f"deliveries/{dead[0]['id']}/resend").status_code == 200
    eventually(receiver.took, "the message that was sent again")
    assert receiver.took()[0]["id"] == dead[0]["id"]
    ask(district, "DELETE", f"hooks/{hook['id']}")


def the(living: Living, hook: str) -> dict[str, Any]:
    """Read a hook."""
    rows: list[dict[str, Any]] = ask(living, "GET", "hooks").json()["hooks"]
    return next(each for each in rows if each["id"] == hook)


def photo(**given: Any) -> bytes:
    """Make a photo with a place in it."""
    made = Image.effect_noise((400, 300), 50).convert("RGB")
    exif = Image.Exif()
    exif[0x010F] = "SecretCamera"
    exif.get_ifd(0x8825)[1] = "N"
    exif.get_ifd(0x8825)[2] = (29.0, 43.0, 17.0)
    file = io.BytesIO()
    made.save(file, "JPEG", exif=exif, **given)
    return file.getvalue()


def test_a_photo_is_kept_as_it_came_and_given_without_its_place(
    district: Living, case: int
) -> None:
    """Its digest is in the log, the copy says nothing of where; taken down, the chain holds."""
    sent = photo()
    made = ask(district, "POST", f"cases/{case}/files", content=sent, params={"name": "a.jpg"})
    assert made.status_code == 201, made.text
    file = made.json()
    assert file["sha256"] == hashlib.sha256(sent).hexdigest()
    log = ask(district, "GET", f"cases/{case}").json()["events"]
    assert [each["data"]["sha256"] for each in log if each["verb"] == "attached"][-1] == file[
        "sha256"
    ]

    where = f"cases/{case}/files/{file['id']}"
    shared = ask(district, "GET", where)
    assert (shared.headers["content-type"], shared.headers["x-content-type-options"]) == (
        "image/jpeg", "nosniff",
    )  # fmt: skip
    assert b"SecretCamera" in sent
    assert b"SecretCamera" not in shared.content
    assert not dict(Image.open(io.BytesIO(shared.content)).getexif())
    assert ask(district, "GET", where, params={"copy": "thumbnail"}).status_code == 200
    assert ask(district, "GET", f"{where}/original").content == sent
    assert httpx.get(f"{district.url}/api/v1/{where}", timeout=60).status_code in {401, 403}

    gone = ask(district, "POST", f"{where}/remove", json={"note": "认错了人"})
    assert gone.status_code == 200, gone.text
    assert ask(district, "GET", where).status_code == 404
    assert not list((district.settings.folder / "files").rglob(file["sha256"]))
    assert SqlCases(connect(district.settings.store)).verify(case) == []
    assert not list((district.settings.folder / "uploads").glob("file-*"))


def test_a_photo_that_is_none_is_refused_and_nothing_is_kept(district: Living, case: int) -> None:
    """Names and content types prove nothing; the answer names the field in both languages."""
    before = ask(district, "GET", f"cases/{case}").json()["version"]
    for content in (b"GIF89a not ours", photo()[:2000], b"\xff\xd8\xff" + b"x" * 500):
        said = ask(
            district, "POST", f"cases/{case}/files", content=content,
            params={"name": "a.jpg"}, headers={"content-type": "image/jpeg"},
        )  # fmt: skip
        assert said.status_code == 422, said.text
        assert said.json()["code"] == "bad-file"
        assert said.json()["detail"].startswith("file: ")
        assert {"zh", "en"} <= said.json()["titles"].keys()
    assert ask(district, "GET", f"cases/{case}").json()["version"] == before
    assert not list((district.settings.folder / "uploads").glob("file-*"))


def test_who_must_answer_is_called_and_the_next_circle_only_if_they_do_not(
    district: Living, case: int, homes: list[str], receiver: Receiver
) -> None:
    """A recipient hears of their case through a channel; its secret is shown to nobody."""
    channel = receiver.url.replace("http://", "json://user:hunter2@")
    told = {"roles": ["shift_leader"], "channels": [channel], "language": "en"}
    put = ask(district, "PUT", "recipients/lead", json=told)
    assert put.status_code == 200, put.text
    assert put.json()["channels"] == ["json"]
    fresh = alarmed(district, homes.pop())
    assert fresh != case
    eventually(receiver.heard, "a notice")

    rows = ask(district, "GET", f"cases/{fresh}/notices").json()["notices"]
    assert {each["recipient"] for each in rows} == {"lead"}
    due = next(each for each in rows if each["answer_by_ms"])
    answered = ask(district, "POST", f"cases/{fresh}/notices/{due['id']}/answer")
    assert answered.json()["answered_by"] == "operator"
    assert "hunter2" not in ask(district, "GET", "recipients").text
    logs = [each.read_text("utf-8") for each in district.settings.folder.glob("logs/*")]
    assert not any("hunter2" in each for each in logs)
    ask(district, "DELETE", "recipients/lead")


@pytest.mark.usefixtures("case")
def test_a_partner_reads_what_was_granted_and_every_page_is_written_down(district: Living) -> None:
    """It applies, somebody grants it, it reads masked rows of its own share and of no other."""
    rights = {"rights": ["shares.read", "shares.ask"]}
    made = [
        ask(district, "POST", "tokens", json={"name": name, **rights}) for name in ("city", "b")
    ]
    assert [each.status_code for each in made] == [201, 201], made[0].text
    city, other = (each.json()["token"] for each in made)
    wanted = {
        "level": "city", "dataset": "cases", "fields": ["id", "code", "grid", "opened_ms"],
        "masks": {"grid": "street"}, "kinds": [SCENE], "basis": "渝府令373", "purpose": "统计",
        "from_ms": 0, "to_ms": district.now + 86_400_000,
    }  # fmt: skip
    asked = ask(district, "POST", "shares", city, json=wanted)
    assert asked.status_code == 201, asked.text
    share = asked.json()["id"]
    assert ask(district, "GET", f"shares/{share}/rows", city).status_code == 403
    assert (
        ask(district, "POST", f"shares/{share}/decide", city, json={"state": "granted"}).status_code
        == 403
    )
    assert (
        ask(district, "POST", f"shares/{share}/decide", json={"state": "granted"}).status_code
        == 200
    )

    page = ask(district, "GET", f"shares/{share}/rows", city, params={"limit": 1}).json()
    assert set(page["rows"][0]) == set(wanted["fields"])
    assert len(page["rows"][0]["grid"]) == 9
    rest = ask(
        district, "GET", f"shares/{share}/rows", city,
        params={"after": page["next"], "format": "csv"},
    )  # fmt: skip
    assert rest.text.splitlines()[0].endswith("id,code,grid,opened_ms")
    assert ask(district, "GET", f"shares/{share}/rows", other).status_code == 403
    assert ask(district, "GET", "shares", other).json()["shares"] == []
    reads = ask(district, "GET", f"shares/{share}/reads").json()["reads"]
    assert [(each["who"], each["format"]) for each in reads] == [
        ("token:city", "csv"), ("token:city", "json"),
    ]  # fmt: skip
