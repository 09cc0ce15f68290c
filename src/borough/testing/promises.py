"""What every scene must keep to, whoever wrote it.

A promise takes a scene and raises `AssertionError` when it is broken.  The contract tests
hold each scene to each promise, so a new folder is under test before its author writes a
line of test code.
"""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from math import inf, isnan, nan
from typing import Any

import numpy as np

from borough.core.scenes import QUIET
from borough.core.shapes import LANGUAGES
from borough.engine.catalog import Found, pointed
from borough.engine.worked import counted
from borough.testing.rehearsal import Line, Rehearsal, rehearse, stopped


def played(found: Found, example: dict[str, Any], **more: Any) -> Rehearsal:
    """Play one worked example."""
    given = example.get("given", {}) | more
    return rehearse(found, example["rows"], parents=example.get("parents", ()), **given)


def troubled(found: Found) -> Iterator[tuple[Sequence[Line], dict[str, Any]]]:
    """Tell each example as it stands, then as a bad day on the network would.

    On that day every thing has a twin, rows come twice, late and out of order, time passes
    in between, and late rows do not count, or do.
    """
    dice = np.random.default_rng(seed=20240710)
    for example in found.examples:
        rows, given = example["rows"], dict(example.get("given", {}))
        parents = list(example.get("parents", ()))
        yield rows, given | {"parents": parents}
        said = [row for row in rows if row[0] != "now"]
        things = 1 + max((row[0] for row in said), default=-1)
        parents += [-1] * (things - len(parents))
        kin = [*parents, *(each + things if each >= 0 else -1 for each in parents)]
        twins = [[row[0] + things, *row[1:]] for row in said]
        lines = [*rows, *said, *twins, *(["now", row[1]] for row in said)]
        times = np.array([line[1] for line in lines], float)
        doubled = {key: [*v, *v] for key, v in given.items() if isinstance(v, list)}
        for late_s in (0.0, inf):
            spread = np.ptp(times) / 4 if len(times) else 0.0
            order = np.argsort(times + dice.normal(scale=spread, size=len(times)))
            more = {**given, **doubled, "late_s": late_s, "parents": kin}
            yield [lines[i] for i in order], more


def examples_hold(found: Found) -> None:
    """Each worked example comes out as its author said, and at least one stays silent."""
    assert found.examples, "a scene needs worked examples"
    assert any(not example["edges"] for example in found.examples), "one must stay silent"
    wrong = [each for number in range(len(found.examples)) for each in unheld(found, number)]
    if wrong:
        raise AssertionError("\n".join(wrong))


def unheld(found: Found, number: int) -> Iterator[str]:
    """Tell where an example comes out otherwise: what was expected, and what was got instead."""
    example = found.examples[number]
    said = played(found, example)
    expected = [tuple(edge) for edge in example["edges"]]
    sides = {
        "edges": (left(expected, said.edges), left(said.edges, expected)),
        "unknown": (example.get("unknown", []), said.unknown),
        "late": (example.get("late", 0), said.late),
    }
    for key, (wanted, got) in sides.items():
        if wanted != got:
            where = pointed(found.folder / "examples.toml", ("example", number, key))
            what = "" if key == "edges" else f"{key} "
            says = " ".join(example["says"].split())
            yield f'{where}: example "{says}": expected {what}{shown(wanted)}, got {shown(got)}'
            if key == "edges":
                yield from (f"{where}: {each}" for each in short_rows(found, example["rows"]))


def left(these: Sequence[Any], those: Sequence[Any]) -> list[Any]:
    """Give what stands in *these* more often than in *those*, or all where only the order differs.

    >>> left([1, 2, 2], [2])
    [1, 2]
    """
    over = list((Counter(these) - Counter(those)).elements())
    return over if over or len(these) != len(those) else list(these)


def shown(value: Any) -> str:
    """Write what an example expects as it is written in its file.

    >>> shown([(0, 960.0, "yellow")]), shown([])
    ('[0, 960, "yellow"]', 'nothing')
    """
    if isinstance(value, list | tuple) and value and isinstance(value[0], tuple):
        return ", ".join(map(shown, value))
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(shown, value))}]" if value else "nothing"
    whole = isinstance(value, float) and value.is_integer()
    return json.dumps(int(value) if whole else value, ensure_ascii=False)


