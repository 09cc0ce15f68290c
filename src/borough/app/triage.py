"""Sort citizens' messages: files of labelled messages in, a model in a file, judgements out."""

import gzip
import tempfile
import tomllib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from borough.adapters import sheets
from borough.adapters.text import (
    LIMITS,
    Figures,
    Learned,
    TextModel,
    figures_of,
    learned,
    same_text,
)
from borough.core.errors import BadSetting, BadSheet

GZIP = b"\x1f\x8b"
BODIES = ("text_segmented", "text", "body", "content", "诉求内容", "留言详情", "内容")
SUBJECTS = ("subject", "title", "标题", "主题", "留言主题")
LABEL, LABELS = "label", ("label", "一级标签", "一级分类", "类别")
"""What columns may be called; the label only where it is not said."""
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Messages:
    """Labelled messages, row by row, with the number of each row in its file."""

    file: str
    texts: Sequence[str]
    labels: Sequence[str]
    rows: Sequence[int]


@dataclass(frozen=True, slots=True)
class Said:
    """What is said of one message; *automatic* if no person need look, else two are offered."""

    label: str
    confidence: float
    second: str
    second_confidence: float
    automatic: bool
    threshold: float
    why: Sequence[tuple[str, float]]

    def as_json(self) -> dict[str, Any]:
        """Give it as plain data."""
        told = {name: getattr(self, name) for name in self.__slots__ if name != "why"}
        rounded = {k: round(v, 4) if isinstance(v, float) else v for k, v in told.items()}
        return rounded | {"why": [{"word": w, "adds": round(gain, 4)} for w, gain in self.why]}


def sheet_of(path: Path) -> sheets.Sheet:
    """Read a table of any kind that `adapters.sheets` reads, packed with gzip or not."""
    try:
        with path.open("rb") as file:
            packed = file.read(2) == GZIP
    except OSError:
        return sheets.read(path)  # which says in both languages why it cannot
    if not packed:
        return sheets.read(path)
    most = sheets.LIMITS.file_bytes
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / path.name.removesuffix(".gz")
        try:
            with gzip.open(path) as file:
                plain.write_bytes(file.read(most + 1))
        except (OSError, EOFError) as error:
            said = {
                "zh": f"gzip 文件已损坏：{error}",
                "en": f"the gzip file is damaged: {error}",
            }
            raise BadSheet(said, file=path.name) from error
        return sheets.read(plain)


def messages_of(path: Path, label: str = LABEL) -> Messages:
    """Read labelled messages: a column *label*, one of `BODIES`, one of `SUBJECTS` if there is one.

    Raises `BadSheet` naming the file, the row and the column.
    """
    sheet = sheet_of(path)
    body = next((name for name in BODIES if name in sheet.columns), "")
    if label == LABEL:
        label = next((name for name in LABELS if name in sheet.columns), LABEL)
    if not body:
        among = ", ".join(BODIES)
        raise _bad(
            path,
            f"缺少正文列，应为 {among} 之一；现有 {'、'.join(sheet.header)}",
            f"it has no column of messages, one of {among}; there are {', '.join(sheet.header)}",
        )
    if label not in sheet.columns:
        raise _bad(
            path,
            "缺少此列",
            f"there is no such column; there are {', '.join(sheet.header)}",
            field=label,
        )
    if not sheet.rows:
        raise _bad(path, "没有数据行", "there are no rows below the heading")
    bodies, labels = sheet.columns[body], sheet.columns[label]
    heading = next((name for name in SUBJECTS if name in sheet.columns), "")
    subjects = sheet.columns.get(heading, ("",) * len(bodies))
    for number, text, subject, name in zip(sheet.numbers, bodies, subjects, labels, strict=True):
        if not text and not subject:
            raise _bad(path, "没有内容", "the message is empty", row=number, field=body)
        if not name:
            raise _bad(path, "没有标签", "the label is empty", row=number, field=label)
    texts = [f"{s}\n{b}" if s else b for s, b in zip(subjects, bodies, strict=True)]
    return Messages(path.name, texts, labels, sheet.numbers)


