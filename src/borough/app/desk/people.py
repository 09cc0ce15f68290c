"""What people may ask of the desk about people: accounts, sessions, tokens, personal data.

Each act tells the audit log of itself, in its own transaction; `borough.app.desk.verbs` does
that for all others.  Times are of the clock on the wall.
"""

import secrets
from collections.abc import Mapping
from functools import partial
from typing import Any

from borough.api.accounts_passwords import SIGNING
from borough.api.covering import patterns
from borough.api.rights import rights
from borough.app.clocks import wall_ms
from borough.app.desk.answers import Answer
from borough.app.desk.desk import Desk
from borough.app.desk.requests import news_of
from borough.app.requests.addressing import forms
from borough.core.errors import BadRequest
from borough.storage.sql import SqlAccounts, SqlAudit, SqlPersons, SqlSessions
from borough.storage.sql.accounts import ENTER, FIRST, RESET
from borough.storage.sql.credentials import digest
from borough.storage.sql.requests_erasure import Search, forgotten

HOUR_MS = 3_600_000
TOLD = 100
"""Requests of an erasure that the live stream is told of one by one; pages read the rest again."""
DAY_MS = 24 * HOUR_MS


def add_account(desk: Desk, ask: Mapping[str, Any]) -> Answer:
    """Make an account; it has no password yet."""
    known_roles(ask.get("grants", ()))
    bounded(desk, ask.get("grants", ()))
    seated(desk, ask.get("post", ""))
    name = SqlAccounts(desk.engine).add(ask, by=ask["by"], at_ms=wall_ms())
    return Answer({"account": name})


def change_account(desk: Desk, ask: Mapping[str, Any]) -> Answer:
    """Change title, grants, subject or post of an account; disable or enable it."""
    change = ask["change"]
    known_roles(change.get("grants", ()))
    bounded(desk, change.get("grants", ()))
    seated(desk, change.get("post", ""))
    told = {"version": ask["version"], "by": ask["by"], "at_ms": wall_ms()}
    SqlAccounts(desk.engine).change(ask["account"], change, **told)
    return Answer({"account": ask["account"]})


def make_link(desk: Desk, ask: Mapping[str, Any]) -> Answer:
    """Make a one-time link; its token is shown this once."""
    purpose, now, token = ask["purpose"], wall_ms(), secrets.token_urlsafe(24)
    if purpose not in {FIRST, RESET, ENTER}:
        msg = f"purpose: {FIRST}, {RESET} or {ENTER}, not {purpose!r}"
        raise BadRequest(msg)
    until = now + round(SIGNING.link_h * HOUR_MS)
    account = "" if purpose == FIRST else ask["account"]
    store = SqlAccounts(desk.engine)
    store.link(digest(token), account, purpose, by=ask["by"], span=(now, until))
    return Answer({"link": token, "expires_ms": until})


def use_link(desk: Desk, ask: Mapping[str, Any]) -> Answer:
    """Use a link up, and open a session for whoever holds it."""
    name = SqlAccounts(desk.engine).use(ask["link"], ask, at_ms=wall_ms())
    return sign_in(desk, {**ask, "account": name, "how": "link"})


def sign_in(desk: Desk, ask: Mapping[str, Any]) -> Answer:
    """Open a session, of which the door keeps the token."""
    now = wall_ms()
    told = {name: ask[name] for name in ("address", "agent", "how")}
    told |= {"made_ms": now, "expires_ms": now + round(SIGNING.session_h * HOUR_MS)}
    number = SqlSessions(desk.engine).open(ask["account"], ask["session"], told)
    return Answer({"account": ask["account"], "number": number, "expires_ms": told["expires_ms"]})


def end_session(desk: Desk, ask: Mapping[str, Any]) -> Answer:
    """End a session of whoever asks."""
    SqlSessions(desk.engine).end(ask["by"], ask["session"])
    return Answer({"session": ask["session"]})


def set_password(desk: Desk, ask: Mapping[str, Any]) -> Answer:
    """Keep another password of whoever asks; the door has compared the old one."""
    SqlAccounts(desk.engine).set_password(ask["by"], ask["password"], at_ms=wall_ms())
    return Answer({"account": ask["by"]})


