"""Tests measure no time: a busy machine makes nothing wrong, so hypothesis sets no deadline."""

from hypothesis import HealthCheck, settings

settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")
