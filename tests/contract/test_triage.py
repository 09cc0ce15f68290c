"""Sorting of citizens' messages.  All sentences here are made up for the test (synthetic)."""

import gzip
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from borough.adapters.text import (
    LIMITS,
    Learned,
    Requests,
    figures_of,
    hot,
    learned,
    load,
    merged,
    same_text,
    save,
    threshold,
)
from borough.adapters.text.grams import Written, grams, words_of
from borough.app.triage import (
    evaluated,
    messages_of,
    precision_of,
    said_of,
    trained,
)
from borough.cli import app
from borough.core.errors import BadModel, BadSetting, BadSheet

PLACES = ("东门", "西街", "南桥", "北巷", "河边", "山脚", "车站", "广场", "老街", "新村")
WATER = ("的自来水管破裂漏水", "停水三天没有通知", "水压太低洗不了澡", "水表读数不对水费太高")
ROAD = ("的路灯坏了一片漆黑", "公交车总是不到站", "路面坑洼车辆颠簸", "红绿灯时间太短堵车")
TEXTS = [f"{place}{what}" for what in WATER + ROAD for place in PLACES]
LABELS = ["供水"] * 40 + ["交通"] * 40
HOUR_MS = 3_600_000


@pytest.fixture(scope="module")
def made() -> Learned:
    """What is learned from eighty made-up messages."""
    return learned(TEXTS, LABELS, np.arange(80), about="category")


@pytest.fixture
def sheet(tmp_path: Path) -> Path:
    """A file of the same messages."""
    return written(tmp_path / "made_up.csv", zip(TEXTS, LABELS, strict=True))


def written(path: Path, rows: object, heading: str = "text,label", code: str = "utf-8") -> Path:
    """Write a small table."""
    lines = [heading, *(",".join(row) for row in rows)]  # type: ignore[attr-defined] # any rows
    path.write_text("\n".join(lines) + "\n", code)
    return path


def test_a_message_is_sorted_with_reasons_that_stand_in_it(made: Learned) -> None:
    """A person sees the label, how sure it is, and words of the message itself."""
    said = said_of(made.model, "桥头水管又破裂了，自来水漏了一地", 0.9)

    assert said.label == "供水"
    assert said.confidence > said.second_confidence
    assert said.second == "交通"
    assert said.why
    assert all(word in "桥头水管又破裂了，自来水漏了一地" and gain > 0 for word, gain in said.why)


def test_reasons_add_up_to_the_score(made: Learned) -> None:
    """What the words are said to add is what the model adds, no more and no less."""
    text = "老街路灯坏了，自来水也停了，自来水停了两天"
    scores = made.model.scores([text])[0] - made.model.bias
    _, held = made.model.spoken(text, 0)

    assert held.sum() == pytest.approx(scores[0], abs=1e-5)


def test_blanks_between_words_change_little(made: Learned) -> None:
    """A message cut into words by its sender is sorted like the same message as it was typed."""
    plain, cut = "河边路面坑洼车辆颠簸", "河边 路面 坑洼 车辆 颠簸"

    assert words_of(cut) == cut.split()
    assert made.model.judge([plain]).best[0] == made.model.judge([cut]).best[0]


def test_learning_twice_gives_the_same_model(made: Learned) -> None:
    """Whoever learns from the same messages can compare models by their digest."""
    again = learned(TEXTS, LABELS, np.arange(80), about="category")

    assert np.array_equal(again.model.weight, made.model.weight)
    assert again.model.origin.digest == made.model.origin.digest


def test_a_model_comes_back_from_its_file_as_it_was(made: Learned, tmp_path: Path) -> None:
    """What was learned says the same after it was kept, and where it comes from."""
    save(made.model, tmp_path / "made.npz")
    back = load(tmp_path / "made.npz")

    assert np.allclose(back.judge(TEXTS[::7]).share, made.model.judge(TEXTS[::7]).share)
    assert back.origin == made.model.origin
    assert back.labels == ("交通", "供水")
    assert [each.name for each in tmp_path.iterdir()] == ["made.npz"]


def test_a_pickle_in_a_model_is_not_run(tmp_path: Path) -> None:
    """A file from elsewhere can hold no program."""
    path = tmp_path / "foreign.npz"
    np.savez(path, head=np.array([{"kind": "x"}], object))

    with pytest.raises(BadModel, match=r"foreign\.npz"):
        load(path)


@pytest.mark.parametrize("at", [0, 30, 200, -40])
def test_a_damaged_model_is_refused(made: Learned, tmp_path: Path, at: int) -> None:
    """A flipped or missing stretch of bytes ends in one sentence that names the file."""
    path = tmp_path / "made.npz"
    save(made.model, path)
    raw = bytearray(path.read_bytes())
    path.write_bytes(raw[:at] + raw[at + 25 :] if at >= 0 else raw[:at])

    with pytest.raises(BadModel, match=r"made\.npz"):
        load(path)


def test_a_model_that_is_not_there_says_how_to_make_one(tmp_path: Path) -> None:
    """The next step is in the message."""
    with pytest.raises(BadModel, match="borough triage train"):
        load(tmp_path / "none.npz")


