"""A registry that changes while the roles run: noticed, loaded beside them, and handed over."""

import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sqlalchemy.exc import DBAPIError

from borough.app.district import Ground, ground, registry_of
from borough.app.settings import Settings
from borough.core.errors import BoroughError
from borough.storage.sql import SqlRegistry, connect

LOOK_S = 1.0
"""How soon a change is noticed; looking costs one short question to the database."""


class RegistryWatch:
    """Loads the registry anew, in a thread of its own, whenever its version has risen.

    ``held`` is what there was when it began, and then what `fresh` has handed over.  What
    *prepare* makes of a fresh ground, beside whoever works, is handed over with it.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.store = SqlRegistry(connect(settings.store))
        self.version = self.store.version()  # before the ground, so that no change is missed
        self.held: Ground = ground(settings)
        self.prepare: Callable[[Ground], Any] = lambda _ground: None
        self._found: tuple[Ground, Any] | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="registry", daemon=True)
        self._thread.start()

    def fresh(self) -> tuple[Ground, Any] | None:
        """Give a ground that is newer than ``held``, once, with what was prepared for it."""
        found, self._found = self._found, None
        if found is not None:
            self.held = found[0]
        return found

    def _watch(self) -> None:
        while not self._stop.wait(LOOK_S):
            try:
                version = self.store.version()
                if version != self.version:
                    held = replace(self.held, registry=registry_of(self.settings))
                    self._found = (held, self.prepare(held))
                    self.version = version
            except (BoroughError, DBAPIError) as error:
                sys.stderr.write(f"the registry stays as it was: {error}\n")

    def close(self) -> None:
        """Stop looking."""
        self._stop.set()
        self._thread.join(LOOK_S)
