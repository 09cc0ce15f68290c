"""What is left when the process that writes is killed in the middle of it."""

import subprocess
import sys
import time

from sqlalchemy import Engine

from borough.storage.sql import SqlDetections
from borough.testing.desks import desk

EDGES = 60
WRITER = """
import sys
from borough.storage.sql import SqlCases, SqlDesk, SqlDetections, SqlPosts, connect
from borough.testing.desks import ZONE, edge, wish
engine = connect(sys.argv[1])
takes = SqlDesk(engine, cases=SqlCases(engine, zone=ZONE, posts=SqlPosts(engine)))
again = max(SqlDetections(engine).offset() - 3, 0)
for number in range(again, int(sys.argv[2])):
    thing, ends = divmod(number, 2)
    takes.take([edge(1 + thing, 1 - ends, 1 + number, born=1 + 2 * thing)], 1 + number, wish)
    print(1 + number, flush=True)
"""


def write_until(address: str, last: int) -> int:
    """Let a process take in edges, kill it when it has said *last*; give what it said last."""
    said = 0
    with subprocess.Popen(  # noqa: S603 - the program above
        [sys.executable, "-c", WRITER, address, str(EDGES)], stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None
        for line in writer.stdout:
            said = int(line)
            if said >= last:
                time.sleep(0.003)  # so that it is in the middle of the next one
                writer.kill()
                break
    return said


def test_a_killed_writer_loses_nothing_and_says_nothing_twice(engine: Engine, address: str) -> None:
    """What was acknowledged is there; restarted, with some handed out again, all is there once."""
    _, cases = desk(engine)
    for last in (7, 33, EDGES):
        said = write_until(address, last)
        assert SqlDetections(engine).offset() >= said
    took, found = SqlDetections(engine).edges(), cases.find(limit=1000)

    assert [each["position"] for each in took] == list(range(1, EDGES + 1))
    assert len(found) == EDGES // 2
    assert {case.version for case in found} == {3}
    assert all(cases.verify(case.id) == [] for case in found)
