"""What leaves the house: signed, to places that may be called, and over soon."""

import json
import logging
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink
from aiosmtpd.smtp import SMTP, Envelope, Session

from borough.adapters.notices.channels import ChannelCourier
from borough.adapters.notices.guard import Guard
from borough.adapters.notices.webhooks import HookCourier, signature
from borough.core.errors import BadRequest, BadSetting
from borough.core.hooks import Hook
from borough.core.outbox import HOOK, Message
from borough.testing.living import free_ports
from borough.testing.receiver import AWAY, FAIL, GONE, HANG, Receiver

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 - the example of the standard
MESSAGE = Message("msg_p5jXN8AQM9LWM0D4loKWxJek", HOOK, "h", 1, 1, '{"test": 2432232314}', 1, 1)
AT_MS = 1_614_265_330_000
LOCAL = ("127.0.0.0/8",)
WAIT_S = 60.0
"""How long whoever answers may take: they write to the disk before."""


class Mailbox(Sink):
    """Keeps the mails that come."""

    def __init__(self) -> None:
        super().__init__()
        self.mails: list[Envelope] = []

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - the server's name for it
        """Take a mail."""
        self.mails.append(envelope)
        return "250 OK"


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receiver]:
    """Start a receiver."""
    made = Receiver(tmp_path)
    made.start()
    yield made
    made.kill()


def hook(url: str) -> Hook:
    """Make a hook."""
    return Hook("h", url, SECRET)


def test_a_signature_is_that_of_the_standard() -> None:
    """The example that the libraries of Standard Webhooks are tested with comes out the same."""
    at_s = AT_MS // 1000
    wanted = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert signature(SECRET, MESSAGE.id, at_s, MESSAGE.body.encode()) == wanted


def test_two_secrets_sign_while_one_is_exchanged_for_the_other(receiver: Receiver) -> None:
    """Up to its moment the former one signs beside the present one; from then on it does not."""
    exchanged = replace(hook(receiver.url), former="whsec_Zm9ybWVy", former_until_ms=AT_MS)
    courier = HookCourier(Guard(LOCAL), WAIT_S)
    for at_ms in (AT_MS - 1, AT_MS):
        courier.deliver(exchanged, MESSAGE, at_ms)
    both, one = (each["headers"]["webhook-signature"].split() for each in receiver.heard())
    body, at_s = MESSAGE.body.encode(), (AT_MS - 1) // 1000
    assert both == [signature(each, MESSAGE.id, at_s, body) for each in (SECRET, exchanged.former)]
    assert one == [signature(SECRET, MESSAGE.id, AT_MS // 1000, body)]
    assert "former" not in repr(exchanged).replace("former_until_ms", "")


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "localhost", "10.0.0.8", "192.168.1.1", "172.16.3.4", "169.254.169.254",
        "0.0.0.1", "100.64.0.1", "[::1]", "[fe80::1]", "[fd00::2]", "[::ffff:127.0.0.1]",
        "2130706433", "0x7f.1", "224.0.0.1", "[64:ff9b::a00:1]", "[2002:a00:1::]",
    ],
)  # fmt: skip
def test_addresses_inside_are_refused_however_they_are_written(host: str) -> None:
    """Neither this machine nor its neighbours are called, in whatever notation."""
    with pytest.raises(BadRequest, match=r"^url: "):
        Guard().place(f"http://{host}:8080/x")


@pytest.mark.parametrize(
    "url", ["ftp://example.com", "http://", "file:///etc/passwd", "http://a:b@1.1.1.1", "http://[x",
            "http://1.1.1.1:99999", "gopher://1.1.1.1", "http://no-such-name.invalid/"],
)  # fmt: skip
def test_what_is_no_address_is_refused(url: str) -> None:
    """The message begins with the field."""
    with pytest.raises(BadRequest, match=r"^url: "):
        Guard().place(url)


def test_the_operator_may_let_networks_in() -> None:
    """What is named is let through, and nothing beside it; what is no network is refused."""
    guard = Guard(["10.2.0.0/16", *LOCAL])
    assert guard.place("https://10.2.3.4/x?y=1") == ("10.2.3.4", 443, ["10.2.3.4"])
    assert guard.place("http://1.1.1.1/")[2] == ["1.1.1.1"]
    with pytest.raises(BadRequest, match="inside"):
        guard.place("http://10.3.0.1/")
    with pytest.raises(BadSetting, match="outward_inside"):
        Guard(["everywhere"])


