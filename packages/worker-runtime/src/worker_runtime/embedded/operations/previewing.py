"""Preview: the same resolution as a dry run, for one profile or all (S-08)."""

import asyncio

import msgspec

from worker_runtime.contract.caller import Caller, verify_access
from worker_runtime.contract.workers import PreviewRequest
from worker_runtime.embedded.operations.context import Context
from worker_runtime.embedded.operations.loading import load_bundle
from worker_runtime.embedded.operations.resolving import narrow_caller, resolve_request
from worker_runtime.resolution.explain import Explanation, explain_resolution


async def preview_workers(
    context: Context, caller: Caller, wanted: PreviewRequest
) -> tuple[Explanation, ...]:
    """Explain what Workers would be; stores nothing.

    Profiles that this Runtime cannot read are left out; `BundleStatus.rejected_profiles` names them.

    Raises:
        BundleMissingError, BundleCorruptError, InvalidSelectorError, BundleRequiredError, ProfileNotFoundError: See
            `worker_runtime.embedded.operations.resolving.prepare_request`.
    """
    verify_access(caller, "runtime:read", wanted.workspace)
    if not wanted.every_profile:
        resolved = await resolve_request(context, caller, wanted.workspace, wanted.request)
        return (explain_resolution(resolved.resolution),)
    selectors = await asyncio.to_thread(_list_selectors, context, caller, wanted)
    explanations: list[Explanation] = []
    for selector in selectors:
        request = msgspec.structs.replace(wanted.request, selector=selector)
        resolved = await resolve_request(context, caller, wanted.workspace, request)
        explanations.append(explain_resolution(resolved.resolution))
    return tuple(explanations)


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
