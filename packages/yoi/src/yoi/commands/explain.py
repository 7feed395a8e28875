"""`yoi explain PROFILE`: a tree that one can read aloud."""

import click

from yoi.runtime.call_explanation import explain_call
from yoi.runtime.explanation import preview_profiles, print_explanation
from yoi.runtime.target import open_asked_runtime
from yoi.runtime.target_bundle import choose_bundle
from yoi.runtime.worker_options import make_intent, make_request, request_options
from yoi.shell.command import YoiCommand, data_directory_option, host_policy_option, json_option
from yoi.shell.exit_codes import DONE


@click.command(cls=YoiCommand)
@click.argument("profile", default="default")
@request_options
@click.option(
    "--call", "call", help="Say the verdict on one call, such as 'shell.run(command: ls)', and who decided."
)
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
    as_json: bool,
) -> int:
    """Say what PROFILE may do on this host, what not, why, and what to change in which file to get the rest."""
    with open_asked_runtime(context.obj, workspace=workspace) as runtime:
        chosen = choose_bundle(runtime, reference, workspace, selector=profile)
        request = make_request(chosen, profile, make_intent(task, requires, labels))
        explanations = preview_profiles(runtime, chosen, request, every=False)
        if call is not None:
            return explain_call(context, runtime, explanations[0], chosen.digest, call, as_json=as_json)
        print_explanation(context, runtime, explanations, chosen.digest, as_json=as_json)
        return DONE
