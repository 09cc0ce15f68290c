"""Questions about what leads outwards: are the files of cases whole, does every message arrive."""

from collections.abc import Iterator

from borough.app.doctor.findings import Finding, Patient
from borough.app.files.cabinet import Cabinet
from borough.core.errors import StoreDown
from borough.core.outbox import DEAD
from borough.storage.sql import SqlFiles, SqlOutbox, connect

NEWEST = 200
"""Files of cases, the newest, whose bytes are read again."""
MOST = 1000


def attachments(patient: Patient) -> Iterator[Finding]:
    """Look whether the bytes of the files on cases are there, and are what they were."""
    engine, cabinet = connect(patient.ours.store), Cabinet(patient.data)
    try:
        newest = SqlFiles(engine).newest(NEWEST)
    except StoreDown:
        return
    finally:
        engine.dispose()
    wrong = [
        each.id
        for each in newest
        if not all(cabinet.sound(one) for one in {each.sha256, each.shared})
    ]
    yield Finding.of("attachments", ok=not wrong, files=" ".join(wrong[:3]), many=len(wrong))


def dead_messages(patient: Patient) -> Iterator[Finding]:
    """Look whether messages to programs and people were given up."""
    engine = connect(patient.ours.store)
    try:
        dead = SqlOutbox(engine).find(state=DEAD, limit=MOST)
    except StoreDown:
        return
    finally:
        engine.dispose()
    targets = " ".join(sorted({each.target for each in dead})[:3])
    ok = len(dead) <= patient.limits["dead-messages"]
    yield Finding.of("dead-messages", ok=ok, many=len(dead), targets=targets)
