"""Parameters of scenes and replays of them in memory, for those who try the API."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from borough.core.errors import NotFound
from borough.core.scenes import Scene

Row = Mapping[str, Any]


class MemoryBench:
    """Scenes whose parameters are as declared; nobody has changed any."""

    def __init__(self, scenes: Sequence[Scene]) -> None:
        self.scenes = {each.id: each for each in scenes}

    def all(self) -> Sequence[Row]:
        """Tell every scene."""
        return [self.told(each) for each in self.scenes]

    def told(self, scene: str, /) -> Row:
        """Tell one scene."""
        if scene not in self.scenes:
            msg = f"there is no scene {scene!r}"
            raise NotFound(msg)
        told: dict[str, Any] = msgspec.to_builtins(self.scenes[scene])
        return {**told, "things": 0, "version": "0" * 12, "last_change": 0}

    def singles(self, _scene: str, /) -> Sequence[Row]:
        """List none."""
        return []

    def history(self, _scene: str, /) -> Sequence[Row]:
        """List none."""
        return []

    def records(self) -> Mapping[str, Row]:
        """Count nothing."""
        return {}


class MemoryTrials:
    """Replays that are begun and never done."""

    def __init__(self) -> None:
        self.begun: list[Row] = []

    def start(self, scene: str, ask: Row, /) -> Row:
        """Begin one."""
        row = {"id": str(len(self.begun)), "scene": scene, "ask": ask, "state": "running"}
        self.begun.append(row)
        return row

    def one(self, scene: str, trial: str, /) -> Row:
        """Tell one."""
        for each in self.all(scene):
            if each["id"] == trial:
                return each
        msg = f"there is no replay {trial!r}"
        raise NotFound(msg)

    def all(self, scene: str, /) -> Sequence[Row]:
        """List those of a scene."""
        return [each for each in reversed(self.begun) if each["scene"] == scene]
