"""Kill the roles of a district while it works, and count what that cost.

``borough bench recover [--kills 10 | --long] [--share 0.001] [--json]``

Under QoS 1 and HTTP load, `kill -9` strikes each role in turn, then the supervisor with all it
keeps running, then all four roles at once.  The last line is one JSON object:

- ``back_max_s``: the longest time from a kill until every role serves, the stream has read
  what it missed, and both doors have acknowledged something anew;
- ``start_cpu_s``: the most processor time that a role took from its start until then;
- ``lost``: acknowledged readings that the journal or the history does not hold;
- ``duplicated``, ``missing``: readings, changes of level and cases that are there more often, or
  less often, than in an undisturbed run, which is a replay of the journal with a fresh desk.
"""

import argparse
import itertools
import json
import random
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from _told import tell
from borough.app.tuning.replays import replayed
from borough.testing.aftermath import at_rest, undisturbed
from borough.testing.living import ROLES, Living, eventually
from borough.testing.senders import HttpSender, MqttSender, Sender, lanes, mixed, steady

SHORT, LONG = 10, 50
CALM_S = 2.0
"""Between two deaths, and as much again by chance."""
SUPERVISOR = "supervisor"
TURNS: tuple[tuple[str, ...], ...] = (*((each,) for each in ROLES), (SUPERVISOR,), ROLES)


@dataclass
class Backs:
    """How long it took until all was back, by what was killed, and what starting cost; in s."""

    took: dict[str, list[float]] = field(default_factory=dict)
    cost: dict[str, float] = field(default_factory=dict)

    def note(self, living: Living, roles: tuple[str, ...], took: float) -> None:
        """Keep one."""
        name = "+".join(roles) if len(roles) == 1 else "all"
        self.took.setdefault(name, []).append(round(took, 2))
        for role, pid in living.pids().items():
            if role in roles:
                used = psutil.Process(pid).cpu_times()
                self.cost[role] = max(self.cost.get(role, 0.0), round(used.user + used.system, 2))
        print(f"{name:<12} back in {took:.1f} s", file=sys.stderr, flush=True)


def strike(living: Living, roles: tuple[str, ...]) -> None:
    """End roles as a power cut would; whoever looks after the supervisor starts it again."""
    if roles != (SUPERVISOR,):
        living.kill(*roles)
        return
    assert living.process is not None  # noqa: S101 - it was started
    living.process.kill()
    living.process.wait()
    eventually(lambda: not living.left_over(), "the end of what a dead supervisor kept running")
    living.start()


def whole(living: Living, senders: tuple[Sender, ...], before: list[int]) -> bool:
    """Say whether every role works again and each door has acknowledged more than before."""
    heard = all(len(s.ledger.acknowledged) > n for s, n in zip(senders, before, strict=True))
    pulses = {role: living.pulse(role) for role in ROLES if role != "bus"}
    runs = living.pids()
    begun = all(pulse.get("pid") == runs.get(role) for role, pulse in pulses.items())
    return heard and begun and "recovering" not in pulses["stream"] and living.serves()


def cut(living: Living, senders: tuple[Sender, ...], kills: int) -> Backs:
    """Kill, one turn after the other, each time once all is well again."""
    backs, dice = Backs(), random.Random(1)  # noqa: S311 - moments that nobody chose
    for roles in itertools.islice(itertools.cycle(TURNS), kills):
        time.sleep(CALM_S * (1 + dice.random()))
        began = time.monotonic()
        strike(living, roles)
        before = [len(each.ledger.acknowledged) for each in senders]
        eventually(lambda seen=before: whole(living, senders, seen), "all back and at work")
        backs.note(living, roles, time.monotonic() - began)
    return backs


def more(some: Counter[Any], than: Counter[Any]) -> int:
    """Say how much more there is of anything."""
    return (some - than).total()


def account(living: Living, senders: tuple[Sender, ...]) -> dict[str, Any]:
    """Hold what is there beside what was acknowledged, and beside an undisturbed run."""
    acknowledged = set().union(*(each.ledger.acknowledged for each in senders))
    said = Counter(set().union(*(each.ledger.said for each in senders)))
    living.await_history()
    journalled, archived = living.journalled(), living.archived()
    until = living.now
    eventually(lambda: living.journal()[-1][1].now > until, "time in the journal")
    living.await_desk()
    run = replayed(living.settings)
    compared = run.compared(0, until)
    live = Counter((each["id"], each["position"], each["level"]) for each in run.live)
    last, found = at_rest(living)
    cases, wanted = (
        Counter(json.dumps(each, sort_keys=True, default=str) for each in some)
        for some in (found, undisturbed(living, living, last))
    )
    mine = Counter({row: many for row, many in journalled.items() if row in said})
    return {
        "acknowledged": len(acknowledged),
        "lost": len(acknowledged - journalled.keys()) + len(acknowledged - archived.keys()),
        "readings_twice": more(mine, said) + more(archived, journalled),
        "readings_missing": more(journalled, archived),
        "detections": compared.same,
        "detections_twice": len(compared.missing) + live.total() - len(live),
        "detections_missing": len(compared.extra),
        "cases": cases.total(),
        "cases_twice": more(cases, wanted),
        "cases_missing": more(wanted, cases),
    }


def measure(folder: Path, kills: int, share: float) -> dict[str, Any]:
    """Run a district, kill, and count."""
    living = Living.made(folder / "data", share=share)
    database = sqlite3.connect(living.settings.folder / "registry.db")
    database.execute("VACUUM INTO ?", [str(living.settings.folder / "before.db")])
    database.close()
    try:
        living.start()
        by_mqtt = mixed(lanes(living), steady(living, "battery", 20.0))
        with (
            MqttSender(living, by_mqtt) as mqtt,
            HttpSender(living, steady(living, "dwell", 1.0)) as http,
        ):
            backs = cut(living, (mqtt, http), kills)
        found = account(living, (mqtt, http))
    except BaseException as error:
        error.add_note(living.log())
        raise
    finally:
        living.stop()
    several = {
        total: sum(found[f"{each}_{how}"] for each in ("readings", "detections", "cases"))
        for total, how in (("duplicated", "twice"), ("missing", "missing"))
    }
    return {
        "kills": sum(map(len, backs.took.values())),
        "lost": found["lost"],
        **several,
        "back_max_s": max(max(each) for each in backs.took.values()),
        "back_s": {name: max(each) for name, each in backs.took.items()},
        "start_cpu_s": backs.cost,
        "devices": len(living.held.registry.id),
        **found,
    }


def main() -> None:
    """Read the arguments, print the figures."""
    parser = argparse.ArgumentParser(prog="borough bench recover", description=__doc__)
    parser.add_argument("--kills", type=int, default=SHORT)
    parser.add_argument("--long", action="store_true", help=f"{LONG} kills")
    parser.add_argument("--share", type=float, default=0.001, help="of the fleet's devices")
    parser.add_argument("--json", action="store_true", help="print only the JSON object")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="borough-recover-") as name:
        found = measure(Path(name), LONG if asked.long else asked.kills, asked.share)
    tell(found, plain=asked.json)


if __name__ == "__main__":
    main()
