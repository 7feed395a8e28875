"""`yoi workspace publish`: a new revision, built by the Backend or brought to it finished (K-01)."""

from collections.abc import Iterator
from pathlib import Path

import click
import msgspec

from yoi.backend.address import BackendAddress
from yoi.backend.client import BackendClient, ask_backend
from yoi.backend.options import online_options
from yoi.backend.publishing import claim_directory, open_as_archive, publish_archive
from yoi.bundles.building import build_directory, open_built, summarise_build
from yoi.bundles.source import OpenBundle, open_bundle
from yoi.render.build_result import print_build_result
from yoi.render.console import join_text, make_console
from yoi.render.diagnostics import print_diagnostics
from yoi.render.progress import show_progress
from yoi.runtime.local import open_local_runtime
from yoi.shell.command import YoiCommand, data_directory_option, host_policy_option
from yoi.shell.exit_codes import DONE, REFUSED
from yoi.shell.output import print_json
from yoi_bundle.diagnostics import Diagnostic
from yoi_wire.backend.builds import BuildProblemView, BuildView
from yoi_wire.backend.operations import CREATE_BUILD, GET_WORKSPACE
from yoi_wire.backend.workspaces import ActiveBundle


class _Publication(msgspec.Struct, frozen=True, kw_only=True):
    """What came of publishing.

    Attributes:
        outcome: `new`, `unchanged` or `failed`.
        active: What new Workers use now.
        build: None for a bundle that was brought.
    """

    workspace: str
    outcome: str
    digest: str | None
    revision: int | None
    active: ActiveBundle | None
    build: BuildView | None


@click.command(cls=YoiCommand)
@click.argument("workspace_id", metavar="WORKSPACE")
@click.argument("what", metavar="[DIRECTORY|ARCHIVE|BUNDLE]", required=False)
@click.option("--lenient", is_flag=True, help="Building here: leave out just the items at fault.")
@data_directory_option
@host_policy_option
@online_options
@click.pass_context
def publish(
    context: click.Context,
    workspace_id: str,
    *,
    what: str | None,
    lenient: bool,
    backend: BackendAddress,
    as_json: bool,
) -> int:
    """Make a new revision of WORKSPACE.

    Alone, the Backend builds it from its source. With a directory it is built here; an archive, or a bundle of the local
    Runtime, is finished already.
    """
    if what is None:
        return _build_there(context, backend, workspace_id, as_json=as_json)
    if Path(what).is_dir():
        return _build_here(context, backend, workspace_id, Path(what), lenient=lenient, as_json=as_json)
    with open_local_runtime(context.obj) as runtime, open_bundle(what, runtime) as opened:
        return bring(context, backend, workspace_id, opened, as_json=as_json)


def bring(
    context: click.Context, backend: BackendAddress, workspace_id: str, opened: OpenBundle, *, as_json: bool
) -> int:
    """Publish a finished bundle, and print what came of it."""

    async def run(client: BackendClient) -> _Publication:
        published = await publish_archive(client, workspace_id, archive)
        return _Publication(
            workspace=workspace_id,
            outcome="new" if published.created else "unchanged",
            digest=published.revision.digest,
            revision=published.revision.revision,
            active=(await client.call(GET_WORKSPACE, workspace=workspace_id)).active,
            build=None,
        )

    with open_as_archive(opened) as archive:
        found = ask_backend(backend, run)
    return _finish(context, found, as_json=as_json)


def _build_there(context: click.Context, backend: BackendAddress, workspace_id: str, *, as_json: bool) -> int:
    async def run(client: BackendClient) -> _Publication:
        build = await client.call(CREATE_BUILD, workspace=workspace_id)
        return _Publication(
            workspace=workspace_id,
            outcome=build.outcome,
            digest=build.digest,
            revision=build.revision,
            active=(await client.call(GET_WORKSPACE, workspace=workspace_id)).active,
            build=build,
        )

    return _finish(context, ask_backend(backend, run), as_json=as_json)


def _build_here(
    context: click.Context,
    backend: BackendAddress,
    workspace_id: str,
    directory: Path,
    *,
    lenient: bool,
    as_json: bool,
) -> int:
    with show_progress(context, quiet=as_json) as progress:
        result = build_directory(
            directory, context.obj, workspace=workspace_id, lenient=lenient, progress=progress
        )
    if result.bundle is None:
        if as_json:
            print_json(summarise_build(result, None))
        else:
            print_build_result(context, result, None, "not published")
        return REFUSED
    built = open_built(result.bundle)
    claimed = msgspec.structs.replace(built, metadata=claim_directory(built, directory))
    if not as_json:
        print_diagnostics(make_console(context), result.diagnostics)
    return bring(context, backend, workspace_id, claimed, as_json=as_json)


def _finish(context: click.Context, found: _Publication, *, as_json: bool) -> int:
    if as_json:
        print_json(found)
    else:
        _print(context, found)
    return REFUSED if found.outcome == "failed" else DONE


def _print(context: click.Context, found: _Publication) -> None:
    console = make_console(context)
    build = found.build
    if build is not None:
        print_diagnostics(console, _read_diagnostics(build))
    if build is not None and found.outcome == "failed":
        problem = build.problem or BuildProblemView(code="bundle.invalid", details={})
        said = " ".join(one for one in problem.details.values() if isinstance(one, str))
        remarks = f"{build.diagnostic_count} remarks; what was active stays active"
        text = f": {said} [{problem.code}]; {remarks}"
        console.print(join_text(("no bundle", "bold red"), text))
        return
    is_active = found.active is not None and found.active.digest == found.digest
    state = "active" if is_active else f"not active: see `yoi workspace show {found.workspace}`"
    text = f" revision {found.revision} of {found.workspace}"
    if found.outcome != "new":
        text = f":{text} has this content already"
    verb = "published" if found.outcome == "new" else "nothing new"
    console.print(join_text((verb, "green"), f"{text}: {found.digest}; {state}"))


def _read_diagnostics(build: BuildView) -> Iterator[Diagnostic]:
    for one in build.diagnostics:
        found = msgspec.convert(one, Diagnostic, from_attributes=True)
        yield found if found.message else msgspec.structs.replace(found, message="(for operators)")
