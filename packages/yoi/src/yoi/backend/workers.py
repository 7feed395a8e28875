"""Workers through a Backend, which chooses the Runtime and says which refused and why (K-06)."""

import secrets
from typing import Any

import click
import msgspec

from yoi.backend.address import BackendAddress
from yoi.backend.client import Answer, BackendClient, ask_backend
from yoi.backend.errors import rebuild_backend_error
from yoi.backend.published_bundle import find_published_digest
from yoi.render.availability import describe_details
from yoi.render.console import join_text, make_console
from yoi.render.documents import Column, print_document, print_done, print_list
from yoi.render.errors import print_error
from yoi.render.worker_explanation import make_passed_on_tree
from yoi.runtime.worker_options import make_intent
from yoi.shell.exit_codes import DONE, get_exit_code
from yoi.shell.failure import describe_error
from yoi.shell.json_output import print_json
from yoi.shell.labels import parse_pairs
from yoi.shell.selectors import decode_selector, encode_selector
from yoi_wire.errors import WorkerNotFoundError

_STAGES = {
    "placement": "placement does not let it have the workspace",
    "availability": "it is not available",
    "runtime": "the Runtime itself refuses",
}
_SHORT = {"worker", "state", "workspace", "runtime", "profile", "created"}
_FACTS: tuple[Column, ...] = (
    ("worker", "id"),
    ("state", lambda one: one["state"] or "not known"),
    ("workspace", "workspace"),
    ("runtime", "runtime"),
    ("profile", lambda one: decode_selector(one["selector"])),
    ("bundle", lambda one: one["bundle_digest"] or "built-in set"),
    ("key", "key"),
    ("labels", "labels"),
    ("created", "created_at"),
    ("ended", "ended_at"),
    (
        "reasons",
        lambda one: [f"{reason['id'] or reason['kind']} [{reason['code']}]" for reason in one["reasons"]],
    ),
)


def create_worker(
    context: click.Context, backend: BackendAddress, *, key: str | None, as_json: bool, **asked: Any
) -> int:
    """Create a Worker and print it, or which Runtime refused by which stage and why; return the exit code.

    Args:
        context: Of the command.
        backend: Which one.
        key: One is made up when absent.
        as_json: Whether to print JSON.
        asked: The other options of `yoi worker create`.
    """

    async def run(client: BackendClient) -> Answer:
        order = await _make_order(client, key=key or secrets.token_hex(16), **asked)
        return await client.send("POST", "workers", document=order)

    answer = ask_backend(backend, run)
    if answer.status >= 400:
        return _report_refusal(context, answer, as_json=as_json)
    print_document(context, answer.decode(), _FACTS, as_json=as_json)
    return DONE


def list_workers(
    context: click.Context, backend: BackendAddress, *, workspace: str | None, as_json: bool
) -> None:
    query = {} if workspace is None else {"workspace": workspace}
    found = ask_backend(backend, lambda client: client.collect("workers", **query))
    columns = [one for one in _FACTS if one[0] in _SHORT]
    print_list(context, "workers", found, columns, as_json=as_json)


def show_worker(
    context: click.Context, backend: BackendAddress, *, worker_id: str, workspace: str | None, as_json: bool
) -> None:
    found = ask_backend(backend, lambda client: _get_worker(client, worker_id, workspace))
    print_document(context, found, _FACTS, as_json=as_json)


def explain_worker(
    context: click.Context, backend: BackendAddress, *, worker_id: str, workspace: str | None, as_json: bool
) -> None:
    async def run(client: BackendClient) -> Any:
        await _get_worker(client, worker_id, workspace)
        return await client.get("workers", worker_id, "explanation")

    found = ask_backend(backend, run)
    if as_json:
        print_json({"explanations": [found]})
    else:
        make_console(context).print(make_passed_on_tree(found))


def show_spec(
    context: click.Context, backend: BackendAddress, *, worker_id: str, workspace: str | None, as_json: bool
) -> None:
    async def run(client: BackendClient) -> Any:
        await _get_worker(client, worker_id, workspace)
        return await client.get("workers", worker_id, "spec")

    found = ask_backend(backend, run)
    digest = found.pop("spec_digest")
    document = {"spec_digest": digest, "spec": found}
    facts: tuple[Column, ...] = (("worker", lambda _: worker_id), ("spec", "spec_digest"))
    print_document(context, document, facts, as_json=as_json)


def stop_worker(
    context: click.Context, backend: BackendAddress, *, worker_id: str, workspace: str | None, as_json: bool
) -> None:
    async def run(client: BackendClient) -> Any:
        await _get_worker(client, worker_id, workspace)
        return await client.post("workers", worker_id, "stop")

    print_document(context, ask_backend(backend, run), _FACTS, as_json=as_json)


def delete_worker(
    context: click.Context, backend: BackendAddress, *, worker_id: str, workspace: str | None, as_json: bool
) -> None:
    async def run(client: BackendClient) -> None:
        await _get_worker(client, worker_id, workspace)
        await client.delete("workers", worker_id)

    ask_backend(backend, run)
    print_done(context, {"deleted": worker_id}, "deleted", worker_id, as_json=as_json)


async def _get_worker(client: BackendClient, worker_id: str, workspace: str | None) -> dict[str, Any]:
    """Return a Worker; WorkerNotFoundError for one of another workspace than was named."""
    found: dict[str, Any] = await client.get("workers", worker_id)
    if workspace is not None and found["workspace"] != workspace:
        raise WorkerNotFoundError(worker_id)
    return found


async def _make_order(
    client: BackendClient,
    *,
    key: str,
    profile: str,
    reference: str | None,
    workspace: str | None,
    task: str,
    requires: tuple[str, ...],
    labels: tuple[str, ...],
    runtime_name: str | None,
    runtime_labels: tuple[str, ...],
) -> dict[str, Any]:
    named = workspace or await _find_only_workspace(client)
    order: dict[str, Any] = {
        "workspace": named,
        "key": key,
        "selector": encode_selector(profile),
        "intent": msgspec.to_builtins(make_intent(task, requires, labels)),
        "labels": parse_pairs(runtime_labels),
    }
    if reference is not None:
        order["digest"] = await find_published_digest(client, named, reference)
    if runtime_name is not None:
        order["runtime"] = runtime_name
    return order


async def _find_only_workspace(client: BackendClient) -> str:
    names = [one["id"] for one in await client.collect("workspaces")]
    if len(names) != 1:
        raise click.UsageError(f"the Backend shows {len(names)} workspaces; add --workspace")
    return str(names[0])


def _report_refusal(context: click.Context, answer: Answer, *, as_json: bool) -> int:
    error = rebuild_backend_error(answer.status, answer.body, answer.headers)
    refusals = _read_refusals(answer.body)
    if as_json:
        print_json({"error": {**describe_error(error), "refusals": refusals}})
        return get_exit_code(error)
    print_error(error)
    console = make_console(context, stderr=True)
    for one in refusals:
        why = f"{_STAGES.get(one['by'], one['by'])}{describe_details(one['details'])}"
        console.print(
            join_text("  ", (one["runtime"], "bold"), f": {why} ", (f"[{one['code']}]", "dim")),
            soft_wrap=True,
        )
    return get_exit_code(error)


def _read_refusals(body: bytes) -> list[dict[str, Any]]:
    """Return what each Runtime refused by; a problem of another form has none."""
    try:
        problem = msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return []
    found = problem.get("refusals", [])
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
