"""`borough scene new` and `scene check`: begin a scene, and learn what it still lacks."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from borough.app.settings import FILE, Settings
from borough.app.setup import folder_of
from borough.app.tuning.replays import replayed
from borough.core.district import District
from borough.core.errors import BadRequest, BoroughError
from borough.core.registry import Kind, Property
from borough.core.scenes import STANDINGS
from borough.engine.catalog import BUILT_IN, Found, find, folders, pointed
from borough.engine.district import read
from borough.storage.sql import SqlCases, connect
from borough.testing.drafting import Draft, home, write
from borough.testing.ground import Ground
from borough.testing.standings import (
    Lack,
    Record,
    broken,
    earned,
    lacks,
    requirements,
    spelled,
)

CALLED = {"sketch": "草稿", "trial": "试用", "duty": "在岗", "model": "标杆"}


def new(
    scene: str,
    *,
    into: Annotated[Path | None, Parameter(name="--in")] = None,
    watches: tuple[str, ...] = ("noise.laeq",),
    zh: str = "",
    en: str = "",
    district: str = "yubei",
) -> None:
    """新建场景。Make the folder of a scene that keeps every promise from the start.

    Parameters
    ----------
    scene
        Its id: small letters, digits and underscores.
    into
        The folder in which to make it; without one, among the scenes of a source checkout.
    watches
        What it watches: CLASS.PROPERTY of the district's tables; may be given several times, and
        the rule that is drawn up looks at the first.
    zh
        Its Chinese name.
    en
        Its English name.
    district
        The district whose classes it watches: a folder, or the name of a built-in one.
    """
    folder = write(drafted(scene, watches, zh, en, read(folder_of(district))), home(into))
    roots = "" if folder.parent == BUILT_IN else f" --scenes {folder.parent}"
    print(f"{folder}\n")
    print(f"borough scene check {folder}    # 还缺什么 · what it still lacks")
    print(f"borough demo --share 0.1{roots}    # 看它报警 · see it fire")


def drafted(scene: str, watches: Sequence[str], zh: str, en: str, district: District) -> Draft:
    """Look up what a new scene is to watch; `BadRequest` names what there is instead."""
    (kind, said), *more = (looked_up(each, district) for each in watches)
    owner = int(district.fleet.owner[[each.code for each in district.kinds].index(kind.code)])
    agency = district.agencies.code[owner] if owner >= 0 else "duty_desk"
    return Draft(scene, kind, said, agency, zh, en, tuple(more))


def looked_up(watches: str, district: District) -> tuple[Kind, Property]:
    """Find a CLASS.PROPERTY in a district; `BadRequest` names what there is instead."""
    code, _, name = watches.partition(".")
    kinds = {kind.code: kind for kind in district.kinds}
    if code not in kinds or kinds[code].role != "device":
        known = ", ".join(code for code, kind in kinds.items() if kind.role == "device")
        msg = f"--watches {watches}: there is no class {code!r} of devices; there are {known}"
        raise BadRequest(msg)
    properties = {each.code: each for each in kinds[code].properties}
    if name not in properties:
        msg = f"--watches {watches}: {code} says {', '.join(properties)}; write {code}.PROPERTY"
        raise BadRequest(msg)
    return kinds[code], properties[name]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check found of one folder: why it cannot be read, or what it keeps and lacks."""

    name: str
    folder: Path
    wrong: str = ""
    found: Found | None = None
    promises: dict[str, str] | None = None
    lacks: tuple[Lack, ...] = ()

    @property
    def earned(self) -> str:
        """The standing that it may have."""
        return earned(self.lacks) if self.found else ""

    @property
    def sound(self) -> bool:
        """Whether it can be used, keeps its promises, and has earned the standing it claims."""
        if self.found is None or not self.earned:
            return False
        return STANDINGS.index(self.found.scene.standing) <= STANDINGS.index(self.earned)

    def spelled(self) -> dict[str, Any]:
        """Give it as plain data."""
        standing = self.found.scene.standing if self.found else ""
        return {
            "scene": self.name,
            "folder": str(self.folder),
            "wrong": self.wrong,
            "standing": standing,
            "earned": self.earned,
            "promises": self.promises or {},
            "lacks": [spelled(each) for each in self.lacks],
        }


