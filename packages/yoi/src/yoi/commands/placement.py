"""`yoi placement`: which Runtimes may have which workspaces, and why (K-03)."""

from pathlib import Path

import click
import msgspec

from yoi.backend.address import BackendAddress
from yoi.backend.client import BackendClient, ask_backend
from yoi.backend.options import online_options
from yoi.backend.placement_rules import Rule, add_rule, parse_rule, read_rules, remove_rule
from yoi.render.console import join_text, make_console
from yoi.render.documents import Column, print_done, print_list
from yoi.shell.command import YoiCommand
from yoi.shell.output import print_json
from yoi_wire.backend.operations import EXPLAIN_PLACEMENT, GET_PLACEMENTS, LIST_RUNTIMES, PUT_PLACEMENTS
from yoi_wire.backend.placements import PlacementDecisionView, PlacementPolicyView, PlacementRuleView
from yoi_wire.client.messages import decode_json

_COLUMNS: tuple[Column[PlacementRuleView], ...] = (
    ("rule", "id"),
    ("effect", "effect"),
    ("workspaces", "workspaces"),
    ("visibility", lambda one: one.visibility or "any"),
    ("runtimes", "runtimes"),
    ("labels", "labels"),
)
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


class _Present(msgspec.Struct, frozen=True, kw_only=True):
    """The rules that are to be changed, whole: a criterion that this version does not know goes back as it came."""

    generation: int
    rules: list[Rule]


@click.group()
def placement() -> None:
    """Say which Runtimes may have which workspaces."""


@placement.command(name="list", cls=YoiCommand)
@online_options
@click.pass_context
def list_(context: click.Context, backend: BackendAddress, as_json: bool) -> None:
    """List the rules: any deny rule that matches wins, then any allow rule; remote Runtimes get nothing without one."""
    policy = ask_backend(backend, lambda client: client.call(GET_PLACEMENTS))
    if as_json:
        print_json(policy)
    else:
        print_list(context, "rules", policy.rules, _COLUMNS, as_json=False)


@placement.command(name="set", cls=YoiCommand)
@click.argument("file", type=_FILE, required=False)
@click.option(
    "--allow", multiple=True, metavar="WORKSPACE=RUNTIME", help="Add this rule; or WORKSPACE=KEY:VALUE,…."
)
@click.option(
    "--deny", multiple=True, metavar="WORKSPACE=RUNTIME", help="Add this rule; or WORKSPACE=KEY:VALUE,…."
)
@click.option("--remove", multiple=True, metavar="RULE", help="Take away the rule of this id.")
@online_options
@click.pass_context
def set_(
    context: click.Context,
    *,
    file: Path | None,
    allow: tuple[str, ...],
    deny: tuple[str, ...],
    remove: tuple[str, ...],
    backend: BackendAddress,
    as_json: bool,
) -> None:
    """Replace all rules by those of FILE (TOML or JSON), or change some of the present ones.

    `*` is any workspace that is not private, or any Runtime. What loses its placement is withdrawn from the Runtime.
    """
    added = [
        parse_rule(effect, text) for effect, texts in (("allow", allow), ("deny", deny)) for text in texts
    ]
    if (file is None) == (not added and not remove):
        raise click.UsageError("a file of all rules, or --allow, --deny and --remove")
    read = None if file is None else read_rules(file)

    async def put(client: BackendClient) -> PlacementPolicyView:
        answer = await client.fetch(GET_PLACEMENTS)
        present = decode_json(answer, answer.body, _Present)
        generation: int | None = None
        if read is not None:
            rules, generation = read
        else:
            rules = _change(present.rules, added, remove)
        expected = present.generation if generation is None else generation
        document = {"generation": expected, "rules": rules}
        return await client.call(PUT_PLACEMENTS, body=document)

    policy = ask_backend(backend, put)
    count = len(policy.rules)
    text = f"{count} rule{'' if count == 1 else 's'}, generation {policy.generation}"
    print_done(context, policy, "set", text, as_json=as_json)


@placement.command(cls=YoiCommand)
@click.argument("workspace_id", metavar="WORKSPACE")
@click.argument("runtime_name", metavar="[RUNTIME]", required=False)
@online_options
@click.pass_context
def explain(
    context: click.Context,
    workspace_id: str,
    *,
    runtime_name: str | None,
    backend: BackendAddress,
    as_json: bool,
) -> None:
    """Say whether RUNTIME, or each, may have WORKSPACE, and what every rule said."""

    async def read(client: BackendClient) -> list[PlacementDecisionView]:
        names = (
            [one.name for one in await client.collect(LIST_RUNTIMES)]
            if runtime_name is None
            else [runtime_name]
        )
        return [await client.call(EXPLAIN_PLACEMENT, workspace=workspace_id, runtime=name) for name in names]

    decisions = ask_backend(backend, read)
    if as_json:
        print_json({"decisions": decisions})
        return
    for one in decisions:
        _print_decision(context, one)


def _change(rules: list[Rule], added: list[Rule], removed: tuple[str, ...]) -> list[Rule]:
    for name in removed:
        rules = remove_rule(rules, name)
    for rule in added:
        rules = add_rule(rules, rule)
    return rules


def _print_decision(context: click.Context, decision: PlacementDecisionView) -> None:
    console = make_console(context)
    verdict = ("may have", "green") if decision.allowed else ("may not have", "red")
    console.print(
        join_text((decision.runtime, "bold"), " ", verdict, f" {decision.workspace}: {decision.reason}")
    )
    for step in decision.steps:
        said = "matches" if step.failed is None else f"does not match by its {step.failed}"
        console.print(join_text(f"  {step.effect} rule ", (step.rule, "cyan"), f" {said}"))
