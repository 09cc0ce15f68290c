"""Memory that nobody uses goes back to the system."""

import subprocess
import sys

SCRIPT = """
import numpy as np
from borough.app.memory import give_back

def held():
    lines = open("/proc/self/status").read().splitlines()
    return int(next(each for each in lines if each.startswith("RssAnon")).split()[1])

def work():  # columns that come and go; something small behind them stays
    for _ in range(2):
        parts, between = [], []
        for _ in range(400):
            parts.append(np.ones(100_000))
            between.append(bytes(50_000))
        whole = np.concatenate(parts)
    return between[-1]

kept = work()
before = held()
give_back()
print(before, held())
"""


def test_what_a_merge_took_is_given_back() -> None:
    """Hundreds of megabytes of columns come and go; most of what stayed held is held no more."""
    words = [sys.executable, "-c", SCRIPT]
    done = subprocess.run(words, capture_output=True, text=True, check=True)  # noqa: S603 - ours
    before, after = map(int, done.stdout.split())

    assert before > 100_000
    assert after < before / 2
