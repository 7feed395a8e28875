"""Resolution: one pure function from a request, a bundle and a host to a spec and its reasons (S-01)."""

from msgspec import Struct

from worker_runtime.host.facts import NO_FACTS, HostFacts, restrict_facts
from worker_runtime.host.policy import HostPolicy
from worker_runtime.resolution.decide import decide
from worker_runtime.resolution.decision import Decision
from worker_runtime.resolution.errors import BundleRequiredError, Reason, ResolutionRefusedError
from worker_runtime.resolution.fast_path.plan_cache import PlanCache
from worker_runtime.resolution.host_plan import HostPlan
from worker_runtime.resolution.reasons import find_reasons
from worker_runtime.resolution.selectors import verify_selector
from worker_runtime.resolution.spec import ResolvedWorkerSpec, SpecFrame, assemble_spec
from yoi_bundle.builtin import BuiltinSet
from yoi_bundle.canonical import encode_canonical
from yoi_bundle.digest import compute_digest
from yoi_bundle.verified import VerifiedBundle
from yoi_wire.worker_requests import Intent, WorkerRequest


class HostSnapshot(Struct, frozen=True, kw_only=True):
    """Policy and facts of one host, taken at one instant."""

    policy: HostPolicy
    facts: HostFacts = NO_FACTS


class Resolution(Struct, frozen=True, kw_only=True):
    """What resolution found.

    Attributes:
        reasons: Why a Worker would be refused; empty when it would not.
        spec: Assembled from the decisions even when refused, so that a preview can show it.
        spec_bytes: Canonical form of the spec.
        digest: Of intent and facts, and of the digests of spec and host policy. Equal inputs give equal digests; no
            secret value is among them.
    """

    frame: SpecFrame
    decisions: tuple[Decision, ...]
    reasons: tuple[Reason, ...]
    spec: ResolvedWorkerSpec
    spec_bytes: bytes
    digest: str


class DecidedSpec(Struct, frozen=True, kw_only=True):
    """A resolution but for its digest: the same for Workers that differ in task and labels alone.

    Attributes:
        facts: Those that the plan needs.
    """

    facts: HostFacts
    decisions: tuple[Decision, ...]
    reasons: tuple[Reason, ...]
    spec: ResolvedWorkerSpec
    spec_bytes: bytes
    spec_digest: str


def prepare_resolution(
    request: WorkerRequest,
    *,
    bundle: VerifiedBundle | None,
    builtin: BuiltinSet,
    policy: HostPolicy,
    caller_is_remote: bool,
    plans: PlanCache | None = None,
) -> HostPlan:
    """Do what needs neither facts nor intent; the plan's `needs` say which facts to gather.

    Args:
        request: Its selector is looked up in the bundle, or without one in the built-in set, and nowhere else.
        bundle: The verified bundle of the request's digest.
        builtin: The Runtime's own profiles.
        policy: Of the workspace's issuer and id.
        caller_is_remote: Whether `bundle_required = "remote"` concerns the caller.
        plans: Plans made before, for a Runtime that resolves often.

    Raises:
        InvalidSelectorError: The selector is none.
        BundleRequiredError: Without a bundle, where one is needed (S-07).
        ProfileNotFoundError: No such profile.
    """
    verify_selector(request.selector)
    if bundle is None:
        _verify_bundle_not_required(request, policy, caller_is_remote=caller_is_remote)
    elif bundle.digest != request.bundle_digest:
        raise ValueError("the bundle is not the one that the request names")
    plans = plans or PlanCache(capacity=1)
    if bundle is None:
        return plans.get_host_plan(builtin.bundle, request.selector, policy, source="builtin")
    return plans.get_host_plan(bundle, request.selector, policy, source="bundle")


def compute_resolution(hosted: HostPlan, facts: HostFacts, intent: Intent) -> Resolution:
    """Decide, and say what would refuse a Worker; the dry run and the real one are this same function (S-08).

    Raises:
        RequestInvalidError: A required capability is none of the grammar.
    """
    return seal_resolution(hosted, decide_spec(hosted, facts, intent), intent)


def decide_spec(hosted: HostPlan, facts: HostFacts, intent: Intent) -> DecidedSpec:
    """Decide; of the intent, only narrowing and required capabilities are looked at.

    Raises:
        RequestInvalidError: A required capability is none of the grammar.
    """
    known = restrict_facts(facts, hosted.needs)
    decisions = decide(hosted, known, intent.narrowing)
    spec = assemble_spec(decisions, hosted.plan.frame)
    spec_bytes = encode_canonical(spec)
    return DecidedSpec(
        facts=known,
        decisions=decisions,
        reasons=find_reasons(decisions, intent.requires),
        spec=spec,
        spec_bytes=spec_bytes,
        spec_digest=compute_digest(spec_bytes),
    )


def seal_resolution(hosted: HostPlan, decided: DecidedSpec, intent: Intent) -> Resolution:
    """Give a decided spec the digest of everything it came from, the whole intent included."""
    inputs = {
        "facts": decided.facts,
        "intent": intent,
        "policy": hosted.policy_digest,
        "spec": decided.spec_digest,
    }
    return Resolution(
        frame=hosted.plan.frame,
        decisions=decided.decisions,
        reasons=decided.reasons,
        spec=decided.spec,
        spec_bytes=decided.spec_bytes,
        digest=compute_digest(encode_canonical(inputs)),
    )


def resolve_worker(
    request: WorkerRequest,
    *,
    bundle: VerifiedBundle | None,
    builtin: BuiltinSet,
    host: HostSnapshot,
    caller_is_remote: bool = False,
) -> Resolution:
    """Decide what a Worker may be on this host, and why.

    Pure: equal arguments give byte-equal specs (S-01). No layer adds what another withheld (S-02).

    Raises:
        ResolutionRefusedError: With every reason at once, never only the first.
        InvalidSelectorError, BundleRequiredError, ProfileNotFoundError: See `prepare_resolution`.
        RequestInvalidError: A required capability is none of the grammar.
    """
    hosted = prepare_resolution(
        request, bundle=bundle, builtin=builtin, policy=host.policy, caller_is_remote=caller_is_remote
    )
    resolution = compute_resolution(hosted, host.facts, request.intent)
    if resolution.reasons:
        raise ResolutionRefusedError(resolution.reasons)
    return resolution


def _verify_bundle_not_required(
    request: WorkerRequest, policy: HostPolicy, *, caller_is_remote: bool
) -> None:
    selector = request.selector
    if selector.startswith("workspace:"):
        raise BundleRequiredError(selector, "a workspace's profiles live in its bundle")
    if policy.bundle_required == "always":
        raise BundleRequiredError(selector, "host policy asks for a bundle always")
    if policy.bundle_required == "remote" and caller_is_remote:
        raise BundleRequiredError(selector, "host policy asks for a bundle of remote callers")
    plugins = any(text.startswith("plugin:") for text in request.intent.requires)
    if plugins and policy.bundle_required == "remote":
        raise BundleRequiredError(selector, "host policy asks for a bundle for any use of plugins")
