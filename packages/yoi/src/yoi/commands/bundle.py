"""`yoi bundle`: build, check, compare and move config bundles."""

from functools import partial
from pathlib import Path

import click

from yoi.backend.address import BackendAddress
from yoi.backend.options import backend_or_runtime
from yoi.bundles.archive import store_archive, write_archive_file
from yoi.bundles.building import build_directory, make_scanner, open_built, store_build, summarise_build
from yoi.bundles.source import OpenBundle, is_file, join_readers, open_archive, open_bundle
from yoi.bundles.summary import describe_bundle, describe_contents, list_rows, verify_contents
from yoi.render.build_result import print_build_result
from yoi.render.console import join_text, make_console
from yoi.render.progress import show_progress
from yoi.render.table import format_bytes, make_facts, make_table
from yoi.runtime.local import LocalRuntime, open_local_runtime
from yoi.runtime.remote_options import RemoteAddress, remote_options
from yoi.shell.command import YoiCommand, data_directory_option, host_policy_option, json_option
from yoi.shell.exit_codes import DONE, REFUSED
from yoi.shell.output import print_json
from yoi_bundle.authoring.build import BuildResult
from yoi_wire.errors import RequestInvalidError

_DIRECTORY = click.Path(exists=True, file_okay=False, path_type=Path)
_NEW_FILE = click.Path(dir_okay=False, path_type=Path)


@click.group()
def bundle() -> None:
    """Build, check, compare and move config bundles."""


@bundle.command(cls=YoiCommand)
@click.argument("directory", type=_DIRECTORY, default=".")
@click.option("--workspace", help="The id, when workspace.toml says none (else `local`).")
@click.option("--lenient", is_flag=True, help="Leave out just the items at fault.")
@click.option("--agents", multiple=True, metavar="GLOB", help="Markdown to read as agents; may stand again.")
@click.option("--output", type=_NEW_FILE, help="Write an archive instead of storing the bundle.")
@click.option("--verbose", is_flag=True, help="Print every remark.")
@data_directory_option
@host_policy_option
@json_option
@click.pass_context
def build(
    context: click.Context,
    *,
    directory: Path,
    workspace: str | None,
    lenient: bool,
    agents: tuple[str, ...],
    output: Path | None,
    verbose: bool,
    as_json: bool,
) -> int:
    """Build the workspace in DIRECTORY and store the bundle in the local Runtime."""
    result = _build(context, directory, workspace, lenient=lenient, agents=agents, as_json=as_json)
    revision: int | None = None
    if result.bundle is not None and output is not None:
        # Without metadata the archive depends on the digest alone: the same bytes wherever it is built (B-13).
        write_archive_file(open_built(result.bundle), output, metadata=None)
    elif result.bundle is not None:
        with open_local_runtime(context.obj) as runtime:
            revision = store_build(runtime, result, directory)
    where = "stored" if output is None else f"written to {output}"
    return _finish(context, result, revision, where, verbose=verbose, as_json=as_json)


@bundle.command(cls=YoiCommand)
@click.argument("directory", type=_DIRECTORY, default=".")
@click.option("--workspace", help="The id, when workspace.toml says none (else `local`).")
@click.option("--lenient", is_flag=True, help="Leave out just the items at fault.")
@click.option("--agents", multiple=True, metavar="GLOB", help="Markdown to read as agents; may stand again.")
@click.option("--verbose", is_flag=True, help="Print every remark.")
@json_option
@click.pass_context
def lint(
    context: click.Context,
    *,
    directory: Path,
    workspace: str | None,
    lenient: bool,
    agents: tuple[str, ...],
    verbose: bool,
    as_json: bool,
) -> int:
    """Build the workspace in DIRECTORY without keeping anything."""
    result = _build(context, directory, workspace, lenient=lenient, agents=agents, as_json=as_json)
    return _finish(context, result, None, "not kept", verbose=verbose, as_json=as_json)


@bundle.command(cls=YoiCommand)
@click.argument("reference", metavar="BUNDLE")
@data_directory_option
@host_policy_option
@json_option
@click.pass_context
def show(context: click.Context, reference: str, as_json: bool) -> None:
    """Show what is in BUNDLE: a digest, the beginning of one, or an archive file."""
    with open_local_runtime(context.obj) as runtime, open_bundle(reference, runtime) as opened:
        if as_json:
            print_json({**describe_bundle(opened), "manifest": opened.bundle.manifest})
            return
        console = make_console(context)
        console.print(make_facts(describe_contents(opened)))
        for title, rows in list_rows(opened.bundle.manifest):
            console.print()
            console.print(make_table(("id", "title", "file"), rows, title=title))


@bundle.command(cls=YoiCommand)
@click.argument("old", metavar="OLD")
@click.argument("new", metavar="NEW")
@data_directory_option
@host_policy_option
@json_option
@click.pass_context
def diff(context: click.Context, old: str, new: str, as_json: bool) -> None:
    """Say what changed from OLD to NEW by meaning, each change with its class."""
    from yoi.render.diff import BothPlaces, print_diff
    from yoi.runtime.where_to_change import find_places
    from yoi_bundle.diff import compute_diff

    with (
        open_local_runtime(context.obj) as runtime,
        open_bundle(old, runtime) as before,
        open_bundle(new, runtime) as after,
    ):
        found = compute_diff(before.bundle, after.bundle, join_readers(before, after))
        places = BothPlaces(find_places(before.bundle.manifest, ""), find_places(after.bundle.manifest, ""))
    if as_json:
        print_json(found)
    else:
        print_diff(make_console(context), found, places)


