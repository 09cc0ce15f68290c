"""What people may ask of the desk about facts: take a file in, and take an import back."""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from borough.app.clocks import wall_ms
from borough.app.desk.answers import Answer
from borough.app.desk.desk import Desk
from borough.app.facts.checks import checked
from borough.app.facts.imports import UPLOADS, Order, imported
from borough.core.errors import BadRequest
from borough.storage.sql import SqlFacts

RESULTS = ".results.json"
"""What is left beside an upload: one result for each row, for whoever sent it."""


def import_facts(desk: Desk, ask: Mapping[str, Any]) -> Answer:
    """Take an uploaded file of figures in; the results of its rows lie beside it."""
    path = uploaded(desk, ask["file"])
    store = SqlFacts(desk.engine)
    declared = declare(store, ask) if ask.get("title") else ()
    order = Order(
        by=ask["by"],
        at_ms=desk.now(),
        today=today(desk),
        district=Path(desk.settings.district),
        name=ask.get("name", ""),
        given=ask.get("given", {}),
        dry_run=bool(ask.get("dry_run")),
        partial=bool(ask.get("partial")),
        declared=declared,
    )
    done = imported(store, path, order)
    results = done.pop("results")
    path.with_name(path.name + RESULTS).write_text(json.dumps(results), "utf-8")
    news = (("facts", {**done, "by": ask["by"]}),) if done["import"] else ()
    return Answer(done, news)


def withdraw_facts(desk: Desk, ask: Mapping[str, Any]) -> Answer:
    """Take an import back."""
    why = ask["why"].strip()
    if not why:
        msg = "why: say why the import is withdrawn"
        raise BadRequest(msg)
    store, now = SqlFacts(desk.engine), desk.now()
    done = store.withdraw(int(ask["import"]), by=ask["by"], why=why, at_ms=now)
    checked(store, Path(desk.settings.district), done.pop("indicators"), at_ms=now)
    return Answer(done, (("facts", done),))


def declare(store: SqlFacts, ask: Mapping[str, Any]) -> tuple[str, ...]:
    """Enter a source that nobody has named yet, so that figures may come from it; give its code."""
    code = ask.get("given", {}).get("document", "")
    if not code:
        msg = "document: a title needs the code of the source"
        raise BadRequest(msg)
    known = {each["code"] for each in store.definitions.documents()}
    if code not in known and not ask.get("dry_run"):
        made = {name: ask.get(name, "") for name in ("title", "publisher", "published")}
        store.definitions.put(documents=[{"code": code, "note": "", **made}])
    return (code,)


def uploaded(desk: Desk, name: str) -> Path:
    """Find an upload by its name; `BadRequest` where there is none."""
    path = desk.settings.common / UPLOADS / Path(name).name
    if not path.is_file():
        msg = f"file: there is no upload {name!r}"
        raise BadRequest(msg)
    return path


def today(desk: Desk) -> date:
    """Give the later of two days: the district's, and ours.

    A demonstration may live in a year of which more is known by now than it can know.
    """
    zone = ZoneInfo(desk.ground.district.zone)
    return datetime.fromtimestamp(max(desk.now(), wall_ms()) / 1000, UTC).astimezone(zone).date()


VERBS = {"import_facts": import_facts, "withdraw_facts": withdraw_facts}
