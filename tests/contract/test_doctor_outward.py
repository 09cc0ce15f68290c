"""The doctor looks at what leads outwards: files of cases, and messages that were given up."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from borough.app.doctor.findings import Finding, Patient
from borough.app.doctor.outward import attachments, dead_messages
from borough.app.files.cabinet import Cabinet, digest_of
from borough.app.settings import Settings
from borough.core.files import Attachment
from borough.core.outbox import HOOK, Message
from borough.storage.sql import SqlCases, SqlDesk, SqlFiles, SqlOutbox, connect
from borough.testing.desks import MORNING, edge, wish


@pytest.fixture
def patient(tmp_path: Path, sqlite_template: Path) -> Patient:
    """Make a data folder with a database and nothing else."""
    shutil.copy(sqlite_template, tmp_path / "registry.db")
    settings = Settings(data=str(tmp_path), district=str(tmp_path))
    return Patient(tmp_path, settings, None, {}, {"dead-messages": 0})


def one(found: list[Finding]) -> Finding:
    """Give the one finding there is, with all its words filled in."""
    (only,) = found
    assert all("{" not in text for text in (*only.says.values(), *only.do.values()))
    return only


def test_a_file_whose_bytes_are_gone_or_changed_is_found(patient: Patient) -> None:
    """Missing and damaged are told by the file's id; what is whole is not."""
    engine = connect(patient.ours.store)
    cases = SqlCases(engine)
    (case,) = SqlDesk(engine, cases=cases).take([edge(7, 1, 10)], 1, wish).cases
    source = patient.data / "source"
    source.write_bytes(b"a paper")
    digest = digest_of(source)
    cabinet = Cabinet(patient.data)
    cabinet.keep(source, digest)
    file = Attachment("a.pdf", "application/pdf", 7, digest, digest)
    _, kept = SqlFiles(engine).attach(cases, case.id, file, by="ann", at_ms=MORNING)
    assert one(list(attachments(patient))).ok
    cabinet.path(digest).write_bytes(b"another")
    assert kept.id in one(list(attachments(patient))).says["en"]
    cabinet.drop(digest)
    assert not one(list(attachments(patient))).ok
    engine.dispose()


def test_messages_that_were_given_up_are_found(patient: Patient) -> None:
    """How many there are, and for whom."""
    assert one(list(dead_messages(patient))).ok
    engine = connect(patient.ours.store)
    outbox, message = SqlOutbox(engine), Message("m", HOOK, "h-1", 1, 1, "{}", 1, 1)
    outbox.lay([message, replace(message, id="n", seq=2)])
    outbox.give_up("h-1", "the hook is gone", 2)
    found = one(list(dead_messages(patient)))
    assert (found.ok, found.says["en"]) == (False, "2, to h-1")
    engine.dispose()