@bundle.command(cls=YoiCommand)
@click.argument("reference", metavar="BUNDLE")
@data_directory_option
@host_policy_option
@json_option
@click.pass_context
def verify(context: click.Context, reference: str, as_json: bool) -> None:
    """Read BUNDLE again, manifest and every blob, and check all that a receiver checks; of an archive, its texts too."""
    scanner = make_scanner(context.obj) if is_file(Path(reference)) else None
    with open_local_runtime(context.obj) as runtime, open_bundle(reference, runtime) as opened:
        verify_contents(opened, scanner=scanner)
        described = describe_bundle(opened)
    if as_json:
        print_json({**described, "verified": True, "texts_checked": scanner is not None})
    else:
        text = f" {described['digest']}: manifest and {described['blobs']} blobs"
        if scanner is not None:
            text += "; no credential and no hidden text found"
        make_console(context).print(join_text(("sound", "bold green"), text))


@bundle.command(cls=YoiCommand)
@click.argument("reference", metavar="BUNDLE")
@click.argument("file", type=_NEW_FILE)
@data_directory_option
@host_policy_option
@json_option
@click.pass_context
def export(context: click.Context, reference: str, file: Path, as_json: bool) -> None:
    """Write BUNDLE to FILE as an archive."""
    with open_local_runtime(context.obj) as runtime, open_bundle(reference, runtime) as opened:
        size = write_archive_file(opened, file, metadata=opened.metadata)
        digest = opened.bundle.digest
    if as_json:
        print_json({"digest": digest, "file": str(file), "bytes": size})
    else:
        make_console(context).print(
            join_text(("written ", "green"), f"{digest} to {file}, {format_bytes(size)}")
        )


@bundle.command(name="import", cls=YoiCommand)
@click.argument("file", type=click.Path(path_type=Path))
@data_directory_option
@host_policy_option
@json_option
@click.pass_context
def import_(context: click.Context, file: Path, as_json: bool) -> None:
    """Store the archive FILE in the local Runtime; what it holds is checked as a build and a receiver check it."""
    if not is_file(file):
        raise RequestInvalidError("no such file", field=str(file))
    with open_local_runtime(context.obj) as runtime, open_archive(file) as opened:
        verify_contents(opened, scanner=make_scanner(context.obj))
        revision = store_archive(runtime, opened)
        described = describe_bundle(opened)
    if as_json:
        print_json({**described, "revision": revision})
    else:
        text = f"{described['digest']} as revision {revision} of {described['workspace']}"
        make_console(context).print(join_text(("stored ", "green"), text))


@bundle.command(cls=YoiCommand)
@click.argument("reference", metavar="BUNDLE")
@remote_options("--to", required=False)
@backend_or_runtime
@data_directory_option
@host_policy_option
@json_option
@click.pass_context
def push(
    context: click.Context,
    /,
    reference: str,
    address: RemoteAddress | None,
    backend: BackendAddress | None,
    *,
    as_json: bool,
) -> int:
    """Bring BUNDLE to a Backend as a new revision of its workspace, or to a Runtime and assign it there."""
    with open_local_runtime(context.obj) as runtime, open_bundle(reference, runtime) as opened:
        if address is not None:
            _push(context, runtime, opened, address, as_json=as_json)
        elif backend is not None:
            from yoi.commands.publish import bring

            return bring(context, backend, opened.bundle.manifest.workspace, opened, as_json=as_json)
    return DONE


def _push(
    context: click.Context,
    runtime: LocalRuntime,
    opened: OpenBundle,
    address: RemoteAddress,
    *,
    as_json: bool,
) -> None:
    from yoi.runtime.pushing import push_bundle, verify_pushable
    from yoi.runtime.remote import ask_remote_runtime

    workspace = verify_pushable(opened).workspace
    push = partial(push_bundle, opened=opened, find_manifest=runtime.find_manifest)
    report = runtime.ask(ask_remote_runtime(context.obj, address, (workspace,), push))
    if as_json:
        print_json(report)
    else:
        text = f"{report.assignment.digest}, {len(report.sent_blobs)} blobs sent; assigned to {report.assignment.workspace}, generation {report.assignment.generation}"
        make_console(context).print(join_text(("pushed ", "green"), text))


def _build(
    context: click.Context,
    directory: Path,
    workspace: str | None,
    *,
    lenient: bool,
    agents: tuple[str, ...],
    as_json: bool,
) -> BuildResult:
    with show_progress(context, quiet=as_json) as progress:
        return build_directory(
            directory,
            context.obj,
            workspace=workspace,
            lenient=lenient,
            agents=agents,
            progress=progress,
        )


def _finish(
    context: click.Context,
    result: BuildResult,
    revision: int | None,
    where: str,
    *,
    verbose: bool,
    as_json: bool,
) -> int:
    if as_json:
        print_json(summarise_build(result, revision))
    else:
        print_build_result(context, result, revision, where, verbose=verbose)
    return REFUSED if result.bundle is None else DONE
