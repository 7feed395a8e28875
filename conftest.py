"""Settings and shared fixtures of all tests: Hypothesis draws the same examples on every run, no machine is too slow for it, and
children have default signals.
"""

from hypothesis import HealthCheck, settings

from support.backend.real_postgresql import postgresql_server
from support.processes.default_signals import restore_default_signals

__all__ = ["postgresql_server"]

settings.register_profile(
    "repeatable",
    deadline=None,
    derandomize=True,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "soak", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("repeatable")
restore_default_signals()
