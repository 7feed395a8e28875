"""Workers through a Backend, which chooses the Runtime and says which refused and why (K-06)."""

import secrets
from typing import Any

import click
import msgspec

from yoi.backend.address import BackendAddress
from yoi.backend.client import BackendClient, ask_backend
from yoi.backend.errors import rebuild_backend_error
from yoi.backend.published_bundle import find_published_digest
from yoi.render.availability import describe_details
from yoi.render.console import join_text, make_console
from yoi.render.documents import Column, print_document, print_done, print_list
from yoi.render.errors import print_error
from yoi.render.table import make_facts
from yoi.render.worker_explanation import (
    describe_last_accepted,
    make_passed_on_tree,
    make_rights_tree_passed_on,
)
from yoi.runtime.call_explanation import get_call_code, print_verdict, read_call
from yoi.runtime.worker_options import make_intent
from yoi.shell.exit_codes import DONE, REFUSED, get_exit_code
from yoi.shell.failure import describe_error
from yoi.shell.labels import parse_pairs
from yoi.shell.output import print_json
from yoi.shell.selectors import decode_selector, encode_selector
from yoi_bundle.identifiers import decode_path
from yoi_wire.backend.explanations import PreviewView, RightsView, SpecView
from yoi_wire.backend.operations import (
    CREATE_WORKER,
    DELETE_WORKER,
    GET_WORKER,
    GET_WORKER_RIGHTS,
    GET_WORKER_SPEC,
    LIST_RUNTIMES,
    LIST_WORKERS,
    LIST_WORKSPACES,
    PREVIEW_WORKER,
    STOP_WORKER,
)
from yoi_wire.backend.workers import PreviewOrder, RefusalView, WorkerOrder, WorkerView
from yoi_wire.client.messages import Answer, decode_answer
from yoi_wire.errors import RemoteFaultError, WorkerNotFoundError

_STAGES = {
    "placement": "placement does not let it have the workspace",
    "availability": "it is not available",
    "runtime": "the Runtime itself refuses",
}
_CAUSES = {
    "rule": "a rule",
    "default": "no rule matches, and this is the default",
    "unreadable": "the command cannot be read with certainty",
    "not_granted": "the Worker has no such tool",
    "no_layer": "no layer has a vote",
}
_SHORT = {"worker", "state", "workspace", "runtime", "profile", "created"}
_FACTS: tuple[Column[WorkerView], ...] = (
    ("worker", "id"),
    ("state", lambda one: one.state or "not known"),
    ("workspace", "workspace"),
    ("runtime", "runtime"),
    ("profile", lambda one: decode_selector(one.selector)),
    ("bundle", lambda one: one.bundle_digest or "built-in set"),
    ("revision", lambda one: describe_last_accepted(one.last_accepted)),
    ("key", "key"),
    ("labels", "labels"),
    ("created", "created_at"),
    ("ended", "ended_at"),
    (
        "reasons",
        lambda one: [f"{reason.id or reason.kind} [{reason.code}]" for reason in one.reasons],
    ),
)