def check(
    scene: str = "",
    *,
    data: Path | None = None,
    district: str = "yubei",
    as_json: Annotated[bool, Parameter(name="--json", negative="")] = False,
) -> None:
    """检查场景。Hold scenes to their promises, and list what each lacks for the next standing.

    Parameters
    ----------
    scene
        The id of a scene, its folder, or a folder of scenes; all that there are if none is named.
    data
        The data folder of a district, for its own scenes and for the record of each scene there.
    district
        The district whose posts and agencies hold the cases, where no data folder names one.
    as_json
        Print one JSON list instead of lines.
    """
    settings = Settings.read(data.resolve()) if data and (data / FILE).exists() else None
    if data and settings is None:
        msg = f"--data {data}: there is no district; {FILE} is missing"
        raise BadRequest(msg)
    home = folder_of(settings.district if settings else district)
    ground = Ground.of(read(home), home)
    verdicts = [judged(each, settings, ground) for each in chosen(scene, settings)]
    if as_json:
        print(json.dumps([each.spelled() for each in verdicts], ensure_ascii=False))
    else:
        for each in verdicts:
            print("\n".join(told(each)))
    if not all(each.sound for each in verdicts):
        raise SystemExit(1)


def chosen(scene: str, settings: Settings | None) -> list[Path]:
    """Find the folders that are meant."""
    roots = [BUILT_IN, *map(Path, settings.scenes if settings else ())]
    if not scene:
        return folders(roots)
    if Path(scene).is_dir():
        return folders([Path(scene)]) or [Path(scene)]
    meant = [each for each in folders(roots) if each.name == scene]
    if not meant:
        known = ", ".join(each.name for each in folders(roots))
        msg = f"{scene}: there is no such folder, and no scene of that name; there are {known}"
        raise BadRequest(msg)
    return meant


def judged(folder: Path, settings: Settings | None, ground: Ground) -> Verdict:
    """Look at one folder."""
    folder = folder.resolve()
    try:
        found = find(folder)
    except BoroughError as error:
        return Verdict(folder.name, folder, str(error))
    kept = broken(found)
    wanting = tuple(lacks(found, kept, record_of(found, settings), ground))
    return Verdict(folder.name, folder, "", found, kept, wanting)


def record_of(found: Found, settings: Settings | None) -> Record:
    """Ask a district what became of a scene's cases, and whether a replay agrees."""
    if settings is None:
        return Record()
    stats = SqlCases(connect(settings.store)).stats().get(found.scene.id, {})
    record = Record(true=stats.get("true", 0), false=stats.get("false", 0))
    try:
        done = replayed(settings, found.scene.id).compared(0, 1 << 62)
    except (BoroughError, OSError) as error:
        return replace(record, replay=f"the journal cannot be replayed: {error}")
    says = "" if done.equal else f"missing {len(done.missing)}, extra {len(done.extra)}"
    return replace(record, replay=says)


def told(verdict: Verdict) -> Iterator[str]:
    """Write a verdict for a person."""
    if verdict.found is None:
        yield f"NO  {verdict.name}\n    {verdict.wrong}\n"
        return
    scene = verdict.found.scene
    yield (
        f"{'ok ' if verdict.sound else 'NO '} {scene.id} {scene.name['zh']} {scene.name['en']} · "
        f"{CALLED[scene.standing]} {scene.standing}"
    )
    for name, why in (verdict.promises or {}).items():
        yield f"    {'NO ' if why else 'ok '} {name}"
        yield from (f"        {each}" for each in why.splitlines())
    for standing in STANDINGS:
        missing = [each for each in verdict.lacks if each.requirement.standing == standing]
        asked = sum(each.standing == standing for each in requirements())
        yield f"    {CALLED[standing]} {standing}: {asked - len(missing)}/{asked}"
        for lack in missing:
            mark, means = "exempt" if lack.exempt else "missing", lack.requirement.means
            yield f"      {mark} {lack.requirement.id}: {means['en']} {means['zh']}"
            yield from (f"        {each}" for each in lack.wrong)
            if lack.exempt:
                yield f"        because: {lack.exempt}"
    yield from advised(verdict, verdict.found)
    yield ""


def advised(verdict: Verdict, found: Found) -> Iterator[str]:
    """Say which standing a scene may claim, where it claims another, and what nobody looked at."""
    claims, may = found.scene.standing, verdict.earned
    line = pointed(found.folder / "scene.toml", ("standing",))
    if not may:
        yield f"    it may not even say {STANDINGS[0]} yet: see what is missing there"
    elif STANDINGS.index(may) > STANDINGS.index(claims):
        yield f'    it may now say standing = "{may}" in {line}'
    elif may != claims:
        yield f'    it claims {claims}; so far it may say standing = "{may}" in {line}'
    if any(found.folder.glob("tests/test_*.py")):
        yield f"    its own tests were not run: ./borough test {verdict.folder}"
