"""Take an import back: new things are retired, and what was changed is as it was before.

Nothing is deleted: keys, ids and series numbers stay used.  A thing that somebody has changed
since is left alone, and said to be refused.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from borough.adapters.sheets import Sheet
from borough.app.intake.judging import (
    CHANGED,
    REFUSED,
    SAME,
    Order,
    Verdict,
    before_of,
)
from borough.app.intake.reading import Known
from borough.app.intake.refusals import Faults
from borough.core.registry import row_of
from borough.storage.sql.intake import FIELDS, Change


def taken_back(kept: Mapping[str, Any], known: Known, order: Order) -> tuple[Sheet, Verdict]:
    """Work out the change that takes one back, from what was kept of it."""
    held = known.held
    new = np.arange(*kept["ids"], dtype=np.int64)
    ids = np.concatenate([np.array(kept["after"].get("id", []), np.int64), new])
    rows = row_of(held.id, ids)
    now = before_of(held, rows)
    was, left = kept["before"], kept["after"]
    old = len(ids) - len(new)
    faults = Faults(len(ids))
    wanted: dict[str, list[Any]] = {name: [] for name in FIELDS}
    status = np.full(len(ids), CHANGED, np.int8)
    for place in range(len(ids)):
        if place < old:
            same = all(now[name][place] == left[name][place] for name in FIELDS)
            values = {name: was[name][place] for name in FIELDS}
            if not same:
                faults.add(place, "key", "changed-since")
        else:
            values = {name: now[name][place] for name in FIELDS}
            if values["valid_to_ms"] is not None:
                status[place] = SAME
            values["valid_to_ms"] = values["valid_to_ms"] or max(
                order.at_ms, values["valid_from_ms"]
            )
        for name in FIELDS:
            wanted[name].append(values[name])
    status[faults.bad] = REFUSED
    places = np.flatnonzero(status == CHANGED)
    change = Change(
        added={"key": [], "kind": [], "width": [], **{name: [] for name in FIELDS}},
        edited={
            "id": ids[places].tolist(),
            **{name: [wanted[name][place] for place in places.tolist()] for name in FIELDS},
        },
        tied=[tuple(each) for each in kept["untied"]],
        untied=[tuple(each) for each in kept["tied"]],
        before={name: [now[name][place] for place in places.tolist()] for name in FIELDS},
    )
    keys = [held.key[row] for row in rows.tolist()]
    sheet = Sheet("undo", ("key",), [(key,) for key in keys], list(range(1, len(keys) + 1)))
    return sheet, Verdict(keys, status, faults, change)
