"""Warnings: what the public is told of a danger, told again when it changes, and taken back.

A scene folder may hold a ``warning.toml`` that says which levels are told to the public, in which
words, and after which step or task of its plan; the words for urgency, severity and so on are
those of the Common Alerting Protocol 1.2 (OASIS, 2010).  What is to be told of a case follows
from its log alone, and what was told is an entry of that log, so nothing is told twice.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Self
from zoneinfo import ZoneInfo

from borough.core.cases import ARRIVES, ENDS, Case, Event, sayable
from borough.core.errors import BadRequest, BadScene, IllegalMove
from borough.core.observations import Floats
from borough.core.shapes import Key, fitted

ALERT, UPDATE, CANCEL = BULLETINS = ("Alert", "Update", "Cancel")
SENT, CONFIRMED, WITHDRAWN = "warning_sent", "warning_confirmed", "warning_withdrawn"
"""Events of a case: a bulletin went out, a person let warnings out, a person took them back."""
SENSOR, PERSON = FALLS = ("sensor", "person")
"""Who may lower a warning: readings by themselves, or only people (a step back, closing)."""
EXERCISE, ACTUAL = STATUSES = ("Exercise", "Actual")
WORDS: Mapping[str, tuple[str, ...]] = {
    "category": (
        "Geo", "Met", "Safety", "Security", "Rescue", "Fire", "Health", "Env", "Transport",
        "Infra", "CBRNE", "Other",
    ),
    "responses": (
        "Shelter", "Evacuate", "Prepare", "Execute", "Avoid", "Monitor", "Assess", "AllClear",
        "None",
    ),
    "urgency": ("Immediate", "Expected", "Future", "Past", "Unknown"),
    "severity": ("Extreme", "Severe", "Moderate", "Minor", "Unknown"),
    "certainty": ("Observed", "Likely", "Possible", "Unlikely", "Unknown"),
}  # fmt: skip
"""What CAP 1.2 has a word for."""
HEAD = {
    "category": "texts", "event": "words", "after?": "table", "falls": "text",
    "around_m?": "positive", "renew_before_s": "positive", "codes?": "table", "levels": "table",
    "clear": "table", "source": "text",
}  # fmt: skip
FILLED = ("place", "thing", "level")
AFTER = {"steps?": "texts", "tasks?": "texts"}
SIGNAL = {
    "urgency": "text", "severity": "text", "certainty": "text", "responses": "texts",
    "lasts_s": "positive", "headline": "words", "description": "words", "instruction": "words",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Signal:
    """What is said at one level: CAP's words, how long it holds, and texts by language.

    ``{place}``, ``{thing}`` and ``{level}`` in a text are filled in.
    """

    urgency: str
    severity: str
    certainty: str
    responses: tuple[str, ...]
    lasts_ms: int
    headline: Mapping[str, str]
    description: Mapping[str, str]
    instruction: Mapping[str, str]

    @classmethod
    def declared(cls, table: Mapping[str, Any], at: Key) -> Self:
        """Check one table of ``[levels]``, or ``[clear]``; raises `BadScene`."""
        text = fitted(table, SIGNAL, at)
        for name in ("urgency", "severity", "certainty", "responses"):
            known(name, text[name], (*at, name))
        for name in ("headline", "description", "instruction"):
            fillable(text[name], (*at, name))
        return cls(
            urgency=text["urgency"],
            severity=text["severity"],
            certainty=text["certainty"],
            responses=tuple(text["responses"]),
            lasts_ms=round(text["lasts_s"] * 1000),
            headline=text["headline"],
            description=text["description"],
            instruction=text["instruction"],
        )


@dataclass(frozen=True, slots=True)
class WarningRule:
    """When and how a scene warns the public: the parsed ``warning.toml``.

    ``signals`` are by level; a level without one is below what is told.  With ``steps`` or
    ``tasks`` nothing goes out before the case came to such a step, or such a task was done, or a
    person let it out.  ``around_m`` is the radius of the ground concerned around the thing, and 0
    means the grid it stands in.  A warning that still holds is told again ``renew_before_ms``
    before it runs out.  ``codes`` are event codes by the name of their list.
    """

    category: tuple[str, ...]
    event: Mapping[str, str]
    falls: str
    signals: Mapping[int, Signal]
    clear: Signal
    names: Mapping[int, str]
    steps: frozenset[str] = frozenset()
    tasks: frozenset[str] = frozenset()
    around_m: float = 0.0
    renew_before_ms: int = 0
    codes: Mapping[str, str] = field(default_factory=dict)

    @property
    def by_itself(self) -> bool:
        """Whether warnings go out without a step, a task or a person."""
        return not self.steps and not self.tasks

    def reached(self, level: int) -> int:
        """Give the highest level with a signal that is not above *level*; 0 for none."""
        return max((each for each in self.signals if each <= level), default=0)

    @classmethod
    def declared(cls, levels: tuple[str, ...], table: Mapping[str, Any]) -> Self:
        """Check a parsed ``warning.toml`` of a scene with *levels*; raises `BadScene`."""
        text = fitted(table, HEAD)
        known("category", text["category"], ("category",))
        if text["falls"] not in FALLS:
            msg = f"it must be one of {', '.join(FALLS)}, not {text['falls']!r}"
            raise BadScene(msg, key=("falls",))
        after = fitted(text.get("after", {}), AFTER, ("after",))
        signals = {}
        for name, each in text["levels"].items():
            if name not in levels[1:]:
                msg = f"the scene has no level {name}; it has {', '.join(levels[1:])}"
                raise BadScene(msg, key=("levels", name))
            signals[levels.index(name)] = Signal.declared(each, ("levels", name))
        short = [
            rule for rule in signals.values() if rule.lasts_ms <= text["renew_before_s"] * 1000
        ]
        if short:
            msg = "it must be shorter than lasts_s of every level"
            raise BadScene(msg, key=("renew_before_s",))
        if not signals:
            msg = "no level is told to the public"
            raise BadScene(msg, key=("levels",))
        return cls(
            category=tuple(text["category"]),
            event=text["event"],
            falls=text["falls"],
            signals=signals,
            clear=Signal.declared(text["clear"], ("clear",)),
            names=dict(enumerate(levels)),
            steps=frozenset(after.get("steps", ())),
            tasks=frozenset(after.get("tasks", ())),
            around_m=float(text.get("around_m", 0.0)),
            renew_before_ms=round(text["renew_before_s"] * 1000),
            codes={name: str(code) for name, code in text.get("codes", {}).items()},
        )


def known(name: str, said: Any, at: Key) -> None:
    """Raise `BadScene` where CAP has no such word for *name*."""
    strange = [each for each in ([said] if isinstance(said, str) else said)
               if each not in WORDS[name]]  # fmt: skip
    if strange:
        msg = f"CAP 1.2 has no {name} {strange[0]!r}; it has {', '.join(WORDS[name])}"
        raise BadScene(msg, key=at)


def fillable(texts: Mapping[str, str], at: Key) -> None:
    """Raise `BadScene` where a text leaves something open that nobody fills in."""
    for language, text in texts.items():
        try:
            text.format(**dict.fromkeys(FILLED, ""))
        except (KeyError, IndexError, ValueError, AttributeError) as error:
            msg = f"only {', '.join('{' + each + '}' for each in FILLED)} are filled in ({error})"
            raise BadScene(msg, key=(*at, language)) from error


@dataclass(frozen=True, slots=True)
class Course:
    """How far a case has been told to the public, as its log says.

    ``level`` is that of its detection and ``held`` the one that counts: readings may fall without
    lowering it.  ``free`` says that warnings may go out.  ``floor`` is the level at which a person
    took them back.  ``out`` is the level in force, 0 for none; ``chain`` are the references of the
    bulletins in force, oldest first, and ``number`` counts all bulletins of the case.
    """

    free: bool
    level: int = 0
    held: int = 0
    floor: int = 0
    closed: bool = False
    out: int = 0
    chain: tuple[str, ...] = ()
    number: int = 0


def told(rule: WarningRule, events: Iterable[Event]) -> Course:
    """Fold the log of a case into how far it has been told."""
    now = Course(free=rule.by_itself)
    for event in events:
        now = _then(rule, now, event)
    return now


def _then(rule: WarningRule, now: Course, event: Event) -> Course:
    data, verb = event.data, event.verb
    if verb in {"opened", "joined", "level", "reopened"}:
        now = _heard(rule, now, int(data["level"]), fresh=verb == "reopened")
    if verb == SENT:
        over = data["kind"] == CANCEL
        chain = () if over else (*now.chain, data["reference"])
        return replace(now, out=0 if over else data["level"], chain=chain, number=now.number + 1)
    if verb == WITHDRAWN:
        return replace(now, free=False, floor=max(now.held, 1), held=now.level)
    if verb == CONFIRMED:
        return replace(now, free=True, floor=0, held=data["level"] or now.held)
    if verb in ENDS:
        return replace(now, closed=True)
    frees = (verb in ARRIVES and data.get("to") in rule.steps) or (
        verb == "task_done" and data.get("task") in rule.tasks
    )
    return replace(now, free=True, floor=0) if frees else now


def _heard(rule: WarningRule, now: Course, level: int, *, fresh: bool) -> Course:
    """Take a level of the detection in; after a reopening the matter begins anew."""
    if fresh:
        now = replace(now, closed=False, held=0, floor=0, free=rule.by_itself)
    held = level if rule.falls == SENSOR else max(now.held, level)
    again = rule.by_itself and now.floor and level > now.floor
    return replace(
        now, level=level, held=held, free=now.free or bool(again), floor=0 if again else now.floor
    )


@dataclass(frozen=True, slots=True)
class Cue:
    """The bulletin that is due: of which kind, at which level, on which bulletins it follows."""

    kind: str
    level: int
    references: tuple[str, ...]
    number: int


def wanted(rule: WarningRule, now: Course) -> Cue | None:
    """Say which bulletin is due; None where the public knows all that it should."""
    level = rule.reached(now.held) if now.free and not now.closed else 0
    if level == now.out:
        return None
    kind = (UPDATE if level else CANCEL) if now.out else ALERT
    return Cue(kind, level or now.out, now.chain, now.number + 1)


def renewing(rule: WarningRule, now: Course) -> Cue | None:
    """Say what is told again of a warning that is about to run out and still holds."""
    if not now.out or wanted(rule, now) is not None:
        return None
    return Cue(UPDATE, now.out, now.chain, now.number + 1)


def confirming(
    rule: WarningRule, case: Case, now: Course, level: str = "", *, note: str, at_ms: int, by: str
) -> Event:
    """Let warnings of a case out; *level* names one that people choose in place of the readings'.

    Raises `IllegalMove` where nothing would change, `BadRequest` for a level that is not told.
    """
    if case.closed_ms is not None:
        msg = f"case {case.code} is closed"
        raise IllegalMove(msg)
    chosen = next((each for each in rule.signals if rule.names[each] == level), 0)
    if level and not chosen:
        there_are = ", ".join(rule.names[each] for each in rule.signals)
        msg = f"level: the public is told of {there_are}, not of {level!r}"
        raise BadRequest(msg)
    if wanted(rule, replace(now, free=True, held=chosen or now.held)) is None:
        says = "is out already" if now.out else "has no level that is told to the public"
        msg = f"case {case.code} {says}"
        raise IllegalMove(msg)
    return sayable(Event(case.version + 1, at_ms, by, CONFIRMED, {"level": chosen, "note": note}))


def withdrawing(case: Case, now: Course, *, note: str, at_ms: int, by: str) -> Event:
    """Take the warning of a case back; *note* says why.

    Raises `IllegalMove` where none is out, `BadRequest` without a reason.
    """
    if not now.out:
        msg = f"case {case.code} has no warning in force"
        raise IllegalMove(msg)
    if not note.strip():
        msg = "note: say why the warning is taken back"
        raise BadRequest(msg)
    return sayable(Event(case.version + 1, at_ms, by, WITHDRAWN, {"note": note}))


@dataclass(frozen=True, slots=True)
class Extent:
    """The ground that a warning is about: its name, a ring or a circle, and codes by list.

    ``ring`` has (lon, lat) rows in WGS-84 degrees and is closed; ``circle`` is longitude,
    latitude and the radius in metres.
    """

    says: Mapping[str, str]
    ring: Floats | None = None
    circle: tuple[float, float, float] | None = None
    codes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Issuer:
    """On whose behalf warnings go out; ``status`` is ``Exercise`` until a district says Actual."""

    id: str
    name: Mapping[str, str]
    contact: str = ""
    status: str = EXERCISE
    zone: str = "UTC"

    def moment(self, at_ms: int) -> str:
        """Write a moment as CAP wants it: whole seconds, and an offset that is never ``Z``.

        >>> Issuer("a@b", {}).moment(1_720_569_600_999)
        '2024-07-10T00:00:00-00:00'
        """
        at = datetime.fromtimestamp(at_ms // 1000, UTC).astimezone(ZoneInfo(self.zone))
        written = at.isoformat(timespec="seconds")
        return written[:-6] + "-00:00" if written.endswith("+00:00") else written


@dataclass(frozen=True, slots=True)
class Bulletin:
    """One bulletin as it goes out; times in ms, ``references`` as ``sender,identifier,sent``.

    ``signal`` has its texts filled in, ``rule`` says what the matter is called, ``incident`` is
    the code of the case, and ``note`` is for whoever handles the bulletin.
    """

    identifier: str
    case: int
    incident: str
    scene: str
    thing: int
    kind: str
    level: int
    level_name: str
    sent_ms: int
    expires_ms: int
    references: tuple[str, ...]
    signal: Signal
    rule: WarningRule
    area: Extent
    note: str = ""

    def reference(self, sender: Issuer) -> str:
        """Say how later bulletins refer to this one."""
        return f"{sender.id},{self.identifier},{sender.moment(self.sent_ms)}"


def composed(
    rule: WarningRule, case: Case, due: Cue, area: Extent, *, thing: str, at_ms: int, note: str
) -> Bulletin:  # fmt: skip
    """Put the bulletin that is *due* into words: about *thing* (a key), on the ground of *area*."""
    name = rule.names[due.level]
    signal = rule.clear if due.kind == CANCEL else rule.signals[due.level]
    fill = {"thing": thing, "level": name}

    def filled(texts: Mapping[str, str]) -> dict[str, str]:
        return {
            language: text.format(place=area.says.get(language, thing), **fill)
            for language, text in texts.items()
        }

    return Bulletin(
        identifier=f"{case.code}-W{due.number}",
        case=case.id,
        incident=case.code,
        scene=case.scene,
        thing=case.thing,
        kind=due.kind,
        level=due.level,
        level_name=name,
        sent_ms=at_ms,
        expires_ms=at_ms + signal.lasts_ms,
        references=due.references,
        signal=replace(
            signal,
            headline=filled(signal.headline),
            description=filled(signal.description),
            instruction=filled(signal.instruction),
        ),
        rule=rule,
        area=area,
        note=note,
    )