class OnlineWorkers:
    """The commands of `yoi worker` that ask a Backend; each has the options of the local command.

    Args:
        context: Of the command.
        backend: Which one.
        as_json: Whether to print JSON.
    """

    def __init__(self, context: click.Context, backend: BackendAddress, *, as_json: bool) -> None:
        self._context = context
        self._backend = backend
        self._as_json = as_json

    def create(
        self,
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
    ) -> int:
        """Create a Worker and print it, or which Runtime refused by which stage and why; return the exit code."""

        async def run(client: BackendClient) -> Answer:
            named = workspace or await _find_only_workspace(client)
            order = WorkerOrder(
                workspace=named,
                key=key or secrets.token_hex(16),
                selector=encode_selector(profile),
                intent=make_intent(task, requires, labels),
                digest=None if reference is None else await find_published_digest(client, named, reference),
                runtime=runtime_name,
                labels=parse_pairs(runtime_labels),
            )
            return await client.send(CREATE_WORKER, body=order)

        answer = ask_backend(self._backend, run)
        if answer.status >= 300:
            return _report_refusal(self._context, answer, as_json=self._as_json)
        self._print(decode_answer(CREATE_WORKER, answer))
        return DONE

    def explain_profile(self, *, call: str | None, **asked: Any) -> int:
        """Print what a profile would be on a Runtime, or the verdict on a call; return the exit code."""
        if call is None:
            self._print_preview(self._preview(every=False, **asked))
            return DONE
        read_call(call)
        found = self._preview(every=False, call=call, **asked)
        return _print_call(self._context, found, call, as_json=self._as_json)

    def resolve(self, *, every: bool, **asked: Any) -> int:
        """Print what Workers would be on a Runtime; return 1 when one would be refused."""
        found = self._preview(every=every, **asked)
        self._print_preview(found)
        return REFUSED if any(one.refused for one in found.explanations) else DONE

    def _preview(
        self,
        *,
        profile: str,
        reference: str | None,
        workspace: str | None,
        task: str,
        requires: tuple[str, ...],
        labels: tuple[str, ...],
        runtime_name: str | None,
        every: bool,
        call: str | None = None,
    ) -> PreviewView:
        async def run(client: BackendClient) -> PreviewView:
            named = workspace or await _find_only_workspace(client)
            order = PreviewOrder(
                workspace=named,
                runtime=runtime_name or await _find_only_runtime(client),
                selector=encode_selector(profile),
                intent=make_intent(task, requires, labels),
                digest=None if reference is None else await find_published_digest(client, named, reference),
                every_profile=every,
                call=call,
            )
            return await client.call(PREVIEW_WORKER, body=order)

        return ask_backend(self._backend, run)

    def _print_preview(self, found: PreviewView) -> None:
        if self._as_json:
            print_json({"runtime": found.runtime, "explanations": found.explanations})
            return
        for explanation in found.explanations:
            make_console(self._context).print(make_passed_on_tree(explanation, runtime=found.runtime))

    def list(self, *, workspace: str | None) -> None:
        found = ask_backend(self._backend, lambda client: client.collect(LIST_WORKERS, workspace=workspace))
        columns = [one for one in _FACTS if one[0] in _SHORT]
        print_list(self._context, "workers", found, columns, as_json=self._as_json)

    def show(self, *, worker_id: str, workspace: str | None) -> None:
        self._print(ask_backend(self._backend, lambda client: _get_worker(client, worker_id, workspace)))

    def explain(self, *, worker_id: str, as_created: bool, workspace: str | None) -> None:
        async def run(client: BackendClient) -> RightsView:
            await _get_worker(client, worker_id, workspace)
            return await client.call(GET_WORKER_RIGHTS, worker=worker_id)

        found = ask_backend(self._backend, run)
        if self._as_json:
            lost = {} if as_created else {"state": found.state, "lost": found.lost}
            print_json({"explanations": [found.created if as_created else found.now], **lost})
        else:
            make_console(self._context).print(make_rights_tree_passed_on(found, as_created=as_created))

    def show_spec(self, *, worker_id: str, workspace: str | None) -> None:
        async def run(client: BackendClient) -> SpecView:
            await _get_worker(client, worker_id, workspace)
            return await client.call(GET_WORKER_SPEC, worker=worker_id)

        found = ask_backend(self._backend, run)
        if self._as_json:
            spec = msgspec.structs.asdict(found)
            print_json({"spec_digest": spec.pop("spec_digest"), "spec": spec})
        else:
            facts = [("worker", worker_id), ("spec", found.spec_digest)]
            make_console(self._context).print(make_facts(facts))

    def stop(self, *, worker_id: str, workspace: str | None) -> None:
        async def run(client: BackendClient) -> WorkerView:
            await _get_worker(client, worker_id, workspace)
            return await client.call(STOP_WORKER, worker=worker_id)

        self._print(ask_backend(self._backend, run))

    def delete(self, *, worker_id: str, workspace: str | None) -> None:
        async def run(client: BackendClient) -> None:
            await _get_worker(client, worker_id, workspace)
            await client.call(DELETE_WORKER, worker=worker_id)

        ask_backend(self._backend, run)
        print_done(self._context, {"deleted": worker_id}, "deleted", worker_id, as_json=self._as_json)

    def _print(self, found: WorkerView) -> None:
        print_document(self._context, found, _FACTS, as_json=self._as_json)


async def _get_worker(client: BackendClient, worker_id: str, workspace: str | None) -> WorkerView:
    """Return a Worker; WorkerNotFoundError for one of another workspace than was named."""
    found = await client.call(GET_WORKER, worker=worker_id)
    if workspace is not None and found.workspace != workspace:
        raise WorkerNotFoundError(worker_id)
    return found


def _print_call(context: click.Context, found: PreviewView, text: str, *, as_json: bool) -> int:
    decision, (explanation, *_) = found.call, found.explanations
    if decision is None:
        raise RemoteFaultError("the Backend says nothing of the call")
    if as_json:
        call = read_call(text)
        said = {**msgspec.to_builtins(decision), "refused": explanation.refused, "runtime": found.runtime}
        print_json({**said, "call": {"tool": call.tool, "arguments": call.arguments}})
    else:
        pointer = "" if decision.cause == "rule" else decision.pointer
        refused = [f"{one.kind} {decode_path(one.id)}: {one.sentence}" for one in explanation.refused]
        words = decision.words or _CAUSES.get(decision.cause, decision.cause)
        if decision.sentence:
            words = f"{words}: {decision.sentence}"
        print_verdict(context, decision.verdict, words, (decision.layer, decision.file, pointer), refused)
    return get_call_code(decision.verdict)


async def _find_only_runtime(client: BackendClient) -> str:
    names = [one.name for one in await client.collect(LIST_RUNTIMES)]
    if len(names) != 1:
        known = f": {', '.join(names)}" if names else ""
        raise click.UsageError(f"the Backend shows {len(names)} Runtimes; name one with --on{known}")
    return names[0]


async def _find_only_workspace(client: BackendClient) -> str:
    names = [one.id for one in await client.collect(LIST_WORKSPACES)]
    if len(names) != 1:
        raise click.UsageError(f"the Backend shows {len(names)} workspaces; add --workspace")
    return names[0]


def _report_refusal(context: click.Context, answer: Answer, *, as_json: bool) -> int:
    error = rebuild_backend_error(answer.status, answer.body, answer.headers)
    refusals = _read_refusals(answer.body)
    if as_json:
        print_json({"error": {**describe_error(error), "refusals": refusals}})
        return get_exit_code(error)
    print_error(error)
    console = make_console(context, stderr=True)
    for one in refusals:
        why = f"{_STAGES.get(one.by, one.by)}{describe_details(one.details)}"
        console.print(
            join_text("  ", (one.runtime, "bold"), f": {why} ", (f"[{one.code}]", "dim")),
            soft_wrap=True,
        )
    return get_exit_code(error)


class _Refused(msgspec.Struct, frozen=True):
    """What is read of the problem, beside the usual members."""

    refusals: tuple[RefusalView, ...] = ()


def _read_refusals(body: bytes) -> tuple[RefusalView, ...]:
    """Return what each Runtime refused by; a problem of another form has none."""
    try:
        return msgspec.json.decode(body, type=_Refused).refusals
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ()
