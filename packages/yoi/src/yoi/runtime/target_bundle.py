"""Which bundle a selector is looked up in: the one named, the assigned one, or the newest of the workspace."""

import click
from msgspec import Struct

from worker_runtime.contract.caller import LOCAL_ISSUER
from yoi.bundles.source import NoSuchBundleError, find_digest
from yoi.runtime.target import AskedRuntime

BUILTIN_WORKSPACE = "local"


class ChosenBundle(Struct, frozen=True, kw_only=True):
    """Attributes: digest: None for the Runtime's built-in set."""

    workspace: str
    digest: str | None


def choose_bundle(
    runtime: AskedRuntime, reference: str | None, workspace: str | None, *, selector: str
) -> ChosenBundle:
    """Choose a bundle of the Runtime that is asked.

    Without any option `builtin:NAME` is looked up in the built-in set, and so is `default` while the store holds no
    bundle; other selectors in the assigned, else the
    newest bundle of the workspace, which has to be named when the store knows more than one.

    Raises:
        BundleMissingError: There is no such bundle; the remedy says where there may be some.
    """
    if reference is not None:
        digest = find_digest(reference, runtime)
        holders = sorted({issuer for issuer, entry in runtime.list_held() if entry.digest == digest})
        if holders and LOCAL_ISSUER not in holders:
            runtime.act_for(holders[0])
        entry = runtime.ask(lambda api, caller: api.head_bundle(caller, digest))
        return ChosenBundle(workspace=entry.workspace, digest=entry.digest)
    if workspace is None and (
        selector.startswith("builtin:") or (selector == "default" and not runtime.list_bundles())
    ):
        return ChosenBundle(workspace=BUILTIN_WORKSPACE, digest=None)
    issuer, name = _find_only_workspace(runtime, workspace)
    runtime.act_for(issuer)
    assignment = runtime.ask(lambda api, caller: api.get_assignment(caller, name), name)
    if assignment.digest is not None:
        return ChosenBundle(workspace=name, digest=assignment.digest)
    entries = [entry for entry in runtime.list_bundles() if entry.workspace == name]
    if not entries:
        raise NoSuchBundleError(
            f"no bundle of workspace {name} is held here", remedy=runtime.describe_other_places()
        )
    newest = max(entries, key=lambda entry: entry.metadata.revision)
    return ChosenBundle(workspace=name, digest=newest.digest)


def _find_only_workspace(runtime: AskedRuntime, workspace: str | None) -> tuple[str, str]:
    """Return issuer and name of the one workspace that can be meant."""
    held = {(issuer, entry.workspace) for issuer, entry in runtime.list_held()}
    found = sorted(pair for pair in held if workspace in (None, pair[1]))
    if not found and workspace is not None:
        return LOCAL_ISSUER, workspace
    if not found:
        raise NoSuchBundleError("no bundle is held here", remedy=runtime.describe_other_places())
    names = sorted({name for _, name in found})
    if len(names) > 1:
        raise click.UsageError(
            f"bundles of several workspaces are stored; add --workspace {' or '.join(names)}"
        )
    if len(found) > 1:
        issuers = " and ".join(issuer for issuer, _ in found)
        raise click.UsageError(f"{names[0]} is here from {issuers}; name one of its bundles with --bundle")
    return found[0]
