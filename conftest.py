"""Settings and shared fixtures of all tests: Hypothesis draws fresh examples on every run, no machine is too slow for it, and
children have default signals.

A failure prints the line `@reproduce_failure(…)` that draws its example again, and the example is kept under `.hypothesis`.
"""

from hypothesis import HealthCheck, Phase, settings

from support.backend.real_postgresql import postgresql_server
from support.processes.default_signals import restore_default_signals

__all__ = ["postgresql_server"]

# How long an example takes and how many have to be thrown away are no faults of what is tested.
_PATIENT = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]

settings.register_profile("fresh", deadline=None, print_blob=True, suppress_health_check=_PATIENT)
settings.register_profile(
    "repeatable", deadline=None, derandomize=True, print_blob=True, suppress_health_check=_PATIENT
)
settings.register_profile("soak", deadline=None, print_blob=True, suppress_health_check=_PATIENT)
# A mutant is killed by any failure: no smaller example is looked for, and none is kept for the next run.
settings.register_profile(
    "mutants",
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=_PATIENT,
)
settings.load_profile("fresh")
restore_default_signals()
