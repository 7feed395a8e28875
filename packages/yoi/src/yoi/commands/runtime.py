"""`yoi runtime`: look after the local Runtime, or ask one elsewhere what it is and holds."""

from functools import partial

import click
from msgspec import to_builtins

from worker_runtime.contract.api import RuntimeApi
from worker_runtime.contract.assignments import Assignment
from worker_runtime.contract.caller import Caller
from yoi.bundles.source import find_digest
from yoi.render.console import make_console
from yoi.render.table import format_bytes, make_facts, make_table
from yoi.runtime.local import open_local_host, open_local_runtime
from yoi.runtime.remote_options import RemoteAddress
from yoi.runtime.target import AskedRuntime, open_asked_runtime
from yoi.runtime.target_options import asked_options
from yoi.shell.command import YoiCommand, YoiGroup, data_directory_option, host_policy_option, json_option
from yoi.shell.lazy_group import LazyCommand, LazyGroup
from yoi.shell.output import print_json
from yoi_wire.errors import RequestInvalidError

_LATER = {
    "serve": LazyCommand("yoi.commands.serve:serve", "Serve the local Runtime over the network."),
    "trust": LazyCommand("yoi.commands.trust:trust", "Say which Backends' keys the Runtime trusts."),
    "add": LazyCommand("yoi.commands.registry:add", "Let the Backend know a remote Runtime."),
    "list": LazyCommand("yoi.commands.registry:list_", "List the Runtimes that the Backend knows."),
    "show": LazyCommand("yoi.commands.registry:show", "Show one of them."),
    "label": LazyCommand("yoi.commands.registry:label", "Set or take away labels of one of them."),
    "remove": LazyCommand("yoi.commands.registry:remove", "Let the Backend forget one."),
    "reset": LazyCommand("yoi.commands.registry:reset", "Count generations anew for a workspace on one."),
    "sync": LazyCommand("yoi.commands.registry:sync", "Let the Backend look after one now."),
}


@click.group(cls=LazyGroup, table=_LATER)
def runtime() -> None:
    """Look after the local Runtime, and after those that a Backend knows."""


@runtime.command(cls=YoiCommand)
@asked_options
@click.pass_context
def info(context: click.Context, address: RemoteAddress | None, workspace: str | None, as_json: bool) -> None:
    """Say what the Runtime is: id, versions, features, limits, built-in profiles."""
    with open_asked_runtime(context.obj, address, workspace=workspace) as asked:
        found = asked.get_runtime()
    if as_json:
        print_json(found)
        return
    facts = [
        ("runtime", found.id),
        ("version", found.version),
        *([] if address is not None else _list_places(context)),
        ("resolver", found.resolver_version),
        ("API versions", ", ".join(map(str, found.api_versions))),
        ("schema versions", ", ".join(map(str, found.schema_versions))),
        ("features", ", ".join(found.features)),
        ("built-in profiles", ", ".join(found.builtin.profiles)),
        ("built-in set", found.builtin.digest),
        ("policy generation", found.policy_generation),
    ]
    make_console(context).print(make_facts(facts))


def _list_places(context: click.Context) -> list[tuple[str, str]]:
    return [
        ("data directory", str(context.obj.data_directory)),
        ("host policy", str(context.obj.host_policy_file)),
    ]


@runtime.command(cls=YoiCommand)
@click.argument("reference", metavar="[BUNDLE]", required=False)
@asked_options
@click.pass_context
def bundles(
    context: click.Context,
    reference: str | None,
    address: RemoteAddress | None,
    workspace: str | None,
    as_json: bool,
) -> None:
    """List stored bundles, newest first; with BUNDLE say how one stands."""
    with open_asked_runtime(context.obj, address, workspace=workspace) as asked:
        if reference is not None:
            digest = find_digest(reference, asked)
            status = asked.ask(lambda api, caller: api.get_bundle_status(caller, digest))
            if as_json:
                print_json(status)
            else:
                names = ("stored", "verified", "staged", "assigned", "leased")
                facts = [
                    ("bundle", digest),
                    *((name, "yes" if getattr(status, name) else "no") for name in names),
                ]
                facts.append(("in use by", ", ".join(status.workers) or "no Worker"))
                make_console(context).print(make_facts(facts))
            return
        entries = asked.list_held()
    if as_json:
        print_json({"bundles": [asked.describe(*one) for one in entries]})
        return
    rows = [
        (
            *asked.show_issuer(issuer),
            one.digest,
            one.workspace,
            str(one.metadata.revision),
            one.state,
            str(one.profiles),
            format_bytes(one.size),
        )
        for issuer, one in entries
    ]
    columns = (*asked.show_issuer("issuer"), "bundle", "workspace", "revision", "state", "profiles", "size")
    make_console(context).print(make_table(columns, rows))


