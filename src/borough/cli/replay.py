"""`borough scene replay`: hand the journal to the scenes again, as it was or with other values."""

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from cyclopts import Parameter

from borough.app.settings import Settings
from borough.app.tuning.replays import Replayed, replayed
from borough.app.tuning.trials import AFTER_ALL, Trial, tried
from borough.cli.progress import Progress
from borough.core.errors import BadParameter, BadRequest
from borough.core.tunings import number
from borough.engine.district import read

Json = Annotated[bool, Parameter(name="--json", negative="")]
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
    as_json: Json = False,
) -> None:
    """回放日志，可先试参数。Hand the journal to the scenes again, as it was or with other values.

    Without --set it is compared with the live run, and ends with 1 where the two differ. With
    it, says what would have fired with the changed value and what would not.

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
    if not set_:
        with Progress() as progress:
            done = replayed(settings, scene, progress.tell, processes)
        plain(done, from_, to, as_json=as_json)
        return
    zone = zone_of(settings)
    low, high = moment(from_, zone, 0), moment(to, zone, AFTER_ALL)
    trial = Trial(scene, assigned(set_), thing, low, high)
    with Progress() as progress:
        told = tried(settings, trial, progress.tell, processes)
    print(json.dumps(told, ensure_ascii=False) if as_json else "\n".join(lines(told)))


def plain(done: Replayed, from_: str, to: str, *, as_json: bool) -> None:
    """Show what a replay says, beside what the live run said."""
    zone = ZoneInfo(done.zone)
    low, high = moment(from_, zone, 0), moment(to, zone, 1 << 62)
    shown = [each for each in done.edges if low <= each["now"] < high]
    comparison = done.compared(low, high)
    if as_json:
        body = {
            "records": done.records,
            "detections": shown,
            "same": comparison.same,
            "missing": comparison.missing,
            "extra": comparison.extra,
        }
        print(json.dumps(body, ensure_ascii=False))
    else:
        for each in shown:
            at = datetime.fromtimestamp(each["now"] / 1000, zone).isoformat(" ", "seconds")
            print(f"{at}  {each['id']:<44} {each['level_name']}")
        print(
            f"{done.records} records; {len(shown)} changes; as live: {comparison.same}, "
            f"missing {len(comparison.missing)}, extra {len(comparison.extra)}"
        )
    if not comparison.equal:
        raise SystemExit(1)


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


def zone_of(settings: Settings) -> ZoneInfo:
    """Find the time zone that a district lives by."""
    return ZoneInfo(read(Path(settings.district)).zone)


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
