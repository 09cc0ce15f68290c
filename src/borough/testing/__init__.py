"""The kit that ships: rehearse a scene, and the promises every scene and store must keep."""

from borough.engine.catalog import find, find_all
from borough.testing.promises import PROMISES
from borough.testing.rehearsal import Rehearsal, rehearse

__all__ = ["PROMISES", "Rehearsal", "find", "find_all", "rehearse"]