@runtime.group(cls=YoiGroup, invoke_without_command=True)
@asked_options
@click.pass_context
def assignments(
    context: click.Context, address: RemoteAddress | None, workspace: str | None, as_json: bool
) -> None:
    """Say which bundle new Workers of each workspace should use."""
    if context.invoked_subcommand is not None:
        return
    with open_asked_runtime(context.obj, address, workspace=workspace) as asked:
        found = [
            (issuer, one)
            for issuer in asked.list_issuers()
            for one in _ask_assignments(asked, issuer, asked.list_workspaces(issuer))
        ]
    if as_json:
        print_json({"assignments": [asked.describe(*one) for one in found]})
        return
    rows = [
        (
            *asked.show_issuer(issuer),
            one.workspace,
            str(one.generation),
            one.digest or "nothing",
            one.assigned_at or "",
        )
        for issuer, one in found
    ]
    make_console(context).print(
        make_table((*asked.show_issuer("issuer"), "workspace", "generation", "bundle", "assigned"), rows)
    )


def _ask_assignments(asked: AskedRuntime, issuer: str, names: tuple[str, ...]) -> list[Assignment]:
    return asked.ask_for(issuer, partial(_get_assignments, names=names)) if names else []


@assignments.command(cls=YoiCommand)
@click.argument("workspace")
@click.option("--issuer", help="Only what this Backend assigned [what anybody did].")
@data_directory_option
@host_policy_option
@json_option
@click.pass_context
def reset(context: click.Context, workspace: str, issuer: str | None, as_json: bool) -> None:
    """Forget WORKSPACE's assignment here with its generation, so that its Backend can assign anew.

    The way out when a key that is trusted no more has put the generation beyond all others. The act is kept in the data
    directory's operator.log; `yoi runtime reset` lets the Backend try again.
    """
    with open_local_runtime(context.obj) as local:
        issuers = local.ask(local.embedded.maintenance.reset_assignment(workspace, issuer=issuer))
    if as_json:
        print_json({"workspace": workspace, "issuers": issuers})
        return
    facts = [("workspace", workspace), ("reset for", ", ".join(issuers) or "nobody")]
    make_console(context).print(make_facts(facts))


async def _get_assignments(api: RuntimeApi, caller: Caller, *, names: tuple[str, ...]) -> list[Assignment]:
    return [await api.get_assignment(caller, name) for name in names]


@runtime.command(cls=YoiCommand)
@data_directory_option
@host_policy_option
@json_option
@click.pass_context
def gc(context: click.Context, as_json: bool) -> None:
    """Take what nothing holds any more: expired leases, bundles past retention, blobs of neither."""
    with open_local_runtime(context.obj) as local:
        collected = local.ask(local.embedded.maintenance.collect())
    if as_json:
        print_json(collected)
        return
    facts = [
        ("leases", str(collected.leases)),
        ("bundles", str(collected.bundles)),
        ("blobs", str(collected.blobs)),
    ]
    make_console(context).print(make_facts(facts))


@runtime.command(cls=YoiCommand)
@data_directory_option
@host_policy_option
@json_option
@click.pass_context
def repair(context: click.Context, as_json: bool) -> None:
    """Salvage a damaged store, Workers first, into a new one; the damaged files stay beside it."""
    from worker_runtime.embedded.repair import repair_data_directory

    directory = context.obj.data_directory
    if not directory.is_dir():
        raise RequestInvalidError("no such directory", field=str(directory))
    report = to_builtins(repair_data_directory(directory, host=open_local_host(context.obj)))
    if as_json:
        print_json(report)
    else:
        make_console(context).print(make_facts((name, str(value)) for name, value in report.items()))
