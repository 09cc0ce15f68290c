"""Speak HTTP: things, observations, detections, cases and a live stream."""

from borough.api.application import create, renew

__all__ = ["create", "renew"]
