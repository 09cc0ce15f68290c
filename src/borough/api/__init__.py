"""Speak HTTP: things, observations, detections, cases and a live stream.

`borough.api.application` makes the application.  It is not imported here, for whoever needs one
module of this package, such as the desk the rules of signing in, need not wait for all doors.
"""
