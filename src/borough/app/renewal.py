"""A registry that changes while the roles run: noticed, read beside them, and handed over."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sqlalchemy.exc import DBAPIError

from borough.app.district import Ground, ground, registry_of
from borough.app.logs import event
from borough.app.settings import Settings
from borough.core.district import District
from borough.core.errors import BoroughError
from borough.storage.sql import SqlRegistry, connect

log = logging.getLogger(__name__)

LOOK_S, LONG_S = 1.0, 3.0
"""How soon a change is noticed; looking costs one short question to the database, 1 ms of a
process that had other things to do.  Where there are *several*, each looks as much more seldom."""
REST = 10.0
"""So many times as long as reading and preparing took of a processor nothing is read again: where
things are entered one after the other all the time, that takes a tenth of a processor at most."""


def nothing(_held: Ground) -> None:
    """Prepare nothing."""


class RegistryWatch:
    """Reads what has changed of the registry, in a thread of its own, when its version has risen.

    ``held`` is what there was when it began, and then what `fresh` has handed over.  What
    *prepare* makes of a fresh ground, beside whoever works, is handed over with it.  Who has
    read the *district* already gives it: it never changes, and reading takes a while.
    """

    def __init__(
        self, settings: Settings, district: District | None = None, several: int = 1
    ) -> None:
        self.settings = settings
        self.store = SqlRegistry(connect(settings.store))
        self.version = self.store.version()  # before the ground, so that no change is missed
        self.held: Ground = ground(settings, district)
        self.prepare: Callable[[Ground], Any] = nothing
        self._every_s = min(LOOK_S * several, LONG_S)
        self._lock = threading.Lock()
        self._found: tuple[Ground, Any] | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="registry", daemon=True)
        self._thread.start()

    def begin(self) -> Ground:
        """Give the newest ground there is, to whoever begins anew with nothing prepared."""
        with self._lock:
            self.prepare, found, self._found = nothing, self._found, None
            self.held = self.held if found is None else found[0]
            return self.held

    def fresh(self) -> tuple[Ground, Any] | None:
        """Give a ground that is newer than ``held``, once, with what was prepared for it."""
        with self._lock:
            found, self._found = self._found, None
            self.held = self.held if found is None else found[0]
            return found

    def _watch(self) -> None:
        rest_s = self._every_s
        while not self._stop.wait(rest_s):
            begun = time.thread_time()
            try:
                version = self.store.version()
                if version != self.version:
                    registry = registry_of(self.settings, self.held.registry)
                    self._lay_out(replace(self.held, registry=registry))
                    self.version = version
            except (BoroughError, DBAPIError) as error:
                log.warning("the registry stays as it was: %s", error, extra=event("store-down"))
            except Exception:  # a role that never hears of a change again looks healthy
                log.exception("the registry stays as it was")
            rest_s = max(self._every_s, REST * (time.thread_time() - begun))

    def _lay_out(self, held: Ground) -> None:
        """Prepare for a ground, and again if meanwhile somebody else has begun to work with it."""
        while True:
            prepare = self.prepare
            made = prepare(held)
            with self._lock:
                if prepare == self.prepare:
                    self._found = (held, made)
                    return

    def close(self) -> None:
        """Stop looking."""
        self._stop.set()
        self._thread.join(self._every_s)