def short_rows(found: Found, rows: Sequence[Line]) -> Iterator[str]:
    """Remark on rows that leave values out; that is allowed, and often not what was meant."""
    for number, row in enumerate(rows, 1):
        if row[0] != "now" and len(row) - 2 < len(found.scene.properties):
            yield f"{counted(found.scene, number, list(row))}; what is left out is not reported"
            return


def cutting_changes_nothing(found: Found) -> None:
    """One journal gives one answer, evidence included, however it is cut into batches."""
    for lines, given in troubled(found):
        whole = rehearse(found, lines, **given)
        for most in (1, 2, 3, 5, 8):
            assert rehearse(found, lines, most=most, **given) == whole


def silence_is_silent(found: Found) -> None:
    """Nothing in, nothing out; and what has not been heard is unknown, not quiet."""
    said = rehearse(found, [(0, 1.0, nan), (1, 2.0, nan), ("now", 3.0), ("now", 1e9)])
    assert said == Rehearsal(edges=[], ids=[], evidence=[], unknown=[0, 1], late=0)


def stopping_is_safe(found: Found) -> None:
    """Stopped anywhere and started again, it says what it would have said, and says it once."""
    for lines, given in troubled(found):
        whole = rehearse(found, lines, **given)
        stops = range(1, len(lines) + 1, max(1, len(lines) // 12))
        for said in stopped(found, lines, stops, **given):
            assert said == whole


def names_survive_replay(found: Found) -> None:
    """A detection has one name until it is quiet again, and a replay gives it no other."""
    for lines, given in troubled(found):
        said = rehearse(found, lines, **given)
        assert rehearse(found, lines, most=1, **given).ids == said.ids
        going: dict[int, str] = {}
        gone: set[str] = set()
        for (thing, _, level), name in zip(said.edges, said.ids, strict=True):
            assert going.setdefault(thing, name) == name
            assert name not in gone
            assert len(set(going.values())) == len(going)
            if level == QUIET:
                gone.add(going.pop(thing))


def parameters_explain_themselves(found: Found) -> None:
    """Each parameter lies within its limits, has a unit and a source, and speaks both languages."""
    for name, given in found.scene.parameters.items():
        low, high = given.limits
        assert low <= given.value <= high or (given.per_thing and isnan(given.value)), name
        assert given.means.keys() >= LANGUAGES, name
        assert given.unit, name
        assert given.source, name


def plan_ends(found: Found) -> None:
    """Every step of the plan can be reached, can reach its end, and has a holder and a limit."""
    steps = {step["name"]: step for step in found.plan["step"]}
    ends = {"closed"}
    for _ in steps:
        ends |= {name for name, step in steps.items() if ends & set(step["then"])}
    reached = {found.plan["step"][0]["name"]}
    for _ in steps:
        reached |= {to for name in reached & steps.keys() for to in steps[name]["then"]}
    assert ends >= steps.keys(), f"no way out of {steps.keys() - ends}"
    assert reached == steps.keys() | {"closed"}, reached ^ (steps.keys() | {"closed"})
    for name, step in steps.items():
        assert step["holder"], name
        assert step.get("within_s", 1) > 0, name
        assert ("within" in step) != ("within_s" in step), name


def titles_fill(found: Found) -> None:
    """The title of a case can be written in both languages from what the desk knows."""
    for language, title in found.scene.opens.title.items():
        assert title.format(place="人和街道", thing="x", level="y"), language


def people_are_told(found: Found) -> None:
    """The folder explains itself to whoever gets the alarm, and holds a sample recording."""
    assert (found.folder / "README.md").read_text("utf-8").strip()
    assert any((found.folder / "sample").iterdir())


PROMISES = (
    examples_hold,
    cutting_changes_nothing,
    silence_is_silent,
    stopping_is_safe,
    names_survive_replay,
    parameters_explain_themselves,
    plan_ends,
    titles_fill,
    people_are_told,
)
