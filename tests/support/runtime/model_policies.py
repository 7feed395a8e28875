"""Host policies that give Workers a model, for tests that are about something else."""

import msgspec

from worker_runtime.host.policy import HostModelGrant, HostPolicy


def give_default_model(policy: HostPolicy) -> HostPolicy:
    """Return the policy with one model under an alias, which is the default."""
    grant = HostModelGrant(provider="example", model="small")
    return msgspec.structs.replace(policy, models={"small": grant}, default_model="small")