def trained(
    path: Path, label: str, progress: Progress = lambda *_: None, *, group: str = "",
    about: str = "",
) -> Learned:  # fmt: skip
    """Learn from a file.  Raises `BadSheet` where it cannot be learned from.

    The column *group* tells which rows are no test of one another; without it near-duplicates
    are looked for.
    """
    known = messages_of(path, label)
    many = Counter(known.labels)
    if len(many) < 2:  # noqa: PLR2004 - one label tells nothing apart
        (only,) = many
        zh, en = f"所有行都是 {only}，至少要有两种", f"every row says {only}; two labels are needed"
        raise _bad(path, zh, en, field=label)
    rare = [name for name, times in many.items() if times < LIMITS.rare]
    if rare:
        row = known.rows[list(known.labels).index(rare[0])]
        zh = f"{rare[0]} 只有 {many[rare[0]]} 条，至少要 {LIMITS.rare} 条"
        en = f"{rare[0]} has {many[rare[0]]} messages; {LIMITS.rare} are needed to learn a label"
        raise _bad(path, zh, en, row=row, field=label)
    groups = None
    if group:
        told = sheet_of(path).columns.get(group)
        if told is None:
            raise _bad(path, "缺少此列", "there is no such column", field=group)
        groups = np.unique(np.asarray(told, str), return_inverse=True)[1]
    return learned(known.texts, known.labels, groups, about=about or label, progress=progress)


def evaluated(model: TextModel, path: Path, label: str, precision: float) -> Figures:
    """Judge messages that were kept back, and compare with their labels.

    Raises `BadSheet` for a label that the model does not know.
    """
    asked = messages_of(path, label)
    for row, name in zip(asked.rows, asked.labels, strict=True):
        if name not in model.labels:
            among = "、".join(model.labels)
            zh = f"训练数据中没有标签 {name}，有：{among}"
            en = f"the model knows no label {name}; it knows {', '.join(model.labels)}"
            raise _bad(path, zh, en, row=row, field=label)
    truth = np.array([model.labels.index(name) for name in asked.labels])
    said = model.judge(asked.texts)
    automatic = said.confidence >= model.threshold(precision)
    return figures_of(model.labels, truth, said, automatic)


def shared_texts(train: Path, test: Path, label: str) -> int:
    """Count the messages of one file that are near-duplicates of some in the other."""
    known, asked = messages_of(train, label), messages_of(test, label)
    groups = same_text([*known.texts, *asked.texts])
    return int(np.isin(groups[len(known.texts) :], groups[: len(known.texts)]).sum())


def said_of(model: TextModel, text: str, precision: float) -> Said:
    """Judge one message, and say which words weighed most.  Raises `BadSetting` if it is empty."""
    if not text.strip():
        msg = "text: the message is empty"
        raise BadSetting(msg)
    judged = model.judge([text])
    best, second = int(judged.best[0]), int(judged.second[0])
    needed = model.threshold(precision)
    return Said(
        label=model.labels[best],
        confidence=float(judged.confidence[0]),
        second=model.labels[second],
        second_confidence=float(judged.share[0, second]),
        automatic=bool(judged.confidence[0] >= needed),
        threshold=needed,
        why=model.reasons(text, best),
    )


def precision_of(district: Path | None) -> float:
    """Read how many of the automatic decisions must be right: the district's word, or ours.

    Raises `BadSetting` unless ``[triage] precision`` of its district.toml lies within 0.5 and 1.
    """
    if district is None:
        return LIMITS.precision
    try:
        table = tomllib.loads((district / "district.toml").read_text("utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        msg = f"district.toml: cannot be read: {error}"
        raise BadSetting(msg) from error
    wanted = table.get("triage", {}).get("precision", LIMITS.precision)
    if not isinstance(wanted, float) or not 0.5 <= wanted <= 1:  # noqa: PLR2004 - a coin is right half the time
        msg = f"district.toml, triage.precision: {wanted!r} is no number from 0.5 to 1.0"
        raise BadSetting(msg)
    return wanted


def _bad(path: Path, zh: str, en: str, *, row: int = 0, field: str = "") -> BadSheet:
    return BadSheet({"zh": zh, "en": en}, file=path.name, row=row, field=field)