def test_near_duplicates_stand_in_one_group() -> None:
    """A text sent again with a word changed is the same text; another one is not."""
    once = "广场舞音乐太响，晚上十点还在放，孩子没法睡觉，请有关部门管一管"
    again = "广场舞音乐太响了，晚上十点还在放，孩子没法睡觉，请有关部门管一管谢谢"
    group = same_text([once, TEXTS[0], again, "", ""])

    assert group[0] == group[2]
    assert len(set(group.tolist())) == 4


def test_no_near_duplicate_is_on_both_sides(made: Learned) -> None:
    """Confidence is measured on messages whose like was not learned from."""
    groups = np.repeat(np.arange(16), 5)
    kept = learned(TEXTS, LABELS, groups)

    assert all(len(set(kept.fold[groups == each].tolist())) == 1 for each in range(16))
    assert set(made.fold.tolist()) == set(range(LIMITS.folds))


def test_automatic_is_only_what_was_right_often_enough() -> None:
    """The threshold is the lowest above which the wanted share was right; else there is none."""
    sure = np.array([0.5, 0.6, 0.7, 0.8, 0.9])
    right = np.array([True, False, True, True, True])

    assert threshold(sure, right, 0.99) == 0.7
    assert threshold(sure, right, 0.8) == 0.5
    assert threshold(sure, ~right, 0.99) > 1


def test_below_the_threshold_a_person_is_offered_two(made: Learned) -> None:
    """Nothing is decided alone that says nothing."""
    said = said_of(made.model, "你好", 0.99)

    assert not said.automatic or said.confidence >= said.threshold
    assert {said.label, said.second} == {"供水", "交通"}


@given(st.text(max_size=60))
@settings(max_examples=60, deadline=None)
def test_any_text_is_judged(made: Learned, text: str) -> None:
    """No message breaks the judge: shares add up to one, whatever the characters."""
    share = made.model.judge([text]).share

    assert share.shape == (1, 2)
    assert abs(share.sum() - 1) < 1e-9
    assert all(len(each.code) == len(each.length) for each in grams(Written.of([text])))
    made.model.reasons(text, 0)


@pytest.mark.parametrize(
    ("heading", "rows", "says"),
    [
        ("text,label", [], "no rows"),
        ("words,label", [("a", "b")], "no column of messages"),
        ("text,kind", [("a", "b")], "label: there is no such column"),
        ("text,label", [("水", "供水")] * 12, "two labels are needed"),
        ("text,label", [*[("水", "供水")] * 12, ("路", "交通")], "row 14, label: 交通 has 1"),
        ("text,label", [("水", "供水"), ("路", "")], "row 3, label: the label is empty"),
        ("text,label", [("水", "供水"), ("", "交通")], "row 3, text: the message is empty"),
    ],
)
def test_a_file_that_cannot_be_learned_from_says_why(
    tmp_path: Path, heading: str, rows: list[tuple[str, str]], says: str
) -> None:
    """File, row and field are named, in both languages."""
    with pytest.raises(BadSheet, match=says) as caught:
        trained(written(tmp_path / "bad.csv", rows, heading), "label")

    assert "bad.csv" in str(caught.value)
    assert caught.value.said["zh"]


def test_columns_may_stand_in_any_order_and_have_the_names_of_a_chinese_form(
    made: Learned, tmp_path: Path
) -> None:
    """Number, caller and time are passed over; a byte order mark and another encoding are read."""
    heading = "一级标签,留言编号,留言详情,留言用户,留言主题"
    rows = [(label, "1", text, "u", "请问") for text, label in zip(TEXTS, LABELS, strict=True)]
    lines = "\n".join([heading, *(",".join(each) for each in rows)])
    for code in ("utf-8-sig", "gb18030"):
        path = tmp_path / f"{code}.csv"
        path.write_bytes(lines.encode(code))
        got = messages_of(path)
        assert (got.labels[:3], got.texts[0]) == (tuple(LABELS[:3]), f"请问\n{TEXTS[0]}")
        assert evaluated(made.model, path, "label", 0.9).accuracy > 0.9


def test_labels_whose_messages_are_all_alike_are_still_told_apart(tmp_path: Path) -> None:
    """Kept back, such a label was unknown, which says nothing: nothing is shifted, none is sure."""
    rows = [
        (f"{what}已经{day}天没有人来处理了", label)
        for what, label in (("路灯不亮", "城建"), ("工厂臭气", "环保"), ("老师补课", "教育"))
        for day in range(30)
    ]
    path = written(tmp_path / "alike.csv", rows)
    model = trained(path, "label").model

    assert evaluated(model, path, "label", 0.99).accuracy == 1.0
    assert model.threshold(0.99) > 1


def test_a_label_that_was_never_learned_is_named(made: Learned, tmp_path: Path) -> None:
    """A test file with a label of its own cannot be scored, and the row is told."""
    rows = [*zip(TEXTS[:3], LABELS[:3], strict=True), ("树倒了", "园林")]

    with pytest.raises(BadSheet, match="row 5, label: the model knows no label 园林"):
        evaluated(made.model, written(tmp_path / "test.csv", rows), "label", 0.9)


