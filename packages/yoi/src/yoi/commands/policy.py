"""`yoi policy`: write, check and read back what this host grants."""

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import click
from rich.console import Console

from worker_runtime.contract.caller import LOCAL_ISSUER
from worker_runtime.contract.workers import Forecast
from worker_runtime.host.policy.check import check_host_policy, describe_policy
from worker_runtime.host.policy.file import load_host_policy
from worker_runtime.host.policy.template import make_policy_template
from yoi.configuration import Configuration
from yoi.render.console import join_text, make_console, safe_text
from yoi.render.diagnostics import print_diagnostics, summarise
from yoi.render.table import make_table
from yoi.runtime.local import open_local_runtime
from yoi.shell.command import YoiCommand, data_directory_option, host_policy_option, json_option
from yoi.shell.exit_codes import CONFLICT, DONE, REFUSED
from yoi.shell.output import print_json
from yoi.up.directories import DEFAULT_WORKSPACE, UP_RUNTIME, get_up_directory
from yoi_bundle.diagnostics import Diagnostic
from yoi_bundle.errors import YoiError
from yoi_wire.errors import RequestInvalidError


@click.group()
def policy() -> None:
    """Write and check this host's policy."""


@policy.command(cls=YoiCommand)
@click.option(
    "--issuer", help="The Backend identity that is trusted (else those of stored bundles, else local)."
)
@click.option("--workspace", help="The workspace's id (else those of stored bundles, else local).")
@data_directory_option
@host_policy_option
@json_option
@click.pass_context
def init(context: click.Context, issuer: str | None, workspace: str | None, as_json: bool) -> int:
    """Write a policy file that grants nothing, with comments, for the workspaces of stored bundles; one that is there stays."""
    path: Path = context.obj.host_policy_file
    wanted = [
        pair
        for pair in _list_stored(context.obj)
        if issuer in (None, pair[0]) and workspace in (None, pair[1])
    ]
    first, *others = wanted or [(issuer or LOCAL_ISSUER, workspace or DEFAULT_WORKSPACE)]
    text = make_policy_template(issuer=first[0], workspace=first[1], others=others)
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
        tables = [{"issuer": one, "workspace": name} for one, name in (first, *others) if written]
        print_json({"path": str(path), "written": written, "workspaces": tables})
    else:
        verdict = "written" if written else "is there already and stays as it is"
        names = ", ".join(f"({one}, {name})" for one, name in (first, *others))
        said = f", with tables for {names}" if written else ""
        make_console(context).print(
            join_text(f"{path}: ", (verdict, "green" if written else "yellow"), said), soft_wrap=True
        )
    return DONE if written else CONFLICT


def _list_stored(configuration: Configuration) -> list[tuple[str, str]]:
    """Return issuer and id of each workspace of which bundles are stored on this host, by its own commands or by `yoi up`."""
    from yoi.runtime.target import open_asked_runtime

    found: set[tuple[str, str]] = set()
    for directory in _list_stores(configuration):
        # A store that cannot be opened has its own commands to say so; whatever it holds, the file can be checked.
        with (
            suppress(YoiError),
            open_asked_runtime(replace(configuration, data_directory=directory)) as runtime,
        ):
            found |= {(issuer, entry.workspace) for issuer, entry in runtime.list_held()}
    return sorted(found)


def _list_stores(configuration: Configuration) -> list[Path]:
    """Return the data directories of this host's Runtimes, those that are there: of its own commands, and of `yoi up`."""
    directory = configuration.data_directory
    return [one for one in (directory, get_up_directory(directory) / UP_RUNTIME) if one.is_dir()]


@policy.command(cls=YoiCommand)
@click.option(
    "--against-workers",
    is_flag=True,
    help="Say what the file would make of the live Workers on this host; changes nothing.",
)
@data_directory_option
@host_policy_option
@json_option
@click.pass_context
def check(context: click.Context, *, against_workers: bool, as_json: bool) -> int:
    """Check the policy file: every fault, stored workspaces without a table, and grants that reach further than most people mean."""
    path: Path = context.obj.host_policy_file
    try:
        diagnostics = check_host_policy(path, stored=_list_stored(context.obj))
    except OSError as error:
        raise RequestInvalidError(error.strerror or "cannot be read", field=str(path)) from error
    refused = any(one.severity == "error" for one in diagnostics)
    forecasts: tuple[Forecast, ...] | None = None
    if against_workers and _applies(diagnostics):
        forecasts = _forecast_workers(context.obj)
        refused |= any(one.change in ("held", "stopped") for one in forecasts)
    if as_json:
        found = {"workers": forecasts} if against_workers else {}
        print_json({"path": str(path), "diagnostics": diagnostics, **found})
    else:
        console = make_console(context)
        print_diagnostics(console, diagnostics)
        if forecasts is not None:
            _print_forecasts(console, forecasts)
        elif against_workers:
            console.print("a file with a fault applies in no part: every live Worker would be held")
        console.print(safe_text(f"{path}: {summarise(diagnostics) or 'no problems found'}"))
    return REFUSED if refused else DONE


def _applies(diagnostics: tuple[Diagnostic, ...]) -> bool:
    """Tell whether a file is a host policy at all; an expectation that it does not meet changes nothing of that."""
    return all(one.severity != "error" or one.rule == "policy.unexpected_verdict" for one in diagnostics)


def _forecast_workers(configuration: Configuration) -> tuple[Forecast, ...]:
    """Ask each store of this host, under the policy file that is checked."""
    found: list[Forecast] = []
    for directory in _list_stores(configuration):
        with open_local_runtime(replace(configuration, data_directory=directory)) as runtime:
            found += runtime.ask(runtime.embedded.maintenance.forecast_workers())
    return tuple(found)


def _print_forecasts(console: Console, forecasts: tuple[Forecast, ...]) -> None:
    rows = [
        (
            one.worker,
            f"{one.workspace} of {one.issuer}" if one.workspace else "",
            one.selector,
            one.state,
            one.change.replace("_", ", "),
            "; ".join(f"{reason.kind} {reason.id}: {reason.message}".strip(" :") for reason in one.reasons),
        )
        for one in forecasts
    ]
    columns = ("worker", "workspace", "profile", "state", "would be", "why")
    console.print(make_table(columns, rows, title=f"{len(rows)} live Workers under this file"))


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
