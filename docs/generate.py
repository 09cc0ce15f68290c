"""Write those pages of docs/reference that say what the code says: `python docs/generate.py`."""  # noqa: INP001 - a script beside its pages, no package

import csv
import inspect
import io
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import MISSING, fields
from itertools import chain
from math import isnan
from pathlib import Path
from typing import Any, get_type_hints

from cyclopts import App

import borough
from borough.adapters.bus.reasons import _REASONS as BUS_REASONS
from borough.adapters.topics import REASONS as TOPIC_REASONS
from borough.api.admission import REASONS as ROW_REASONS
from borough.api.application import create
from borough.api.problems import STATUSES
from borough.api.refusals import TITLES
from borough.api.rights import rights
from borough.app.intake.refusals import REASONS as THING_REASONS
from borough.app.settings import PREFIX, Settings
from borough.app.sources import table as table_of_settings
from borough.cli import app
from borough.core.errors import BoroughError
from borough.engine.catalog import BUILT_IN, find_all
from borough.testing.standings import requirements
from borough.testing.town import town

REFERENCE = Path(__file__).parent / "reference"
PACKAGE = Path(borough.__file__).parent
MADE = "<!-- Written by docs/generate.py from the code; edits here are lost. -->\n\n"
MEANS = ("含义", "meaning", "source")
ALIKE = ("data", "as_json", "by")
"""Arguments that mean the same wherever they are taken."""
LIMITS = {
    "MQTT door and bus 设备接入与总线": "adapters/doors.toml",
    "HTTP door 接口": "api/limits.toml",
    "Signing in 登录": "api/signing.toml",
    "Files of rows 表格文件": "adapters/sheets/limits.toml",
    "Files on cases 案卷附件": "app/files/limits.toml",
    "Messages that go out 外发": "app/outward/limits.toml",
    "Sorting of messages 诉求分类": "adapters/text/limits.toml",
    "Turns of scenes 场景轮次": "app/turns.toml",
}
MQTT_ONLY = {
    "unreadable": "not JSON, or not of a form that devices may send",
    "too-large": "longer than `payload_bytes`",
    "too-often": "more than `device_messages` of one device, sent with QoS 0",
    "unborn": "Sparkplug: no birth that was heard here has declared this metric",
    "bad-topic": "not `d/{credential}/{device}` or `d/{credential}/{device}/{property}`",
}
RUNNING, PARTLY, NOT_YET = "running", "partly", "not yet"
TRUSTED = {"duty", "model"}


def row(*cells: object) -> str:
    """Write one line of a table."""
    return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |\n"


def table(head: tuple[str, ...], rows: list[tuple[object, ...]]) -> str:
    """Write a table with its heading, and an empty line after it."""
    return "".join([row(*head), row(*("---" for _ in head)), *(row(*each) for each in rows), "\n"])


def number(value: float) -> str:
    """Write a number as people do; nothing where nobody has set it."""
    return "" if isnan(value) else f"{value:,.12g}"


def quoted(names: Iterable[str]) -> str:
    """Write names as code."""
    return ", ".join(f"`{each}`" for each in names)


def verbs(found: App, *words: str) -> Iterator[tuple[tuple[str, ...], Callable[..., Any]]]:
    """Walk the verbs of the command line, each with what it does."""
    if found.default_command:
        yield words, found.default_command
    for word in found:
        if not word.startswith("-"):
            yield from verbs(found[word], *words, word)


