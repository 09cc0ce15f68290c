"""Logs: one JSON line for each event, in a file for each role that begins anew when it is long.

    {"time": "2026-11-21T13:33:56.123Z", "role": "desk", "level": "warning",
     "code": "store-down", "message": "...", "fields": {...}}

A person at a terminal gets the same as a sentence.  Tokens and passwords are blotted out, in
whatever they occur: a log is read, sent and kept by people who may not act.
"""

import contextlib
import json
import logging
import re
import sys
import threading
import time
from collections.abc import Iterable, Mapping
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

from borough.adapters.bus.config import secrets_of
from borough.app.pulse import RELEASE
from borough.app.settings import Settings
from borough.core.errors import BadSetting, BoroughError

LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}
BLOT = "***"
SPOKEN = re.compile(
    r"(?i)(://[^/\s:@]*:|\b(?:bearer|basic)\s+|operator=|link=|\b(?:password|passwd|token|secret)"
    r"[\"']?\s*[=:]\s*[\"']?)([^\s\"'@,;&]+)"
)
"""What comes before a secret when one is said: an address with a password, a header, a name."""
FIELDS = "fields"
CODE = "code"


class Blotter:
    """Blots out the secrets that we know, and what stands where secrets stand."""

    def __init__(self, known: Iterable[str]) -> None:
        self._known = sorted((each for each in known if each), key=len, reverse=True)

    def clean(self, text: str) -> str:
        """Give a text without secrets.

        >>> Blotter(["s3cret"]).clean("postgresql://me:pw@db, token=abc, s3cret")
        'postgresql://me:***@db, token=***, ***'
        """
        for each in self._known:
            text = text.replace(each, BLOT)
        return SPOKEN.sub(rf"\1{BLOT}", text)

    def cleaned(self, value: Any) -> Any:
        """Give plain data without secrets, however deep they lie; what is not plain as text."""
        if isinstance(value, Mapping):
            return {self.clean(str(key)): self.cleaned(each) for key, each in value.items()}
        if isinstance(value, list | tuple):
            return [self.cleaned(each) for each in value]
        if value is None or isinstance(value, bool | int | float):
            return value
        return self.clean(str(value))


class JsonLines(logging.Formatter):
    """Writes an event as one line of JSON."""

    def __init__(self, role: str, blotter: Blotter) -> None:
        super().__init__()
        self._role, self._blotter = role, blotter

    def format(self, record: logging.LogRecord) -> str:
        """Write an event; ``code`` and ``fields`` are what `event` was given, if it was."""
        said = {
            "time": moment(record.created),
            "role": self._role,
            "level": record.levelname.lower(),
            "code": code_of(record),
            "message": record.getMessage(),
            "fields": getattr(record, FIELDS, {}),
        }
        if record.exc_info:
            said["trace"] = self.formatException(record.exc_info)
        return json.dumps(self._blotter.cleaned(said), ensure_ascii=False)


class Sentences(logging.Formatter):
    """Writes an event for a person at a terminal."""

    def __init__(self, role: str, blotter: Blotter) -> None:
        super().__init__()
        self._role, self._blotter = role, blotter

    def format(self, record: logging.LogRecord) -> str:
        """Write time, role, level and message."""
        at = time.strftime("%H:%M:%S", time.localtime(record.created))
        said = f"{at} {self._role} {record.levelname.lower()}: {record.getMessage()}"
        trace = f"\n{self.formatException(record.exc_info)}" if record.exc_info else ""
        return self._blotter.clean(said + trace)


class Rolling(RotatingFileHandler):
    """A file that begins anew when it is long; a full disk does not stop who writes to it."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's own name
        """Leave it: what cannot be written down is lost, and the work goes on."""

    def _open(self) -> Any:
        stream = super()._open()
        Path(self.baseFilename).chmod(0o600)
        return stream


def moment(seconds: float) -> str:
    """Write a moment as RFC 3339 with milliseconds, UTC.

    >>> moment(0.25)
    '1970-01-01T00:00:00.250Z'
    """
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    return f"{whole}.{int(seconds % 1 * 1000):03d}Z"


def code_of(record: logging.LogRecord) -> str:
    """Give the stable code of an event: the one it was given, its error's, or who spoke."""
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, BoroughError):
        return error.code
    return str(getattr(record, CODE, record.name.rpartition(".")[2]))


def blotter_of(settings: Settings) -> Blotter:
    """Make a blotter that knows the secrets of a district."""
    known = {settings.operator}
    with contextlib.suppress(BadSetting, OSError):
        own = secrets_of(settings.folder / "bus")
        known |= {own.gate, own.doors, own.borough, own.seed}
    with contextlib.suppress(OSError):
        rows = (settings.folder / "credentials.csv").read_text("utf-8").splitlines()[1:]
        known |= {row.partition(",")[2] for row in rows}
    return Blotter(known)


def file_of(settings: Settings, role: str) -> Rolling:
    """Open the log of a role."""
    path = settings.folder / "logs" / f"{role}.log"
    path.parent.mkdir(parents=True, exist_ok=True)
    size = settings.log_mb << 20
    rolling = Rolling(path, "a", size, settings.log_files, encoding="utf-8", delay=True)
    rolling.setFormatter(JsonLines(role, blotter_of(settings)))
    return rolling


def keep(settings: Settings, role: str) -> None:
    """Let everything that is said in this process go to the log of its role.

    That is what our own code says, what libraries say, warnings, and what ends a thread or
    the process.
    """
    root = logging.getLogger()
    root.setLevel(LEVELS[settings.log_level])
    for each in list(root.handlers):
        root.removeHandler(each)
    root.addHandler(file_of(settings, role))
    if sys.stderr.isatty():
        shown = logging.StreamHandler()
        shown.setFormatter(Sentences(role, blotter_of(settings)))
        root.addHandler(shown)
    logging.getLogger("uvicorn.access").setLevel(logging.WARNING)
    logging.captureWarnings(capture=True)
    before = sys.excepthook

    def ended(kind: Any, error: Any, trace: Any) -> None:
        logging.getLogger(f"borough.{role}").critical(
            "ended by %r", error, exc_info=(kind, error, trace)
        )
        before(kind, error, trace)

    def thread_ended(told: threading.ExceptHookArgs) -> None:
        if told.exc_value is not None:
            ended(told.exc_type, told.exc_value, told.exc_traceback)

    logging.getLogger("borough").info("%s begins", role, extra=event("began", release=RELEASE))
    sys.excepthook = ended
    threading.excepthook = thread_ended


def event(code: str, **fields: Any) -> Mapping[str, Any]:
    """Give an event its stable code and its fields: ``log.warning("...", extra=event("late"))``."""
    return {CODE: code, FIELDS: fields}