@pytest.mark.parametrize("code", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_files_come_in_the_usual_encodings_and_packed(tmp_path: Path, code: str) -> None:
    """The same messages are read from each, gzip or not."""
    path = written(tmp_path / "plain.csv", zip(TEXTS, LABELS, strict=True), code=code)
    packed = tmp_path / "packed.csv.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))

    assert messages_of(path).texts == messages_of(packed).texts == TEXTS


def test_a_damaged_gzip_file_is_refused(tmp_path: Path) -> None:
    """Half an archive is not half a table."""
    packed = tmp_path / "half.csv.gz"
    packed.write_bytes(gzip.compress(("text,label\n" + "水,供水\n" * 99).encode())[:40])

    with pytest.raises(BadSheet, match="gzip file is damaged"):
        messages_of(packed)


def test_a_district_says_how_often_automatic_must_be_right(tmp_path: Path) -> None:
    """Its word counts; without one ours does; nonsense is refused by name."""
    table = tmp_path / "district.toml"
    table.write_text("[triage]\nprecision = 0.95\n", "utf-8")
    assert precision_of(tmp_path) == 0.95
    table.write_text("", "utf-8")
    assert precision_of(tmp_path) == precision_of(None) == LIMITS.precision
    table.write_text("[triage]\nprecision = 99\n", "utf-8")
    with pytest.raises(BadSetting, match=r"triage\.precision"):
        precision_of(tmp_path)


def test_the_command_trains_says_and_scores(
    sheet: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What an operator types: train, say, evaluate."""
    model = str(tmp_path / "model.npz")
    app(["triage", "train", "--data", str(sheet), "--out", model], result_action="return_value")
    app(
        ["triage", "say", "南桥停水没有通知", "--model", model, "--json"],
        result_action="return_value",
    )
    said = json.loads(capsys.readouterr().out.splitlines()[-1])
    app(
        ["triage", "evaluate", "--train", str(sheet), "--test", str(sheet), "--json"],
        result_action="return_value",
    )
    scored = json.loads(capsys.readouterr().out.splitlines()[-1])

    assert said["label"] == "供水"
    assert scored["messages"] == 80
    assert scored["near_duplicates_of_training"] == 80
    assert set(scored["by_label"]) == {"供水", "交通"}


def test_figures_are_those_of_a_count_by_hand(made: Learned) -> None:
    """Precision, recall and F1 as they are written in books."""
    said = made.model.judge(TEXTS)
    truth = np.array([made.model.labels.index(name) for name in LABELS])
    truth[:10] = 0
    figures = figures_of(made.model.labels, truth, said, np.ones(80, np.bool_))
    hits = int(((said.best == 1) & (truth == 1)).sum())

    assert figures.by_label["供水"]["precision"] == hits / int((said.best == 1).sum())
    assert figures.by_label["供水"]["recall"] == hits / 30
    assert figures.coverage == 1
    assert figures.precision == figures.accuracy


def requests(subjects: list[str], hours: list[int], x: list[float]) -> Requests:
    """Lay made-up requests out."""
    times = np.array(hours, np.int64) * HOUR_MS
    return Requests(subjects, [""] * len(hours), times, np.array(x), np.zeros(len(x)))


SAME = ["幸福小区三栋电梯又坏了", "幸福小区三栋电梯坏了没人修", "幸福小区电梯坏了", "河里有死鱼"]


def test_requests_about_one_matter_are_put_together() -> None:
    """Like texts merge; another matter stays by itself."""
    found = merged(requests(SAME, [0, 1, 2, 3], [0.0, 10.0, np.nan, 0.0]))

    assert found.matter.tolist() == [0, 0, 0, 1]
    assert found.like[0] == found.like[3] == 1


def test_far_or_long_ago_is_another_matter() -> None:
    """The same words about another lift, or about last year's fault, do not merge."""
    far = merged(requests(SAME, [0, 1, 2, 3], [0.0, 99_000.0, 20.0, 0.0]))
    late = merged(requests(SAME, [0, 24 * 90, 1, 3], [0.0, 0.0, 0.0, 0.0]))

    assert far.matter.tolist() == [0, 1, 0, 2]
    assert late.matter[0] == late.matter[2] != late.matter[1]


def test_the_order_of_rows_does_not_matter() -> None:
    """Requests are taken by their time, however they are listed."""
    shuffled = merged(requests(SAME[::-1], [3, 2, 1, 0], [0.0, np.nan, 10.0, 0.0]))

    assert shuffled.matter.tolist() == [1, 0, 0, 0]


def test_hot_is_what_many_people_say() -> None:
    """One person who writes ten times is one person."""
    matter = np.array([0] * 10 + [1] * 3 + [1])
    person = ["a"] * 10 + ["b", "c", "d", "e"]
    times = np.array([*range(13), 500])
    first, second = hot(matter, person, times, since_ms=0, until_ms=100)

    assert (first.matter, first.people, first.requests) == (1, 3, 3)
    assert (second.matter, second.people, second.requests) == (0, 1, 10)
