"""The desk: turns detections into cases, answers requests, and keeps the clocks of cases."""

from borough.app.desk.bell import run

__all__ = ["run"]
