"""Read a district folder, or say everything that is wrong with it."""

from borough.engine.district.check import check
from borough.engine.district.findings import Finding
from borough.engine.district.read import read

__all__ = ["Finding", "check", "read"]
