"""`borough scene replay`: hand journal or history to the scenes, as it was or by other values."""

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from cyclopts import Parameter

from borough.app.settings import Settings
from borough.app.tuning.histories import TICK_MS, Retold, Wish, retold
from borough.app.tuning.replays import replayed
from borough.app.tuning.trials import AFTER_ALL, Trial, tried
from borough.cli.progress import Progress
from borough.core.errors import BadParameter, BadRequest
from borough.core.tunings import number
from borough.engine.district import read

Json = Annotated[bool, Parameter(name="--json", negative="")]
History = Annotated[
    bool,
    Parameter(
        name="--history",
        negative="",
        help="Replay the history, which reaches back for years, in place of the journal, which "
        "knows what came when and reaches back for days.",
    ),
]
Tick = Annotated[
    float,
    Parameter(
        help="With --history: how often the scenes look at the clock, in seconds; "
        "finer takes longer."
    ),
]
Assigned = Annotated[tuple[str, ...], Parameter(name="--set", negative="")]
SIGNS = {"gone": "-", "fresh": "+", "earlier": "<", "later": ">", "same": "="}


def replay(
    scene: str = "",
    *,
    set_: Assigned = (),
    thing: str = "",
    data: Path = Path(".borough/data"),
    from_: Annotated[str, Parameter(name="--from")] = "",
    to: str = "",
    processes: int = 1,
    history: History = False,
    tick: Tick = TICK_MS / 1000,
    as_json: Json = False,
) -> None:
    """回放日志或历史，可先试参数。Hand the journal, or the history, to the scenes again.

    Without --set it is compared with the live run, and ends with 1 where the two differ. With
    it, says what would have fired with the changed value and what would not. With --history it
    goes over what the history holds, months if need be, and says what would have been said.

    Parameters
    ----------
    scene
        The id of one scene; all of them if none is named.
    set_
        A parameter and the value to try, as `grace_s=120`; may be given several times.
    thing
        Try the value for this one thing only, by its key.
    data
        The data folder of the district; its bus may be running or not.
    from_
        From this moment of the district on, ISO 8601 (its own time zone).
    to
        Up to before this moment.
    processes
        How many processes share the work; the answer is the same.
    as_json
        Print one JSON object instead of lines.
    """
    settings = Settings.read(data.resolve())
    stretch = stretch_of(settings, from_, to)
    if history:
        wish = Wish(scene, *stretch, round(tick * 1000), assigned(set_), thing)
        by_history(settings, wish, processes, as_json=as_json)
    elif set_:
        trial = Trial(scene, assigned(set_), thing, *stretch)
        by_trial(settings, trial, processes, as_json=as_json)
    else:
        by_journal(settings, scene, stretch, processes, as_json=as_json)


def by_trial(settings: Settings, trial: Trial, processes: int, *, as_json: bool) -> None:
    """Replay the journal with the values now in force and with others, and show the difference."""
    with Progress() as progress:
        told = tried(settings, trial, progress.tell, processes)
    print(json.dumps(told, ensure_ascii=False) if as_json else "\n".join(lines(told)))


def by_journal(
    settings: Settings, scene: str, stretch: tuple[int, int], processes: int, *, as_json: bool
) -> None:
    """Replay the journal, and show what is said beside what the live run said."""
    with Progress() as progress:
        done = replayed(settings, scene, progress.tell, processes)
    zone, (low, high) = ZoneInfo(done.zone), stretch
    within = [each for each in done.edges if low <= each["now"] < high]
    comparison = done.compared(low, high)
    if as_json:
        body = {
            "records": done.records,
            "detections": within,
            "same": comparison.same,
            "missing": comparison.missing,
            "extra": comparison.extra,
        }
        print(json.dumps(body, ensure_ascii=False))
    else:
        for each in within:
            at = datetime.fromtimestamp(each["now"] / 1000, zone).isoformat(" ", "seconds")
            print(f"{at}  {each['id']:<44} {each['level_name']}")
        print(
            f"{done.records} records; {len(within)} changes; as live: {comparison.same}, "
            f"missing {len(comparison.missing)}, extra {len(comparison.extra)}"
        )
    if not comparison.equal:
        raise SystemExit(1)


def by_history(settings: Settings, wish: Wish, processes: int, *, as_json: bool) -> None:
    """Replay the history, and show what is said."""
    with Progress() as progress, retold(settings, wish, progress.tell, processes) as past:
        (as_one_object if as_json else line_by_line)(past)


def as_one_object(past: Retold) -> None:
    """Print what a replay of history says as JSON, a change at a time: there may be many."""
    print('{"changes": [', end="")
    for before, each in enumerate(past.changes()):
        print((", " if before else "") + json.dumps(each, ensure_ascii=False), end="")
    amount = {
        "from": past.from_ms,
        "to": past.to_ms,
        "tick_ms": past.tick_ms,
        "rows": past.rows,
        "began": past.began,
        "set_aside": past.broken,
    }
    print("], " + json.dumps(amount, ensure_ascii=False)[1:])


