"""What says which Worker is asked for: options, and the intent and request that they make."""

from typing import Any

import click

from yoi.runtime.target_bundle import ChosenBundle
from yoi.shell.labels import parse_pairs
from yoi.shell.selectors import encode_selector
from yoi_wire.worker_requests import Intent, WorkerRequest


def request_options(function: Any) -> Any:
    """Add what says which Worker: bundle, workspace, task, required capabilities."""
    options = (
        click.option("--bundle", "reference", help="The bundle's digest, or the beginning of it."),
        click.option("--workspace", help="Whose newest bundle to take, when --bundle is absent."),
        click.option("--task", default="", help="What the Worker shall do, in words."),
        click.option(
            "--require",
            "requires",
            multiple=True,
            help="A capability to refuse without: mount:NAME:rw, tool:NAME…",
        ),
        click.option("--label", "labels", multiple=True, metavar="KEY=VALUE", help="A label."),
    )
    for option in reversed(options):
        function = option(function)
    return function


def on_option(function: Any) -> Any:
    """Add which Runtime of a Backend is asked, as `runtime_name`."""
    words = "Through a Backend: on this Runtime (else the only one)."
    return click.option("--on", "runtime_name", metavar="RUNTIME", help=words)(function)


def verify_no_backend(runtime_name: str | None) -> None:
    """Check that nobody names a Runtime of a Backend where none is asked."""
    if runtime_name is not None:
        raise click.UsageError("--on goes with --server or --backend")


def make_intent(task: str, requires: tuple[str, ...], labels: tuple[str, ...]) -> Intent:
    """Make the intent from options; its grammar is checked by the Runtime."""
    return Intent(task=task, requires=frozenset(requires), labels=parse_pairs(labels))


def make_request(chosen: ChosenBundle, selector: str, intent: Intent) -> WorkerRequest:
    """Make the request for one selector as typed."""
    return WorkerRequest(selector=encode_selector(selector), bundle_digest=chosen.digest, intent=intent)
