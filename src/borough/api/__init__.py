"""Speak HTTP: things, observations, detections, cases and a live stream."""
