"""`borough evaluate`: judge a period by a rule set, hear those who object, freeze, run again."""

import asyncio
import getpass
import json
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, Parameter

from borough.app.evaluations.door import EvaluationDoor
from borough.app.facts.imports import UPLOADS
from borough.app.settings import Settings
from borough.cli.tune import asked
from borough.engine.catalog import BUILT_IN, find_sound
from borough.engine.district import read
from borough.storage.sql import connect

app = App(
    name="evaluate", help="Judge a period by a rule set. 评价：填报、试算、公示、申诉、定稿、复算。"
)
Data = Annotated[Path, Parameter(name="--data")]
Json = Annotated[bool, Parameter(name="--json", negative="")]
Flag = Annotated[bool, Parameter(negative="")]
HERE = Path(".borough/data")
SHOWN = 20
"""Refused rows and firms that are printed; `--json` gives all."""


@app.default
def draft(
    scene: str = "",
    *,
    year: str = "",
    rules: str = "",
    why: str = "",
    by: str = "",
    data: Data = HERE,
    as_json: Json = False,
) -> None:
    """生成或重算草案；不带参数时列出评价。Work out a draft, or list evaluations without a scene.

    The district must be running. A period that has a draft is worked out anew, which needs a
    reason; what is public or frozen is left alone.

    Parameters
    ----------
    scene
        A scene that evaluates, such as per_mu.
    year
        The period, such as 2023.
    rules
        The rule set; the district's own if none is named.
    why
        Why a draft is worked out anew.
    by
        Who; the name of your login if none is given.
    data
        The data folder of the district.
    as_json
        Print JSON instead of lines.
    """
    held = door(data)
    before = held.find(scene, year, "")
    if not scene:
        for each in before:
            tell(each, as_json=as_json)
        return
    if before:
        (now,) = before[:1]
        ask = {"evaluation": now["id"], "version": now["version"], "rules": rules, "why": why}
        done = act(data, "redraft_evaluation", ask, by)
    else:
        done = act(data, "begin_evaluation", {"scene": scene, "period": year, "rules": rules}, by)
    tell(done, as_json=as_json)


@app.command(name="import")
def import_(
    file: Path,
    *,
    scene: str,
    year: str,
    dry_run: Flag = False,
    confirmed: Flag = False,
    by: str = "",
    data: Data = HERE,
    as_json: Json = False,
) -> None:
    """导入企业填报。Bring a workbook of returns in: all of it, or nothing.

    Parameters
    ----------
    file
        CSV or Excel, one row for each firm, with its credit code and a column for each input.
    scene
        The scene that it is for.
    year
        The period that it tells of.
    dry_run
        Only say what would happen.
    confirmed
        Take unlikely values too, such as a negative value added.
    by
        Who; the name of your login if none is given.
    data
        The data folder of the district.
    as_json
        Print one JSON object.
    """
    settings = Settings.read(data.resolve())
    upload = settings.folder / UPLOADS / f"returns-{secrets.token_hex(8)}{file.suffix.lower()}"
    upload.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(file, upload)
    ask = {"scene": scene, "period": year, "file": upload.name, "name": file.name}
    try:
        more = {"dry_run": dry_run, "confirmed": confirmed}
        done = act(data, "import_returns", {**ask, **more}, by)
    finally:
        upload.unlink(missing_ok=True)
    taken(done, as_json=as_json)


def taken(done: Mapping[str, Any], *, as_json: bool) -> None:
    """Say what became of a workbook; end with 1 where rows were refused."""
    if as_json:
        print(json.dumps(done, ensure_ascii=False))
    else:
        for each in [*done["refused"], *done["remarks"]][:SHOWN]:
            print(f"row {each['row']}, {each['field']}: {each['detail']}")
        counts = ", ".join(f"{done[name]} {name}" for name in ("added", "revised", "same"))
        kept = f"import {done['import']}" if done["written"] else "nothing was written"
        print(f"{done['firms']} firms, {done['facts']} facts: {counts}: {kept}")
    if done["refused"]:
        raise SystemExit(1)


@app.command
def publicise(evaluation: int, *, by: str = "", data: Data = HERE, as_json: Json = False) -> None:
    """公示。Make a draft public for as long as its rule set says."""
    step(data, "publicise_evaluation", evaluation, {}, by, as_json=as_json)


@app.command
def withdraw(
    evaluation: int, *, why: str, by: str = "", data: Data = HERE, as_json: Json = False
) -> None:
    """撤回公示。Take what is public back to a draft."""
    step(data, "withdraw_evaluation", evaluation, {"why": why}, by, as_json=as_json)


@app.command
def appeal(
    evaluation: int, subject: str, *, input_: Annotated[str, Parameter(name="--input")],
    claimed: str, reason: str, by: str = "", data: Data = HERE, as_json: Json = False,
) -> None:  # fmt: skip
    """登记申诉。Take in that SUBJECT says an input should be another value."""
    told = {"subject": subject, "input": input_, "claimed": claimed, "reason": reason}
    done = act(data, "appeal_evaluation", {"evaluation": evaluation, **told}, by)
    print(json.dumps(done, ensure_ascii=False) if as_json else f"appeal {done['appeal']['id']}")


@app.command
def decide(
    evaluation: int, appeal_id: int, *, answer: str, accept: Flag = False, by: str = "",
    data: Data = HERE, as_json: Json = False,
) -> None:  # fmt: skip
    """复核申诉。Decide an appeal: reject it, or with --accept revise the fact and score anew."""
    told = {"appeal": appeal_id, "accepted": accept, "answer": answer}
    step(data, "decide_appeal", evaluation, told, by, as_json=as_json)


