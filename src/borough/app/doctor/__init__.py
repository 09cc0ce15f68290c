"""The doctor: looks a machine and a district over, one small question at a time."""

from borough.app.doctor.asking import examined
from borough.app.doctor.findings import Finding, declared

__all__ = ["Finding", "declared", "examined"]
