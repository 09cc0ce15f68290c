"""What people may ask of the desk about things: take a file in, take an import back, edit one."""

import logging
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from borough.adapters.bus.link import Link
from borough.app.bus import bus_of
from borough.app.desk.answers import Answer
from borough.app.desk.desk import Desk
from borough.app.intake.intake import Intake, shown
from borough.app.intake.jobs import Job
from borough.app.renewal import RegistryWatch
from borough.core.errors import BadRequest, BoroughError
from borough.storage.journal.streams import Deposit, store
from borough.storage.sql import SqlThings

log = logging.getLogger(__name__)

UPLOADS = "uploads"
WAIT_S = 0.2
PAGE = 1_000
Say = Callable[[str, Mapping[str, Any]], None]


def import_things(desk: Desk, ask: Mapping[str, Any]) -> Answer:
    """Let an uploaded file of things wait for its turn; the answer is its job."""
    upload = desk.settings.common / UPLOADS / Path(ask["upload"]).name
    if not upload.is_file():
        msg = f"upload: there is none called {upload.name!r}"
        raise BadRequest(msg)
    wishes = ("dry_run", "partial", "credentials", "kind", "sheet")
    asked = {name: ask[name] for name in wishes if ask.get(name)}
    return begun(desk, intake_of(desk).begin(upload, who=ask["by"], file=ask["file"], **asked))


def take_back_things(desk: Desk, ask: Mapping[str, Any]) -> Answer:
    """Let an import be taken back, when its turn comes."""
    number = int(ask["import"])
    intake = intake_of(desk)
    intake.store.before(number)  # says at once where there is nothing to take back
    asked = {"who": ask["by"], "file": f"import {number}", "undoes": number}
    asked |= {name: True for name in ("dry_run", "partial") if ask.get(name)}
    return begun(desk, intake.begin(None, **asked))


def begun(desk: Desk, job: Job) -> Answer:
    """Hand a job to the clerk."""
    desk.imports.put(job)
    return Answer(msgspec.to_builtins(job), (("import", shown(job)),))


def add_thing(desk: Desk, ask: Mapping[str, Any]) -> Answer:
    """Enter one thing; with a token of its own, if that is asked for."""
    wanted = {name: ask[name] for name in ("key", "kind", "lon", "lat", "grid")}
    extra = {name: ask[name] for name in ("via", "name", "attributes") if ask.get(name)}
    made = SqlThings(desk.engine, desk.ground.district.given).add(
        **wanted, **extra, at_ms=desk.now()
    )
    if ask.get("credential"):
        made["token"] = desk.credentials.issue([made["key"]], at_ms=desk.now())[made["key"]]
    return Answer(made)


def retire_thing(desk: Desk, ask: Mapping[str, Any]) -> Answer:
    """Take one thing out of use; its credential, if it has one, ends with it."""
    desk.credentials.revoke(ask["key"], at_ms=desk.now())
    return Answer(SqlThings(desk.engine).retire(ask["key"], at_ms=desk.now()))


def issue_credential(desk: Desk, ask: Mapping[str, Any]) -> Answer:
    """Give a thing that speaks a fresh token; an older one ends."""
    SqlThings(desk.engine).thing(ask["key"])
    tokens = desk.credentials.issue([ask["key"]], at_ms=desk.now())
    return Answer({"key": ask["key"], "token": tokens[ask["key"]]})


def revoke_credential(desk: Desk, ask: Mapping[str, Any]) -> Answer:
    """Let a key speak no more."""
    desk.credentials.revoke(ask["key"], at_ms=desk.now())
    return Answer({"key": ask["key"]})


def intake_of(desk: Desk, say: Callable[[Mapping[str, Any]], None] = lambda _job: None) -> Intake:
    """Make the intake of a desk's own registry."""
    return Intake(desk.settings.common, desk.engine, desk.ground.district, say)


class Clerk:
    """Works on imports one after the other, beside the desk's turns, and keeps its ground fresh.

    So a long import holds up no case: it enters in short transactions, and only the last one,
    in which everything is seen at once, keeps others from writing.  Its ``thread`` lives as long
    as the desk, whatever an import trips over.
    """

    def __init__(self, desk: Desk, say: Say) -> None:
        self.desk = desk
        self.intake = intake_of(desk, lambda job: say("import", job))
        self.watch = RegistryWatch(desk.settings, desk.ground.district)
        desk.ground = self.watch.held
        for job in self.intake.recover():  # before anything new comes, which it would do twice
            desk.imports.put(job)
        self._stop = threading.Event()
        self.thread = threading.Thread(target=self._work, name="clerk", daemon=True)
        self.thread.start()

    def _work(self) -> None:
        self._end_orphans()
        while not self._stop.wait(WAIT_S):
            if found := self.watch.fresh():
                self.desk.ground = found[0]
                self._end_orphans()
            while not self.desk.imports.empty() and not self._stop.is_set():
                self._do(self.desk.imports.get())

    def _do(self, job: Job) -> None:
        try:
            self.intake.work(job, self.desk.now())
        except Exception:  # a mistake of ours, or even what went wrong could not be kept
            log.exception("import %d", job.number)
            self.intake.say(shown(job))

    def _end_orphans(self) -> None:
        """Put an end to detections on things that are out of use; the desk hears it in its turn."""
        try:
            edges = orphans(self.desk)
            if edges:
                with Link(bus_of(self.desk.settings).login("borough"), "clerk") as link:
                    store(link, [deposit(edge) for edge in edges])
        except BoroughError as error:
            log.warning("detections of retired things stay open: %s", error)

    def close(self) -> None:
        """Stop after what is under way, or leave it to the next start to say what came of it."""
        self._stop.set()
        self.watch.close()
        self.thread.join(2.0)


def orphans(desk: Desk) -> list[dict[str, Any]]:
    """Say the end of every open detection whose thing nobody watches any more."""
    rows: list[dict[str, Any]] = []
    while True:
        before = rows[-1]["id"] if rows else ""
        page = desk.detections.find(open_only=True, before=before, limit=PAGE)
        rows += page
        if len(page) < PAGE:
            break
    now = desk.now()
    return [
        {
            "id": each["id"],
            "scene": each["scene"],
            "thing": each["thing"],
            "level": 0,
            "level_name": "",
            "position": each["position"] + 1,
            "time": now,
            "now": now,
            "version": each["version"],
            "by": "registry",
        }
        for each in rows
        if each["thing"] and desk.ground.row(each["thing"]) is None
    ]


def deposit(edge: Mapping[str, Any]) -> Deposit:
    """Lay an edge down as the stream would; said twice, the bus keeps it once."""
    name = f"{edge['id']}-{edge['position']}"
    return Deposit(f"detection.{edge['scene']}", msgspec.json.encode(edge), name)


VERBS = {
    "import_things": import_things,
    "take_back_things": take_back_things,
    "add_thing": add_thing,
    "retire_thing": retire_thing,
    "issue_credential": issue_credential,
    "revoke_credential": revoke_credential,
}