def cli() -> str:
    """Write what each verb takes."""
    text = MADE + "# Command line 命令行\n\n`./borough VERB`; a verb tells the same with `--help`."
    text += " `./borough test` and `./borough check` run the tests and the checks.\n\n"
    alike: dict[str, str] = {}
    for words, does in verbs(app):
        about, _, told = inspect.cleandoc(does.__doc__ or "").partition("\n\nParameters\n")
        means = dict(re.findall(r"^(\w+)\n +(.+(?:\n +.+)*)", told, re.MULTILINE))
        alike = {each: means[each] for each in ALIKE if each in means} | alike
        means = alike | means
        text += f"## {' '.join(('borough', *words))}\n\n{about}\n\n"
        hints = get_type_hints(does, include_extras=True)
        rows: list[tuple[object, ...]] = []
        for name, each in inspect.signature(does).parameters.items():
            said = next(iter(getattr(hints[name], "__metadata__", ())), None)
            option = (said.name[0] if said and said.name else "") or "--" + name.replace("_", "-")
            shown = option if each.kind is each.KEYWORD_ONLY else f"`{name.upper()}`"
            default = "" if each.default in {each.empty, None, "", False} else f"`{each.default}`"
            meaning = means.get(name) or (said.help if said and said.help else "")
            rows.append((shown.replace("--", "`--", 1) + "`" * shown.startswith("--"),
                         " ".join(meaning.split()), default))  # fmt: skip
        text += table(("argument", "meaning", "default"), rows)
    return text.rstrip() + "\n"


def http() -> str:
    """Write every path of the HTTP interface: who may, what it takes, what it answers."""
    told = create(town(10)).openapi()
    schemas = told["components"]["schemas"]
    text = MADE + "# HTTP interface HTTP 接口\n\n"
    text += "A running district shows the same with forms to try it at `/docs`, and for programs as"
    text += " `/api/v1/openapi.json`. With each path stands the right that it needs;"
    text += " [roles](#roles-and-rights-角色与权限) have rights, and a program's token has some."
    text += " *open* needs none, *self* whoever is signed in, *device* a device's credential as"
    text += " `Basic`. A refusal is a problem document with a [code](errors.md): 401 where nobody"
    text += " is known, 403 where they may not, 404 where what the path names is not there,"
    text += " 409 `stale` where somebody was faster, 422 with `fields` where a value is not"
    text += " possible; others are said with the path.\n\n"
    text += "每个路径标明所需权限：open 无须登录，self 为已登录者，device 须带设备凭证。"
    text += "出错时一律返回带[错误代码](errors.md)的问题说明。\n\n"
    tag = ""
    for path, does in told["paths"].items():
        for verb, each in does.items():
            if each["tags"][0] != tag:
                tag = each["tags"][0]
                text += f"## {tag}\n\n"
            who = rights().needed(verb.upper(), path)
            about = " ".join(each.get("description", "").split())
            answers = [f"{code} {', '.join(kind.partition(';')[0] for kind in one['content'])}"
                       if one.get("content") else code
                       for code, one in each["responses"].items() if code.isdecimal()]  # fmt: skip
            text += f"### `{verb.upper()} {path}`\n\n**{each['summary']}** · {who}\n\n{about}\n\n"
            text += "".join(f"- {one}\n" for one in taken(each, schemas))
            text += f"- answers 回答: {'; '.join(answers)}\n\n"
    return text + roles()


def roles() -> str:
    """Write what each role may do."""
    table_ = rights()
    text = "## Roles and rights 角色与权限\n\n"
    held = [
        (f"`{code}`", *role.name.values(), quoted(sorted(filter(role.has, table_.known()))))
        for code, role in table_.roles.by_code.items()
    ]
    return (text + table(("role", "角色", "name", "rights"), held)).rstrip() + "\n"


def taken(does: dict[str, Any], schemas: dict[str, Any]) -> Iterator[str]:
    """Tell what a path takes: parameters, and the fields or the kinds of its body."""
    asked = [each for each in does.get("parameters", []) if each["in"] != "path"]
    for where in ("query", "header"):
        names = [field(each["name"], each["schema"], must=each["required"])
                 for each in asked if each["in"] == where]  # fmt: skip
        if names:
            yield f"{where}: {', '.join(names)}"
    for kind, one in does.get("requestBody", {}).get("content", {}).items():
        shape = schemas.get(one.get("schema", {}).get("$ref", "").rpartition("/")[2], {})
        fields_of = shape.get("properties", {})
        must = shape.get("required", [])
        names = [field(name, each, must=name in must) for name, each in fields_of.items()]
        yield f"body 请求体 {kind}" + (f": {', '.join(names)}" if names else "")


