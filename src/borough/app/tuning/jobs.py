"""Trials that people started over HTTP: a few at a time, each in a process of its own."""

import json
import secrets
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from borough.app.clocks import wall_ms
from borough.app.supervisor import die_with_parent
from borough.app.tuning.trials import AFTER_ALL
from borough.core.errors import Busy, NotFound

RUNNING, DONE, FAILED = "running", "done", "failed"
LOST = {"code": "borough", "detail": "the replay ended without a word; is there enough memory?"}


@dataclass(slots=True)
class Job:
    """One trial: who it is about, how far it is, and what came of it."""

    id: str
    scene: str
    ask: Mapping[str, Any]
    began_ms: int
    state: str = RUNNING
    done: int = 0
    total: int = 0
    result: Mapping[str, Any] | None = None
    problem: Mapping[str, Any] | None = None

    def told(self, *, whole: bool) -> dict[str, Any]:
        """Tell it as plain data; *whole* with what it found."""
        shown = ("id", "scene", "ask", "began_ms", "state", "done", "total", "problem")
        row = {name: getattr(self, name) for name in shown}
        return row | ({"result": self.result} if whole else {})


class TrialJobs:
    """Starts trials, at most *running* at a time, and remembers the last *kept* of them."""

    def __init__(self, data: str, running: int, kept: int) -> None:
        self.data = data
        self.running = running
        self.kept = kept
        self.jobs: dict[str, Job] = {}
        self.lock = threading.Lock()

    def start(self, scene: str, ask: Mapping[str, Any], /) -> dict[str, Any]:
        """Begin a trial; `Busy` if as many run as may."""
        with self.lock:
            busy = sum(each.state == RUNNING for each in self.jobs.values())
            if busy >= self.running:
                msg = f"{busy} replays are under way; wait until one is done"
                raise Busy(msg)
            job = Job(secrets.token_hex(6), scene, dict(ask), wall_ms())
            over = [name for name, each in self.jobs.items() if each.state != RUNNING]
            for name in over[: max(0, len(self.jobs) + 1 - self.kept)]:
                del self.jobs[name]
            self.jobs[job.id] = job
        threading.Thread(target=self._follow, args=(job,), name=job.id, daemon=True).start()
        return job.told(whole=False)

    def _follow(self, job: Job) -> None:
        """Run the process and take in what it says, until it ends.

        It is started here, because it dies with the thread that started it.
        """
        bounds = {"from_ms": job.ask["from_ms"] or 0, "to_ms": job.ask["to_ms"] or AFTER_ALL}
        order = {"data": self.data, "trial": {"scene": job.scene, **job.ask, **bounds}}
        with subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-m", "borough.app.tuning.trial_run", json.dumps(order)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
            preexec_fn=die_with_parent,  # noqa: PLW1509 - it only makes one system call
        ) as process:  # fmt: skip
            for line in process.stdout or ():
                said = json.loads(line)
                job.done, job.total = said.get("done", job.done), said.get("total", job.total)
                job.result, job.problem = said.get("result"), said.get("problem")
        if job.result is None and job.problem is None:
            job.problem = LOST
        job.state = FAILED if job.problem else DONE

    def one(self, scene: str, job: str, /) -> dict[str, Any]:
        """Tell one trial with its result; `NotFound` if it is not known any more."""
        found = self.jobs.get(job)
        if found is None or found.scene != scene:
            msg = f"replay: there is no {job!r} of {scene}; old ones are forgotten"
            raise NotFound(msg)
        return found.told(whole=True)

    def all(self, scene: str, /) -> Sequence[dict[str, Any]]:
        """List the trials of a scene, newest first, without what they found."""
        with self.lock:
            mine = [each for each in self.jobs.values() if each.scene == scene]
        return [each.told(whole=False) for each in reversed(mine)]