def make_token(desk: Desk, ask: Mapping[str, Any]) -> Answer:
    """Make a token for a program; it is shown this once."""
    now, token = wall_ms(), secrets.token_urlsafe(32)
    unknown = set(ask["rights"]) - rights().known()
    if unknown or not ask["rights"]:
        msg = f"rights: there is no {', '.join(sorted(unknown)) or 'token without any'}"
        raise BadRequest(msg)
    if not 1 <= ask["days"] <= SIGNING.token_days:
        msg = f"days: 1 to {SIGNING.token_days}"
        raise BadRequest(msg)
    bounded(desk, [ask])
    until = now + ask["days"] * DAY_MS
    told = {**ask, "made_ms": now, "expires_ms": until}
    number = SqlSessions(desk.engine).issue(digest(token), told, by=ask["by"])
    return Answer({"number": number, "token": token, "expires_ms": until})


def revoke_token(desk: Desk, ask: Mapping[str, Any]) -> Answer:
    """Let a token open nothing more."""
    SqlSessions(desk.engine).revoke(ask["number"], by=ask["by"])
    return Answer({"number": ask["number"]})


def read_persons(desk: Desk, ask: Mapping[str, Any]) -> Answer:
    """Give personal data, told in the audit log."""
    found = SqlPersons(desk.engine).read_all(ask["persons"], by=ask["by"], why=ask["why"])
    return Answer({"persons": {str(number): fields for number, fields in found.items()}})


def erase_person(desk: Desk, ask: Mapping[str, Any]) -> Answer:
    """Forget somebody, in the words of their requests and of others' too.

    ``among`` and ``after`` say what the dry run looked at, ``chosen`` which of the doubtful ones
    go as well; without them all requests are looked at here.
    """
    chosen = frozenset(ask.get("chosen", ()))
    search = Search(ask.get("among"), ask.get("after", 0), chosen)
    also = partial(forgotten, patterns=patterns().values(), forms=forms(), search=search)
    done = SqlPersons(desk.engine).erase(ask["person"], by=ask["by"], also=also)
    changed = desk.requests.store.find(ids=[*done["requests"], *done["others"]][:TOLD], limit=TOLD)
    news = tuple(each for one in changed for each in news_of(desk, one))
    return Answer({"person": ask["person"], **done}, news)


def note_audit(desk: Desk, ask: Mapping[str, Any]) -> Answer:
    """Write what a door has to tell the audit log: refusals, a second's worth at a time."""
    SqlAudit(desk.engine).note(ask["rows"])
    return Answer({"rows": len(ask["rows"])})


def known_roles(grants: Any) -> None:
    """Refuse a role that there is not."""
    for each in grants if isinstance(grants, list | tuple) else ():
        role = each.get("role") if isinstance(each, Mapping) else None
        if role not in rights().roles.by_code or role in {"machine", "onlooker"}:
            msg = f"role: there is no {role!r}"
            raise BadRequest(msg)


def bounded(desk: Desk, grants: Any) -> None:
    """Refuse bounds that reach nothing: an agency that the district has not, an area of no grid."""
    district = desk.ground.district
    for each in grants if isinstance(grants, list | tuple) else ():
        held = each if isinstance(each, Mapping) else {}
        for agency in held.get("agencies", ()):
            if agency not in district.agencies.code:
                msg = f"agencies: the district has no {agency!r}"
                raise BadRequest(msg)
        for area in held.get("areas", ()):
            if (
                isinstance(area, str)
                and area.isdecimal()
                and not any(code.startswith(area) for code in district.grids.code)
            ):
                msg = f"areas: no grid of the district begins with {area!r}"
                raise BadRequest(msg)


def seated(desk: Desk, post: str) -> None:
    """Refuse a post that there is not."""
    if post and post not in desk.ground.district.posts.code:
        msg = f"post: there is no {post!r}"
        raise BadRequest(msg)


VERBS = {
    "add_account": add_account,
    "change_account": change_account,
    "make_link": make_link,
    "use_link": use_link,
    "sign_in": sign_in,
    "end_session": end_session,
    "set_password": set_password,
    "make_token": make_token,
    "revoke_token": revoke_token,
    "read_persons": read_persons,
    "erase_person": erase_person,
    "note_audit": note_audit,
}
