"""`borough doctor`: what is wrong here, and what to do about it."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from borough.app.doctor import examined


def doctor(
    *,
    data: Path = Path(".borough/data"),
    as_json: Annotated[bool, Parameter(name="--json", negative="")] = False,
) -> None:
    """自检。Look for the usual faults of a machine and a district, and say what to do.

    Parameters
    ----------
    data
        The data folder of the district to look at; it need not exist yet.
    as_json
        Print one JSON list instead of lines.
    """
    findings = examined(data.resolve())
    if as_json:
        print(json.dumps([asdict(each) for each in findings], ensure_ascii=False))
    else:
        for each in findings:
            print(f"{'ok' if each.ok else '!!'}  {both(each.what)}: {both(each.says)}")
            if not each.ok:
                print(f"    → {both(each.do)}")
    if not all(each.ok for each in findings):
        raise SystemExit(1)


def both(said: Mapping[str, str]) -> str:
    """Write a text in both languages, once where they are the same."""
    return " · ".join(dict.fromkeys((said["zh"], said["en"])))