def line_by_line(past: Retold) -> None:
    """Print what a replay of history says: changes, then what they amount to."""
    zone, many = ZoneInfo(past.zone), 0

    def at(ms: int) -> str:
        return datetime.fromtimestamp(ms / 1000, zone).isoformat(" ", "seconds")

    for each in past.changes():
        many += 1
        print(f"{at(each['time'])}  {each['scene']:<14} {each['key']:<24} {each['level_name']}")
    print(f"{past.rows} rows from {at(past.from_ms)} – {at(past.to_ms)}; {many} changes")
    began = ", ".join(f"{scene} {count}" for scene, count in past.began.items())
    print(f"detections began: {began or 'none'}")
    for scene, why in past.broken.items():
        print(f"set aside: {scene}: {why}")


def lines(told: dict[str, Any]) -> list[str]:
    """Tell what a trial found, line by line."""
    zone = ZoneInfo(told["zone"])

    def at(ms: int) -> str:
        return datetime.fromtimestamp(ms / 1000, zone).isoformat(" ", "seconds")

    began, count = told["began"], told["counts"]
    rows = [
        f"{told['scene']}: {at(told['from'])} – {at(told['to'])}, with "
        + ", ".join(f"{name}={value}" for name, value in told["values"].items())
        + (f" for {told['thing']}" if told["thing"] else ""),
        f"{began['records']} records from {at(began['at'])} on; {MEMORY[began['memory']]}",
        f"the journal reaches back to {at(told['reaches_back_to'])}",
        *(difference(each, at) for each in told["changes"] if each["what"] != "same"),
        ", ".join(f"{WORDS[name]} {many}" for name, many in count.items()),
        *(score(name, each) for name, each in told["scores"].items()),
        *COUNTED,
        AS_LIVE.format(**told["as_live"]),
    ]
    for name, why in told["broken"].items():
        rows += [f"set aside with the values {name}: {each}" for each in why.values()]
    return rows


COUNTED = (
    "precision 准确率 = true / (true + false), of the closed cases that it fires for",
    "recall 召回率 = true cases that it fires for / true cases that we know of",
    "a case counts once; duplicates, and detections without a closed case, are in neither",
)
AS_LIVE = (
    "the values now in force say what the live run said: {same} changes the same, "
    "{missing} only live, {extra} only replayed"
)
MEMORY = {
    "kept": "the rule remembers there what it remembered then",
    "first": "where the journal begins, and nothing was known",
    "blank": "the rule knows nothing there, though it knew more then: do not trust slow scenes",
}
WORDS = {
    "gone": "gone 不再报", "fresh": "fresh 新增", "earlier": "earlier 提前",
    "later": "later 推迟", "same": "same 不变",
}  # fmt: skip


def difference(each: dict[str, Any], at: Callable[[int], str]) -> str:
    """Write one difference as a line."""
    one = each["changed"] or each["in_force"]
    moved = each["moved_ms"]
    by = f" by {abs(moved) / 1000:g} s" if moved else ""
    label = f"  case {each['case']}: {each['outcome']}" if each["case"] else ""
    sign = f"{SIGNS[each['what']]} {at(one['began_ms'])}  {each['key']:<20}"
    return f"{sign} {one['level_name']:<8} {each['what']}{by}{label}"


def score(name: str, each: dict[str, Any]) -> str:
    """Write the score of one telling as a line; no ratio where nothing was judged."""
    ratios = [
        f"precision {share(each['precision'])} ({each['true']} true, {each['false']} false)",
        f"recall {share(each['recall'])} ({each['true']} of {each['known']} known)",
        f"{each['duplicate']} duplicate, {each['unjudged']} not judged",
    ]
    return f"{name:<9} {each['fired']} fired; " + "; ".join(ratios)


def share(ratio: float | None) -> str:
    """Write a ratio, or a dash where there is none."""
    return "–" if ratio is None else f"{ratio:.3f}"


def assigned(said: tuple[str, ...]) -> dict[str, float | None]:
    """Read ``name=value`` pairs; ``name=`` alone is the value that the scene declares."""
    found: dict[str, float | None] = {}
    for each in said:
        name, equals, value = each.partition("=")
        try:
            found[name] = number(float(value)) if value else None
        except ValueError as error:
            msg = f"--set {each}: {value!r} is no number"
            raise BadParameter(msg) from error
        if not equals:
            msg = f"--set {each}: write grace_s=120"
            raise BadParameter(msg)
    return found


def stretch_of(settings: Settings, from_: str, to: str) -> tuple[int, int]:
    """Read from when to before when, in ms; what is not said is as far as there is anything."""
    zone = ZoneInfo(read(Path(settings.district)).zone)
    return moment(from_, zone, 0), moment(to, zone, AFTER_ALL)


def moment(text: str, zone: ZoneInfo, default: int) -> int:
    """Read a moment, in ms; one without an offset is of the district's zone."""
    if not text:
        return default
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        msg = f"{text!r} is no moment; write 2024-07-10T08:30"
        raise BadRequest(msg) from error
    return round((at if at.tzinfo else at.replace(tzinfo=zone)).timestamp() * 1000)
