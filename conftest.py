"""Tests measure no time: a busy machine makes nothing wrong, so hypothesis sets no deadline."""

from hypothesis import settings

settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")