def field(name: str, shape: dict[str, Any], *, must: bool) -> str:
    """Tell a parameter or field, whether it must be there, and what it means."""
    means = shape.get("description", "").replace("\n", " ")
    told = "; ".join(each for each in ("required" if must else "", means) if each)
    return f"`{name}` ({told})" if told else f"`{name}`"


def settings() -> str:
    """Write every setting of a data folder, and the limits that are the product's own."""
    means = table_of_settings()
    text = MADE + "# Settings 配置项\n\n"
    text += "Write them into `borough.toml` of the data folder. A variable of the environment goes"
    text += " before it, and `borough up --set` before both, for this start only. What the first"
    text += " start makes itself (marked †) is in `settings.json`, which nobody edits.\n\n"
    text += "写在数据文件夹的 `borough.toml` 里；环境变量优先于它，"
    text += "`borough up --set` 又优先于环境变量，"
    text += "都只管这一次启动。带 † 的由首次启动生成，存于 `settings.json`，不要手改。\n\n"
    rows: list[tuple[object, ...]] = []
    for each in fields(Settings):
        default = each.default if each.default is not MISSING else ""
        shown = f"`{default}`" if default not in {"", ()} else ""
        variable = "" if each.name == "data" else f"`{PREFIX}{each.name.upper()}`"
        told = means[each.name]
        made = " †" if told.get("generated") else ""
        limits = f"{told['least']:,} to {told['most']:,}" if "least" in told else ""
        limits = " ".join(told.get("among", [limits]))
        rows.append((f"`{each.name}`{made}", variable, shown, limits, told["zh"], told["en"]))
    text += table(("setting", "variable", "default", "limits", "含义", "meaning"), rows)
    for title, path in LIMITS.items():
        text += f"## {title}\n\nFixed, in `src/borough/{path}`.\n\n"
        limits = tomllib.loads((PACKAGE / path).read_text("utf-8"))
        text += table(("limit", "value", "unit", "why", "source"), [
            (f"`{name}`", number(each["value"]), each["unit"], each["why"], each["source"])
            for name, each in limits.items()
        ])  # fmt: skip
    return text.rstrip() + "\n"


def kinds(kind: type[BoroughError]) -> Iterator[type[BoroughError]]:
    """Walk a class of errors and those beneath it."""
    yield kind
    yield from chain.from_iterable(map(kinds, kind.__subclasses__()))


def errors() -> str:
    """Write every error with its code and status, and every reason to turn a reading away."""
    text = MADE + "# Error codes 错误代码\n\n"
    text += "Programs may rely on a code. Over HTTP it is in the problem document, RFC 9457.\n\n"
    known: dict[str, type[BoroughError]] = {}
    for kind in kinds(BoroughError):
        known.setdefault(kind.code, kind)
    rows: list[tuple[object, ...]] = []
    for code, kind in sorted(known.items()):
        status = next(STATUSES[each] for each in kind.__mro__ if each in STATUSES)
        rows.append((f"`{code}`", status, TITLES[code]["zh"], TITLES[code]["en"]))
    text += table(("code", "HTTP", "中文", "English"), rows)
    text += "## Why a reading is turned away 读数为何不被接收\n\n"
    text += "Over MQTT it becomes a dead letter and is counted in `borough_rejected_total`;"
    text += " over HTTP the answer names its row.\n\n"
    told = MQTT_ONLY | {code: why for code, (_, why) in ROW_REASONS.items()}
    at: dict[str, list[str]] = {code: [] for code in told}
    for code in (*TOPIC_REASONS, *MQTT_ONLY.keys() - set(TOPIC_REASONS), "out-of-range"):
        at[code].append("MQTT")
    for code in ROW_REASONS:
        at[code].append("HTTP")
    text += table(("reason", "door", "meaning"), [
        (f"`{code}`", ", ".join(at[code]), told[code]) for code in sorted(told)
    ])  # fmt: skip
    text += "## Why a row of a file of things is refused 对象文件的行为何不被接收\n\n"
    text += table(("code", "中文", "English"), [
        (f"`{code}`", zh, en) for code, (zh, en) in THING_REASONS.items() if code != "attribute"
    ])  # fmt: skip
    text += "What the bus itself turns away is in its log, and counted with `bus-` before it: "
    return f"{text}{quoted(sorted(set(BUS_REASONS.values())))}.\n"


