"""`borough triage`: sort citizens' messages, and say how sure that is."""

import json
import time
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter
from rich.progress import Progress

from borough.adapters.text import Figures, Learned, load, save
from borough.app.requests.practice import written
from borough.app.setup import folder_of
from borough.app.triage import (
    evaluated,
    precision_of,
    said_of,
    shared_texts,
    trained,
)
from borough.edge.citizens.writing import SEEN, UNSEEN
from borough.engine.district import read

app = App(name="triage", help="Sort citizens' messages. 诉求分类。")
MODEL = Path(".borough/triage.npz")
Json = Annotated[bool, Parameter(name="--json", negative="")]


@app.command
def train(*, data: Path, out: Path = MODEL, label: str = "label", group: str = "") -> None:
    """从已标注的诉求学习。Learn from labelled messages and keep the model in a file.

    Parameters
    ----------
    data
        CSV (also .gz), .xlsx or GeoJSON with a column text or text_segmented, perhaps subject.
    out
        Where the model goes.
    label
        The column to learn: category, agency, urgency, ...
    group
        A column that tells which messages are no test of one another; near-duplicates otherwise.
    """
    begun = time.perf_counter()
    made = _trained(data, label, group)
    save(made.model, out)
    model = made.model
    right = model.right.mean()
    print(f"{out}: {model.origin.messages} 条诉求 · messages, {len(model.labels)} 个标签 · labels")
    print(f"正确率（留出）· right while kept back: {right:.1%}")
    print(f"用时 · took {time.perf_counter() - begun:.0f} s")


@app.command
def evaluate(
    *,
    train: Path,
    test: Path,
    label: str = "label",
    district: str = "",
    as_json: Json = False,
) -> None:
    """用留出的文件评分。Learn from one file and score on another.

    Parameters
    ----------
    train
        Labelled messages to learn from.
    test
        Labelled messages that the model does not see.
    label
        The column to learn and to compare.
    district
        A district, or its folder, whose demand on automatic decisions is used.
    as_json
        Print one JSON object.
    """
    begun = time.perf_counter()
    precision = _precision(district)
    made = _trained(train, label)
    learned_s = time.perf_counter() - begun
    scored = evaluated(made.model, test, label, precision)
    figures = scored.as_json() | {
        "precision_wanted": precision,
        "threshold": round(made.model.threshold(precision), 4),
        "near_duplicates_of_training": shared_texts(train, test, label),
        "train_messages": made.model.origin.messages,
        "train_s": round(learned_s, 1),
        "seconds": round(time.perf_counter() - begun, 1),
    }
    if as_json:
        print(json.dumps(figures, ensure_ascii=False))
    else:
        _tell(scored, precision)


@app.command
def invent(
    out: Path, *, many: int = 1_000, seed: int = 1, unseen: bool = False, district: str = ""
) -> None:
    """生成合成诉求。Write synthetic messages, all of them made up, to practise and to test with.

    Parameters
    ----------
    out
        A CSV file with text, subject, place, category, kind, urgent, phrase.
    many
        How many.
    seed
        The same seed gives the same messages.
    unseen
        Use the wordings that the others never use.
    district
        A district, or its folder, whose streets and communities are named.
    """
    told = None
    if district:
        folder = Path(district)
        told = read(folder if folder.is_dir() else folder_of(district))
    written(out, many, seed, told, UNSEEN if unseen else SEEN)
    print(f"{out}: {many} 条合成诉求 · synthetic messages")


@app.command
def say(text: str, *, model: Path = MODEL, district: str = "", as_json: Json = False) -> None:
    """说出一条诉求的类别和理由。Say where one message belongs, how sure that is, and why.

    Parameters
    ----------
    text
        The message.
    model
        A file that `borough triage train` made.
    district
        A district, or its folder, whose demand on automatic decisions is used.
    as_json
        Print one JSON object.
    """
    said = said_of(load(model), text, _precision(district))
    if as_json:
        print(json.dumps(said.as_json(), ensure_ascii=False))
        return
    print(f"{said.label}  {said.confidence:.1%}")
    if said.automatic:
        print("自动分类 · automatic")
    else:
        print("请人工选择 · for a person to choose:")
        print(f"  {said.label} {said.confidence:.1%}, {said.second} {said.second_confidence:.1%}")
    if said.why:
        print("依据 · why: " + "、".join(f"{word} +{gain:.2f}" for word, gain in said.why))


def _trained(data: Path, label: str, group: str = "") -> Learned:
    """Learn, with a bar."""
    with Progress(transient=True) as bar:
        task = bar.add_task("学习 · learning", total=None)
        return trained(
            data, label, lambda done, of: bar.update(task, completed=done, total=of), group=group
        )


def _precision(district: str) -> float:
    """Find the demand of a district that is named, or of a folder."""
    if not district:
        return precision_of(None)
    folder = Path(district)
    return precision_of(folder if folder.is_dir() else folder_of(district))


def _tell(scored: Figures, precision: float) -> None:
    """Print figures for people."""
    print(f"诉求 · messages      {scored.messages}")
    print(f"宏平均 F1 · macro-F1 {scored.macro_f1:.4f}")
    print(f"正确率 · accuracy    {scored.accuracy:.4f}")
    print(f"前两名 · top two     {scored.top2:.4f}")
    print(
        f"自动 · automatic     {scored.coverage:.1%}, 其中正确 · right {scored.precision:.2%}"
        f" (要求 · wanted {precision:.0%})"
    )
    for name, each in sorted(scored.by_label.items()):
        parts = f"P {each['precision']:.3f}  R {each['recall']:.3f}  F1 {each['f1']:.3f}"
        print(f"  {parts}  {each['messages']:>5.0f}  {name}")
