"""`yoi runtime add|list|show|label|remove|reset|sync`: the Runtimes that a Backend knows (K-02)."""

from pathlib import Path

import click

from yoi.backend.address import BackendAddress
from yoi.backend.client import BackendClient, ask_backend
from yoi.backend.options import online_options, read_authority
from yoi.render.availability import list_pair_columns, list_runtime_columns, list_runtime_facts
from yoi.render.documents import print_document, print_done, print_list
from yoi.shell.command import YoiCommand
from yoi.shell.labels import parse_pairs
from yoi.shell.output import print_json
from yoi_wire.backend.operations import (
    ADD_RUNTIME,
    CHANGE_RUNTIME,
    GET_RUNTIME,
    LIST_RUNTIMES,
    REMOVE_RUNTIME,
    RESET_GENERATIONS,
    SYNC_RUNTIME,
)
from yoi_wire.backend.runtimes import RuntimeAddition, RuntimeChange, RuntimeConnection, RuntimeView
from yoi_wire.clock import SystemClock

_label_option = click.option(
    "--label", "labels", multiple=True, metavar="KEY=VALUE", help="For placement rules."
)


@click.command(cls=YoiCommand)
@click.argument("name")
@click.argument("url")
@click.option("--id", "runtime_id", required=True, help="Its id, as `yoi runtime info` says it there.")
@click.option(
    "--authority", type=click.Path(dir_okay=False, path_type=Path), help="PEM file of its private CA."
)
@click.option("--fingerprint", default="", help="SHA-256 of its certificate, instead of any authority.")
@_label_option
@online_options
@click.pass_context
def add(
    context: click.Context,
    name: str,
    url: str,
    *,
    runtime_id: str,
    authority: Path | None,
    fingerprint: str,
    labels: tuple[str, ...],
    backend: BackendAddress,
    as_json: bool,
) -> None:
    """Let the Backend know a remote Runtime as NAME; it dials URL, which is seen from the Backend.

    The Runtime has to trust the Backend's key (`yoi runtime trust add` there), and gets nothing until a placement rule
    allows it.
    """
    connection = RuntimeConnection(
        url=url,
        fingerprint=fingerprint,
        authority="" if authority is None else read_authority(authority),
    )
    wanted = RuntimeAddition(
        name=name, audience=runtime_id, connection=connection, labels=parse_pairs(labels)
    )
    added = ask_backend(backend, lambda client: client.call(ADD_RUNTIME, body=wanted))
    print_done(context, added, "added", f"Runtime {name}: {added.reachability}", as_json=as_json)


@click.command(name="list", cls=YoiCommand)
@online_options
@click.pass_context
def list_(context: click.Context, backend: BackendAddress, as_json: bool) -> None:
    """List the Runtimes of the Backend that may receive what your token sees."""
    found = ask_backend(backend, lambda client: client.collect(LIST_RUNTIMES))
    print_list(context, "runtimes", found, list_runtime_columns(SystemClock().now()), as_json=as_json)


@click.command(cls=YoiCommand)
@click.argument("name")
@online_options
@click.pass_context
def show(context: click.Context, name: str, *, backend: BackendAddress, as_json: bool) -> None:
    """Show a Runtime of the Backend: what it said of itself, and how it is."""
    found = ask_backend(backend, lambda client: client.call(GET_RUNTIME, runtime=name))
    print_document(context, found, list_runtime_facts(SystemClock().now()), as_json=as_json)


@click.command(cls=YoiCommand)
@click.argument("name")
@click.argument("labels", nargs=-1, required=True, metavar="KEY=VALUE|KEY-...")
@online_options
@click.pass_context
def label(
    context: click.Context, name: str, *, labels: tuple[str, ...], backend: BackendAddress, as_json: bool
) -> None:
    """Set labels of a Runtime, or take away those that are written KEY-; placement is decided again."""
    taken = {one.removesuffix("-") for one in labels if "=" not in one and one.endswith("-")}
    given = parse_pairs(one for one in labels if "=" in one or not one.endswith("-"))

    async def change(client: BackendClient) -> RuntimeView:
        present = (await client.call(GET_RUNTIME, runtime=name)).labels
        kept = {key: value for key, value in present.items() if key not in taken}
        return await client.call(CHANGE_RUNTIME, runtime=name, body=RuntimeChange(labels={**kept, **given}))

    changed = ask_backend(backend, change)
    text = f"{name}: {', '.join(f'{key}={value}' for key, value in sorted(changed.labels.items())) or 'none'}"
    print_done(context, changed, "labels", f"of {text}", as_json=as_json)


@click.command(cls=YoiCommand)
@click.argument("name")
@click.option("--force", is_flag=True, help="Also when it cannot be asked to give its assignments up.")
@online_options
@click.pass_context
def remove(context: click.Context, name: str, *, force: bool, backend: BackendAddress, as_json: bool) -> None:
    """Take a Runtime's assignments back, and forget it; its bundles and Workers stay there."""
    ask_backend(backend, lambda client: client.call(REMOVE_RUNTIME, runtime=name, force=force))
    print_done(context, {"removed": name}, "removed", f"Runtime {name}", as_json=as_json)


@click.command(cls=YoiCommand)
@click.argument("name")
@click.option("--workspace", "workspace_id", help="This one only, now, and say how it stands then.")
@online_options
@click.pass_context
def sync(
    context: click.Context,
    name: str,
    *,
    workspace_id: str | None,
    backend: BackendAddress,
    as_json: bool,
) -> None:
    """Let the Backend look after a Runtime now, whatever it last heard."""
    found = ask_backend(
        backend, lambda client: client.call(SYNC_RUNTIME, runtime=name, workspace=workspace_id)
    )
    pair = found.pair
    if pair is None:
        print_done(context, found, "due", f"{found.due} workspaces on {name}", as_json=as_json)
    elif as_json:
        print_json(found)
    else:
        print_list(context, "availability", [pair], list_pair_columns(SystemClock().now()), as_json=False)


@click.command(cls=YoiCommand)
@click.argument("name")
@click.argument("workspace")
@online_options
@click.pass_context
def reset(
    context: click.Context, name: str, workspace: str, *, backend: BackendAddress, as_json: bool
) -> None:
    """Count the generations of WORKSPACE on Runtime NAME anew, after `yoi runtime assignments reset` there."""
    pair = ask_backend(
        backend, lambda client: client.call(RESET_GENERATIONS, runtime=name, workspace=workspace)
    )
    print_list(context, "availability", [pair], list_pair_columns(SystemClock().now()), as_json=as_json)
