"""Cache of host plans: a Runtime resolves the same profile under the same policy many times (buys P-05)."""

from collections import OrderedDict
from typing import Literal, TypeAlias

from worker_runtime.host.policy import HostPolicy
from worker_runtime.resolution.host_plan import HostPlan, prepare_host_plan
from worker_runtime.resolution.plan import prepare_profile
from yoi_bundle.verified import VerifiedBundle

_Key: TypeAlias = tuple[str, str, str, int]


class PlanCache:
    """The host plans used last, at most `capacity` of them; for one thread at a time, or the interpreter's lock.

    A policy is told by its identity: a document that is read again has new policies, and their old plans fall out.
    """

    def __init__(self, capacity: int = 256) -> None:
        self._capacity = capacity
        self._plans: OrderedDict[_Key, HostPlan] = OrderedDict()

    def get_host_plan(
        self,
        bundle: VerifiedBundle,
        selector: str,
        policy: HostPolicy,
        *,
        source: Literal["bundle", "builtin"],
    ) -> HostPlan:
        """Return the plan of a profile under a policy.

        Raises:
            InvalidSelectorError, ProfileNotFoundError: See `prepare_profile`.
        """
        # The plan holds the policy, so that its identity stays its own for as long as the key is here.
        key = (bundle.digest, source, selector, id(policy))
        plan = self._plans.pop(key, None)
        if plan is None:
            plan = prepare_host_plan(prepare_profile(bundle, selector, source=source), policy)
        self._plans[key] = plan
        if len(self._plans) > self._capacity:
            self._plans.popitem(last=False)
        return plan

    def find_host_plan(
        self, digest: str, selector: str, policy: HostPolicy, *, source: Literal["bundle", "builtin"]
    ) -> HostPlan | None:
        """Return a plan that was made before; it says nothing of whether the bundle is held now, or by whom."""
        return self._plans.get((digest, source, selector, id(policy)))
