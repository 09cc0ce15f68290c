"""What people may ask of the desk about hooks, recipients and notices."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from borough.adapters.notices.channels import kind_of
from borough.app.clocks import wall_ms
from borough.app.desk.answers import Answer
from borough.app.desk.desk import Desk
from borough.app.outward.limits import LIMITS
from borough.core.errors import BadRequest, NotFound
from borough.core.notices import LANGUAGES, Recipient, hours
from borough.core.outbox import HOOK, Message

HOUR_MS = 3_600_000
HOOK_FIELDS = ("url", "events", "scenes", "agencies", "remarks", "active")
RECIPIENT_FIELDS = (
    "name", "language", "posts", "agencies", "roles", "channels", "quiet", "most_per_h", "active",
)  # fmt: skip


def add_hook(desk: Desk, ask: Mapping[str, Any]) -> Answer:
    """Add a hook; its secret is in this answer and in no other."""
    told = {name: ask[name] for name in HOOK_FIELDS if name in ask}
    desk.outward.guard.place(told["url"])
    _known_events(told)
    hook = desk.outward.hooks.add(told, by=ask["by"], at_ms=desk.now())
    return Answer({**hook.told(), "secret": hook.secret})


def change_hook(desk: Desk, ask: Mapping[str, Any]) -> Answer:
    """Change a hook; one that rests and is made active again has no reason any more."""
    told = {name: ask[name] for name in HOOK_FIELDS if ask.get(name) is not None}
    if "url" in told:
        desk.outward.guard.place(told["url"])
    _known_events(told)
    if told.get("active"):
        told["says"] = ""
    return Answer(desk.outward.hooks.change(ask["hook"], **told).told())


def rotate_hook(desk: Desk, ask: Mapping[str, Any]) -> Answer:
    """Give a hook another secret, in this answer only; the one before it signs for a while yet."""
    grace_ms = 0 if ask.get("at_once") else round(LIMITS.secret_grace_h * HOUR_MS)
    hook = desk.outward.hooks.rotate(ask["hook"], wall_ms() + grace_ms)
    return Answer({**hook.told(), "secret": hook.secret})


def remove_hook(desk: Desk, ask: Mapping[str, Any]) -> Answer:
    """Take a hook away; what waits for it is given up."""
    gone = desk.outward.hooks.remove(ask["hook"])
    desk.outward.outbox.give_up(gone.id, "the hook is gone", wall_ms())
    return Answer(gone.told())


def try_hook(desk: Desk, ask: Mapping[str, Any]) -> Answer:
    """Lay down a message that says nothing, to see whether it arrives."""
    hook, now = desk.outward.hooks.one(ask["hook"]), wall_ms()
    body = {"type": "hook.test", "timestamp": now, "data": {"hook": hook.id}}
    made = Message(f"msg_{hook.id}_test_{now}", HOOK, hook.id, 0, 0, json.dumps(body), now, now)
    desk.outward.outbox.lay([made])
    return Answer(asdict(made))


def resend_message(desk: Desk, ask: Mapping[str, Any]) -> Answer:
    """Send a message once more, under its id."""
    return Answer(asdict(desk.outward.outbox.resend(ask["message"], wall_ms())))


def put_recipient(desk: Desk, ask: Mapping[str, Any]) -> Answer:
    """Enter a recipient, or change one; channels are checked, and shown to nobody afterwards."""
    told = {name: ask[name] for name in RECIPIENT_FIELDS if ask.get(name) is not None}
    desk.outward.channels.check(told.get("channels", ()))
    if told.get("quiet"):
        hours(told["quiet"])
    if told.get("language", LANGUAGES[0]) not in LANGUAGES:
        msg = f"language: must be one of {', '.join(LANGUAGES)}"
        raise BadRequest(msg)
    put = desk.outward.recipients.put
    return Answer(recipient_told(put(ask["recipient"], told, by=ask["by"], at_ms=desk.now())))


def remove_recipient(desk: Desk, ask: Mapping[str, Any]) -> Answer:
    """Take a recipient away; what waits for them is given up."""
    gone = desk.outward.recipients.remove(ask["recipient"])
    desk.outward.outbox.give_up(gone.code, "the recipient is gone", wall_ms())
    return Answer(recipient_told(gone))


def try_recipient(desk: Desk, ask: Mapping[str, Any]) -> Answer:
    """Send a recipient a word through each of their channels, now."""
    one = desk.outward.recipients.known.get(ask["recipient"])
    if one is None:
        msg = f"recipient: there is no {ask['recipient']!r}"
        raise NotFound(msg)
    said = {"zh": ("测试", "这是一条测试通知。"), "en": ("Test", "This is a test notice.")}
    done = desk.outward.channels.deliver(one.channels, *said[one.language])
    return Answer(asdict(done))


def answer_notice(desk: Desk, ask: Mapping[str, Any]) -> Answer:
    """Note that somebody has heard (叫应)."""
    told = {"by": ask["by"], "at_ms": desk.now()}
    return Answer(desk.outward.notices.answer(ask["case"], ask["notice"], **told))


def recipient_told(one: Recipient) -> dict[str, Any]:
    """Tell a recipient with the kinds of their channels, never the addresses."""
    return {**asdict(one), "channels": [kind_of(each) for each in one.channels]}


def _known_events(told: Mapping[str, Any]) -> None:
    for name in ("events", "scenes", "agencies"):
        if not all(isinstance(each, str) and each for each in told.get(name, ())):
            msg = f"{name}: must be names"
            raise BadRequest(msg)


VERBS = {
    "add_hook": add_hook,
    "change_hook": change_hook,
    "rotate_hook": rotate_hook,
    "remove_hook": remove_hook,
    "try_hook": try_hook,
    "resend_message": resend_message,
    "put_recipient": put_recipient,
    "remove_recipient": remove_recipient,
    "try_recipient": try_recipient,
    "answer_notice": answer_notice,
}
