"""Resolution of a request under this host's policy and facts: the steps around the pure function (S-01, S-08)."""

import asyncio

import msgspec
from msgspec import Struct

from worker_runtime.contract.caller import Caller, verify_access
from worker_runtime.contract.workers import PreviewRequest
from worker_runtime.embedded.operations.context import Context
from worker_runtime.embedded.operations.loading import load_bundle, read_visible_blob
from worker_runtime.event_log import LOG
from worker_runtime.host.facts import HostFacts, HostNeeds, gather_host_facts
from worker_runtime.resolution.errors import Reason
from worker_runtime.resolution.explain import Explanation, explain_resolution
from worker_runtime.resolution.host_plan import HostPlan
from worker_runtime.resolution.resolve import (
    Resolution,
    compute_resolution,
    prepare_resolution,
)
from worker_runtime.resolution.spec import SpecFrame
from worker_runtime.resolution.version import RESOLVER_VERSION
from yoi_bundle.calls.fit import find_misfit
from yoi_bundle.errors import YoiError
from yoi_bundle.faults import join_pointer
from yoi_wire.errors import RequestInvalidError
from yoi_wire.worker_requests import Intent, WorkerRequest


class Resolved(Struct, frozen=True, kw_only=True):
    """A resolution and the facts it was made from."""

    resolution: Resolution
    facts: HostFacts


def find_idle_rule(intent: Intent) -> RequestInvalidError | None:
    """Return the refusal of an intent whose policy has a rule that can never match, as files have it where they are read.

    A Worker that was created from such an intent goes on: there the tool's every call counts as restricted (S-11).
    """
    policy = intent.narrowing.policy
    for rule_id, rule in sorted(policy.rules.items()) if policy is not None else ():
        if misfit := find_misfit(rule.tool, rule.where):
            pointer = join_pointer("/intent/narrowing/policy/rules", rule_id)
            return RequestInvalidError(f"a rule that can never match: {misfit}", field=pointer)
    return None


def prepare_request(context: Context, caller: Caller, workspace: str, request: WorkerRequest) -> HostPlan:
    """Load the bundle and do what needs no facts; may block on the disk.

    Raises:
        BundleMissingError, BundleCorruptError: See `load_bundle`.
        InvalidSelectorError, BundleRequiredError, ProfileNotFoundError: See `prepare_resolution`.
    """
    of_workspace = narrow_caller(caller, workspace)
    digest = request.bundle_digest
    bundle = None if digest is None else load_bundle(context, of_workspace, digest)
    return prepare_resolution(
        request,
        bundle=bundle,
        builtin=context.builtin,
        policy=context.host.get_policy(caller.issuer, workspace),
        caller_is_remote=caller.kind == "remote",
        plans=context.plans,
    )


async def gather_facts(context: Context, caller: Caller, workspace: str, plan: HostPlan) -> HostFacts:
    """Ask the host for what a plan needs, and nothing else (S-01)."""
    return await gather_needed(context, caller, workspace, plan.needs, digest=plan.plan.frame.digest)


async def gather_needed(
    context: Context, caller: Caller, workspace: str, needs: HostNeeds, *, digest: str
) -> HostFacts:
    """Ask the host for these names; packages that travel are read from the bundle of this digest."""

    async def read_package(package: str) -> bytes:
        of_workspace = narrow_caller(caller, workspace)
        return await asyncio.to_thread(read_visible_blob, context, of_workspace, digest, package)

    ports = context.host.build_ports(caller.issuer, workspace, read_package)
    return await gather_host_facts(needs, ports)


async def resolve_request(
    context: Context, caller: Caller, workspace: str, request: WorkerRequest
) -> Resolved:
    """Resolve a request; a refusal is in the resolution, not raised."""
    plan = await asyncio.to_thread(prepare_request, context, caller, workspace, request)
    facts = await gather_facts(context, caller, workspace, plan)
    resolution = await asyncio.to_thread(compute_resolution, plan, facts, request.intent)
    return Resolved(resolution=resolution, facts=facts)


def narrow_caller(caller: Caller, workspace: str) -> Caller:
    """Return the caller as it is for one workspace only, so that no other one's bundle can be named (R-07)."""
    return Caller(
        kind=caller.kind,
        issuer=caller.issuer,
        workspaces=caller.workspaces & {workspace},
        scopes=caller.scopes,
        subject=caller.subject,
    )


async def preview_workers(
    context: Context, caller: Caller, wanted: PreviewRequest
) -> tuple[Explanation, ...]:
    """Explain what Workers would be; stores nothing.

    Profiles that this Runtime cannot read are left out; `BundleStatus.rejected_profiles` names them. One whose
    resolution fails in an unforeseen way is refused as `internal`, and the others are explained.

    Raises:
        RequestInvalidError: The intent has a rule that can never match.
        BundleMissingError, BundleCorruptError, InvalidSelectorError, BundleRequiredError, ProfileNotFoundError: See
            `worker_runtime.embedded.operations.resolving.prepare_request`.
    """
    verify_access(caller, "runtime:read", wanted.workspace)
    if (refusal := find_idle_rule(wanted.request.intent)) is not None:
        raise refusal
    if not wanted.every_profile:
        resolved = await resolve_request(context, caller, wanted.workspace, wanted.request)
        return (explain_resolution(resolved.resolution),)
    selectors = await asyncio.to_thread(_list_selectors, context, caller, wanted)
    explanations: list[Explanation] = []
    for selector in selectors:
        request = msgspec.structs.replace(wanted.request, selector=selector)
        try:
            resolved = await resolve_request(context, caller, wanted.workspace, request)
        except YoiError:
            raise
        except Exception as error:  # noqa: BLE001  one profile's fault is that profile's alone
            LOG.fault({}, error)
            explanations.append(_explain_fault(context, wanted, selector))
        else:
            explanations.append(explain_resolution(resolved.resolution))
    return tuple(explanations)


def _explain_fault(context: Context, wanted: PreviewRequest, selector: str) -> Explanation:
    """Return the explanation of a profile whose resolution failed in an unforeseen way: refused, and no decision."""
    digest = wanted.request.bundle_digest
    frame = SpecFrame(
        selector=selector,
        profile=selector,
        source="builtin" if digest is None else "bundle",
        digest=digest or context.builtin.bundle.digest,
        workspace="builtin" if digest is None else wanted.workspace,
        resolver_version=RESOLVER_VERSION,
    )
    message = "its resolution failed in an unforeseen way; the Runtime's log has the place"
    reason = Reason(code="internal", kind="profile", id=selector, message=message)
    return Explanation(frame=frame, resolution_digest="", decisions=(), refused=(reason,))


def _list_selectors(context: Context, caller: Caller, wanted: PreviewRequest) -> list[str]:
    digest = wanted.request.bundle_digest
    if digest is None:
        return [f"builtin:{name}" for name in sorted(context.builtin.bundle.manifest.profiles)]
    manifest = load_bundle(context, narrow_caller(caller, wanted.workspace), digest).manifest
    copies = manifest.builtin.profiles if manifest.builtin is not None else {}
    return [
        *(f"workspace:{name}" for name in sorted(manifest.profiles)),
        *(f"builtin:{name}" for name in sorted(copies)),
    ]
