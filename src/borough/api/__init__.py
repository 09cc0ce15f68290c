"""Speak HTTP: things, observations, detections, cases and a live stream."""

from borough.api.application import create

__all__ = ["create"]
