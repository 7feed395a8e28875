"""`yoi worker`: create, look at and end Workers: of the local Runtime, of one elsewhere, or through a Backend."""

import secrets
from contextlib import suppress

import click
import msgspec

from worker_runtime.contract.workers import CreateWorkerRequest, Worker
from worker_runtime.resolution.errors import ProfileNotFoundError, ResolutionRefusedError
from yoi.backend.options import through_backend
from yoi.render.console import make_console
from yoi.render.table import make_facts, make_table
from yoi.runtime.explanation import (
    preview_profiles,
    print_explanation,
    print_rights,
    refuse_for_gap,
    suggest_profiles,
)
from yoi.runtime.local import open_local_runtime
from yoi.runtime.remote_options import RemoteAddress, remote_options
from yoi.runtime.target import AskedRuntime, open_asked_runtime
from yoi.runtime.target_bundle import choose_bundle
from yoi.runtime.target_options import asked_options
from yoi.runtime.worker_options import (
    make_intent,
    make_request,
    on_option,
    request_options,
    verify_no_backend,
)
from yoi.shell.command import YoiCommand, data_directory_option, host_policy_option, json_option
from yoi.shell.exit_codes import DONE, REFUSED
from yoi.shell.output import print_json
from yoi.shell.selectors import decode_selector
from yoi_bundle.digest import compute_digest
from yoi_wire.errors import WorkerNotFoundError


@click.group()
def worker() -> None:
    """Create, look at and end Workers."""


@worker.command(cls=YoiCommand)
@click.argument("profile", default="default")
@request_options
@remote_options("--runtime", required=False)
@through_backend(lambda workers: workers.create)
@click.option("--on", "runtime_name", metavar="RUNTIME", help="Through a Backend: on this Runtime.")
@click.option(
    "--on-label", "runtime_labels", multiple=True, metavar="KEY=VALUE", help="Or on one with this label."
)
@click.option("--key", help="The same key and content again give the same Worker (else one is made up).")
@data_directory_option
@host_policy_option
@json_option
@click.pass_context
def create(
    context: click.Context,
    /,
    *,
    profile: str,
    reference: str | None,
    workspace: str | None,
    task: str,
    requires: tuple[str, ...],
    labels: tuple[str, ...],
    key: str | None,
    runtime_name: str | None,
    runtime_labels: tuple[str, ...],
    address: RemoteAddress | None,
    as_json: bool,
) -> None:
    """Create a Worker of PROFILE, here, on a remote Runtime, or through a Backend; it is refused with every reason.

    A Worker is the decision on record: no agent program is started for it yet.
    """
    if runtime_name is not None or runtime_labels:
        raise click.UsageError("--on and --on-label go with --server or --backend")
    with open_asked_runtime(context.obj, address, workspace=workspace) as runtime:
        chosen = choose_bundle(runtime, reference, workspace, selector=profile)
        request = CreateWorkerRequest(
            workspace=chosen.workspace,
            key=key or secrets.token_hex(16),
            request=make_request(chosen, profile, make_intent(task, requires, labels)),
        )
        try:
            created = runtime.ask(lambda api, caller: api.create_worker(caller, request), chosen.workspace)
        except ProfileNotFoundError as error:
            raise suggest_profiles(error, runtime, chosen) from None
        except ResolutionRefusedError as error:
            refuse_for_gap(context, runtime, chosen.workspace, error, as_json=as_json)
            raise
        _print_worker(context, created, as_json)


@worker.command(name="list", cls=YoiCommand)
@asked_options
@through_backend(lambda workers: workers.list)
@click.pass_context
def list_(
    context: click.Context, address: RemoteAddress | None, workspace: str | None, as_json: bool
) -> None:
    """List Workers, newest first."""
    with open_asked_runtime(context.obj, address, workspace=workspace) as runtime:
        workers = runtime.collect(lambda api, caller, cursor: api.list_workers(caller, cursor=cursor))
    if as_json:
        print_json({"workers": [runtime.describe(*one) for one in workers]})
        return
    rows = [
        (
            one.id,
            one.state,
            *runtime.show_issuer(issuer),
            one.workspace,
            decode_selector(one.selector),
            one.created_at,
        )
        for issuer, one in workers
    ]
    columns = ("worker", "state", *runtime.show_issuer("issuer"), "workspace", "profile", "created")
    make_console(context).print(make_table(columns, rows))


@worker.command(cls=YoiCommand)
@click.argument("worker_id", metavar="WORKER")
@asked_options
@through_backend(lambda workers: workers.show)
@click.pass_context
def show(
    context: click.Context,
    worker_id: str,
    address: RemoteAddress | None,
    workspace: str | None,
    as_json: bool,
) -> None:
    """Show a Worker's record."""
    with open_asked_runtime(context.obj, address, workspace=workspace) as runtime:
        _print_worker(context, _get(runtime, worker_id), as_json)


@worker.command(cls=YoiCommand)
@click.argument("worker_id", metavar="WORKER")
@asked_options
@through_backend(lambda workers: workers.explain)
@click.option("--as-created", is_flag=True, help="As it was decided, whatever was taken away since.")
@click.pass_context
def explain(
    context: click.Context,
    *,
    worker_id: str,
    as_created: bool,
    address: RemoteAddress | None,
    workspace: str | None,
    as_json: bool,
) -> None:
    """Say what a Worker may do now, what not, and why, and what was taken away since it was created."""
    with open_asked_runtime(context.obj, address, workspace=workspace) as runtime:
        found = _get(runtime, worker_id)
        rights = runtime.ask(lambda api, caller: api.get_worker_rights(caller, worker_id))
        print_rights(context, runtime, rights, found.bundle_digest, as_created=as_created, as_json=as_json)


