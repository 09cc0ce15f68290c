"""Write those pages of docs/reference that say what the code says: `python docs/generate.py`."""  # noqa: INP001 - a script beside its pages, no package

import csv
import inspect
import io
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import MISSING, fields
from itertools import chain
from math import isnan
from pathlib import Path
from typing import Any, get_type_hints

import borough
from borough.adapters.bus.reasons import _REASONS as BUS_REASONS
from borough.adapters.topics import REASONS as TOPIC_REASONS
from borough.api.admission import REASONS as ROW_REASONS
from borough.api.problems import STATUSES
from borough.api.refusals import TITLES
from borough.app.intake.refusals import REASONS as THING_REASONS
from borough.app.settings import PREFIX, Settings
from borough.app.sources import table as table_of_settings
from borough.cli import (
    backup,
    bench,
    config,
    credential,
    demo,
    district,
    doctor,
    facts,
    replay,
    restore,
    scene,
    things,
    triage,
    tune,
    up,
    upgrade,
)
from borough.core.errors import BoroughError
from borough.engine.catalog import BUILT_IN, find_all
from borough.testing.standings import requirements

REFERENCE = Path(__file__).parent / "reference"
PACKAGE = Path(borough.__file__).parent
MADE = "<!-- Written by docs/generate.py from the code; edits here are lost. -->\n\n"
MEANS = ("含义", "meaning", "source")
VERBS: dict[str, Callable[..., None]] = {
    "demo": demo.demo,
    "up": up.up,
    "backup": backup.backup,
    "backup verify": backup.verify,
    "restore": restore.restore,
    "upgrade": upgrade.upgrade,
    "config show": config.show,
    "config check": config.check,
    "doctor": doctor.doctor,
    "scene list": scene.list_scenes,
    "scene new": scene.new,
    "scene check": scene.check,
    "scene replay": replay.replay,
    "scene tune": tune.tune,
    "scene undo": tune.undo,
    "scene resume": tune.resume,
    "district check": district.check,
    "things import": things.import_,
    "things export": things.export,
    "things imports": things.imports,
    "things undo": things.undo,
    "things add": things.add,
    "things retire": things.retire,
    "credential new": credential.new,
    "credential revoke": credential.revoke,
    "facts import": facts.import_,
    "facts list": facts.list_,
    "facts show": facts.show,
    "facts export": facts.export,
    "facts withdraw": facts.withdraw,
    "triage train": triage.train,
    "triage evaluate": triage.evaluate,
    "triage say": triage.say,
    "bench": bench.bench,
}
LIMITS = {
    "MQTT door and bus 设备接入与总线": "adapters/doors.toml",
    "HTTP door 接口": "api/limits.toml",
    "Files of rows 表格文件": "adapters/sheets/limits.toml",
    "Sorting of messages 诉求分类": "adapters/text/limits.toml",
    "Turns of scenes 场景轮次": "app/turns.toml",
}
MQTT_ONLY = {
    "unreadable": "not JSON, or not of a form that devices may send",
    "too-large": "longer than `payload_bytes`",
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


def cli() -> str:
    """Write what each verb takes."""
    text = MADE + "# Command line 命令行\n\n`./borough VERB`; a verb tells the same with `--help`."
    text += " `./borough test` and `./borough check` run the tests and the checks.\n\n"
    for verb, does in VERBS.items():
        about, _, told = inspect.cleandoc(does.__doc__ or "").partition("\n\nParameters\n")
        means = dict(re.findall(r"^(\w+)\n +(.+(?:\n +.+)*)", told, re.MULTILINE))
        text += f"## borough {verb}\n\n{about}\n\n"
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
    return text + standings().rstrip() + "\n"


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
