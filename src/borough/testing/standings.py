"""Standings: what a scene still lacks for the next one, as a list."""

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from borough.core.plans import FALSE
from borough.core.scenes import STANDINGS
from borough.core.shapes import is_words
from borough.engine.catalog import Found, pointed
from borough.engine.pointing import dotted, line_within
from borough.testing.formula_promises import promises_of
from borough.testing.ground import Ground, nearest
from borough.testing.samples import answers, replay

RULES = Path(__file__).with_name("standings.toml")
CHINESE, LATIN = re.compile(r"[\u4e00-\u9fff]"), re.compile(r"[A-Za-z]")
OPEN = re.compile(r"\bTODO\b")
TEXTS = {".toml", ".py", ".md", ".csv"}


@dataclass(frozen=True, slots=True)
class Record:
    """What is known of a scene's life in a district; without a district, nothing is.

    ``true`` and ``false`` count closed cases; ``replay`` is empty where a replay agrees with what
    was said live, else how it does not, and None where nobody has looked.
    """

    true: int = 0
    false: int = 0
    replay: str | None = None


@dataclass(frozen=True, slots=True)
class Looked:
    """A scene under the eye of a checker, with its record and with what there is in the district.

    ``broken`` says of each promise how the scene breaks it, or nothing.
    """

    found: Found
    broken: Mapping[str, str]
    record: Record
    ground: Ground

    @property
    def folder(self) -> Path:
        """Where it lies."""
        return self.found.folder

    def at(self, file: str, *key: str | int) -> str:
        """Point at a key of one of its files."""
        return pointed(self.folder / file, key)


@dataclass(frozen=True, slots=True)
class Requirement:
    """One thing that a standing asks for; ``least`` is a number where one belongs to it."""

    id: str
    standing: str
    means: Mapping[str, str]
    least: float = 0


@dataclass(frozen=True, slots=True)
class Lack:
    """What a scene lacks: the requirement and what is wrong, or why it does without."""

    requirement: Requirement
    wrong: tuple[str, ...]
    exempt: str = ""


@cache
def requirements() -> tuple[Requirement, ...]:
    """Read ``standings.toml``."""
    told = tomllib.loads(RULES.read_text("utf-8"))["requirement"]
    return tuple(Requirement(**each) for each in told)


def lacks(found: Found, kept: Mapping[str, str], record: Record, ground: Ground) -> list[Lack]:
    """Hold a scene to the requirements of every standing; give those that it does not meet.

    *kept* is what `broken` says of it.
    """
    looked, wanting = Looked(found, kept, record, ground), []
    for each in requirements():
        wrong = tuple(RULE[each.id](looked, each.least))
        if wrong:
            wanting.append(Lack(each, wrong, found.scene.exempt.get(each.id, "")))
    return wanting


def earned(wanting: Sequence[Lack]) -> str:
    """Say which standing a scene may have; empty where it is not even a sketch."""
    missing = {each.requirement.standing for each in wanting if not each.exempt}
    first = next((n for n, name in enumerate(STANDINGS) if name in missing), len(STANDINGS))
    return STANDINGS[first - 1] if first else ""


def broken(found: Found) -> dict[str, str]:
    """Hold a scene to each promise; by its name, how it breaks it, empty where it keeps it."""
    said: dict[str, str] = {}
    for promise in promises_of(found):
        try:
            promise(found)
        except Exception as error:  # noqa: BLE001 - a scene may be anybody's code
            said[promise.__name__] = explained(error, found.folder)
        else:
            said[promise.__name__] = ""
    return said


def explained(error: Exception, folder: Path) -> str:
    """Say what went wrong, and in which line of the author's code if it was there."""
    if isinstance(error, AssertionError):
        told = str(error).strip().partition("\nassert ")[0]
        return told.removeprefix("assert ") if told else "it does not hold"
    for path in (folder / "detector.py", folder / "formula.py"):
        if line := line_within(error, path):
            return f"{folder.name}/{path.name}:{line}: {type(error).__name__}: {error}"
    return f"{type(error).__name__}: {error}"


def promises(looked: Looked, _least: float) -> Iterator[str]:
    """Every promise is kept."""
    for name, why in looked.broken.items():
        yield from (f"{name}: {each}" for each in why.splitlines())


def enough_examples(looked: Looked, least: float) -> Iterator[str]:
    """There are enough worked examples."""
    many = len(looked.found.examples)
    if many < least:
        yield f"examples.toml: {many} of {least:.0f} worked examples"


def district_has_it(looked: Looked, _least: float) -> Iterator[str]:
    """The district has the classes and the properties that it names."""
    named = looked.ground.without(looked.found.scene, looked.found.happens)
    for file, key, wrong in named:
        yield f"{looked.at(file, *key)}: {dotted(key)}: {wrong}"


def levels_named(looked: Looked, _least: float) -> Iterator[str]:
    """Each level has a name in both languages."""
    scene = looked.found.scene
    for level in scene.levels[1:]:
        if not is_words(scene.level_names.get(level)):
            yield f'{looked.at("scene.toml", "levels")}: {level} = {{ zh = "…", en = "…" }}'


