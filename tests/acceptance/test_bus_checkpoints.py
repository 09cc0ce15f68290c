"""When the stream keeps where it is, and cannot."""

import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from borough.app import checkpoints
from borough.app.clocks import wall_ms
from borough.app.district import ground as ground_of
from borough.app.settings import Settings
from borough.app.setup import folder_of
from borough.app.stream import Stream
from borough.core.errors import DiskFull
from borough.testing.living import eventually, laid_out


@pytest.fixture
def stream(ground: Any, tmp_path: Path) -> Iterator[Stream]:
    """Make the stream of the smallest district."""
    bus = ground.bus
    settings = Settings(
        str(tmp_path), str(folder_of("template")), host=bus.host, bus_port=bus.port,
        mqtt_port=bus.mqtt_port, clock_origin_ms=wall_ms(),
    )  # fmt: skip
    laid_out(settings, share=0.01)
    made = Stream(settings, ground_of(settings))
    yield made
    made.close()


def test_a_checkpoint_that_fails_is_not_taken_for_one_that_is_kept(
    stream: Stream, caplog: pytest.LogCaptureFixture
) -> None:
    """Who waits for it hears so, and acknowledges nothing; beside the work the log says it."""
    caplog.set_level(logging.WARNING)
    stream.folder.mkdir(parents=True)
    full = stream.folder / f"fresh.{os.getpid()}.tmp"
    full.symlink_to("/dev/full")
    with pytest.raises(DiskFull, match="cannot be kept"):
        stream.checkpoint(wait=True)

    full.symlink_to("/dev/full")
    stream.checkpoint()
    eventually(lambda: "cannot be kept" in caplog.text, "a word of it in the log")
    assert checkpoints.newest(stream.folder) is None


def test_what_is_waited_for_is_kept(stream: Stream) -> None:
    """The other way round: with room it is there when the call is over."""
    stream.checkpoint(wait=True)

    assert checkpoints.newest(stream.folder) is not None