@app.command
def freeze(evaluation: int, *, by: str = "", data: Data = HERE, as_json: Json = False) -> None:
    """定稿。End an evaluation and open cases for the firms that fell to the last class."""
    step(data, "freeze_evaluation", evaluation, {}, by, as_json=as_json)


@app.command(name="again")
def run_again(evaluation: int, *, by: str = "", data: Data = HERE, as_json: Json = False) -> None:
    """复算。Work a result out again from its snapshot, and say whether it is the same."""
    done = act(data, "run_again", {"evaluation": evaluation}, by)
    if as_json:
        print(json.dumps(done, ensure_ascii=False))
    else:
        formula = "the same formula" if done["formula_same"] else "ANOTHER FORMULA"
        print(f"{'the same' if done['same'] else 'NOT THE SAME'} by {formula}; {done['again']}")
        print(f"facts revised since: {done['revised']}; faults of the log: {done['log'] or 'none'}")
    if not done["same"]:
        raise SystemExit(1)


@app.command
def show(evaluation: int, subject: str = "", *, data: Data = HERE, as_json: Json = False) -> None:
    """查看结果或一家企业的得分来源。Show a result, or take one firm's score apart.

    Parameters
    ----------
    evaluation
        Its number.
    subject
        The credit code of one firm; the whole result if none is named.
    data
        The data folder of the district.
    as_json
        Print JSON instead of lines.
    """
    held = door(data)
    if subject:
        traced(held.trace(evaluation, subject), as_json=as_json)
        return
    full = held.full(evaluation)
    rows = held.rows(
        evaluation, group="", name="", level="", sort="rank", down=False, start=0,
        limit=1000 if as_json else SHOWN,
    )  # fmt: skip
    if as_json:
        print(json.dumps({**full, "rows": rows}, ensure_ascii=False))
        return
    tell(full, as_json=False)
    for row in rows:
        score = "" if row["score"] is None else f"{row['score']:10.3f}"
        print(f"{row['group']:<8}{row['rank'] or '-':>5} {row['class'] or '-':<3}{score} "
              f"{row['subject']} {row['name']}")  # fmt: skip


@app.command
def export(evaluation: int, to: Path, *, data: Data = HERE) -> None:
    """导出结果。Write a result to a .csv or .xlsx file."""
    to.write_bytes(door(data).exported(evaluation, to.suffix.lower()))


@app.command
def rules(*, data: Data = HERE, as_json: Json = False) -> None:
    """列出评价办法。List the rule sets; the one that the district uses is marked."""
    for scheme in door(data).schemes():
        if as_json:
            print(json.dumps(scheme, ensure_ascii=False))
            continue
        for each in scheme["rules"]:
            mark = "*" if each["id"] == scheme["chosen"] else " "
            valid = f"{each['valid']['from']}-{each['valid'].get('to', '')}"
            print(f"{mark} {scheme['scene']:<10}{each['id']:<18}{each['variant']:<3}{valid:<11}"
                  f"{each['name']['zh']} · {each['name']['en']}")  # fmt: skip


def traced(row: Mapping[str, Any], *, as_json: bool) -> None:
    """Print one score, its terms and its facts with their rows."""
    if as_json:
        print(json.dumps(row, ensure_ascii=False))
        return
    print(f"{row['subject']} {row['name']}: {row['class'] or '-'}, {row['score']}")
    for term in row["terms"]:
        measure = row["measures"][term["measure"]]
        value = "?" if term["value"] is None else f"{term['value']:.4f}"
        print(f"  {measure['name']['zh']} {value} {measure['unit']} → {term['points']:.3f}"
              f" of {term['weight']:g} {' '.join(term['marks'])}")  # fmt: skip
    for name, each in row["inputs"].items():
        for fact in each["facts"]:
            where = f"{fact['file']} row {fact['row']}" if fact["fact"] else "not reported"
            print(f"    {name} = {fact['value']} {each['unit']}  ({fact['subject']}, {where})")
    for each in row["remarks"]:
        print(f"  ! {each['zh']} · {each['en']}")


def tell(row: Mapping[str, Any], *, as_json: bool) -> None:
    """Print an evaluation in a line."""
    if as_json:
        print(json.dumps(dict(row), ensure_ascii=False))
        return
    tally = "; ".join(
        f"{group} " + " ".join(f"{name}:{n}" for name, n in sorted(counts.items()))
        for group, counts in row.get("tally", {}).items()
    )
    cases = f"; cases {' '.join(row['cases'])}" if row.get("cases") else ""
    print(f"{row['id']} {row['scene']} {row['period']} {row['state']} by {row['rules']} "
          f"(version {row['version']}) {tally}{cases}")  # fmt: skip


def step(
    data: Path, verb: str, number: int, told: Mapping[str, Any], by: str, *, as_json: bool
) -> None:
    """Take a step from the evaluation as it is now."""
    version = door(data).store.one(number).version
    ask = {"evaluation": number, "version": version, **told}
    tell(act(data, verb, ask, by), as_json=as_json)


def act(data: Path, verb: str, ask: Mapping[str, Any], by: str) -> Mapping[str, Any]:
    """Have the desk of a living district do something."""
    settings = Settings.read(data.resolve())
    return asyncio.run(asked(settings, verb, {**ask, "by": by or getpass.getuser()}))


def door(data: Path) -> EvaluationDoor:
    """Open the evaluations of a data folder, for reading."""
    settings = Settings.read(data.resolve())
    found, _ = find_sound(BUILT_IN, *map(Path, settings.scenes))
    folder = Path(settings.district)
    return EvaluationDoor(connect(settings.store), found, read(folder), folder)
