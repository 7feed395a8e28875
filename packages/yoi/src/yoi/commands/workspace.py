"""`yoi workspace`: what a Backend keeps of workspaces, and what became of them."""

from pathlib import Path

import click
import msgspec

from yoi.backend.address import BackendAddress
from yoi.backend.client import BackendClient, ask_backend
from yoi.backend.options import online_options
from yoi.render.console import make_console
from yoi.render.documents import Column, print_document, print_done, print_list, shorten
from yoi.render.workspaces import WORKSPACE_FACTS, History, print_history
from yoi.shell.command import YoiCommand
from yoi.shell.lazy_group import LazyCommand, LazyGroup
from yoi.shell.output import print_json
from yoi_wire.backend.builds import BuildView
from yoi_wire.backend.diffs import DiffView
from yoi_wire.backend.operations import (
    ADD_WORKSPACE,
    GET_DIFF,
    GET_WORKSPACE,
    LIST_ACTIVATIONS,
    LIST_BUILDS,
    LIST_REVISIONS,
    LIST_REVOCATIONS,
    LIST_WORKSPACES,
)
from yoi_wire.backend.placements import Visibility
from yoi_wire.backend.workspaces import (
    DirectorySource,
    GitSource,
    NewWorkspace,
    PublishedSource,
    Source,
    WorkspaceView,
)

_LATER = {
    "publish": LazyCommand(
        "yoi.commands.publish:publish", "Make a new revision: built there, or brought from here."
    ),
    "activate": LazyCommand("yoi.commands.activation:activate", "Make a revision the active one."),
    "rollback": LazyCommand(
        "yoi.commands.activation:rollback", "Go back to an older revision, and stay there."
    ),
    "release": LazyCommand("yoi.commands.activation:release", "Let new revisions become active again."),
    "revoke": LazyCommand("yoi.commands.activation:revoke", "Let no new Worker use a bundle."),
}


class _Shown(WorkspaceView, frozen=True, kw_only=True):
    """A workspace, and how its last build ended."""

    last_build: BuildView | None


@click.group(cls=LazyGroup, table=_LATER)
def workspace() -> None:
    """Look after the workspaces of a Backend."""


@workspace.command(cls=YoiCommand)
@click.argument("workspace_id", metavar="WORKSPACE")
@click.option(
    "--directory", type=click.Path(path_type=Path), help="Build from this directory of the Backend's host."
)
@click.option("--git", "repository", metavar="URL", help="Build from this git repository.")
@click.option("--ref", help="The branch, tag or commit to build.")
@click.option("--subdirectory", default="", help="Where in the repository the workspace lies.")
@click.option("--title", default="", help="What people call it.")
@click.option(
    "--visibility",
    type=click.Choice(("private", "internal", "public")),
    default="private",
    show_default=True,
    help="What placement rules may go by.",
)
@click.option("--manual", is_flag=True, help="Do not activate new revisions by themselves.")
@online_options
@click.pass_context
def add(
    context: click.Context,
    workspace_id: str,
    *,
    directory: Path | None,
    repository: str | None,
    ref: str | None,
    subdirectory: str,
    title: str,
    visibility: Visibility,
    manual: bool,
    backend: BackendAddress,
    as_json: bool,
) -> None:
    """Add WORKSPACE; without a source, finished bundles are published to it."""
    wanted = NewWorkspace(
        id=workspace_id,
        title=title,
        visibility=visibility,
        automatic=not manual,
        source=_make_source(directory, repository, ref, subdirectory),
    )
    added = ask_backend(backend, lambda client: client.call(ADD_WORKSPACE, body=wanted))
    print_done(context, added, "added", f"workspace {added.id}", as_json=as_json)


@workspace.command(name="list", cls=YoiCommand)
@online_options
@click.pass_context
def list_(context: click.Context, backend: BackendAddress, as_json: bool) -> None:
    """List the workspaces that your token names."""
    found = ask_backend(backend, lambda client: client.collect(LIST_WORKSPACES))
    columns: tuple[Column[WorkspaceView], ...] = (
        *WORKSPACE_FACTS[:4],
        ("revision", "active.revision"),
        ("bundle", lambda one: shorten(None if one.active is None else one.active.digest)),
        ("held", "held"),
    )
    print_list(context, "workspaces", found, columns, as_json=as_json)


