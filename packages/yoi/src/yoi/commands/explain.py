"""`yoi explain PROFILE`: a tree that one can read aloud."""

import click

from yoi.backend.options import through_backend
from yoi.runtime.call_explanation import explain_call, read_call
from yoi.runtime.explanation import preview_profiles, print_explanation
from yoi.runtime.remote_options import RemoteAddress, remote_options
from yoi.runtime.target import open_asked_runtime
from yoi.runtime.target_bundle import choose_bundle
from yoi.runtime.worker_options import (
    make_intent,
    make_request,
    on_option,
    request_options,
    verify_no_backend,
)
from yoi.shell.command import YoiCommand, data_directory_option, host_policy_option, json_option
from yoi.shell.exit_codes import DONE


@click.command(cls=YoiCommand)
@click.argument("profile", default="default")
@request_options
@click.option(
    "--call", "call", help="Say the verdict on one call, such as 'shell.run(command: ls)', and who decided."
)
@remote_options("--runtime", required=False)
@through_backend(lambda workers: workers.explain_profile)
@on_option
@data_directory_option
@host_policy_option
@json_option
@click.pass_context
def explain(
    context: click.Context,
    *,
    profile: str,
    reference: str | None,
    workspace: str | None,
    task: str,
    requires: tuple[str, ...],
    labels: tuple[str, ...],
    call: str | None,
    runtime_name: str | None,
    address: RemoteAddress | None,
    as_json: bool,
) -> int:
    """Say what PROFILE may do on this host, or on another, what not, why, and what to change to get the rest."""
    verify_no_backend(runtime_name)
    asked = None if call is None else read_call(call)
    with open_asked_runtime(context.obj, address, workspace=workspace) as runtime:
        chosen = choose_bundle(runtime, reference, workspace, selector=profile)
        request = make_request(chosen, profile, make_intent(task, requires, labels))
        explanations = preview_profiles(runtime, chosen, request, every=False)
        if asked is not None:
            return explain_call(context, runtime, explanations[0], chosen, asked, as_json=as_json)
        print_explanation(context, runtime, explanations, chosen, as_json=as_json)
        return DONE