@worker.command(cls=YoiCommand)
@click.argument("worker_id", metavar="WORKER")
@asked_options
@through_backend(lambda workers: workers.show_spec)
@click.pass_context
def spec(
    context: click.Context,
    worker_id: str,
    address: RemoteAddress | None,
    workspace: str | None,
    as_json: bool,
) -> None:
    """Say what a Worker was made with: the spec's digest, which never changes, and with --json all of it."""
    with open_asked_runtime(context.obj, address, workspace=workspace) as runtime:
        content = runtime.ask(lambda api, caller: api.get_worker_spec(caller, worker_id))
    digest = compute_digest(content)
    if as_json:
        print_json({"spec_digest": digest, "spec": msgspec.json.decode(content)})
    else:
        make_console(context).print(make_facts([("worker", worker_id), ("spec", digest)]))


@worker.command(cls=YoiCommand)
@click.argument("profile", default="default")
@request_options
@click.option("--all", "every", is_flag=True, help="Every profile of the bundle.")
@remote_options("--runtime", required=False)
@through_backend(lambda workers: workers.resolve)
@on_option
@data_directory_option
@host_policy_option
@json_option
@click.pass_context
def resolve(
    context: click.Context,
    *,
    profile: str,
    reference: str | None,
    workspace: str | None,
    task: str,
    requires: tuple[str, ...],
    labels: tuple[str, ...],
    every: bool,
    runtime_name: str | None,
    address: RemoteAddress | None,
    as_json: bool,
) -> int:
    """Say what a Worker of PROFILE would be, without creating one; exit 1 when it would be refused."""
    verify_no_backend(runtime_name)
    with open_asked_runtime(context.obj, address, workspace=workspace) as runtime:
        chosen = choose_bundle(runtime, reference, workspace, selector=profile)
        request = make_request(chosen, profile, make_intent(task, requires, labels))
        explanations = preview_profiles(runtime, chosen, request, every=every)
        print_explanation(context, runtime, explanations, chosen, as_json=as_json)
    return 1 if any(one.refused for one in explanations) else 0


@worker.command(cls=YoiCommand)
@click.argument("worker_id", metavar="WORKER")
@asked_options
@through_backend(lambda workers: workers.stop)
@click.pass_context
def stop(
    context: click.Context,
    worker_id: str,
    address: RemoteAddress | None,
    workspace: str | None,
    as_json: bool,
) -> None:
    """Stop a Worker; one that has ended stays as it is."""
    with open_asked_runtime(context.obj, address, workspace=workspace) as runtime:
        ended = runtime.ask(lambda api, caller: api.stop_worker(caller, worker_id))
        _print_worker(context, ended, as_json)


@worker.command(cls=YoiCommand)
@click.argument("worker_id", metavar="WORKER")
@asked_options
@through_backend(lambda workers: workers.delete)
@click.pass_context
def delete(
    context: click.Context,
    worker_id: str,
    address: RemoteAddress | None,
    workspace: str | None,
    as_json: bool,
) -> None:
    """Delete the record of a Worker that has ended."""
    with open_asked_runtime(context.obj, address, workspace=workspace) as runtime:
        issuer = _find_issuer(runtime, worker_id)
        runtime.ask_for(issuer, lambda api, caller: api.delete_worker(caller, worker_id))
    if as_json:
        print_json({"deleted": worker_id})
    else:
        make_console(context).print(f"deleted {worker_id}")


@worker.command(cls=YoiCommand)
@click.argument("worker_id", metavar="WORKER")
@data_directory_option
@host_policy_option
@json_option
@click.pass_context
def reproduce(context: click.Context, worker_id: str, as_json: bool) -> int:
    """Resolve a Worker of this host again from its pins; exit 1 when the spec differs from what is stored."""
    with open_local_runtime(context.obj) as local:
        found = local.reproduce(worker_id)
    document = {
        "worker": worker_id,
        "equal": found.equal,
        "stored_version": found.stored_version,
        "resolver_version": found.resolver_version,
        "spec_digest": compute_digest(found.spec),
        "changes": found.changes,
    }
    if as_json:
        print_json(document)
        return DONE if found.equal else REFUSED
    verdict = "the same, byte for byte" if found.equal else "another one than is stored"
    facts = [
        ("worker", worker_id),
        ("spec", f"{document['spec_digest']}: {verdict}"),
        ("resolver", f"{found.resolver_version} (created by {found.stored_version})"),
        *((f"{one.section} {one.change}", one.id) for one in found.changes),
    ]
    make_console(context).print(make_facts(facts))
    return DONE if found.equal else REFUSED


def _find_issuer(runtime: AskedRuntime, worker_id: str) -> str:
    """Return whose Worker it is; an idempotent operation would not tell the right issuer from a wrong one."""
    for issuer in runtime.list_issuers():
        with suppress(WorkerNotFoundError):
            runtime.ask_for(issuer, lambda api, caller: api.get_worker(caller, worker_id))
            return issuer
    raise WorkerNotFoundError(worker_id)


def _get(runtime: AskedRuntime, worker_id: str) -> Worker:
    return runtime.ask(lambda api, caller: api.get_worker(caller, worker_id))


def _print_worker(context: click.Context, found: Worker, as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    facts = [
        ("worker", found.id),
        ("state", found.state),
        ("workspace", found.workspace),
        ("profile", decode_selector(found.selector)),
        ("bundle", found.bundle_digest or f"built-in set {found.builtin_digest}"),
        ("key", found.key),
        ("created", found.created_at),
        *((f"label {name}", value) for name, value in sorted(found.labels.items())),
        *(("reason", f"{one.message or one.id} [{one.code}]") for one in found.reasons),
    ]
    make_console(context).print(make_facts(facts))
