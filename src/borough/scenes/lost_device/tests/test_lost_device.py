"""What lost_device promises beyond its worked examples."""

from pathlib import Path

import numpy as np
from hypothesis import given, settings, strategies as st

from borough.testing import find, rehearse
from borough.testing.samples import answers, replay

LOST = find(Path(__file__).parents[1])
GATEWAY, DEVICES = 0, (1, 2, 3)
PARENTS = (-1, 0, 0, 0)
PATIENCE = {0: 90, 1: 60, 2: 70, 3: 200}
ALIVE_S = 20
LOOK_S = LOST.scene.every_s
Edge = tuple[int, float, str]


def test_the_sample_gets_its_known_answers() -> None:
    """Two dead devices and a dark gateway with three healthy devices behind it: three alarms."""
    assert sorted(replay(LOST)) == sorted(answers(LOST))


def test_thirty_thousand_devices_behind_dark_gateways_are_as_many_alarms_as_gateways() -> None:
    """A district whose gateways all go dark at once, and come back at once, is no flood."""
    gateways, many = 10, 3000
    parents = [-1] * gateways + [n % gateways for n in range(many)]
    everybody = range(gateways + many)
    lines: list[tuple[object, ...]] = [(thing, 0.0, 1.0) for thing in everybody]
    lines += [("now", float(second)) for second in range(0, 3600, 60)]
    lines += [(thing, 3600.0, 1.0) for thing in range(gateways)]
    lines += [("now", 3601.0), ("now", 3660.0)]
    lines += [(thing, 3700.0, 1.0) for thing in everybody]
    lines += [("now", 3720.0)]
    said = rehearse(LOST, lines, parents=parents, silence_s=900).edges

    assert {thing for thing, _, _ in said} == set(range(gateways))
    assert len(said) == 2 * gateways


def by_hand(words: dict[int, set[int]], end: int) -> list[Edge]:
    """Keep the book of one gateway as a clerk would: look by look, line by line.

    His seconds are as long as it takes until the rule looks again.
    """
    silence = dict.fromkeys(DEVICES, 0)
    heard: set[int] = set()
    lost: set[int] = set()
    edges: list[Edge] = []
    through = -1
    for second in range(end + 1):
        said = words.get(second, set())
        back = {each for each in lost if each in said or (each == GATEWAY and said)}
        edges += [(each, float(second), "quiet") for each in back]
        lost -= back
        if said:
            gap = second - through
            counts = through >= 0 and gap - 1 <= ALIVE_S
            silence = {each: silence[each] + gap * counts for each in DEVICES}
            silence |= dict.fromkeys(said - {GATEWAY}, 0)
            heard |= said
            through = second
        dark = through >= 0 and second - through >= PATIENCE[GATEWAY]
        if dark:
            silence = dict.fromkeys(DEVICES, 0)
        gone = {each for each in DEVICES if each in heard and silence[each] >= PATIENCE[each]}
        gone |= {GATEWAY} if dark else set()
        edges += [(each, float(second), "lost") for each in gone - lost]
        lost |= gone
    return edges


BLOCK_S, BLOCKS = 30, 14
WORDS = st.dictionaries(
    st.integers(0, BLOCKS * BLOCK_S), st.sets(st.sampled_from(DEVICES), min_size=1), max_size=20
)


@settings(max_examples=20, deadline=None)
@given(WORDS, st.lists(st.booleans(), min_size=BLOCKS, max_size=BLOCKS))
def test_it_agrees_with_a_clerk(words: dict[int, set[int]], awake: list[bool]) -> None:
    """However devices and their gateway come and go, the alarms are those of plain bookkeeping."""
    for block, speaks in enumerate(awake):
        for second in range(block * BLOCK_S, (block + 1) * BLOCK_S, 10):
            if speaks:
                words[second] = words.get(second, set()) | {GATEWAY}
    end = BLOCKS * BLOCK_S + 100
    lines: list[tuple[object, ...]] = []
    for second in range(end + 1):
        at = second * LOOK_S
        lines += [(each, at, 1.0) for each in sorted(words.get(second, set()))]
        lines.append(("now", at))
    patience = np.array([PATIENCE[each] for each in range(4)], float) * LOOK_S
    alive_s = ALIVE_S * LOOK_S
    said = rehearse(LOST, lines, parents=PARENTS, silence_s=patience, alive_s=alive_s).edges

    assert sorted((thing, at / LOOK_S, word) for thing, at, word in said) == sorted(
        by_hand(words, end)
    )
