"""Ask the Runtime what profiles would be, and show the answer."""

from collections.abc import Sequence

import click

from worker_runtime.contract.workers import PreviewRequest
from worker_runtime.resolution.errors import ProfileNotFoundError, ResolutionRefusedError
from worker_runtime.resolution.explain import Explanation
from worker_runtime.resolution.rights import WorkerRights
from yoi.render.console import make_console
from yoi.render.tree import make_explanation_tree, make_rights_tree
from yoi.runtime.target import AskedRuntime
from yoi.runtime.target_bundle import ChosenBundle
from yoi.runtime.where_to_change import describe_gap, find_places, say_gap_remedy
from yoi.shell.output import print_json
from yoi.shell.selectors import list_near
from yoi_bundle.builtin import load_builtin_set
from yoi_bundle.error_fields import Item, Many
from yoi_bundle.manifest import Manifest
from yoi_bundle.verified import verify_manifest
from yoi_wire.worker_requests import WorkerRequest


class UnknownProfileError(ProfileNotFoundError):
    """No profile has this selector; says which are near."""

    near: Many[Item]


def preview_profiles(
    runtime: AskedRuntime, chosen: ChosenBundle, request: WorkerRequest, *, every: bool
) -> tuple[Explanation, ...]:
    """Return what one profile, or each of the bundle, would be on the Runtime's host (S-08).

    Raises:
        UnknownProfileError: There is none of the name, with those that are near.
    """
    preview = PreviewRequest(workspace=chosen.workspace, request=request, every_profile=every)
    try:
        return runtime.ask(lambda api, caller: api.resolve_worker(caller, preview), chosen.workspace)
    except ProfileNotFoundError as error:
        raise suggest_profiles(error, runtime, chosen) from None


def suggest_profiles(
    error: ProfileNotFoundError, runtime: AskedRuntime, chosen: ChosenBundle
) -> UnknownProfileError:
    """Return the same error with the names that are near."""
    manifest = load_manifest(runtime, chosen.digest)
    if chosen.digest is None:
        known = [f"builtin:{name}" for name in manifest.profiles]
    else:
        known = [f"workspace:{name}" for name in manifest.profiles]
        known += [f"builtin:{name}" for name in (manifest.builtin.profiles if manifest.builtin else {})]
    return UnknownProfileError(error.selector, error.source, list_near(error.selector, known))


def print_explanation(
    context: click.Context,
    runtime: AskedRuntime,
    explanations: Sequence[Explanation],
    chosen: ChosenBundle,
    *,
    as_json: bool,
) -> None:
    """Print explanations, as trees or complete as JSON."""
    if as_json:
        print_json({"explanations": explanations})
        return
    places = find_places(load_manifest(runtime, chosen.digest), name_policy(context, runtime))
    print_gap(context, runtime, chosen.workspace)
    for explanation in explanations:
        make_console(context).print(make_explanation_tree(explanation, places))


def print_gap(context: click.Context, runtime: AskedRuntime, workspace: str, *, stderr: bool = False) -> None:
    """Say first that this host's policy has no table for a workspace, where that is so."""
    issuer = runtime.find_host_policy_gap(workspace)
    if issuer is not None:
        for line in describe_gap(name_policy(context, runtime), issuer, workspace):
            make_console(context, stderr=stderr).print(line, soft_wrap=True)


def refuse_for_gap(
    context: click.Context,
    runtime: AskedRuntime,
    workspace: str,
    error: ResolutionRefusedError,
    *,
    as_json: bool,
) -> None:
    """Have a refusal say that this host's policy has no table for the workspace, where that is so."""
    issuer = runtime.find_host_policy_gap(workspace)
    if issuer is not None and as_json:
        error.remedy = say_gap_remedy(name_policy(context, runtime), issuer, workspace)
    elif issuer is not None:
        print_gap(context, runtime, workspace, stderr=True)


def print_rights(
    context: click.Context,
    runtime: AskedRuntime,
    rights: WorkerRights,
    digest: str | None,
    *,
    as_created: bool,
    as_json: bool,
) -> None:
    """Print a Worker's rights of now with what was taken away, or those that it was created with."""
    shown = rights.created if as_created else rights.now
    if as_json:
        lost = {} if as_created else {"state": rights.state, "lost": rights.lost}
        print_json({"explanations": [shown], **lost})
        return
    places = find_places(load_manifest(runtime, digest), name_policy(context, runtime))
    make_console(context).print(make_rights_tree(rights, places, as_created=as_created))


def name_policy(context: click.Context, runtime: AskedRuntime) -> str:
    """Return the host policy's file, or what to call one that is on another host."""
    return "the Runtime's host policy" if runtime.is_remote else str(context.obj.host_policy_file)


def load_manifest(runtime: AskedRuntime, digest: str | None) -> Manifest:
    """Return the manifest of a stored bundle, or of the built-in set."""
    if digest is None:
        return load_builtin_set().bundle.manifest
    return verify_manifest(runtime.get_bundle(digest).manifest, digest).manifest
