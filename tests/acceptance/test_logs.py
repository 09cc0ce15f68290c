"""Every role of a living district logs, in lines that programs read, and tells no secret."""

import json

from borough.adapters.bus.config import secrets_of
from borough.testing.living import ROLES, Living, eventually
from borough.testing.senders import Caller

SUPERVISOR = "supervisor"


def test_each_role_logs_and_no_secret_is_told(living: Living) -> None:
    """Refusals, deaths and starts are in the logs; passwords and tokens are in none of them."""
    with Caller(living, "gw-0001", "a-wrong-token-of-a-device") as caller:
        assert not caller.welcome
    living.kill("stream", "desk", "api")
    living.await_all()
    folder = living.settings.folder
    logs = {role: folder / "logs" / f"{role}.log" for role in (*ROLES, SUPERVISOR)}
    eventually(
        lambda: all(each.exists() and each.stat().st_size for each in logs.values()),
        "a line of each role",
    )

    for role, path in logs.items():
        for line in path.read_text("utf-8").splitlines():
            event = json.loads(line)
            assert event["role"] == role
            assert {"time", "level", "code", "message", "fields"} <= event.keys()
    own = secrets_of(folder / "bus")
    secrets = {living.settings.operator, living.token, own.borough, own.doors, own.gate, own.seed}
    told = "\n".join(each.read_text("utf-8", "replace") for each in (folder / "logs").iterdir())
    assert [each for each in secrets if each in told] == []
