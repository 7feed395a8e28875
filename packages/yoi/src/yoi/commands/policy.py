"""`yoi policy`: write, check and read back what this host grants."""

from pathlib import Path

import click

from worker_runtime.contract.caller import LOCAL_ISSUER
from worker_runtime.host.policy.check import check_host_policy, describe_policy
from worker_runtime.host.policy.file import load_host_policy
from worker_runtime.host.policy.template import make_policy_template
from yoi.render.console import join_text, make_console, safe_text
from yoi.render.diagnostics import print_diagnostics, summarise
from yoi.render.table import make_table
from yoi.shell.command import YoiCommand, host_policy_option, json_option
from yoi.shell.exit_codes import CONFLICT, DONE, REFUSED
from yoi.shell.output import print_json
from yoi_wire.errors import RequestInvalidError


@click.group()
def policy() -> None:
    """Write and check this host's policy."""


@policy.command(cls=YoiCommand)
@click.option(
    "--issuer", default=LOCAL_ISSUER, show_default=True, help="The Backend identity that is trusted."
)
@click.option("--workspace", default="local", show_default=True, help="The workspace's id.")
@host_policy_option
@json_option
@click.pass_context
def init(context: click.Context, issuer: str, workspace: str, as_json: bool) -> int:
    """Write a policy file that grants nothing, with comments; one that is there stays."""
    path: Path = context.obj.host_policy_file
    text = make_policy_template(issuer=issuer, workspace=workspace)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
        written = True
    except FileExistsError:
        written = False
    except OSError as error:
        raise RequestInvalidError(error.strerror or "cannot be written", field=str(path)) from error
    if as_json:
        print_json({"path": str(path), "written": written})
    else:
        verdict = "written" if written else "is there already and stays as it is"
        make_console(context).print(join_text(f"{path}: ", (verdict, "green" if written else "yellow")))
    return DONE if written else CONFLICT


@policy.command(cls=YoiCommand)
@host_policy_option
@json_option
@click.pass_context
def check(context: click.Context, as_json: bool) -> int:
    """Check the policy file: every fault, and grants that reach further than most people mean."""
    path: Path = context.obj.host_policy_file
    try:
        diagnostics = check_host_policy(path)
    except OSError as error:
        raise RequestInvalidError(error.strerror or "cannot be read", field=str(path)) from error
    if as_json:
        print_json({"path": str(path), "diagnostics": diagnostics})
    else:
        console = make_console(context)
        print_diagnostics(console, diagnostics)
        console.print(safe_text(f"{path}: {summarise(diagnostics) or 'nothing to say against it'}"))
    return REFUSED if any(one.severity == "error" for one in diagnostics) else DONE


@policy.command(cls=YoiCommand)
@click.option("--issuer", help="Of this issuer only.")
@click.option("--workspace", help="Of this workspace only.")
@host_policy_option
@json_option
@click.pass_context
def explain(context: click.Context, issuer: str | None, workspace: str | None, as_json: bool) -> None:
    """Say in sentences what each workspace gets on this host."""
    path: Path = context.obj.host_policy_file
    try:
        document = load_host_policy(path)
    except OSError as error:
        raise RequestInvalidError(error.strerror or "cannot be read", field=str(path)) from error
    grants = [
        grant
        for grant in document.grants
        if issuer in (None, grant.issuer) and workspace in (None, grant.workspace)
    ]
    described = [(grant, describe_policy(grant.policy)) for grant in grants]
    if as_json:
        print_json(
            {
                "workspaces": [
                    {"issuer": grant.issuer, "workspace": grant.workspace, "grants": lines}
                    for grant, lines in described
                ]
            }
        )
        return
    console = make_console(context)
    for grant, lines in described:
        rows = [(line.section, line.text) for line in lines]
        title = f"{grant.workspace} of {grant.issuer} gets"
        console.print(make_table(("grant", "what"), rows, title=title))