@workspace.command(cls=YoiCommand)
@click.argument("workspace_id", metavar="WORKSPACE")
@online_options
@click.pass_context
def show(context: click.Context, workspace_id: str, *, backend: BackendAddress, as_json: bool) -> None:
    """Show WORKSPACE: where it comes from, what is active, and how the last build ended."""

    async def read(client: BackendClient) -> _Shown:
        found = await client.call(GET_WORKSPACE, workspace=workspace_id)
        builds = await client.call(LIST_BUILDS, workspace=workspace_id, limit=1)
        return _Shown(**msgspec.structs.asdict(found), last_build=next(iter(builds.items), None))

    found = ask_backend(backend, read)
    facts: tuple[Column[_Shown], ...] = (
        *WORKSPACE_FACTS,
        ("last build", "last_build.outcome"),
        ("built", "last_build.built_at"),
        ("because", "last_build.problem.code"),
    )
    print_document(context, found, facts, as_json=as_json)


@workspace.command(cls=YoiCommand)
@click.argument("workspace_id", metavar="WORKSPACE")
@click.option("--limit", type=click.IntRange(1, 500), default=50, show_default=True, help="How many of each.")
@online_options
@click.pass_context
def history(
    context: click.Context, workspace_id: str, *, limit: int, backend: BackendAddress, as_json: bool
) -> None:
    """Say who made which revision active, when and why; and which revisions there are; newest first."""

    async def read(client: BackendClient) -> History:
        return History(
            withheld_revision=(await client.call(GET_WORKSPACE, workspace=workspace_id)).withheld_revision,
            activations=(await client.call(LIST_ACTIVATIONS, workspace=workspace_id, limit=limit)).items,
            revisions=(await client.call(LIST_REVISIONS, workspace=workspace_id, limit=limit)).items,
            revocations=(await client.call(LIST_REVOCATIONS, workspace=workspace_id, limit=limit)).items,
        )

    found = ask_backend(backend, read)
    if as_json:
        print_json(found)
    else:
        print_history(make_console(context), found)


@workspace.command(cls=YoiCommand)
@click.argument("workspace_id", metavar="WORKSPACE")
@click.argument("old", type=click.IntRange(min=1), metavar="OLD")
@click.argument("new", type=click.IntRange(min=1), metavar="[NEW]", required=False)
@online_options
@click.pass_context
def diff(
    context: click.Context,
    workspace_id: str,
    *,
    old: int,
    new: int | None,
    backend: BackendAddress,
    as_json: bool,
) -> None:
    """Say what changed from revision OLD to revision NEW, or to the active one, by meaning."""

    async def read(client: BackendClient) -> DiffView:
        wanted = new or await _find_active(client, workspace_id)
        return await client.call(GET_DIFF, workspace=workspace_id, from_revision=old, to_revision=wanted)

    found = ask_backend(backend, read)
    if as_json:
        print_json(found)
        return
    from yoi.render.diff import print_diff
    from yoi_bundle.diff import BundleDiff

    told = {"old": found.from_digest, "new": found.to_digest, "changes": found.changes}
    print_diff(make_console(context), msgspec.convert(told, BundleDiff, from_attributes=True))


async def _find_active(client: BackendClient, workspace_id: str) -> int:
    active = (await client.call(GET_WORKSPACE, workspace=workspace_id)).active
    if active is None:
        raise click.UsageError("no revision is active; name NEW")
    return active.revision


def _make_source(
    directory: Path | None, repository: str | None, ref: str | None, subdirectory: str
) -> Source:
    if directory is not None and repository is not None:
        raise click.UsageError("--directory or --git, not both")
    if repository is None and (ref is not None or subdirectory):
        raise click.UsageError("--ref and --subdirectory go with --git")
    if repository is not None:
        if ref is None:
            raise click.UsageError("--git needs --ref")
        return GitSource(url=repository, ref=ref, subdirectory=subdirectory)
    if directory is not None:
        return DirectorySource(path=str(directory.absolute()))
    return PublishedSource()
