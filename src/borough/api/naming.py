"""Names for what logs and lists hold by code: posts, roles, shifts, skills, places, who acted."""

import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from borough.api.ground import holders, named
from borough.api.ports import Ports
from borough.api.rights import rights
from borough.core.district import District

Names = dict[str, dict[str, str]]


@cache
def plain() -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    """Read the names that are the same in every district."""
    return tomllib.loads((files("borough.api") / "names.toml").read_text("utf-8"))


def names(ports: Ports) -> dict[str, Any]:
    """Give every name that a page needs, by code, in both languages."""
    place, said = ports.district, plain()
    scenes = {**said["scenes"], **{each.id: dict(each.name) for each in ports.scenes}}
    by_scenes = {f"scene:{code}": name for code, name in scenes.items()}
    return {
        "posts": posts(place),
        "holders": {
            code: {"zh": each["zh"], "en": each["en"]} for code, each in holders(place).items()
        },
        "sources": said["sources"],
        "bands": said["bands"],
        "urgent": said["urgent"],
        "places": dict(places(place)),
        "roles": {code: dict(role.name) for code, role in rights().roles.by_code.items()},
        "shifts": shifts(place),
        "skills": said["skills"],
        "channels": said["channels"],
        "answers": said["answers"],
        "verbs": said["verbs"],
        "subjects": said["subjects"],
        "scenes": scenes,
        "actors": {**said["actors"], **by_scenes},
    }


def posts(district: District) -> Names:
    """Name each post: what it is of, what it does, and the number among its like.

    A post of an agency is named after that, one of a kind such as 网格员 after where it serves.
    """
    held, kinds, many = district.posts, holders(district), Counter[tuple[str, str]]()
    found: Names = {}
    for i, code in enumerate(held.code):
        kind, agency = held.kind[i], int(held.agency[i])
        its = district.agencies.code[agency] if agency >= 0 else ""
        where = named(district, its) if kind == its else _place(district, i)
        does = {} if kind == its else kinds.get(kind, {"zh": kind, "en": kind})
        many[kind, where["zh"]] += 1
        number = many[kind, where["zh"]]
        zh = " ".join(filter(None, (where["zh"], does.get("zh"))))
        en = ", ".join(filter(None, (where["en"], str(does.get("en", "")).lower())))
        found[code] = {"zh": f"{zh} {number} 号", "en": f"{en} {number}"}
    return found


def _place(district: District, post: int) -> dict[str, str]:
    """Give the names of where a post serves: the community or the street of its home."""
    grids, home = district.grids, int(district.posts.grid[post])
    wide = bool(district.posts.serves) and district.posts.serves[post] in {"street", "district"}
    row, all_of = int(grids.community[home]), district.communities
    if wide or row < 0:
        row, streets = int(grids.street[home]), district.streets
        return {"zh": streets.name_zh[row], "en": streets.name_en[row]}
    zh, en = all_of.name_zh[row], all_of.name_en[row] or all_of.name_zh[row]
    street = int(all_of.street[row])
    if all_of.name_zh.count(zh) > 1:
        zh = f"{district.streets.name_zh[street]}{zh}"
    if all_of.name_en.count(en) > 1:
        en = f"{en} of {district.streets.name_en[street]}"
    return {"zh": zh, "en": en}


def places(district: District) -> Iterator[tuple[str, dict[str, str]]]:
    """Name streets and communities."""
    for each in (district.streets, district.communities):
        for code, zh, en in zip(each.code, each.name_zh, each.name_en, strict=True):
            yield code, {"zh": zh, "en": en or zh}


def shifts(district: District) -> Names:
    """Name shifts."""
    held = district.shifts
    rows = zip(held.code, held.name_zh, held.name_en, strict=True)
    return {code: {"zh": zh, "en": en} for code, zh, en in rows}
