"""A bus that has lost what it stored: what comes afterwards is heard, kept and followed up."""

import shutil
from pathlib import Path

from borough.app.anew import behind_all
from borough.app.bus import prepared
from borough.app.clocks import wall_ms
from borough.app.lake import lake_of
from borough.core.observations import REPORT_BITS
from borough.engine.district import read
from borough.testing.living import Living, eventually
from borough.testing.senders import MqttSender, lanes


def test_streams_begin_behind_what_the_history_alone_knows(tmp_path: Path) -> None:
    """Readings came, of which no scene said anything, and the bus was lost before a checkpoint."""
    settings = Living.made(tmp_path / "data").settings
    prepared(settings)
    assert behind_all(settings) == {"DETECTIONS": 1, "JOURNAL": 1}

    lake = lake_of(settings, read(Path(settings.district)).zone)
    lake.append([1], [wall_ms()], [0.5], 0, 7 << REPORT_BITS | 3)
    lake.close()

    assert behind_all(settings) == {"DETECTIONS": 1, "JOURNAL": 8}


def test_what_comes_after_the_bus_lost_its_store_is_new(tmp_path: Path) -> None:
    """No place is given twice: nobody takes a reading or a detection for one they know already."""
    living = Living.made(tmp_path / "data")
    living.start()
    try:
        with MqttSender(living, lanes(living)):
            eventually(lambda: len(living.edges()) > 3, "detections")
        living.await_history()
        living.await_desk()
        before = living.edges()
        told = living.stored("DETECTIONS")
        living.stop()
        shutil.rmtree(living.settings.folder / "bus" / "store")
        living.start()
        with MqttSender(living, lanes(living)) as sender:
            eventually(lambda: len(living.edges()) > len(before), "another detection")
        kept = sender.ledger.acknowledged
        eventually(lambda: kept <= living.archived().keys(), "all in the history")

        first, _ = living.journal()[0]
        assert first > max(each["position"] for each in before) >> REPORT_BITS
        assert living.stored("DETECTIONS") > told
    finally:
        living.stop()