def test_a_message_is_delivered_with_its_id_moment_and_signature(receiver: Receiver) -> None:
    """What is refused, points elsewhere or is busy counts as a failure; 410 ends it for good."""
    courier = HookCourier(Guard(LOCAL), WAIT_S)
    done = courier.deliver(hook(receiver.url), MESSAGE, AT_MS)
    assert (done.good, done.status, done.over) == (True, 204, False)
    (heard,) = receiver.heard()
    assert heard["headers"]["webhook-id"] == MESSAGE.id
    assert heard["headers"]["webhook-timestamp"] == str(AT_MS // 1000)
    assert heard["body"] == MESSAGE.body
    for mode, status in ((FAIL, 500), (AWAY, 302), (GONE, 410)):
        receiver.be(mode)
        done = courier.deliver(hook(receiver.url), MESSAGE, AT_MS)
        assert (done.good, done.status, done.over) == (False, status, mode == GONE)
    assert len(receiver.heard()) == 4
    assert not courier.deliver(hook("http://10.0.0.1/"), MESSAGE, AT_MS).good


def test_who_keeps_us_waiting_is_left(receiver: Receiver) -> None:
    """Whether nobody answers, or a byte comes now and then, a try ends when its time is up."""
    courier = HookCourier(Guard(LOCAL), 0.5)
    receiver.be(HANG)
    assert not courier.deliver(hook(receiver.url), MESSAGE, AT_MS).good

    listening = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def drip() -> None:
        line, _ = listening.accept()
        with line:
            for byte in b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 1000:
                if over.wait(0.1):
                    return
                try:
                    line.sendall(bytes([byte]))
                except OSError:
                    return

    thread = threading.Thread(target=drip)
    thread.start()
    url = f"http://127.0.0.1:{listening.getsockname()[1]}/"
    done = courier.deliver(hook(url), MESSAGE, AT_MS)
    over.set()
    thread.join()
    listening.close()
    assert not done.good
    assert done.took_ms < 20_000


def test_a_mail_arrives_at_a_mail_server() -> None:
    """Through SMTP, in the recipient's words, with the channel's own sender."""
    box = Mailbox()
    (port,) = free_ports(1)
    server = Controller(box, hostname="127.0.0.1", port=port)
    server.start()
    channel = f"mailto://127.0.0.1:{port}?from=duty@borough.test&to=ann@borough.test&mode=insecure"
    try:
        courier = ChannelCourier(Guard(LOCAL), WAIT_S)
        courier.check([channel])
        assert courier.deliver([channel], "新任务", "渝北：请办理。").good
        with pytest.raises(BadRequest, match="inside"):
            ChannelCourier(Guard(), 5.0).check([channel])
    finally:
        server.stop()
    (mail,) = box.mails
    assert (mail.mail_from, mail.rcpt_tos) == ("duty@borough.test", ["ann@borough.test"])
    assert isinstance(mail.content, bytes)
    assert b"Subject:" in mail.content


def test_a_json_channel_is_called_and_its_secret_is_told_to_nobody(
    receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    """One channel that takes it is enough; what is said of the others names their kind alone."""
    caplog.set_level(logging.DEBUG)
    courier = ChannelCourier(Guard(LOCAL), WAIT_S)
    good = receiver.url.replace("http://", "json://ann:hunter2@")
    (nobody,) = free_ports(1)
    bad = f"json://ann:hunter2@127.0.0.1:{nobody}/hunter2"
    done = courier.deliver([bad, good], "title", "text")
    assert done.good
    (heard,) = receiver.heard()
    assert json.loads(heard["body"])["message"] == "text"
    assert heard["headers"]["authorization"].startswith("Basic ")
    failed = courier.deliver([bad], "title", "text")
    assert (failed.good, failed.says) == (False, "json did not take it")
    assert not courier.deliver([], "title", "text").good
    assert "hunter2" not in caplog.text


@pytest.mark.parametrize(
    "channel", ["hunter2", "exec://hunter2", "syslog://hunter2", "mailto://", "file:///hunter2"]
)
def test_a_channel_that_is_not_let_in_is_refused_without_being_repeated(channel: str) -> None:
    """Only few kinds of channels are known, and none of them reads or runs anything here."""
    with pytest.raises(BadRequest, match=r"^channels: ") as refused:
        ChannelCourier(Guard(LOCAL), WAIT_S).check([channel])
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    "channel",
    [
        "dingtalk://SECa1b2c3@0123456789abcdef0123456789abcdef", "feishu://0123456789abcdef",
        "wecombot://693a91f6-7xxx-4bc4-97a0-0ec2sifa5aaa", "mailtos://u:p@example.com?to=a@b.cn",
    ],
)  # fmt: skip
def test_the_channels_people_use_are_known(channel: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """DingTalk, Feishu and WeCom robots, and mail; those with hosts of their own need no look."""
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_a, **_k: [(0, 0, 0, "", ("1.1.1.1", 0))])
    ChannelCourier(Guard(), 2.0).check([channel])