def sample_answered(looked: Looked, _least: float) -> Iterator[str]:
    """The sample gets its known answers and says where it is from."""
    recording = looked.folder / "sample" / "recording.csv"
    if not looked.found.senses:
        return
    if not recording.exists():
        yield "sample/recording.csv is missing"
        return
    if not recording.read_text("utf-8").startswith("#"):
        yield "sample/recording.csv:1: begin with a line # that says where it is from, or synthetic"
    try:
        said, wanted = set(replay(looked.found)), set(answers(looked.found))
    except Exception as error:  # noqa: BLE001 - a sample may hold anything at all
        yield f"sample: {explained(error, looked.folder)}"
        return
    for thing, time, level in sorted(wanted - said):
        yield f"sample/answers.csv: nothing said of {thing} {level} at {time.isoformat()}"
    for thing, time, level in sorted(said - wanted):
        yield f"sample/answers.csv: said of {thing} {level} at {time.isoformat()}, no answer there"


def can_be_fired(looked: Looked, _least: float) -> Iterator[str]:
    """The demo can fire it, and knows by when that must be noticed."""
    if not looked.found.senses:
        return
    if not any("expect" in each for each in looked.found.happens):
        yield "happenings.toml: declare [[happens]] with [[happens.expect]]"


def readme_for_people(looked: Looked, least: float) -> Iterator[str]:
    """The README speaks both languages."""
    path = looked.folder / "README.md"
    text = path.read_text("utf-8") if path.exists() else ""
    for name, letters in (("Chinese", CHINESE), ("English", LATIN)):
        if len(letters.findall(text)) < least:
            yield f"README.md: there is no {name} part for whoever gets the alarm"


def nothing_left_open(looked: Looked, _least: float) -> Iterator[str]:
    """No file says that something is still to be done."""
    for path in sorted(looked.folder.rglob("*")):
        if path.suffix in TEXTS and path.is_file():
            for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
                if OPEN.search(line):
                    name = path.relative_to(looked.folder)
                    yield f"{looked.folder.name}/{name}:{number}: {line.strip()[:80]}"


def plan_titled(looked: Looked, _least: float) -> Iterator[str]:
    """Steps have titles, and a case may be closed as a false alarm."""
    file, steps = looked.found.scene.opens.plan, looked.found.plan["step"]
    for number, step in enumerate(steps):
        if not is_words(step.get("title")):
            where = looked.at(file, "step", number)
            yield f'{where}: step {step["name"]} needs title = {{ zh = "…", en = "…" }}'
    ends = [step for step in steps if "closed" in step["then"]]
    if not any(step.get("outcome", FALSE) == FALSE for step in ends):
        yield f"{looked.folder.name}/{file}: no step lets a case be closed as false"


def holders_exist(looked: Looked, _least: float) -> Iterator[str]:
    """Somebody in the district can hold each step and each task, and can be called to it."""
    file, plan = looked.found.scene.opens.plan, looked.found.plan
    named: list[tuple[tuple[str | int, ...], str]]
    named = [(("step", n, "holder"), each["holder"]) for n, each in enumerate(plan["step"])]
    for number, task in enumerate(plan.get("task", ())):
        named += [(("task", number, key), task[key]) for key in ("holder", "agency") if key in task]
        for place, widen in enumerate(task.get("widen", ())):
            named += [(("task", number, "widen", place, "to"), each) for each in widen["to"]]
    for key, holder in named:
        if holder not in looked.ground.holders:
            where = looked.at(file, *key)
            near, folder = nearest(holder, looked.ground.holders), looked.ground.folder
            yield (
                f"{where}: {holder} is no kind of post and no agency of the district; {near} "
                f"(kinds in {folder}/posts.csv, codes in {folder}/agencies.csv)"
            )


def silence_tested(looked: Looked, _least: float) -> Iterator[str]:
    """An example says that what was not heard is unknown."""
    if looked.found.senses and not any(each.get("unknown") for each in looked.found.examples):
        yield "examples.toml: no example says unknown = [...]"


def own_tests(looked: Looked, _least: float) -> Iterator[str]:
    """There are tests beyond examples and promises."""
    if not any(looked.folder.glob("tests/test_*.py")):
        yield f"tests/test_{looked.found.scene.id}.py is missing"


def judged_cases(looked: Looked, least: float) -> Iterator[str]:
    """People have judged enough of what it said."""
    judged = looked.record.true + looked.record.false
    if judged < least:
        yield f"{judged} of {least:.0f} cases closed as true or false; name a district with --data"


def precise(looked: Looked, least: float) -> Iterator[str]:
    """Enough of what it said was true."""
    judged = looked.record.true + looked.record.false
    share = looked.record.true / judged if judged else 0.0
    if share < least:
        yield f"{share:.0%} of {judged} judged cases were true; {least:.0%} are asked for"


def replay_agrees(looked: Looked, _least: float) -> Iterator[str]:
    """A replay says what was said live."""
    if looked.record.replay is None:
        yield "not looked at; name a district with --data"
    elif looked.record.replay:
        yield looked.record.replay


RULE: dict[str, Callable[[Looked, float], Iterator[str]]] = {
    each.__name__: each
    for each in (
        promises, enough_examples, district_has_it, levels_named, sample_answered, can_be_fired,
        readme_for_people, nothing_left_open, plan_titled, holders_exist, silence_tested, own_tests,
        judged_cases, precise, replay_agrees,
    )
}  # fmt: skip


def spelled(lack: Lack) -> dict[str, Any]:
    """Give a lack as plain data."""
    return {
        "requirement": lack.requirement.id,
        "standing": lack.requirement.standing,
        "means": dict(lack.requirement.means),
        "wrong": list(lack.wrong),
        "exempt": lack.exempt,
    }