def scenes() -> str:
    """Write every scene that comes with the product, with its parameters."""
    text = MADE + "# Scenes and parameters 场景与参数\n\n"
    for found in find_all(BUILT_IN):
        each = found.scene
        text += f"## {each.id} · {each.name['zh']} · {each.name['en']}\n\n"
        levels = ", ".join(
            " ".join([f"`{level}`", *each.level_names.get(level, {}).values()])
            for level in each.levels[1:]
        )
        text += f"Standing `{each.standing}`; levels {levels}; "
        text += (
            f"evaluates `{each.scheme.kind}` by {quoted(found.rules)}; "
            if each.scheme
            else (f"watches {quoted(each.properties)} of {quoted(each.sources)}; ")
        )
        text += f"carries {', '.join(each.carries)}. "
        text += f"[Folder](../../src/borough/scenes/{found.folder.name}/README.md).\n\n"
        text += table(("parameter", "value", "limits", "unit", "each thing", *MEANS), [
            (f"`{name}`", number(p.value), " to ".join(map(number, p.limits)), p.unit,
             "yes" if p.per_thing else "", p.means["zh"], p.means["en"], p.source)
            for name, p in each.parameters.items()
        ])  # fmt: skip
        text += "".join(f"- {each}\n" for each in happenings(found.happens))
        text += "\n" if found.happens else ""
    return text + standings().rstrip() + "\n"


def happenings(happens: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Tell what the demo lets happen for a scene, and by when that must have been noticed."""
    for each in happens:
        due = [
            f"`{one['level']}` within {number(one['hold_s'] + one['patience_s'])} s of"
            f" {one['counts_from']}"
            + (f", or by the thing's own `{one['parameter']}`" if "parameter" in one else "")
            for one in each.get("expect", [])
        ]
        said = f"应发现 must be said: {'; '.join(due)}" if due else "干扰 a decoy, not to be said"
        yield f"演示中制造 the demo lets happen `{each['name']}` ({each['how']}); {said}"


def standings() -> str:
    """Write what each standing asks of a scene."""
    text = "## Standings 等级\n\nEach asks for all that those above it ask for; "
    text += "`borough scene check` lists what is missing. "
    text += "逐级累加，`borough scene check` 列出所缺。\n\n"
    return text + table(("standing", "requirement", "least", "含义", "meaning"), [
        (each.standing, f"`{each.id}`", number(each.least) if each.least else "",
         each.means["zh"], each.means["en"])
        for each in requirements()
    ])  # fmt: skip


def coverage() -> str:
    """Fill who carries each system, and how far, into the table that people write."""
    carried: dict[str, list[str]] = {}
    doubtful: set[str] = set()
    for system, each in tomllib.loads((REFERENCE / "coverage.toml").read_text("utf-8")).items():
        carried.setdefault(system, []).append(each["by"])
    for found in find_all(BUILT_IN):
        for system in found.scene.carries:
            carried.setdefault(system, []).append(found.scene.id)
            if found.scene.standing not in TRUSTED:
                doubtful.add(system)
    with (REFERENCE / "coverage.csv").open(encoding="utf-8", newline="") as file:
        rows: list[dict[str, Any]] = list(csv.DictReader(file))
    for each in rows:
        names = carried.get(each["system"], [])
        short = each["lacks"] or each["system"] in doubtful
        each["carried_by"] = " ".join(names)
        each["state"] = NOT_YET if not names else PARTLY if short else RUNNING
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


PAGES: dict[str, Callable[[], str]] = {
    "cli.md": cli,
    "http.md": http,
    "settings.md": settings,
    "errors.md": errors,
    "scenes.md": scenes,
    "coverage.csv": coverage,
}


def main() -> None:
    """Write every page."""
    for name, made in PAGES.items():
        (REFERENCE / name).write_text(made(), "utf-8", newline="\n")


if __name__ == "__main__":
    main()
