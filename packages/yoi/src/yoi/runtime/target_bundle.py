"""Which bundle a selector is looked up in: the one named, the assigned one, or the newest of the workspace."""

import click
from msgspec import Struct

from yoi.bundles.source import find_digest
from yoi.runtime.target import AskedRuntime
from yoi_wire.errors import BundleMissingError

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
        BundleMissingError: There is no such bundle.
    """
    if reference is not None:
        digest = find_digest(reference, runtime)
        entry = runtime.ask(lambda api, caller: api.head_bundle(caller, digest))
        return ChosenBundle(workspace=entry.workspace, digest=entry.digest)
    if workspace is None and (
        selector.startswith("builtin:") or (selector == "default" and not runtime.list_bundles())
    ):
        return ChosenBundle(workspace=BUILTIN_WORKSPACE, digest=None)
    name = workspace or _find_only_workspace(runtime)
    assignment = runtime.ask(lambda api, caller: api.get_assignment(caller, name), name)
    if assignment.digest is not None:
        return ChosenBundle(workspace=name, digest=assignment.digest)
    entries = [entry for entry in runtime.list_bundles() if entry.workspace == name]
    if not entries:
        raise BundleMissingError(f"of workspace {name}")
    newest = max(entries, key=lambda entry: entry.metadata.revision)
    return ChosenBundle(workspace=name, digest=newest.digest)


def _find_only_workspace(runtime: AskedRuntime) -> str:
    names = sorted({entry.workspace for entry in runtime.list_bundles()})
    if not names:
        raise BundleMissingError("(none: bring one there with `yoi bundle build` or `push`)")
    if len(names) > 1:
        raise click.UsageError(
            f"bundles of several workspaces are stored; add --workspace {' or '.join(names)}"
        )
    return names[0]
